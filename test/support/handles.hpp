#ifndef PROACTOR_TEST_SUPPORT_HANDLES_HPP
#define PROACTOR_TEST_SUPPORT_HANDLES_HPP

#include <proactor/request.hpp>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

/// Descriptors of the system that close themselves, made by plain system calls.
namespace test {

class handle
{
public:
    handle() = default;
    explicit handle(int fd) noexcept : fd_(fd) {}
    handle(handle&& other) noexcept : fd_(other.release()) {}
    handle& operator=(handle&& other) noexcept
    {
        reset(other.release());
        return *this;
    }
    ~handle() { reset(); }

    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept
    {
        if (fd_ >= 0)
            ::close(fd_);
        fd_ = fd;
    }

private:
    int fd_ = -1;
};

inline int checked(int result, const char* call)
{
    if (result < 0)
        throw std::system_error(errno, std::generic_category(), call);
    return result;
}

inline bool is_open(int fd) noexcept
{
    return ::fcntl(fd, F_GETFD) >= 0;
}

/// Something that is open.
inline handle any_handle()
{
    return handle(checked(::eventfd(0, EFD_CLOEXEC), "eventfd"));
}

inline handle duplicate(const handle& h)
{
    return handle(checked(::fcntl(h.get(), F_DUPFD_CLOEXEC, 0), "dup"));
}

struct handle_pair
{
    handle a;
    handle b;
};

inline handle_pair socket_pair(int type = SOCK_STREAM)
{
    int fds[2];
    checked(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), "socketpair");
    return {handle(fds[0]), handle(fds[1])};
}

/// `a` is read from, `b` is written to.
inline handle_pair pipe_pair()
{
    int fds[2];
    checked(::pipe2(fds, O_CLOEXEC), "pipe2");
    return {handle(fds[0]), handle(fds[1])};
}

inline sockaddr* generic(sockaddr_in& a) noexcept
{
    return reinterpret_cast<sockaddr*>(&a);
}

inline sockaddr_in loopback_address(unsigned short port = 0) noexcept
{
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

inline sockaddr_in address_of(const handle& h)
{
    sockaddr_in a{};
    socklen_t size = sizeof a;
    checked(::getsockname(h.get(), generic(a), &size), "getsockname");
    return a;
}

inline handle inet_socket(int type = SOCK_STREAM)
{
    return handle(checked(::socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket"));
}

/// A listener on loopback; port 0 lets the system choose one.
inline handle tcp_listener(unsigned short port = 0)
{
    handle h = inet_socket();
    const int on = 1;
    checked(::setsockopt(h.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    sockaddr_in a = loopback_address(port);
    checked(::bind(h.get(), generic(a), sizeof a), "bind");
    checked(::listen(h.get(), 64), "listen");
    return h;
}

inline handle connect_to(const handle& listener)
{
    handle h = inet_socket();
    sockaddr_in a = address_of(listener);
    checked(::connect(h.get(), generic(a), sizeof a), "connect");
    return h;
}

inline handle_pair tcp_pair()
{
    const handle listener = tcp_listener();
    handle a = connect_to(listener);
    handle b(checked(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    return {std::move(a), std::move(b)};
}

inline void write_all(const handle& h, std::string_view text)
{
    while (!text.empty())
        text.remove_prefix(static_cast<std::size_t>(
            checked(static_cast<int>(::write(h.get(), text.data(), text.size())), "write")));
}

/// Reads what comes within ten seconds, up to `size` bytes; empty at the end or if nothing comes.
inline std::string read_some(const handle& h, std::size_t size = 100)
{
    pollfd p{h.get(), POLLIN, 0};
    if (::poll(&p, 1, 10'000) != 1)
        return {};
    std::string text(size, '\0');
    const auto n = ::read(h.get(), text.data(), size);
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return text;
}

/// A file without a name in the working directory, which unlike /tmp may lie on a disk.
class temporary_file
{
public:
    temporary_file()
    {
        std::string name = (std::filesystem::current_path() / "proactor-test-XXXXXX").string();
        writing_.reset(checked(::mkstemp(name.data()), "mkstemp"));
        path_ = name;
    }
    ~temporary_file() { ::unlink(path_.c_str()); }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    const char* path() const noexcept { return path_.c_str(); }
    const handle& file() const noexcept { return writing_; }

private:
    handle writing_;
    std::string path_;
};

/// How many descriptors this process holds.
inline std::size_t open_descriptors()
{
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++n;
    return n;
}

/// Requests over one buffer.

inline proactor::buffer_list buffers(void* data, std::size_t size)
{
    return {{data, size}, nullptr, 1};
}

inline proactor::buffer_list buffers(std::string& text)
{
    return buffers(text.data(), text.size());
}

} // namespace test

#endif
