#include "open.hpp"

#include "../readiness/readiness_driver.hpp"
#include "epoll_poller.hpp"

namespace proactor::epoll {

open_driver_result open(const driver_options& options)
{
    auto poller = std::make_unique<epoll_poller>();
    if (const int error = poller->open())
        return {nullptr, error, "epoll_create1"};
    return {readiness::make_driver(std::move(poller), options), 0, {}};
}

} // namespace proactor::epoll
