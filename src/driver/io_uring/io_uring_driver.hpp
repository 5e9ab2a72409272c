#ifndef PROACTOR_SRC_DRIVER_IO_URING_IO_URING_DRIVER_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_IO_URING_DRIVER_HPP

#include <proactor/open_driver.hpp>

namespace proactor::io_uring {

/// A driver over io_uring(7), Linux 6.1 or newer, or the call that the system refused.
open_driver_result open(unsigned entries);

} // namespace proactor::io_uring

#endif
