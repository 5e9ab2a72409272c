#include "prepare.hpp"

#include "../attempt.hpp"
#include "../posix/readiness.hpp"
#include "abi.hpp"
#include "buffer_rings.hpp"

#include <proactor/attachment.hpp>
#include <proactor/buffer_source.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace proactor::io_uring {

namespace {

static_assert(sizeof(msghdr) <= sizeof(operation::scratch));

const iovec* iovecs(const buffer_list& b) noexcept
{
    return reinterpret_cast<const iovec*>(b.data());
}

/// An entry's length has 32 bits, and the kernel moves at most so much at once: read(2), NOTES.
unsigned length_of(const native_buffer& b) noexcept
{
    return static_cast<unsigned>(std::min<std::size_t>(b.size, 0x7ffff000));
}

/// "At the current position": io_uring_enter(2), IORING_OP_READ.
constexpr std::uint64_t no_offset = ~std::uint64_t(0);

/// One overload a request.
struct filler
{
    io_uring_sqe& sqe;
    operation& op;
    native_handle handle = op.attached->handle();

    msghdr* message(const buffer_list& b) const noexcept
    {
        auto* m = ::new (static_cast<void*>(op.scratch)) msghdr{};
        m->msg_iov = const_cast<iovec*>(iovecs(b));
        m->msg_iovlen = b.size();
        return m;
    }
    void prepare_device() const noexcept
    {
        if (!std::exchange(op.attached->notes.prepared, true))
            detail::prepare_device(handle);
    }
    void read(const buffer_list& b, std::uint64_t offset) const noexcept
    {
        if (b.many)
            io_uring_prep_readv(&sqe, handle, iovecs(b), b.count, offset);
        else
            io_uring_prep_read(&sqe, handle, b.single.data, length_of(b.single), offset);
    }
    void write(const buffer_list& b, std::uint64_t offset) const noexcept
    {
        if (b.many)
            io_uring_prep_writev(&sqe, handle, iovecs(b), b.count, offset);
        else
            io_uring_prep_write(&sqe, handle, b.single.data, length_of(b.single), offset);
    }

    /// Into a buffer that the kernel chooses.
    void choose(const request::into_pool& r) const noexcept
    {
        sqe.flags |= IOSQE_BUFFER_SELECT;
        sqe.buf_group = group_of(*r.source);
    }
    unsigned size_of(const request::into_pool& r) const noexcept
    {
        return length_of({nullptr, r.source->size()});
    }

    void operator()(const request::receive_pooled& r) const noexcept
    {
        if (auto* m = static_cast<msghdr*>(r.header))
        {
            m->msg_iov = nullptr;
            m->msg_iovlen = 0;
            io_uring_prep_recvmsg(&sqe, handle, m, static_cast<unsigned>(r.flags));
        }
        else
            io_uring_prep_recv(&sqe, handle, nullptr, size_of(r), r.flags);
        choose(r);
    }
    void operator()(const request::read_pooled& r) const noexcept
    {
        prepare_device();
        io_uring_prep_read(&sqe, handle, nullptr, size_of(r), no_offset);
        choose(r);
    }
    void operator()(const request::read_pooled_at& r) const noexcept
    {
        io_uring_prep_read(&sqe, handle, nullptr, size_of(r), detail::invalid_if_last(r.offset));
        choose(r);
    }
    void operator()(const request::await_buffer&) const noexcept {} // the driver's base does it

