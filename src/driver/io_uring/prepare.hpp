#ifndef PROACTOR_SRC_DRIVER_IO_URING_PREPARE_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_PREPARE_HPP

#include <proactor/operation.hpp>

#include <cstdint>
#include <liburing.h>

namespace proactor::io_uring {

// Each fills all of a submission entry, whatever was in it before.

/// The operation's request; a message header goes to its scratch.
void prepare(io_uring_sqe& sqe, operation& op);

/// Has an accept or a receive that was prepared go on until it is cancelled, or until the kernel ends it,
/// which it tells by the absence of IORING_CQE_F_MORE.
void make_multishot(io_uring_sqe& sqe) noexcept;

/// Has such a receive fill as many buffers as there are data for, before it tells.
void make_bundles(io_uring_sqe& sqe) noexcept;

/// A wait until a handle is ready, on behalf of the operation.
void prepare_poll(io_uring_sqe& sqe, operation& op, int handle, unsigned mask);

/// A wait that is complete each time a handle has become readable, until it is cancelled.
void prepare_poll_multishot(io_uring_sqe& sqe, int handle, std::uint64_t user_data);

/// Ends the entry with this user data. Only a failure to do so is told, without user data.
void prepare_cancel(io_uring_sqe& sqe, std::uint64_t user_data);

/// Whether a handle that says EAGAIN can be waited for.
inline bool can_poll(const operation& op) noexcept
{
    return op.lane == lane::read || op.lane == lane::write;
}

/// Whether a request says more than its entry can hold, which has 32 bits for these sizes.
inline bool exceeds_entry(const operation& op) noexcept
{
    const auto* a = op.request.get_if<request::advise>();
    const auto* s = op.request.get_if<request::sync_range>();
    return (a && a->size >> 32) || (s && s->size >> 32);
}

/// Whether an operation waits through a handle of its own, for what the ring's own poll does not see: it
/// drops EPOLLPRI from what wakes it, and ends as soon as the peer has ended its stream (Linux 6.18,
/// IO_ASYNC_POLL_COMMON and IO_POLL_UNMASK). Urgent data that has not come is an error to recv(2), and no
/// reason to wait, so it is waited for first.
inline bool is_watched(const operation& op) noexcept
{
    const auto* wait = op.request.get_if<request::poll>();
    return op.lane == lane::except
        || (wait && (wait->many || wait->what & request::readiness::priority));
}

/// Whether a receive that brought nothing found its datagram socket shut down for reading. recv(2) returns 0
/// then where it may block, as in a worker of the kernel's, and else waits for ever, as Asio's users see it.
bool found_shut_down(const operation& op) noexcept;

/// Keeps what a send in place came to, until the kernel has let go of its buffers.
void hold(operation& op, int result) noexcept;
int held_result(const operation& op) noexcept;

/// Makes that handle, which becomes readable together with what it watches, and returns it, or a
/// negative code of the system.
int begin_watch(operation& op) noexcept;
int watch_handle(const operation& op) noexcept;
void end_watch(operation& op) noexcept;

/// What the handle has become ready for: perhaps nothing that was asked for.
request::readiness watched(const operation& op) noexcept;

} // namespace proactor::io_uring

#endif
