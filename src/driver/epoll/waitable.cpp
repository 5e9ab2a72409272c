#include <proactor/detail/waitable.hpp>

#include <cerrno>

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proactor::detail {

bool is_waitable(int handle) noexcept
{
    // Most are, and a look at their kind is cheaper than an attempt.
    struct stat kind;
    if (::fstat(handle, &kind) != 0 || S_ISSOCK(kind.st_mode) || S_ISFIFO(kind.st_mode))
        return true;
    const int poller = ::epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0)
        return true;
    epoll_event nothing{};
    const bool refused =
        ::epoll_ctl(poller, EPOLL_CTL_ADD, handle, &nothing) != 0 && errno == EPERM;
    ::close(poller);
    return !refused;
}

} // namespace proactor::detail
