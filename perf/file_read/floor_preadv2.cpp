// The same reads one at a time, with nothing above the system's interface: a loop around preadv2(2), which
// takes from the kernel's memory without blocking what is there.
#include "workload.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>

#include <sys/uio.h>
#include <unistd.h>

namespace {

void file_read(const perf::assignment& a)
{
    perf::workload work(a);
    const int fd = work.open();
    for (unsigned lane = 0;; lane = (lane + 1) % work.depth())
    {
        const std::uint64_t position = work.next_position();
        const iovec buffer{work.buffer(lane), perf::block_size};
        ssize_t n = ::preadv2(fd, &buffer, 1, static_cast<off_t>(position), RWF_NOWAIT);
        if (n < 0 && errno == EAGAIN)
            n = ::preadv2(fd, &buffer, 1, static_cast<off_t>(position), 0);
        if (n < 0)
            throw std::system_error(errno, std::generic_category(), "preadv2");
        if (!work.ended(position, work.buffer(lane), static_cast<std::size_t>(n)))
            break;
    }
    work.report();
    ::close(fd);
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, file_read);
}
