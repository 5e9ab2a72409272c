#ifndef PROACTOR_SRC_DRIVER_IO_URING_PREPARE_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_PREPARE_HPP

#include <proactor/operation.hpp>

#include <liburing.h>

namespace proactor::io_uring {

/// Fills a submission entry with the operation's request; a message header goes to its scratch.
void prepare(io_uring_sqe& sqe, operation& op);

/// Fills an entry that waits until a handle is ready, on behalf of the operation.
void prepare_poll(io_uring_sqe& sqe, operation& op, int handle, unsigned mask);

/// Whether a handle that says EAGAIN can be waited for.
inline bool can_poll(const operation& op) noexcept
{
    return op.lane == lane::read || op.lane == lane::write;
}

/// Whether an operation waits through a handle of its own, for what the ring's own poll does not see: it
/// drops EPOLLPRI from what wakes it, and ends as soon as the peer has ended its stream (Linux 6.18,
/// IO_ASYNC_POLL_COMMON and IO_POLL_UNMASK). Urgent data that has not come is an error to recv(2), and no
/// reason to wait, so it is waited for first.
inline bool is_watched(const operation& op) noexcept
{
    const auto* wait = std::get_if<request::poll>(&op.request);
    return op.lane == lane::except
        || (wait && (wait->many || wait->what & request::readiness::priority));
}

/// Makes that handle, which becomes readable together with what it watches, and returns it, or a
/// negative code of the system.
int begin_watch(operation& op) noexcept;
int watch_handle(const operation& op) noexcept;
void end_watch(operation& op) noexcept;

/// What the handle has become ready for: perhaps nothing that was asked for.
request::readiness watched(const operation& op) noexcept;

} // namespace proactor::io_uring

#endif
