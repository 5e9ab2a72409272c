#ifndef PROACTOR_SRC_DRIVER_IO_URING_PROBE_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_PROBE_HPP

#include <proactor/request.hpp>

#include <bitset>

namespace proactor::io_uring {

/// The opcodes of a kernel, by their numbers.
using opcodes = std::bitset<256>;

/// What the kernel behind this ring says that it can do; nothing if it must not be asked.
opcodes supported_opcodes(int ring_fd) noexcept;

/// What no driver on a ring can do without; all else has a substitute.
opcodes required() noexcept;

/// A set of requests, by their places in `request::any`.
using request_set = std::bitset<request::any::size>;

/// The requests that these opcodes can carry out.
request_set served_by(const opcodes& supported) noexcept;

/// Whether a stream of connections is one submission, where the kernel can, or one for each.
inline constexpr bool multishot_accepts = true;

/// Whether an accept can go on: since 5.19, which no opcode of its own tells.
bool can_accept_multishot(const opcodes& supported) noexcept;

/// The same for receives, since 6.0.
bool can_receive_multishot(const opcodes& supported) noexcept;

/// Whether those may share buffers, see `buffer_rings`: their completions say in which order they have used
/// one only since 6.15, which a feature of the same release tells.
bool can_receive_in_parts(const opcodes& supported, unsigned features) noexcept;

/// Whether one of their completions may tell of several buffers: since 6.10, but with gaps between what has come
/// until 6.16, which an opcode of that release tells.
bool can_receive_bundles(const opcodes& supported, unsigned features) noexcept;

} // namespace proactor::io_uring

#endif
