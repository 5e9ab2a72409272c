// Reads as programs on epoll do them: in a thread pool, with the outcome posted to the loop. The
// environment says in PERF_THREADS how many threads the pool has.
#define PERF_ASIO 1
#include "workload.hpp"

#include "support/context.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace {

unsigned threads()
{
    const char* const text = std::getenv("PERF_THREADS");
    const std::string_view digits = text ? text : "";
    unsigned count = 0;
    const auto [rest, error] = std::from_chars(digits.begin(), digits.end(), count);
    if (error != std::errc() || rest != digits.end() || count == 0)
        throw std::runtime_error("PERF_THREADS does not say how many threads the pool has");
    return count;
}

class lane
{
public:
    lane(perf::context& ctx, boost::asio::thread_pool& pool, perf::workload& work, int fd,
         unsigned index)
        : ctx_(ctx), pool_(pool), work_(work), fd_(fd), buffer_(work.buffer(index))
    {
    }

    void read()
    {
        position_ = work_.next_position();
        boost::asio::post(pool_, [this, busy = boost::asio::make_work_guard(ctx_)] {
            const ssize_t bytes =
                ::pread(fd_, buffer_, perf::block_size, static_cast<off_t>(position_));
            boost::asio::post(ctx_, [this, bytes] { ended(bytes); });
        });
    }

private:
    void ended(ssize_t bytes)
    {
        if (work_.ended(position_, buffer_, static_cast<std::size_t>(bytes)))
            read();
    }

    perf::context& ctx_;
    boost::asio::thread_pool& pool_;
    perf::workload& work_;
    int fd_;
    char* buffer_;
    std::uint64_t position_ = 0;
};

void file_read(const perf::assignment& a)
{
    perf::workload work(a);
    perf::context ctx;
    std::deque<lane> lanes; // they stay where they are, and outlive the pool's threads
    boost::asio::thread_pool pool(threads());
    const int fd = work.open();
    for (unsigned i = 0; i < work.depth(); ++i)
        lanes.emplace_back(ctx, pool, work, fd, i).read();
    ctx.run();
    work.report();
    ::close(fd);
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, file_read);
}
