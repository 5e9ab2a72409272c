// With PROACTOR_TEST_MASKED, contexts get a ring without the opcodes that something can stand in for.
#include "../../src/driver/io_uring/io_uring_driver.hpp"

#include <proactor/open_driver.hpp>

#include <cstdlib>

using proactor::driver_options;
using proactor::open_driver_result;

open_driver_result real(const driver_options&) __asm__(
    "__real__ZN8proactor11open_driverERKNS_14driver_optionsE");
open_driver_result wrapped(const driver_options&) __asm__(
    "__wrap__ZN8proactor11open_driverERKNS_14driver_optionsE");

open_driver_result wrapped(const driver_options& options)
{
    if (std::getenv("PROACTOR_TEST_MASKED"))
        return proactor::io_uring::open(options, ~proactor::io_uring::required());
    return real(options);
}
