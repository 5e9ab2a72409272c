#include <proactor/detail/standard_handle.hpp>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proactor::detail {

namespace {

/// Which terminal a handle is of: `/dev/tty` and its device have the same.
unsigned terminal_of(native_handle handle) noexcept
{
    unsigned device = 0;
    return ::ioctl(handle, TIOCGDEV, &device) == 0 ? device : 0;
}

} // namespace

unique_handle private_handle(native_handle shared) noexcept
{
    struct stat s;
    const int flags = ::fcntl(shared, F_GETFL);
    if (flags < 0 || ::fstat(shared, &s) != 0)
        return {};
    // Sockets, pipes and files are told call by call not to block, or go to a thread that may; a
    // duplicate keeps their position. Only devices, terminals among them, know no such call: they
    // are opened anew, because a duplicate would share its mode.
    if (!S_ISCHR(s.st_mode))
        return unique_handle(::fcntl(shared, F_DUPFD_CLOEXEC, 0));
    const int mode = (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", shared);
    if (unique_handle again(::open(path, mode)); again)
        return again;
    // Another user's terminal, after su(1), can be opened as the controlling one.
    const unsigned terminal = terminal_of(shared);
    unique_handle controlling(::open("/dev/tty", mode));
    if (terminal == 0 || !controlling || terminal_of(controlling.get()) != terminal)
    {
        controlling.reset();
        errno = EACCES;
    }
    return controlling;
}

} // namespace proactor::detail
