// Intervals: when their ticks are due, and what becomes of those that were missed.
#include <proactor/interval.hpp>

#include "../support/context.hpp"
#include "tally.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using proactor::missed_ticks;

namespace {

using interval = proactor::basic_interval<test::executor>;
using clock_type = std::chrono::steady_clock;
using proactor::detail::interval_schedule;

// What a schedule that starts at 0 with a period of 10 ms delivers when its user comes at these
// times: how many ticks, and when the next one is due.
std::vector<std::pair<std::uint64_t, int>> deliveries(missed_ticks policy, std::vector<int> times)
{
    clock_type::time_point const start{1h};
    interval_schedule s{{}, 10ms, policy};
    s.restart(start);
    std::vector<std::pair<std::uint64_t, int>> result;
    for (int const t : times)
    {
        auto const count = s.deliver(start + std::chrono::milliseconds(t));
        result.emplace_back(count, (s.next - start) / 1ms);
    }
    return result;
}

using list = std::vector<std::pair<std::uint64_t, int>>;

void wait_past(clock_type::time_point t)
{
    while (clock_type::now() <= t)
    {
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(intervals)

BOOST_AUTO_TEST_CASE(ticks_in_time_do_not_drift)
{
    for (auto const policy : {missed_ticks::burst, missed_ticks::delay, missed_ticks::skip})
        BOOST_TEST((deliveries(policy, {10, 25, 39, 40})
                    == list{{1, 20}, {1, 30}, {1, 40}, {1, 50}}));
}

BOOST_AUTO_TEST_CASE(missed_ticks_by_policy)
{
    BOOST_TEST((deliveries(missed_ticks::burst, {45, 45, 45, 46, 50})
                == list{{1, 20}, {1, 30}, {1, 40}, {1, 50}, {1, 60}}));
    BOOST_TEST((deliveries(missed_ticks::delay, {45, 55}) == list{{1, 55}, {1, 65}}));
    BOOST_TEST((deliveries(missed_ticks::skip, {45, 50, 80}) == list{{4, 50}, {1, 60}, {3, 90}}));
}

BOOST_AUTO_TEST_CASE(the_end_of_time_is_never)
{
    interval_schedule s{{}, clock_type::duration::max(), missed_ticks::burst};
    s.restart(clock_type::time_point(1h));
    BOOST_TEST((s.next == clock_type::time_point::max()));
}

BOOST_AUTO_TEST_CASE(ticks_come_at_multiples_of_the_period)
{
    test::context ctx;
    auto const before = clock_type::now();
    interval i(ctx, 3ms);
    auto const first = i.next();
    BOOST_TEST((first >= before + 3ms));
    int ticks = 0;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            for (; ticks < 4; ++ticks)
            {
                BOOST_TEST((i.next() == first + ticks * 3ms));
                auto const n = co_await i.async_next(asio::use_awaitable);
                BOOST_TEST(n == 1u);
                BOOST_TEST((clock_type::now() >= first + ticks * 3ms));
            }
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(ticks == 4);
}

BOOST_AUTO_TEST_CASE(a_late_user_gets_the_number_of_ticks)
{
    test::context ctx;
    interval i(ctx, 1ms, missed_ticks::skip);
    auto const first = i.next();
    wait_past(first + 5ms);
    std::uint64_t ticks = 0;
    bool inside = true;
    i.async_next([&](test::error_code ec, std::uint64_t n) {
        BOOST_TEST((!ec && !inside));
        ticks = n;
    });
    inside = false;
    test::run(ctx);
    BOOST_TEST(ticks >= 6u);
    BOOST_TEST((i.next() == first + ticks * 1ms));
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_loses_no_tick)
{
    test::context ctx;
    interval i(ctx, 1h);
    auto const first = i.next();
    asio::cancellation_signal signal;
    int aborted = 0;
    auto const count = [&](test::error_code ec, std::uint64_t n) {
        aborted += ec == asio::error::operation_aborted && n == 0;
    };
    i.async_next(asio::bind_cancellation_slot(signal.slot(), count));
    signal.emit(asio::cancellation_type::total);
    test::run(ctx);
    BOOST_TEST(aborted == 1);
    i.async_next(count);
    i.cancel();
    test::run(ctx);
    BOOST_TEST(aborted == 2);
    BOOST_TEST((i.next() == first));
}

BOOST_AUTO_TEST_CASE(a_second_wait_ends_the_first)
{
    test::context ctx;
    interval i(ctx, 1h);
    int aborted = 0;
    auto const count = [&](test::error_code ec, std::uint64_t) {
        aborted += ec == asio::error::operation_aborted;
    };
    i.async_next(count);
    i.async_next(count);
    ctx.poll();
    BOOST_TEST(aborted == 1);
    i.cancel();
    test::run(ctx);
    BOOST_TEST(aborted == 2);
}

BOOST_AUTO_TEST_CASE(a_new_period_counts_from_the_next_tick_and_a_restart_from_now)
{
    test::context ctx;
    interval i(ctx, 1ms);
    auto const first = i.next();
    i.period(1h);
    BOOST_TEST((i.next() == first));
    int ticks = 0;
    auto const count = [&](test::error_code ec, std::uint64_t) { ticks += !ec; };
    i.async_next(count);
    test::run(ctx);
    BOOST_TEST(ticks == 1);
    BOOST_TEST((i.next() == first + 1h));
    i.async_next(count);
    i.period(1ms);
    i.restart();
    test::run(ctx); // the wait has been ended
    BOOST_TEST(ticks == 1);
    BOOST_TEST((i.next() <= clock_type::now() + 1ms));
    i.async_next(count);
    test::run(ctx);
    BOOST_TEST(ticks == 2);
}

BOOST_AUTO_TEST_CASE(an_interval_may_go_while_it_is_waited_for)
{
    test::context ctx;
    int aborted = 0;
    int ticks = 0;
    {
        interval i(ctx, 1h);
        i.async_next([&](test::error_code ec, std::uint64_t) {
            aborted += ec == asio::error::operation_aborted;
        });
    }
    {
        // Expired, but not yet delivered.
        std::optional<interval> i(std::in_place, ctx, 1ms);
        i->async_next([&](test::error_code ec, std::uint64_t n) { ticks += !ec ? int(n) : 100; });
        auto moved = std::make_unique<interval>(std::move(*i));
        i.reset();
        asio::post(ctx, [&] {
            wait_past(moved->next());
            asio::post(ctx, [&] { moved.reset(); });
        });
        test::run(ctx);
    }
    BOOST_TEST(aborted == 1);
    BOOST_TEST((ticks == 1 || ticks == 100));
}

BOOST_AUTO_TEST_CASE(destroying_the_context_destroys_the_handler)
{
    test::tally t;
    {
        test::context ctx;
        interval i(ctx, 1h);
        i.async_next(test::witness(t));
        ctx.poll();
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(a_period_has_to_be_positive)
{
    test::context ctx;
    BOOST_CHECK_THROW(interval(ctx, 0ms), test::system_error);
    interval i(ctx, 1ms);
    BOOST_CHECK_THROW(i.period(-1ms), test::system_error);
    BOOST_TEST((i.period() == 1ms));
}

BOOST_AUTO_TEST_SUITE_END()
