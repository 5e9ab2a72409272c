#include "post.hpp"

#include "support/context.hpp"
#include "support/stopwatch.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <cstdint>
#include <thread>

namespace perf {

namespace {

constexpr std::uint64_t burst = 64;
constexpr std::uint64_t backlog = 1024;

struct crossing
{
    context& ctx;
    stopwatch watch;
    std::atomic<std::uint64_t> ran = 0; // the loop alone writes it
    std::atomic<bool> over = false;

    void handle()
    {
        const std::uint64_t n = ran.load(std::memory_order_relaxed) + 1;
        // A count that bounds the backlog; nothing is published through it.
        ran.store(n, std::memory_order_relaxed);
        if (n % stopwatch::interval == 0 && !over.load(std::memory_order_relaxed)
            && !watch.running(n))
            over.store(true, std::memory_order_relaxed);
    }

    /// On its own thread: how many it posted.
    std::uint64_t produce()
    {
        std::uint64_t posted = 0;
        while (!over.load(std::memory_order_relaxed))
        {
            if (posted - ran.load(std::memory_order_relaxed) > backlog - burst)
            {
                std::this_thread::yield();
                continue;
            }
            for (std::uint64_t i = 0; i < burst; ++i)
                asio::post(ctx, [this] { handle(); });
            posted += burst;
        }
        return posted;
    }
};

} // namespace

void post_cross(const assignment& a)
{
    context ctx;
    crossing c{ctx, stopwatch(a.window)};
    std::uint64_t posted = 0;
    std::thread producer(
        [&c, &posted, work = asio::make_work_guard(ctx)] { posted = c.produce(); });
    const std::uint64_t handlers = ctx.run();
    producer.join();
    check(c.ran == posted && handlers == posted, "not every post was run once");
    print_metric("ns", c.watch.wall_ns_per_operation());
    print_metric("allocs_per_op", c.watch.allocations_per_operation());
}

} // namespace perf
