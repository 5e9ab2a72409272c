#include "post.hpp"

#include "support/context.hpp"
#include "support/stopwatch.hpp"

#include <boost/asio/post.hpp>

#include <cstdint>

namespace perf {

namespace {

struct chain
{
    context& ctx;
    stopwatch watch;
    std::uint64_t ran = 0;
    std::uint64_t posted = 0;

    void post_next()
    {
        ++posted;
        asio::post(ctx, [this] { handle(); });
    }

    void handle()
    {
        ++ran;
        if (ran % stopwatch::interval != 0 || watch.running(ran))
            post_next();
    }
};

} // namespace

void post_chain(const assignment& a)
{
    context ctx;
    chain c{ctx, stopwatch(a.window)};
    c.post_next();
    const std::uint64_t handlers = ctx.run();
    check(c.ran == c.posted && handlers == c.posted, "not every post was run once");
    print_metric("ns", c.watch.wall_ns_per_operation());
    print_metric("allocs_per_op", c.watch.allocations_per_operation());
}

} // namespace perf
