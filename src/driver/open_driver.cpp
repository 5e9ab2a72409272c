#include <proactor/open_driver.hpp>

#include <proactor/log.hpp>

#include "epoll/open.hpp"
#include "io_uring/io_uring_driver.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace proactor {

namespace {

std::atomic<log_function> told{nullptr};

void tell(const open_driver_result& opened, const std::string& why)
{
    if (const log_function f = told.load(std::memory_order_acquire); f && opened.driver)
        f(std::string("proactor: driver ") + opened.driver->name() + ", " + why);
}

std::string what_failed(const open_driver_result& r)
{
    return r.reason + ": " + std::generic_category().message(r.error);
}

open_driver_result open_named(std::string_view name, const driver_options& options)
{
    if (name == "io_uring")
        return io_uring::open(options);
    if (name == "epoll")
        return epoll::open(options);
    return {nullptr, EINVAL, "no driver is called \"" + std::string(name) + "\" (io_uring, epoll)"};
}

} // namespace

log_function set_log_function(log_function f) noexcept
{
    return told.exchange(f, std::memory_order_acq_rel);
}

open_driver_result open_driver(const driver_options& options)
{
    if (!options.name.empty())
    {
        auto opened = open_named(options.name, options);
        tell(opened, "as asked for");
        return opened;
    }
    if (const char* name = std::getenv("PROACTOR_DRIVER"); name && *name)
    {
        auto opened = open_named(name, options);
        tell(opened, "as PROACTOR_DRIVER says");
        return opened;
    }
    auto best = io_uring::open(options);
    if (best.driver)
    {
        tell(best, "the best that this system allows");
        return best;
    }
    auto next = epoll::open(options);
    if (!next.driver)
        return {nullptr, best.error, what_failed(best) + "; " + next.reason};
    tell(next, "because of " + what_failed(best));
    return next;
}

} // namespace proactor
