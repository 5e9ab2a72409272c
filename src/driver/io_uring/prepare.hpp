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

/// Whether an operation has to wait for urgent data before it is tried: data that has not come is an
/// error to recv(2), and no reason to wait.
inline bool waits_for_urgent(const operation& op) noexcept
{
    return op.lane == lane::except;
}

/// A handle that becomes readable once urgent data or an error is there, or a negative code of the
/// system. The ring's own poll cannot wait for that: it drops EPOLLPRI from what wakes it, and ends as
/// soon as the peer has ended its stream (Linux 6.18, IO_ASYNC_POLL_COMMON and IO_POLL_UNMASK).
int begin_urgent_wait(operation& op) noexcept;
void end_urgent_wait(operation& op) noexcept;

/// Ordinary data wakes the wait too. If it was that, the handle to wait for again, else negative.
int urgent_wait_goes_on(const operation& op) noexcept;

} // namespace proactor::io_uring

#endif
