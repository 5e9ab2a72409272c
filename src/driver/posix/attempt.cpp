#include "../attempt.hpp"

#include "kernel_copy.hpp"
#include "readiness.hpp"

#include <proactor/buffer_source.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <type_traits>
#include <unistd.h>

namespace proactor::detail {

static_assert(sizeof(native_buffer) == sizeof(iovec));
static_assert(offsetof(native_buffer, data) == offsetof(iovec, iov_base));
static_assert(offsetof(native_buffer, size) == offsetof(iovec, iov_len));
static_assert(working_directory == AT_FDCWD);

namespace {

using next = attempted::next;

constexpr off_t current_position = -1;

/// The result of a call, and what a call that was interrupted does next: again.
template <typename F>
std::int64_t call(F f) noexcept
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

const iovec* iovecs(const buffer_list& b) noexcept
{
    return reinterpret_cast<const iovec*>(b.data());
}

int count(const buffer_list& b) noexcept
{
    return static_cast<int>(b.size());
}

msghdr message_of(const buffer_list& b) noexcept
{
    msghdr m{};
    m.msg_iov = const_cast<iovec*>(iovecs(b));
    m.msg_iovlen = b.size();
    return m;
}

/// For calls without a flag of their own. Asked each time: the user may change the mode.
std::int64_t ensure_non_blocking(native_handle handle) noexcept
{
    const int flags = ::fcntl(handle, F_GETFL);
    if (flags < 0 || (!(flags & O_NONBLOCK) && ::fcntl(handle, F_SETFL, flags | O_NONBLOCK) < 0))
        return -errno;
    return 0;
}

/// A transfer into a buffer that has been taken, as one into a buffer of its own.
buffer_list taken(const request::into_pool& r) noexcept
{
    return {r.source->room(r.taken)};
}
request::read plain(const request::read_pooled& r) noexcept
{
    return {taken(r)};
}
request::read_at plain(const request::read_pooled_at& r) noexcept
{
    return {taken(r), r.offset};
}

attempted finished(std::int64_t result) noexcept
{
    return {next::done, false, result};
}

attempted or_wait(std::int64_t result) noexcept
{
    return {result == -EAGAIN ? next::wait : next::done, false, result};
}

/// One overload a request.
struct trial
{
    native_handle handle;
    bool again;

    request::readiness ready_for(request::readiness what) const noexcept
    {
        pollfd now{handle, static_cast<short>(poll_events(what)), 0};
        const auto n = call([&] { return ::poll(&now, 1, 0); });
        return n > 0 ? found_of(what, static_cast<unsigned>(now.revents)) : request::readiness::none;
    }

    /// A transfer that cannot be told not to block: for a file there is no mode that would, either.
    template <typename F>
    attempted without_flag(F transfer) const noexcept
    {
        struct stat s;
        if (::fstat(handle, &s) == 0 && (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode)))
            return {next::block};
        if (const auto error = ensure_non_blocking(handle))
            return finished(error);
        return or_wait(call(transfer));
    }

    attempted operator()(const request::nothing&) const noexcept { return finished(0); }

