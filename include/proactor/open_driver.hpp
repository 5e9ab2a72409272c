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

    /// "io_uring", or empty for the environment's `PROACTOR_DRIVER` and else the best there is.
    std::string_view name{};
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
