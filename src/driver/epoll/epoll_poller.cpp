#include "epoll_poller.hpp"

#include "../posix/readiness.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace proactor::epoll {

namespace {

constexpr std::size_t most_events = 128;

/// epoll_pwait2(2) is of Linux 5.11; before, milliseconds, rounded up, never wake early.
int wait_for(int epoll, epoll_event* events, int size, std::chrono::nanoseconds timeout) noexcept
{
    if (timeout == readiness::poller::for_ever || timeout == timeout.zero())
        return ::epoll_wait(epoll, events, size, timeout == timeout.zero() ? 0 : -1);
    const timespec time{timeout.count() / 1'000'000'000, timeout.count() % 1'000'000'000};
    const int n = ::epoll_pwait2(epoll, events, size, &time, nullptr);
    if (n >= 0 || errno != ENOSYS)
        return n;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    return ::epoll_wait(epoll, events, size, static_cast<int>(std::min<std::int64_t>(ms, 1 << 30)));
}

} // namespace

int epoll_poller::open() noexcept
{
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    doorbell_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    // Each write to the doorbell is an edge, so nobody has to read it.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    if (epoll_ < 0 || doorbell_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, doorbell_, &event) != 0)
    {
        const int error = errno;
        close();
        return error;
    }
    return 0;
}

epoll_poller::~epoll_poller()
{
    close();
}

void epoll_poller::close() noexcept
{
    for (int* fd : {&doorbell_, &epoll_})
        if (*fd >= 0)
            ::close(std::exchange(*fd, -1));
}

int epoll_poller::watch(native_handle handle, request::readiness what, request::readiness before,
                        std::uint64_t key) noexcept
{
    epoll_event event{};
    event.events = detail::poll_events(what) | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    event.data.u64 = key;
    const int change = before == request::readiness::none ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    return ::epoll_ctl(epoll_, change, handle, &event) == 0 ? 0 : errno;
}

void epoll_poller::unwatch(native_handle handle) noexcept
{
    epoll_event none{};
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, handle, &none);
}

std::span<readiness::event> epoll_poller::wait(std::chrono::nanoseconds timeout,
                                               std::span<readiness::event> room) noexcept
{
    std::array<epoll_event, most_events> found;
    const int n = wait_for(epoll_, found.data(),
                           static_cast<int>(std::min(room.size(), found.size())), timeout);
    std::size_t count = 0;
    for (; static_cast<int>(count) < n; ++count)
        room[count] = {found[count].data.u64, found[count].events};
    return room.first(count);
}

void epoll_poller::wake() noexcept
{
    // A counter that is full cannot be added to and is read once, so that this write is an edge too.
    while (::eventfd_write(doorbell_, 1) != 0 && errno == EAGAIN)
    {
        eventfd_t n;
        ::eventfd_read(doorbell_, &n);
    }
}

bool epoll_poller::pending() const noexcept
{
    pollfd self{epoll_, POLLIN, 0};
    return ::poll(&self, 1, 0) > 0;
}

} // namespace proactor::epoll
