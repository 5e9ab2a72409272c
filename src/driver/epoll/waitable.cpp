#include <proactor/detail/waitable.hpp>

#include <cerrno>

#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proactor::detail {

namespace {

bool tells_of_readiness(int handle) noexcept
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

} // namespace

bool is_waitable(attachment& a) noexcept
{
    using answer = handle_notes::answer;
    auto& known = a.notes.waitable;
    if (known == answer::unknown)
        known = tells_of_readiness(a.handle()) ? answer::yes : answer::no;
    return known == answer::yes;
}

} // namespace proactor::detail
