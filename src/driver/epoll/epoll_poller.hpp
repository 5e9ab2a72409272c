#ifndef PROACTOR_SRC_DRIVER_EPOLL_EPOLL_POLLER_HPP
#define PROACTOR_SRC_DRIVER_EPOLL_EPOLL_POLLER_HPP

#include "../readiness/poller.hpp"

namespace proactor::epoll {

/// epoll(7), edge-triggered: one registration a handle.
class epoll_poller final : public readiness::poller
{
public:
    epoll_poller() = default;
    ~epoll_poller() override;
    epoll_poller(const epoll_poller&) = delete;
    epoll_poller& operator=(const epoll_poller&) = delete;

    const char* name() const noexcept override { return "epoll"; }
    int watch(native_handle handle, request::readiness what, request::readiness before,
              std::uint64_t key) noexcept override;
    void unwatch(native_handle handle) noexcept override;
    std::span<readiness::event> wait(std::chrono::nanoseconds timeout,
                                     std::span<readiness::event> room) noexcept override;
    void wake() noexcept override;
    void part_from_parent() noexcept override { close(); }
    int open() noexcept override;
    bool pending() const noexcept override;

private:
    void close() noexcept;

    int epoll_ = -1;
    int doorbell_ = -1;
};

} // namespace proactor::epoll

#endif
