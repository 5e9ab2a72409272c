#ifndef PROACTOR_SRC_DRIVER_POSIX_READINESS_HPP
#define PROACTOR_SRC_DRIVER_POSIX_READINESS_HPP

#include <proactor/request.hpp>

#include <cstdint>
#include <poll.h>

/// Readiness in the bits of poll(2), which are epoll's too.
namespace proactor::detail {

constexpr unsigned poll_events(request::readiness what) noexcept
{
    using request::readiness;
    return (what & readiness::read ? POLLIN : 0u) | (what & readiness::write ? POLLOUT : 0u)
        | (what & readiness::priority ? POLLPRI : 0u);
}

constexpr request::readiness readiness_of(unsigned events) noexcept
{
    using request::readiness;
    auto found = readiness::none;
    if (events & (POLLIN | POLLHUP | POLLRDHUP))
        found |= readiness::read;
    if (events & (POLLOUT | POLLHUP | POLLERR))
        found |= readiness::write;
    if (events & POLLPRI)
        found |= readiness::priority;
    if (events & POLLERR)
        found |= readiness::error;
    if (events & (POLLHUP | POLLRDHUP))
        found |= readiness::read_closed;
    if (events & POLLHUP || (events & (POLLOUT | POLLERR)) == (POLLOUT | POLLERR)
        || events == POLLERR)
        found |= readiness::write_closed;
    return found;
}

/// What an operation that waits for `what` gets to know of them.
constexpr request::readiness found_of(request::readiness what, unsigned events) noexcept
{
    using request::readiness;
    constexpr auto unasked = readiness::error | readiness::read_closed | readiness::write_closed;
    return static_cast<readiness>(static_cast<unsigned>(readiness_of(events))
                                  & static_cast<unsigned>(what | unasked));
}

constexpr std::uint64_t value_of(request::readiness found) noexcept
{
    return static_cast<std::uint64_t>(found);
}

} // namespace proactor::detail

#endif
