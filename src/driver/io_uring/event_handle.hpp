#ifndef PROACTOR_SRC_DRIVER_IO_URING_EVENT_HANDLE_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_EVENT_HANDLE_HPP

#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace proactor::io_uring {

/// A file descriptor that other threads write to, and that the ring polls.
class event_handle
{
public:
    event_handle() = default;
    ~event_handle() { close(); }
    event_handle(const event_handle&) = delete;
    event_handle& operator=(const event_handle&) = delete;

    /// Returns 0 or the system's code.
    int open() noexcept
    {
        fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return fd_ < 0 ? errno : 0;
    }
    void close() noexcept
    {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }

    int fd() const noexcept { return fd_; }
    void signal() const noexcept { ::eventfd_write(fd_, 1); }
    /// True if it was signalled.
    bool clear() const noexcept
    {
        eventfd_t n;
        return ::eventfd_read(fd_, &n) == 0;
    }

private:
    int fd_ = -1;
};

} // namespace proactor::io_uring

#endif
