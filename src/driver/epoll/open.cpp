#include "open.hpp"

#include "../readiness/readiness_driver.hpp"
#include "epoll_poller.hpp"

namespace proactor::epoll {

open_driver_result open(const driver_options& options)
{
    auto poller = std::make_unique<epoll_poller>();
    if (poller->error())
        return {nullptr, poller->error(), "epoll_create1"};
    return {readiness::make_driver(std::move(poller), options), 0, {}};
}

} // namespace proactor::epoll