    attempted operator()(const request::receive& r) const noexcept
    {
        if (r.flags & MSG_OOB && ready_for(request::readiness::priority) == request::readiness::none)
            return {next::wait}; // urgent data that has not come is an error to recv(2)
        if (r.buffers.many)
        {
            msghdr m = message_of(r.buffers);
            return or_wait(call([&] { return ::recvmsg(handle, &m, r.flags | MSG_DONTWAIT); }));
        }
        const native_buffer& b = r.buffers.single;
        attempted a = or_wait(
            call([&] { return ::recv(handle, b.data, b.size, r.flags | MSG_DONTWAIT); }));
        a.drained = r.stream && r.flags == 0 && a.result > 0
            && static_cast<std::size_t>(a.result) < b.size;
        return a;
    }
    attempted send(const buffer_list& buffers, int flags) const noexcept
    {
        if (buffers.many)
        {
            const msghdr m = message_of(buffers);
            return or_wait(call([&] { return ::sendmsg(handle, &m, flags | MSG_DONTWAIT); }));
        }
        const native_buffer& b = buffers.single;
        return or_wait(call([&] { return ::send(handle, b.data, b.size, flags | MSG_DONTWAIT); }));
    }
    attempted operator()(const request::send& r) const noexcept { return send(r.buffers, r.flags); }
    attempted operator()(const request::send_zc& r) const noexcept
    {
        return send(r.buffers, r.flags);
    }
    /// The loop does not wait for a device, and a thread of the pool not for a peer.
    attempted operator()(const request::send_file& r) const noexcept
    {
        if (const auto error = ensure_non_blocking(handle))
            return finished(error);
        if (again && ready_for(request::readiness::write) == request::readiness::none)
            return {next::wait};
        if (!in_memory(r))
            return {next::block};
        std::int64_t n = 0;
        do
            n = send_part(handle, r);
        while (n == -EINTR);
        return or_wait(n);
    }
    attempted operator()(const request::receive_message& r) const noexcept
    {
        if (r.flags & MSG_OOB && ready_for(request::readiness::priority) == request::readiness::none)
            return {next::wait};
        return or_wait(call([&]
                            { return ::recvmsg(handle, static_cast<msghdr*>(r.header),
                                               r.flags | MSG_DONTWAIT); }));
    }
    attempted operator()(const request::send_message& r) const noexcept
    {
        return or_wait(call([&]
                            { return ::sendmsg(handle, static_cast<const msghdr*>(r.header),
                                               r.flags | MSG_DONTWAIT); }));
    }

    attempted operator()(const request::accept& r) const noexcept
    {
        if (const auto error = ensure_non_blocking(handle))
            return finished(error);
        for (;;)
        {
            const auto n = call([&] { return ::accept(handle, static_cast<sockaddr*>(r.address),
                                                      r.address_size); });
            if (r.report_aborted || (n != -ECONNABORTED && n != -EPROTO))
                return or_wait(n);
        }
    }
    attempted operator()(const request::connect& r) const noexcept
    {
        if (const auto error = ensure_non_blocking(handle))
            return finished(error);
        if (again)
            if (const attempted a = connected(); a.then == next::wait || a.result != 0)
                return a;
        // After a success this call tells the system, too, that the socket is connected: connect(2).
        const auto n = call([&] { return ::connect(handle, static_cast<const sockaddr*>(r.address),
                                                   r.address_size); });
        if (n == -EINPROGRESS || n == -EALREADY)
            return {next::wait};
        return finished(again && n == -EISCONN ? 0 : n);
    }

    /// How a connect that was begun has gone. Not asked by a second call, which would put a socket that
    /// was refused into the state of a fresh one: what Asio's users see then is an end of file.
    attempted connected() const noexcept
    {
        if (ready_for(request::readiness::write) == request::readiness::none)
            return {next::wait};
        int error = 0;
        socklen_t size = sizeof error;
        if (::getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
        return finished(-error);
    }

    attempted operator()(const request::read& r) const noexcept
    {
        const auto n = call([&] { return ::preadv2(handle, iovecs(r.buffers), count(r.buffers),
                                                   current_position, RWF_NOWAIT); });
        if (n != -EOPNOTSUPP)
            return or_wait(n);
        return without_flag(
            [&] { return ::readv(handle, iovecs(r.buffers), count(r.buffers)); });
    }
    attempted operator()(const request::write& r) const noexcept
    {
        const auto n = call([&] { return ::pwritev2(handle, iovecs(r.buffers), count(r.buffers),
                                                    current_position, RWF_NOWAIT); });
        if (n != -EOPNOTSUPP)
            return or_wait(n);
        return without_flag(
            [&] { return ::writev(handle, iovecs(r.buffers), count(r.buffers)); });
    }

    attempted operator()(const request::read_at& r) const noexcept
    {
        const auto at = static_cast<off_t>(invalid_if_last(r.offset));
        const auto n = call([&] { return ::preadv2(handle, iovecs(r.buffers), count(r.buffers), at,
                                                   RWF_NOWAIT); });
        return {n == -EAGAIN || n == -EOPNOTSUPP ? next::block : next::done, false, n};
    }

    attempted operator()(const request::receive_pooled& r) const noexcept
    {
        if (!r.header)
            return (*this)(request::receive{taken(r), r.flags, r.stream});
        const buffer_list into = taken(r);
        auto& m = *static_cast<msghdr*>(r.header);
        m.msg_iov = const_cast<iovec*>(iovecs(into));
        m.msg_iovlen = into.size();
        return (*this)(request::receive_message{r.header, r.flags});
    }
    attempted operator()(const request::read_pooled& r) const noexcept { return (*this)(plain(r)); }
    attempted operator()(const request::read_pooled_at& r) const noexcept
    {
        return (*this)(plain(r));
    }

    attempted operator()(const request::poll& r) const noexcept
    {
        if (r.many)
            return {next::wait}; // being watched tells what is ready at first, too
        const auto found = ready_for(r.what);
        if (found == request::readiness::none)
            return {next::wait};
        return finished(static_cast<std::int64_t>(value_of(found)));
    }

    template <typename FileRequest>
    attempted operator()(const FileRequest&) const noexcept
    {
        return {next::block};
    }
};

struct performance
{
    native_handle handle;
    const std::atomic<bool>& interrupted;

