#include "kernel_copy.hpp"

#include <proactor/detail/kernel_copy.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

namespace proactor::detail {

namespace {

/// What one call moves, so that others get their turn.
constexpr std::uint64_t part_size = 1 << 20;
/// On a thread that may block: long against the way there and back, short to somebody who cancels.
constexpr std::uint64_t copy_size = 8 << 20;

std::size_t at_most(std::uint64_t count, std::uint64_t limit) noexcept
{
    return static_cast<std::size_t>(std::min(count, limit));
}

/// sendfile(2) and splice(2) know no flag that says so.
class no_broken_pipe_signal
{
public:
    no_broken_pipe_signal() noexcept
    {
        ::sigemptyset(&broken_pipe_);
        ::sigaddset(&broken_pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &broken_pipe_, &before_);
    }
    ~no_broken_pipe_signal() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    no_broken_pipe_signal(const no_broken_pipe_signal&) = delete;
    no_broken_pipe_signal& operator=(const no_broken_pipe_signal&) = delete;

    /// To be called where the system has told of a broken pipe; the signal is this thread's.
    void take() const noexcept
    {
        const int error = errno;
        const timespec now{};
        if (!::sigismember(&before_, SIGPIPE)) // else one may be pending that somebody else waits for
            ::sigtimedwait(&broken_pipe_, nullptr, &now);
        errno = error;
    }

private:
    sigset_t broken_pipe_;
    sigset_t before_;
};

template <typename F>
std::int64_t without_signal(F f) noexcept
{
    const no_broken_pipe_signal guard;
    const auto n = f();
    if (n >= 0)
        return n;
    if (errno == EPIPE)
        guard.take();
    return -errno;
}

bool byte_in_memory(native_handle file, std::uint64_t offset) noexcept
{
    char byte;
    const iovec one{&byte, 1};
    return ::preadv2(file, &one, 1, static_cast<off_t>(offset), RWF_NOWAIT) >= 0;
}

/// Bytes of one positioned call: all of them, or what an end or an error leaves.
template <typename Call>
std::int64_t repeated(Call call) noexcept
{
    for (;;)
        if (const ssize_t n = call(); n >= 0 || errno != EINTR)
            return n >= 0 ? n : -errno;
}

std::int64_t read_and_write(const copy_range_part& p, std::size_t size) noexcept
{
    std::array<char, 64 * 1024> buffer;
    std::size_t done = 0;
    const auto or_done = [&done](std::int64_t error)
    { return done ? static_cast<std::int64_t>(done) : error; };
    while (done != size)
    {
        const auto read = repeated(
            [&]
            {
                return ::pread(p.from, buffer.data(), std::min(buffer.size(), size - done),
                               static_cast<off_t>(p.from_offset + done));
            });
        if (read <= 0)
            return or_done(read);
        for (std::int64_t written = 0; written != read;)
        {
            const auto n = repeated(
                [&]
                {
                    return ::pwrite(p.to, buffer.data() + written,
                                    static_cast<std::size_t>(read - written),
                                    static_cast<off_t>(p.to_offset + done));
                });
            if (n <= 0)
                return or_done(n == 0 ? -ENOSPC : n);
            written += n;
            done += static_cast<std::size_t>(n);
        }
    }
    return static_cast<std::int64_t>(done);
}

} // namespace

bool in_memory(const request::send_file& r) noexcept
{
    const std::size_t size = at_most(r.count, part_size);
    return byte_in_memory(r.file, r.offset) && byte_in_memory(r.file, r.offset + size - 1);
}

std::int64_t send_part(native_handle socket, const request::send_file& r) noexcept
{
    auto offset = static_cast<off_t>(r.offset);
    return without_signal(
        [&] { return ::sendfile(socket, r.file, &offset, at_most(r.count, part_size)); });
}

std::int64_t splice_part(native_handle from, native_handle to, std::uint64_t count) noexcept
{
    return without_signal(
        [&]
        {
            return ::splice(from, nullptr, to, nullptr, at_most(count, part_size),
                            SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        });
}

bool waits_for_input(native_handle from) noexcept
{
    pollfd now{from, POLLIN, 0};
    return ::poll(&now, 1, 0) == 0;
}

std::int64_t duplicate_file(native_handle file) noexcept
{
    const int duplicate = ::fcntl(file, F_DUPFD_CLOEXEC, 0);
    return duplicate >= 0 ? duplicate : -errno;
}

std::int64_t read_part_now(native_handle file, void* data, std::size_t size,
                           std::uint64_t offset) noexcept
{
    const iovec part{data, size};
    const auto n = repeated(
        [&] { return ::preadv2(file, &part, 1, static_cast<off_t>(offset), RWF_NOWAIT); });
    return n == -EOPNOTSUPP ? -EAGAIN : n; // not on all kinds of files
}

std::int64_t read_part(native_handle file, void* data, std::size_t size,
                       std::uint64_t offset) noexcept
{
    return repeated([&] { return ::pread(file, data, size, static_cast<off_t>(offset)); });
}

std::int64_t copy_part(const copy_range_part& p) noexcept
{
    constexpr auto last = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    if (p.from_offset > last || p.to_offset > last)
        return -EINVAL;
    const std::size_t size = at_most(p.count, copy_size);
    auto in = static_cast<off_t>(p.from_offset);
    auto out = static_cast<off_t>(p.to_offset);
    const auto n = repeated([&] { return ::copy_file_range(p.from, &in, p.to, &out, size, 0); });
    switch (n)
    {
    case 0: // the end, or a file of a kind that shows what it has to readers only: /proc
    case -EXDEV:
    case -EINVAL: // no regular files
    case -EOPNOTSUPP:
    case -ENOSYS:
    case -EPERM:
        return read_and_write(p, size);
    default:
        return n;
    }
}

} // namespace proactor::detail
