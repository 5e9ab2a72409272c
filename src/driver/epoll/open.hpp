#ifndef PROACTOR_SRC_DRIVER_EPOLL_OPEN_HPP
#define PROACTOR_SRC_DRIVER_EPOLL_OPEN_HPP

#include <proactor/open_driver.hpp>

namespace proactor::epoll {

/// The readiness driver over epoll(7).
open_driver_result open(const driver_options& options);

} // namespace proactor::epoll

#endif
