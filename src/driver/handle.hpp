#ifndef PROACTOR_SRC_DRIVER_HANDLE_HPP
#define PROACTOR_SRC_DRIVER_HANDLE_HPP

#include <proactor/native_handle.hpp>

#include <cstdint>

/// The few things that all drivers ask of a platform's handles.
namespace proactor::detail {

void close_handle(native_handle handle) noexcept;

/// `invalid_handle` if the system refuses, for the reason in `errno`.
native_handle duplicate_handle(native_handle handle) noexcept;

/// Resets a TCP connection, and drops what it has not delivered. The handle stays open.
void abort_connection(native_handle handle) noexcept;

/// The address of a connected socket's peer; does nothing where `address` is null.
void peer_address(native_handle handle, void* address, std::uint32_t* size) noexcept;

/// Whether a receive with these flags leaves the bytes where they are.
bool peeks(int flags) noexcept;

} // namespace proactor::detail

#endif
