#include "../handle.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace proactor::detail {

void close_handle(native_handle handle) noexcept
{
    ::close(handle);
}

native_handle duplicate_handle(native_handle handle) noexcept
{
    return ::fcntl(handle, F_DUPFD_CLOEXEC, 0);
}

void peer_address(native_handle handle, void* address, std::uint32_t* size) noexcept
{
    if (address)
        ::getpeername(handle, static_cast<sockaddr*>(address), size);
}

} // namespace proactor::detail
