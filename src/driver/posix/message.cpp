#include <proactor/detail/op_slot.hpp>

#include <proactor/op/address.hpp>

#include <new>
#include <sys/socket.h>
#include <sys/uio.h>

namespace proactor::detail {

static_assert(sizeof(msghdr) <= sizeof(message::header) && alignof(msghdr) <= 8);
static_assert(sizeof(sockaddr_storage) == op::address::capacity);

void fill_header(message& m, void* address, std::uint32_t address_size) noexcept
{
    auto* h = ::new (static_cast<void*>(m.header)) msghdr{};
    h->msg_name = address;
    h->msg_namelen = address_size;
    h->msg_iov = reinterpret_cast<iovec*>(&m.piece); // of its layout, see handle.cpp
    h->msg_iovlen = 1;
}

std::uint32_t address_size(const message& m) noexcept
{
    return std::launder(reinterpret_cast<const msghdr*>(m.header))->msg_namelen;
}

lane lane_of_receive(int flags) noexcept
{
    return flags & MSG_OOB ? lane::except : lane::read;
}

int without_signal(int flags) noexcept
{
    return flags | MSG_NOSIGNAL;
}

} // namespace proactor::detail
