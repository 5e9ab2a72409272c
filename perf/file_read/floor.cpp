// The same reads with nothing above the system's interface: a loop around one system call.
#include "workload.hpp"

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <system_error>
#include <vector>

#include <unistd.h>

/// Whether the system knows the file and the buffers beforehand.
#if !defined(PERF_FIXED)
#define PERF_FIXED 0
#endif

namespace {

void require(int result, const char* what)
{
    if (result < 0)
        throw std::system_error(-result, std::generic_category(), what);
}

class ring
{
public:
    explicit ring(unsigned entries)
    {
        io_uring_params params{};
        params.flags =
            IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL;
        require(::io_uring_queue_init_params(entries, &ring_, &params),
                "io_uring_queue_init_params");
    }
    ring(const ring&) = delete;
    ~ring() { ::io_uring_queue_exit(&ring_); }
    io_uring* get() noexcept { return &ring_; }

private:
    io_uring ring_;
};

struct lane
{
    int fd;
    char* buffer;
    std::uint64_t position = 0;
};

void read(ring& r, perf::workload& work, lane& l)
{
    l.position = work.next_position();
    io_uring_sqe* const entry = ::io_uring_get_sqe(r.get()); // one a lane: there is room
#if PERF_FIXED
    ::io_uring_prep_read_fixed(entry, 0, l.buffer, perf::block_size, l.position, 0);
    entry->flags |= IOSQE_FIXED_FILE;
#else
    ::io_uring_prep_read(entry, l.fd, l.buffer, perf::block_size, l.position);
#endif
    ::io_uring_sqe_set_data(entry, &l);
}

void file_read(const perf::assignment& a)
{
    perf::workload work(a);
    ring r(work.depth());
    std::vector<lane> lanes;
    const int fd = work.open();
#if PERF_FIXED
    const iovec all{work.buffers().data(), work.buffers().size()};
    require(::io_uring_register_buffers(r.get(), &all, 1), "io_uring_register_buffers");
    require(::io_uring_register_files(r.get(), &fd, 1), "io_uring_register_files");
#endif
    for (unsigned i = 0; i < work.depth(); ++i)
        lanes.push_back({fd, work.buffer(i)});
    for (lane& l : lanes)
        read(r, work, l);

    unsigned in_flight = work.depth();
    while (in_flight > 0)
    {
        require(::io_uring_submit_and_wait(r.get(), 1), "io_uring_submit_and_wait");
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(r.get(), head, completion)
        {
            ++count;
            lane& l = *static_cast<lane*>(::io_uring_cqe_get_data(completion));
            require(completion->res, "read");
            if (work.ended(l.position, l.buffer, static_cast<std::size_t>(completion->res)))
                read(r, work, l);
            else
                --in_flight;
        }
        ::io_uring_cq_advance(r.get(), count);
    }
    work.report();
    ::close(fd);
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, file_read);
}