    void operator()(const request::nothing&) const noexcept { io_uring_prep_nop(&sqe); }
    void operator()(const request::read& r) const noexcept
    {
        prepare_device();
        read(r.buffers, no_offset);
    }
    void operator()(const request::write& r) const noexcept
    {
        prepare_device();
        write(r.buffers, no_offset);
    }
    void operator()(const request::read_at& r) const noexcept
    {
        read(r.buffers, detail::invalid_if_last(r.offset));
    }
    void operator()(const request::write_at& r) const noexcept
    {
        write(r.buffers, detail::invalid_if_last(r.offset));
    }
    void operator()(const request::receive& r) const noexcept
    {
        if (r.buffers.many)
            io_uring_prep_recvmsg(&sqe, handle, message(r.buffers),
                                  static_cast<unsigned>(r.flags));
        else
            io_uring_prep_recv(&sqe, handle, r.buffers.single.data, length_of(r.buffers.single),
                               r.flags);
    }
    void send(const buffer_list& b, int flags) const noexcept
    {
        if (b.many)
            io_uring_prep_sendmsg(&sqe, handle, message(b), static_cast<unsigned>(flags));
        else
            io_uring_prep_send(&sqe, handle, b.single.data, length_of(b.single), flags);
    }
    void operator()(const request::send& r) const noexcept { send(r.buffers, r.flags); }
    /// The kernel is to go on by itself after a part: between two of ours it would have to let go of one
    /// before it gets the next.
    void operator()(const request::send_zc& r) const noexcept
    {
        if (r.copies)
            return send(r.buffers, r.flags);
        const int flags = r.whole ? r.flags | MSG_WAITALL : r.flags;
        const native_buffer& one = r.buffers.single;
        if (r.buffers.many)
            io_uring_prep_sendmsg_zc(&sqe, handle, message(r.buffers),
                                     static_cast<unsigned>(flags));
        else
            io_uring_prep_send_zc(&sqe, handle, one.data, length_of(one), flags, 0);
        sqe.ioprio |= abi::send_zc_report_usage;
    }
    void operator()(const request::receive_message& r) const noexcept
    {
        io_uring_prep_recvmsg(&sqe, handle, static_cast<msghdr*>(r.header),
                              static_cast<unsigned>(r.flags));
    }
    void operator()(const request::send_message& r) const noexcept
    {
        io_uring_prep_sendmsg(&sqe, handle, static_cast<const msghdr*>(r.header),
                              static_cast<unsigned>(r.flags));
    }
    void operator()(const request::accept& r) const noexcept
    {
        io_uring_prep_accept(&sqe, handle, static_cast<sockaddr*>(r.address), r.address_size, 0);
    }
    void operator()(const request::connect& r) const noexcept
    {
        io_uring_prep_connect(&sqe, handle, static_cast<const sockaddr*>(r.address),
                              r.address_size);
    }
    void operator()(const request::poll& r) const noexcept
    {
        io_uring_prep_poll_add(&sqe, handle, detail::poll_events(r.what));
    }
    void operator()(const request::open& r) const noexcept
    {
        io_uring_prep_openat(&sqe, r.directory, r.path, r.flags | O_CLOEXEC, r.mode);
    }
    void operator()(const request::sync& r) const noexcept
    {
        io_uring_prep_fsync(&sqe, handle, r.data_only ? IORING_FSYNC_DATASYNC : 0);
    }
    void operator()(const request::call&) const noexcept {} // the ring does not serve it
    /// Nor this: its splice is work for a thread of the kernel each time, 50 us for 4 KiB where
    /// sendfile(2) takes 2 (Linux 6.18).
    void operator()(const request::send_file&) const noexcept {}
    void operator()(const request::close& r) const noexcept
    {
        io_uring_prep_close(&sqe, r.handle);
    }
    void operator()(const request::stat& r) const noexcept
    {
        io_uring_prep_statx(&sqe, r.what.directory, r.what.path, r.flags, r.mask,
                            static_cast<struct statx*>(r.result));
    }
    void operator()(const request::rename& r) const noexcept
    {
        io_uring_prep_renameat(&sqe, r.from.directory, r.from.path, r.to.directory, r.to.path,
                               r.flags);
    }
    void operator()(const request::remove& r) const noexcept
    {
        io_uring_prep_unlinkat(&sqe, r.what.directory, r.what.path, r.flags);
    }
    void operator()(const request::create_directory& r) const noexcept
    {
        io_uring_prep_mkdirat(&sqe, r.what.directory, r.what.path, r.mode);
    }
    void operator()(const request::link& r) const noexcept
    {
        io_uring_prep_linkat(&sqe, r.existing.directory, r.existing.path, r.created.directory,
                             r.created.path, r.flags);
    }
    void operator()(const request::symlink& r) const noexcept
    {
        io_uring_prep_symlinkat(&sqe, r.target, r.created.directory, r.created.path);
    }
    void operator()(const request::truncate& r) const noexcept
    {
        io_uring_prep_rw(abi::op_ftruncate, &sqe, handle, nullptr, 0, r.size);
    }
    void operator()(const request::allocate& r) const noexcept
    {
        io_uring_prep_fallocate(&sqe, handle, r.mode, static_cast<off_t>(r.offset),
                                static_cast<off_t>(r.size));
    }
    void operator()(const request::advise& r) const noexcept
    {
        io_uring_prep_fadvise(&sqe, handle, r.offset, static_cast<off_t>(r.size), r.advice);
    }
    void operator()(const request::sync_range& r) const noexcept
    {
        io_uring_prep_sync_file_range(&sqe, handle, static_cast<unsigned>(r.size), r.offset,
                                      static_cast<int>(r.flags));
    }
};

template <typename Request>
void fill(io_uring_sqe& sqe, operation& op, const Request& r)
{
    sqe = {};
    filler{sqe, op}(r);
    io_uring_sqe_set_data(&sqe, &op);
}

} // namespace

