#ifndef PROACTOR_SRC_DRIVER_IO_URING_PREPARE_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_PREPARE_HPP

#include <proactor/operation.hpp>

#include <liburing.h>

namespace proactor::io_uring {

/// Fills a submission entry with the operation's request; a message header goes to its scratch.
void prepare(io_uring_sqe& sqe, operation& op);

/// Fills an entry that waits until the operation's handle is ready for another try.
void prepare_poll(io_uring_sqe& sqe, operation& op);

/// Whether a handle that says EAGAIN can be waited for.
bool can_poll(const operation& op) noexcept;

/// Whether an operation has to wait before its first try: urgent data that has not come is an error
/// to recv(2), and no reason to wait.
bool polls_first(const operation& op) noexcept;

} // namespace proactor::io_uring

#endif