    template <typename F>
    std::int64_t call(F f) const noexcept
    {
        for (;;)
        {
            const auto n = f();
            if (n >= 0)
                return n;
            if (errno != EINTR)
                return -errno;
            if (interrupted.load(std::memory_order_relaxed))
                return -ECANCELED;
        }
    }

    std::int64_t operator()(const request::read& r) const noexcept
    {
        return call([&] { return ::readv(handle, iovecs(r.buffers), count(r.buffers)); });
    }
    std::int64_t operator()(const request::write& r) const noexcept
    {
        return call([&] { return ::writev(handle, iovecs(r.buffers), count(r.buffers)); });
    }
    std::int64_t operator()(const request::read_at& r) const noexcept
    {
        return call([&] { return ::preadv(handle, iovecs(r.buffers), count(r.buffers),
                                          static_cast<off_t>(r.offset)); });
    }
    std::int64_t operator()(const request::write_at& r) const noexcept
    {
        return call([&] { return ::pwritev(handle, iovecs(r.buffers), count(r.buffers),
                                           static_cast<off_t>(r.offset)); });
    }
    std::int64_t operator()(const request::read_pooled& r) const noexcept
    {
        return (*this)(plain(r));
    }
    std::int64_t operator()(const request::read_pooled_at& r) const noexcept
    {
        return (*this)(plain(r));
    }
    std::int64_t operator()(const request::open& r) const noexcept
    {
        return call([&] { return ::openat(r.directory, r.path, r.flags | O_CLOEXEC, r.mode); });
    }
    std::int64_t operator()(const request::sync& r) const noexcept
    {
        return call([&] { return r.data_only ? ::fdatasync(handle) : ::fsync(handle); });
    }
    std::int64_t operator()(const request::call& r) const noexcept
    {
        return r.function(r.argument);
    }
    std::int64_t operator()(const request::close& r) const noexcept
    {
        return ::close(r.handle) == 0 || errno == EINTR ? 0 : -errno; // closed either way
    }
    std::int64_t operator()(const request::stat& r) const noexcept
    {
        return call([&] { return ::statx(r.what.directory, r.what.path, r.flags, r.mask,
                                         static_cast<struct statx*>(r.result)); });
    }
    std::int64_t operator()(const request::rename& r) const noexcept
    {
        return call([&] { return ::renameat2(r.from.directory, r.from.path, r.to.directory,
                                             r.to.path, r.flags); });
    }
    std::int64_t operator()(const request::remove& r) const noexcept
    {
        return call([&] { return ::unlinkat(r.what.directory, r.what.path, r.flags); });
    }
    std::int64_t operator()(const request::create_directory& r) const noexcept
    {
        return call([&] { return ::mkdirat(r.what.directory, r.what.path, r.mode); });
    }
    std::int64_t operator()(const request::link& r) const noexcept
    {
        return call([&] { return ::linkat(r.existing.directory, r.existing.path,
                                          r.created.directory, r.created.path, r.flags); });
    }
    std::int64_t operator()(const request::symlink& r) const noexcept
    {
        return call([&] { return ::symlinkat(r.target, r.created.directory, r.created.path); });
    }
    std::int64_t operator()(const request::truncate& r) const noexcept
    {
        return call([&] { return ::ftruncate(handle, static_cast<off_t>(r.size)); });
    }
    std::int64_t operator()(const request::allocate& r) const noexcept
    {
        return call([&] { return ::fallocate(handle, r.mode, static_cast<off_t>(r.offset),
                                             static_cast<off_t>(r.size)); });
    }
    std::int64_t operator()(const request::advise& r) const noexcept
    {
        return -::posix_fadvise(handle, static_cast<off_t>(r.offset), static_cast<off_t>(r.size),
                                r.advice);
    }
    std::int64_t operator()(const request::sync_range& r) const noexcept
    {
        return call([&] { return ::sync_file_range(handle, static_cast<off64_t>(r.offset),
                                                   static_cast<off64_t>(r.size), r.flags); });
    }
    std::int64_t operator()(const request::send_file& r) const noexcept
    {
        const auto n = send_part(handle, r);
        return n == -EINTR && interrupted.load(std::memory_order_relaxed) ? -ECANCELED : n;
    }
    template <typename SocketRequest>
    std::int64_t operator()(const SocketRequest&) const noexcept
    {
        return -EOPNOTSUPP;
    }
};

struct wanted
{
    using readiness = request::readiness;

