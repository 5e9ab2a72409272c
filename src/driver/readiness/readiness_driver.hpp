#ifndef PROACTOR_SRC_DRIVER_READINESS_READINESS_DRIVER_HPP
#define PROACTOR_SRC_DRIVER_READINESS_READINESS_DRIVER_HPP

#include "../posix/posix_driver.hpp"
#include "poller.hpp"

#include <memory>

namespace proactor::readiness {

/// Completions over a poller: each operation is tried, and tried again when its handle has become
/// ready. All that a poller needs not know about operations stands here.
std::unique_ptr<driver> make_driver(std::unique_ptr<poller> p, const driver_options& options);

} // namespace proactor::readiness

#endif
