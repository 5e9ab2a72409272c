// What it costs to move the deadline of a timer that is waited for, as servers do on each message.
#include "support/context.hpp"
#include "support/program.hpp"
#include "support/stopwatch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

constexpr std::size_t live = 1000;

struct rearming
{
    explicit rearming(perf::context& ctx, std::chrono::milliseconds window) : watch(window)
    {
        timers.reserve(live);
        for (std::size_t i = 0; i < live; ++i)
        {
            timers.emplace_back(ctx);
            arm(timers.back());
        }
    }

    perf::stopwatch watch;
    std::vector<perf::steady_timer> timers;
    std::size_t next = 0;
    std::uint64_t armed = 0;
    std::uint64_t aborted = 0;
    std::uint64_t expired = 0;
    bool over = false;

    /// Ends the wait that is pending, if any, and starts the next.
    void arm(perf::steady_timer& timer)
    {
        timer.expires_after(std::chrono::seconds(3600));
        timer.async_wait([this](perf::error_code ec) { handle(ec); });
        ++armed;
    }

    void step()
    {
        arm(timers[next]);
        next = next + 1 == live ? 0 : next + 1;
    }

    void handle(perf::error_code ec)
    {
        ++(ec == perf::asio::error::operation_aborted ? aborted : expired);
        if (over)
            return;
        if (aborted % perf::stopwatch::interval != 0 || watch.running(aborted))
            return step();
        over = true;
        for (perf::steady_timer& timer : timers)
            timer.cancel();
    }
};

void rearm(const perf::assignment& a)
{
    if (a.variant != "rearm")
        throw std::invalid_argument("no variant " + a.variant);
    perf::context ctx;
    rearming r(ctx, a.window);
    r.step();
    ctx.run();
    perf::check(r.expired == 0, "a timer expired an hour early");
    perf::check(r.aborted == r.armed, "not every wait was completed once");
    perf::print_metric("ns", r.watch.wall_ns_per_operation());
    perf::print_metric("allocs_per_op", r.watch.allocations_per_operation());
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, rearm);
}
