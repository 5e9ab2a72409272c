#include <proactor/open_driver.hpp>

#include "io_uring/io_uring_driver.hpp"

#include <cerrno>
#include <cstdlib>

namespace proactor {

open_driver_result open_driver(const driver_options& options)
{
    std::string_view name = options.name;
    if (name.empty())
        if (const char* override = std::getenv("PROACTOR_DRIVER"))
            name = override;
    if (name.empty() || name == "io_uring")
        return io_uring::open(options.entries);
    return {nullptr, EINVAL, "no driver is called \"" + std::string(name) + "\" (io_uring)"};
}

} // namespace proactor
