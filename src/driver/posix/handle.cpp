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

/// connect(2), AF_UNSPEC: the one way that leaves the handle open, and takes effect at once.
void abort_connection(native_handle handle) noexcept
{
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(handle, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return; // others wait for no peer
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    ::connect(handle, &nobody, sizeof nobody);
}

void peer_address(native_handle handle, void* address, std::uint32_t* size) noexcept
{
    if (address)
        ::getpeername(handle, static_cast<sockaddr*>(address), size);
}

bool peeks(int flags) noexcept
{
    return (flags & MSG_PEEK) != 0;
}

} // namespace proactor::detail
