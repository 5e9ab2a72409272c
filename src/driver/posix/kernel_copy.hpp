#ifndef PROACTOR_SRC_DRIVER_POSIX_KERNEL_COPY_HPP
#define PROACTOR_SRC_DRIVER_POSIX_KERNEL_COPY_HPP

#include <proactor/request.hpp>

#include <cstdint>

namespace proactor::detail {

/// Whether what `send_part` sends next is in memory: a look at its ends.
bool in_memory(const request::send_file& r) noexcept;

/// Sends the next part of a file, without a signal where the peer has gone. A value, or a negative code.
std::int64_t send_part(native_handle socket, const request::send_file& r) noexcept;

} // namespace proactor::detail

#endif
