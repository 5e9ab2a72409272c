//
// Timers: order, counts, re-arming, moving, and the clocks that Asio knows.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <boost/asio/deadline_timer.hpp>

#include <functional>
#include <memory>
#include <thread>

namespace differential {

using namespace std::chrono_literals;

PROACTOR_TEST_BODY(timer, expiry_order)
{
    context ctx;
    std::vector<std::unique_ptr<steady_timer>> timers;
    for (int delay : {7, 3, 9, 1, 5})
    {
        timers.push_back(std::make_unique<steady_timer>(ctx, std::chrono::milliseconds(delay)));
        timers.back()->async_wait([delay](const error_code& ec) { log("timer", delay, ec); });
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, all_expired_already)
{
    context ctx;
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::unique_ptr<steady_timer>> timers;
    for (int ago : {1, 5, 3, 4, 2})
    {
        timers.push_back(std::make_unique<steady_timer>(ctx, now - std::chrono::hours(ago)));
        timers.back()->async_wait([ago](const error_code& ec) { log("timer", ago, ec); });
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, past_and_never)
{
    context ctx;
    steady_timer past(ctx, -1h);
    past.async_wait(report{"negative"});
    ctx.run();
    ctx.restart();
    past.expires_at(steady_timer::time_point::min());
    past.async_wait(report{"minimum"});
    ctx.run();
    ctx.restart();
    steady_timer never(ctx, steady_timer::time_point::max());
    never.async_wait(report{"maximum"});
    log("run_for", ctx.run_for(2ms));
    never.expires_after(steady_timer::duration::max());
    never.async_wait(report{"longest"});
    log("run_for", ctx.run_for(2ms));
    log("cancel", never.cancel());
    ctx.run();
}

PROACTOR_TEST_BODY(timer, never_inside_its_initiation)
{
    context ctx;
    steady_timer timer(ctx, -1s);
    bool started = false;
    asio::post(ctx, [&] {
        timer.async_wait([&](const error_code& ec) { log("timer", ec, started); });
        started = true;
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, default_constructed)
{
    context ctx;
    steady_timer timer(ctx);
    log("expiry", timer.expiry() == steady_timer::time_point());
    timer.async_wait(report{"timer"});
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, several_waits_on_one)
{
    context ctx;
    steady_timer timer(ctx, 1ms);
    for (int i = 0; i < 4; ++i)
    {
        timer.async_wait([i](const error_code& ec) { log("wait", i, ec); });
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, cancel_counts)
{
    context ctx;
    steady_timer timer(ctx, 1h);
    log("nothing", timer.cancel());
    for (int i = 0; i < 3; ++i)
    {
        timer.async_wait([i](const error_code& ec) { log("wait", i, ec); });
    }
    log("cancel", timer.cancel());
    log("again", timer.cancel());
    log("run", ctx.run());
    log("after", timer.cancel(), timer.cancel_one());
}

PROACTOR_TEST_BODY(timer, cancel_one)
{
    context ctx;
    steady_timer timer(ctx, 1h);
    for (int i = 0; i < 3; ++i)
    {
        timer.async_wait([i](const error_code& ec) { log("wait", i, ec); });
    }
    log("cancel_one", timer.cancel_one());
    log("run_one", ctx.run_one());
    log("cancel_one", timer.cancel_one());
    log("run_one", ctx.run_one());
    log("cancel", timer.cancel());
    log("run", ctx.run());
    log("cancel_one", timer.cancel_one());
}

// Whether an expired wait whose handler has not run can still be cancelled is not promised; that
// the count and the handler agree is.
PROACTOR_TEST_BODY(timer, cancel_after_expiry_before_the_handler)
{
    context ctx;
    steady_timer first(ctx, -2s);
    steady_timer second(ctx, -1s);
    std::size_t cancelled = 0;
    error_code outcome;
    first.async_wait([&](const error_code&) { cancelled = second.cancel(); });
    second.async_wait([&](const error_code& ec) { outcome = ec; });
    log("run", ctx.run());
    log("agree", (cancelled == 1) == (outcome == asio::error::operation_aborted));
}

PROACTOR_TEST_BODY(timer, expires_after_with_pending_waits)
{
    context ctx;
    steady_timer timer(ctx, 1h);
    timer.async_wait(report{"first"});
    timer.async_wait(report{"second"});
    log("expires_after", timer.expires_after(1ms));
    timer.async_wait(report{"third"});
    log("expires_at", timer.expires_at(timer.expiry() + 1ms));
    timer.async_wait(report{"fourth"});
    log("run", ctx.run());
    log("expires_after", timer.expires_after(1h));
}

PROACTOR_TEST_BODY(timer, rearmed_in_its_handler)
{
    context ctx;
    steady_timer timer(ctx, 1ms);
    int left = 4;
    std::function<void(const error_code&)> tick = [&](const error_code& ec) {
        log("tick", left, ec);
        if (--left > 0)
        {
            log("expires_at", timer.expires_at(timer.expiry() + 1ms));
            timer.async_wait(tick);
        }
    };
    timer.async_wait(tick);
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, handler_cancels_another)
{
    context ctx;
    steady_timer first(ctx, 1ms);
    steady_timer second(ctx, 1h);
    first.async_wait([&](const error_code& ec) {
        log("first", ec);
        log("cancel", second.cancel());
    });
    second.async_wait(report{"second"});
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, wait_after_expiry)
{
    context ctx;
    steady_timer timer(ctx, 1ms);
    timer.wait();
    log("expired", timer.expiry() <= std::chrono::steady_clock::now());
    timer.async_wait(report{"wait"});
    log("run", ctx.run());
    ctx.restart();
    timer.async_wait(report{"again"});
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, synchronous_wait)
{
    context ctx;
    const auto start = std::chrono::steady_clock::now();
    steady_timer timer(ctx, 3ms);
    error_code ec;
    timer.wait(ec);
    log("wait", ec, std::chrono::steady_clock::now() - start >= 3ms);
    timer.wait(ec);
    log("again", ec);
}

PROACTOR_TEST_BODY(timer, destroyed_with_waits)
{
    context ctx;
    {
        steady_timer timer(ctx, 1h);
        timer.async_wait(report{"first"});
        timer.async_wait(report{"second"});
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, destroyed_in_its_handler)
{
    context ctx;
    auto timer = std::make_unique<steady_timer>(ctx, 1ms);
    auto other = std::make_unique<steady_timer>(ctx, 1h);
    timer->async_wait([&](const error_code& ec) {
        log("timer", ec);
        timer.reset();
        other.reset();
    });
    other->async_wait(report{"other"});
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, moved_with_waits)
{
    context ctx;
    steady_timer timer(ctx, 2ms);
    timer.async_wait(report{"first"});
    steady_timer moved(std::move(timer));
    moved.async_wait(report{"second"});
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, move_assigned_over_waits)
{
    context ctx;
    steady_timer a(ctx, 1h);
    steady_timer b(ctx, 2ms);
    a.async_wait(report{"overwritten"});
    b.async_wait(report{"kept"});
    a = std::move(b);
    log("run", ctx.run());
    ctx.restart();
    a.expires_after(1h);
    a.async_wait(report{"cancelled"});
    log("cancel", a.cancel());
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, many)
{
    context ctx;
    constexpr int count = 2000;
    std::vector<std::unique_ptr<steady_timer>> timers;
    const auto base = std::chrono::steady_clock::now();
    int expired = 0;
    int aborted = 0;
    int last = -1;
    bool ordered = true;
    for (int i = 0; i < count; ++i)
    {
        const int place = i * 7919 % count;
        timers.push_back(std::make_unique<steady_timer>(ctx, base + place * 1us));
        timers.back()->async_wait([&, place](const error_code& ec) {
            if (ec)
            {
                ++aborted;
                return;
            }
            ++expired;
            ordered = ordered && place > last;
            last = place;
        });
    }
    std::size_t cancelled = 0;
    for (int i = 0; i < count; i += 4)
    {
        cancelled += timers[i]->cancel();
    }
    log("run", ctx.run());
    log("counts", expired, aborted, cancelled, ordered);
}

PROACTOR_TEST_BODY(timer, cancelled_from_another_thread)
{
    context ctx;
    steady_timer timer(ctx, 1h);
    timer.async_wait(report{"first"});
    timer.async_wait(report{"second"});
    std::thread other([&] { log("cancel", timer.cancel()); });
    other.join();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, shortened_while_the_loop_sleeps)
{
    context ctx;
    auto guard = asio::make_work_guard(ctx);
    steady_timer sleeper(ctx, 1h);
    sleeper.async_wait(report{"sleeper"});
    steady_timer timer(ctx);
    std::thread runner([&] { ctx.run(); });
    asio::post(ctx, [&] {
        timer.expires_after(2ms);
        timer.async_wait([&](const error_code& ec) {
            log("timer", ec);
            log("cancel", sleeper.cancel());
            guard.reset();
        });
    });
    runner.join();
}

PROACTOR_TEST_BODY(timer, started_by_another_thread_while_the_loop_sleeps)
{
    context ctx;
    auto guard = asio::make_work_guard(ctx);
    std::thread runner([&] { ctx.run(); });
    steady_timer timer(ctx, 2ms);
    timer.async_wait([&](const error_code& ec) {
        log("timer", ec);
        guard.reset();
    });
    runner.join();
}

namespace {

template <class Timer>
void exercise_clock(const char* name)
{
    context ctx;
    Timer timer(ctx, 2ms);
    const auto start = Timer::clock_type::now();
    timer.async_wait(
        [&](const error_code& ec) { log(name, ec, Timer::clock_type::now() >= timer.expiry()); });
    timer.async_wait(report{name});
    log("run", ctx.run());
    log("expiry", timer.expiry() >= start);
    log("expires_after", timer.expires_after(1h));
    timer.async_wait(report{"aborted"});
    log("expires_at", timer.expires_at(start));
    timer.async_wait(report{"past"});
    ctx.restart();
    log("run", ctx.run());
    error_code ec;
    timer.wait(ec);
    log("wait", ec);
}

// A clock that the test moves; Asio looks at it again after the interval of the traits.
struct manual_clock
{
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<manual_clock>;
    [[maybe_unused]] static constexpr bool is_steady = false;

    static time_point now() noexcept { return current; }

    static inline time_point current{};
};

struct manual_traits
{
    static manual_clock::duration to_wait_duration(const manual_clock::duration&) { return 1ms; }

    static manual_clock::duration to_wait_duration(const manual_clock::time_point&) { return 1ms; }
};

} // namespace

PROACTOR_TEST_BODY(timer, system_clock)
{
    exercise_clock<system_timer>("system");
}

PROACTOR_TEST_BODY(timer, high_resolution_clock)
{
    exercise_clock<high_resolution_timer>("high resolution");
}

PROACTOR_TEST_BODY(timer, clock_of_the_user)
{
    context ctx;
    asio::basic_waitable_timer<manual_clock, manual_traits, executor> early(ctx, 5s);
    asio::basic_waitable_timer<manual_clock, manual_traits, executor> late(ctx, 9s);
    early.async_wait(report{"early"});
    late.async_wait(report{"late"});
    log("run_for", ctx.run_for(5ms));
    manual_clock::current += 6s;
    log("run_one", ctx.run_one());
    log("run_for", ctx.run_for(5ms));
    manual_clock::current += 6s;
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(timer, deadline_timer)
{
    using boost::posix_time::hours;
    using boost::posix_time::milliseconds;
    using time = boost::posix_time::ptime;
    using timer_type = asio::basic_deadline_timer<time, asio::time_traits<time>, executor>;
    context ctx;
    timer_type timer(ctx, milliseconds(2));
    timer.async_wait(report{"timer"});
    log("run", ctx.run());
    log("expired", timer.expires_from_now() <= milliseconds(0));
    timer.expires_from_now(hours(1));
    timer.async_wait(report{"first"});
    timer.async_wait(report{"second"});
    log("expires_from_now", timer.expires_from_now(milliseconds(-1)));
    timer.async_wait(report{"third"});
    ctx.restart();
    log("run", ctx.run());
    timer.expires_at(time(boost::posix_time::pos_infin));
    timer.async_wait(report{"infinite"});
    ctx.restart();
    log("run_for", ctx.run_for(2ms));
    log("cancel", timer.cancel());
    log("run", ctx.run());
    timer.expires_from_now(milliseconds(1));
    error_code ec;
    timer.wait(ec);
    log("wait", ec);
}

} // namespace differential