    readiness operator()(const request::read&) const noexcept { return readiness::read; }
    readiness operator()(const request::accept&) const noexcept { return readiness::read; }
    readiness operator()(const request::receive_pooled& r) const noexcept
    {
        return received(r.flags);
    }
    readiness operator()(const request::read_pooled&) const noexcept { return readiness::read; }
    readiness operator()(const request::receive& r) const noexcept { return received(r.flags); }
    readiness operator()(const request::receive_message& r) const noexcept
    {
        return received(r.flags);
    }
    readiness operator()(const request::poll& r) const noexcept { return r.what; }
    template <typename Writing>
    readiness operator()(const Writing&) const noexcept
    {
        return readiness::write;
    }
    static readiness received(int flags) noexcept
    {
        return flags & MSG_OOB ? readiness::priority : readiness::read;
    }
};

template <typename T, typename... Of>
concept one_of = (std::is_same_v<T, Of> || ...);

/// The calls that know no way not to block.
template <typename T>
concept blocking = one_of<T, request::write_at, request::open, request::sync, request::close,
                          request::call, request::stat, request::rename, request::remove,
                          request::create_directory, request::link, request::symlink,
                          request::truncate, request::allocate, request::advise,
                          request::sync_range>;

struct way
{
    means operator()(const request::read_at&) const noexcept { return means::memory_or_pool; }
    means operator()(const request::read_pooled_at&) const noexcept
    {
        return means::memory_or_pool;
    }
    means operator()(const request::send_file&) const noexcept { return means::memory_or_pool; }
    template <blocking Request>
    means operator()(const Request&) const noexcept
    {
        return means::pool;
    }
    template <typename Tried>
    means operator()(const Tried&) const noexcept
    {
        return means::readiness;
    }
};

} // namespace

attempted attempt(native_handle handle, const operation& op, bool again) noexcept
{
    const trial t{handle, again};
    // The most frequent two without a call through a table.
    if (const auto* r = op.request.get_if<request::receive>())
        return t(*r);
    if (const auto* s = op.request.get_if<request::send>())
        return t(*s);
    return op.request.visit(t);
}

means means_of(const request::any& r) noexcept
{
    return r.visit(way{});
}

void prepare_device(native_handle handle) noexcept
{
    struct stat s;
    if (::fstat(handle, &s) == 0 && S_ISCHR(s.st_mode))
        ensure_non_blocking(handle);
}

request::readiness awaited(const operation& op) noexcept
{
    return op.request.visit(wanted{});
}

std::int64_t perform(native_handle handle, const operation& op,
                     const std::atomic<bool>& interrupted) noexcept
{
    return op.request.visit(performance{handle, interrupted});
}

} // namespace proactor::detail