void prepare(io_uring_sqe& sqe, operation& op)
{
    // The most frequent ones without a call through a table.
    if (op.request.is<request::receive>())
        fill(sqe, op, op.request.get<request::receive>());
    else if (op.request.is<request::send>())
        fill(sqe, op, op.request.get<request::send>());
    else if (op.request.is<request::read_at>())
        fill(sqe, op, op.request.get<request::read_at>());
    else
        op.request.visit([&](const auto& r) { fill(sqe, op, r); });
}

void make_multishot(io_uring_sqe& sqe) noexcept
{
    if (sqe.opcode == IORING_OP_ACCEPT)
        sqe.ioprio |= IORING_ACCEPT_MULTISHOT;
    else
    {
        sqe.ioprio |= IORING_RECV_MULTISHOT;
        sqe.len = 0; // all of a buffer; else EINVAL: io_uring_prep_recv_multishot(3)
    }
}

void make_bundles(io_uring_sqe& sqe) noexcept
{
    sqe.ioprio |= abi::recvsend_bundle;
}

void prepare_poll(io_uring_sqe& sqe, operation& op, int handle, unsigned mask)
{
    sqe = {};
    io_uring_prep_poll_add(&sqe, handle, mask);
    io_uring_sqe_set_data(&sqe, &op);
}

void prepare_poll_multishot(io_uring_sqe& sqe, int handle, std::uint64_t user_data)
{
    sqe = {};
    io_uring_prep_poll_multishot(&sqe, handle, POLLIN);
    sqe.user_data = user_data;
}

void prepare_cancel(io_uring_sqe& sqe, std::uint64_t user_data)
{
    sqe = {};
    io_uring_prep_cancel64(&sqe, user_data, 0);
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void hold(operation& op, int result) noexcept
{
    op.phase = operation::phase::held;
    ::new (static_cast<void*>(op.scratch)) int(result);
}

int held_result(const operation& op) noexcept
{
    return *std::launder(reinterpret_cast<const int*>(op.scratch));
}

bool found_shut_down(const operation& op) noexcept
{
    const int fd = op.attached->handle();
    pollfd ended{fd, POLLRDHUP, 0};
    char byte;
    return ::poll(&ended, 1, 0) == 1 && (ended.revents & POLLRDHUP)
        && ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

int begin_watch(operation& op) noexcept
{
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return -errno;
    epoll_event event{};
    event.events = EPOLLPRI; // and errors, and the end of both directions
    if (const auto* p = op.request.get_if<request::poll>())
        event.events = detail::poll_events(p->what) | (p->many ? EPOLLRDHUP | EPOLLET : 0u);
    if (::epoll_ctl(fd, EPOLL_CTL_ADD, op.attached->handle(), &event) != 0)
    {
        const int error = errno == EPERM ? EOPNOTSUPP : errno; // a file that nothing can wait for
        ::close(fd);
        return -error;
    }
    ::new (static_cast<void*>(op.scratch)) int(fd);
    return fd;
}

int watch_handle(const operation& op) noexcept
{
    return *std::launder(reinterpret_cast<const int*>(op.scratch));
}

void end_watch(operation& op) noexcept
{
    ::close(watch_handle(op));
}

request::readiness watched(const operation& op) noexcept
{
    epoll_event event{};
    return ::epoll_wait(watch_handle(op), &event, 1, 0) > 0 ? detail::readiness_of(event.events)
                                                            : request::readiness::none;
}

} // namespace proactor::io_uring
