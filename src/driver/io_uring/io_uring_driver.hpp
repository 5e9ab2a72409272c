#ifndef PROACTOR_SRC_DRIVER_IO_URING_IO_URING_DRIVER_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_IO_URING_DRIVER_HPP

#include "probe.hpp"

#include <proactor/open_driver.hpp>

namespace proactor::io_uring {

/// A driver over io_uring(7), Linux 6.1 or newer, or the call that the system refused. What needs one of
/// the opcodes that are missing, or `masked` as if they were, is tried or goes to the pool.
open_driver_result open(const driver_options& options, const opcodes& masked = {});

} // namespace proactor::io_uring

#endif
