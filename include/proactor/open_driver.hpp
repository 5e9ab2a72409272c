#ifndef PROACTOR_OPEN_DRIVER_HPP
#define PROACTOR_OPEN_DRIVER_HPP

#include <proactor/driver.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace proactor {

/// What a driver is asked to be.
struct driver_options
{
    /// Entries of the submission queue, where the driver has one; a power of two is best.
    unsigned entries = 256;

    /// "io_uring" or "epoll"; empty: what `PROACTOR_DRIVER` of the environment says, else the best
    /// that this system allows.
    std::string_view name{};

    /// Threads, at most, for what can only be done by blocking. They start on demand, and one that has
    /// had nothing to do for `pool_idle` ends.
    unsigned pool_threads = 64;
    std::chrono::milliseconds pool_idle{5000};
};

/// A driver, or why there is none.
struct open_driver_result
{
    std::unique_ptr<proactor::driver> driver;
    int error = 0;      ///< the system's code
    std::string reason; ///< the call that failed, or the name that nobody answers to
};

/// Opens the driver that was asked for, or the best that this system allows. Never throws for what
/// the system refuses, and never falls back from a driver that was asked for by name.
open_driver_result open_driver(const driver_options& options = {});

} // namespace proactor

#endif
