#ifndef PROACTOR_SRC_DRIVER_READINESS_POLLER_HPP
#define PROACTOR_SRC_DRIVER_READINESS_POLLER_HPP

#include <proactor/request.hpp>

#include <chrono>
#include <cstdint>
#include <span>

namespace proactor::readiness {

/// A handle has become ready.
struct event
{
    std::uint64_t key;
    unsigned events; ///< in the bits of poll(2)
};

/// How a system tells which handles have become ready: epoll(7), kqueue(2).
///
/// It tells once, each time that a handle becomes ready anew, and once when a watch begins on one that
/// is ready. Exclusive access, except where "any thread" is said; `wait` is no access.
class poller
{
public:
    virtual ~poller() = default;

    virtual const char* name() const noexcept = 0;

    /// Watches a handle for all of `what`, for urgent data and for its end, under `key`; `before` is what it
    /// is watched for already.
    /// Returns 0 or the system's code, EPERM for a file that is always ready.
    virtual int watch(native_handle handle, request::readiness what, request::readiness before,
                      std::uint64_t key) noexcept
        = 0;

    virtual void unwatch(native_handle handle) noexcept = 0;

    /// Any thread: waits for events, and returns those that came. That of `wake` has the key 0.
    virtual std::span<event> wait(std::chrono::nanoseconds timeout, std::span<event> room) noexcept
        = 0;
    static constexpr auto for_ever = std::chrono::nanoseconds::max();

    /// Any thread: ends a `wait`, or the next one. None is lost, and many may end one.
    virtual void wake() noexcept = 0;

    /// In a child process: lets go of what the parent watches by. Then every call does nothing, until
    /// `open` makes it anew, and returns 0 or the system's code.
    virtual void part_from_parent() noexcept = 0;
    virtual int open() noexcept = 0;

    /// Any thread: whether `wait` would find something.
    virtual bool pending() const noexcept = 0;
};

} // namespace proactor::readiness

#endif
