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
    // Of its layout, see handle.cpp; written to by no call that takes it.
    h->msg_iov = reinterpret_cast<iovec*>(const_cast<native_buffer*>(m.bytes.data()));
    h->msg_iovlen = m.bytes.size();
}

void fill_control(message& m, void* control, std::size_t size) noexcept
{
    auto* h = std::launder(reinterpret_cast<msghdr*>(m.header));
    h->msg_control = control;
    h->msg_controllen = size;
}

std::uint32_t address_size(const message& m) noexcept
{
    return std::launder(reinterpret_cast<const msghdr*>(m.header))->msg_namelen;
}

std::size_t control_size(const message& m) noexcept
{
    return std::launder(reinterpret_cast<const msghdr*>(m.header))->msg_controllen;
}

int flags_of(const message& m) noexcept
{
    return std::launder(reinterpret_cast<const msghdr*>(m.header))->msg_flags & ~MSG_CMSG_CLOEXEC;
}

lane lane_of_receive(int flags) noexcept
{
    return flags & MSG_OOB ? lane::except : lane::read;
}

int without_signal(int flags) noexcept
{
    return flags | MSG_NOSIGNAL;
}

int with_own_handles(int flags) noexcept
{
    return flags | MSG_CMSG_CLOEXEC;
}

} // namespace proactor::detail
