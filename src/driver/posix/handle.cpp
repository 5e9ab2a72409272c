#include "../handle.hpp"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace proactor::detail {

static_assert(sizeof(native_buffer) == sizeof(iovec));
static_assert(offsetof(native_buffer, data) == offsetof(iovec, iov_base));
static_assert(offsetof(native_buffer, size) == offsetof(iovec, iov_len));

void close_handle(native_handle handle) noexcept
{
    ::close(handle);
}

void peer_address(native_handle handle, void* address, std::uint32_t* size) noexcept
{
    if (address)
        ::getpeername(handle, static_cast<sockaddr*>(address), size);
}

namespace {

msghdr message_of(const buffer_list& b) noexcept
{
    msghdr m{};
    m.msg_iov = reinterpret_cast<iovec*>(const_cast<native_buffer*>(b.data()));
    m.msg_iovlen = b.size();
    return m;
}

/// One overload a request that can be tried; the others give `cannot`.
struct attempt_once
{
    native_handle handle;
    static constexpr std::int64_t cannot = -EAGAIN;

    std::int64_t operator()(const request::receive& r) const noexcept
    {
        msghdr m = message_of(r.buffers);
        return call([&] { return ::recvmsg(handle, &m, r.flags | MSG_DONTWAIT); });
    }
    std::int64_t operator()(const request::send& r) const noexcept
    {
        msghdr m = message_of(r.buffers);
        return call([&] { return ::sendmsg(handle, &m, r.flags | MSG_DONTWAIT); });
    }
    std::int64_t operator()(const request::receive_message& r) const noexcept
    {
        return call([&]
                    { return ::recvmsg(handle, static_cast<msghdr*>(r.header),
                                       r.flags | MSG_DONTWAIT); });
    }
    std::int64_t operator()(const request::send_message& r) const noexcept
    {
        return call([&]
                    { return ::sendmsg(handle, static_cast<const msghdr*>(r.header),
                                       r.flags | MSG_DONTWAIT); });
    }
    // These two have no flag for one call, so they are tried only where the handle cannot block.
    std::int64_t operator()(const request::accept& r) const noexcept
    {
        if (!non_blocking())
            return cannot;
        const auto n = call([&] { return ::accept(handle, static_cast<sockaddr*>(r.address),
                                                  r.address_size); });
        return !r.report_aborted && (n == -ECONNABORTED || n == -EPROTO) ? cannot : n;
    }
    std::int64_t operator()(const request::connect& r) const noexcept
    {
        if (!non_blocking())
            return cannot;
        const auto n = call([&] { return ::connect(handle, static_cast<const sockaddr*>(r.address),
                                                   r.address_size); });
        return n == -EINPROGRESS || n == -EALREADY ? cannot : n;
    }
    template <typename Other>
    std::int64_t operator()(const Other&) const noexcept
    {
        return cannot;
    }

    bool non_blocking() const noexcept
    {
        const int flags = ::fcntl(handle, F_GETFL);
        return flags >= 0 && (flags & O_NONBLOCK);
    }

    template <typename F>
    static std::int64_t call(F f) noexcept
    {
        for (;;)
        {
            const auto n = f();
            if (n >= 0)
                return n;
            if (errno != EINTR)
                return errno == EWOULDBLOCK ? -EAGAIN : -errno;
        }
    }
};

} // namespace

bool attempt(native_handle handle, operation& op) noexcept
{
    const std::int64_t result = std::visit(attempt_once{handle}, op.request);
    if (result == attempt_once::cannot)
        return false;
    if (result < 0)
        op.outcome.error = static_cast<std::int32_t>(-result);
    else
        op.outcome.value = static_cast<std::uint64_t>(result);
    return true;
}

} // namespace proactor::detail
