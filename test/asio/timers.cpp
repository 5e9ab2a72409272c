// Waitable timers of every clock.
#include "../support/context.hpp"

#include <boost/asio/deadline_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// A clock that only the test moves; its traits tell Asio how long it may sleep between two looks.
struct manual_clock
{
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<manual_clock>;
    [[maybe_unused]] static constexpr bool is_steady = false;
    static inline time_point current{};

    static time_point now() { return current; }
};

struct impatient_traits
{
    static manual_clock::duration to_wait_duration(manual_clock::duration)
    {
        return std::chrono::milliseconds(1);
    }

    static manual_clock::duration to_wait_duration(manual_clock::time_point)
    {
        return std::chrono::milliseconds(1);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(timers)

BOOST_AUTO_TEST_CASE(every_clock_expires_and_not_early)
{
    test::context ctx;
    auto const start = std::chrono::steady_clock::now();
    test::steady_timer steady(ctx, 5ms);
    test::system_timer system(ctx, 5ms);
    test::high_resolution_timer high(ctx, std::chrono::high_resolution_clock::now() + 5ms);
    int fired = 0;
    auto const count = [&](test::error_code ec) { fired += !ec; };
    steady.async_wait(count);
    system.async_wait(count);
    high.async_wait(count);
    test::run(ctx);
    BOOST_TEST(fired == 3);
    BOOST_TEST((std::chrono::steady_clock::now() - start >= 5ms));
}

BOOST_AUTO_TEST_CASE(timers_fire_in_the_order_of_their_expiry)
{
    test::context ctx;
    auto const base = std::chrono::steady_clock::now() + 5ms;
    std::vector<int> delays{7, 3, 9, 1, 8, 2, 6, 0, 5, 4};
    std::vector<test::steady_timer> timers;
    std::vector<int> order;
    timers.reserve(delays.size());
    for (int const delay : delays)
        timers.emplace_back(ctx, base + delay * 100us).async_wait([&, delay](test::error_code) {
            order.push_back(delay);
        });
    test::run(ctx);
    BOOST_TEST(order.size() == delays.size());
    BOOST_TEST(std::is_sorted(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(a_past_expiry_completes_but_not_inside_async_wait)
{
    test::context ctx;
    test::steady_timer timer(ctx, std::chrono::steady_clock::now() - 1h);
    bool fired = false;
    timer.async_wait([&](test::error_code ec) { fired = !ec; });
    BOOST_TEST(!fired);
    test::run(ctx);
    BOOST_TEST(fired);
    timer.expires_at(std::chrono::steady_clock::time_point::min());
    timer.async_wait([&](test::error_code ec) { fired = bool(ec); });
    test::run(ctx);
    BOOST_TEST(!fired);
}

BOOST_AUTO_TEST_CASE(cancel_returns_the_number_of_waits)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    int aborted = 0;
    BOOST_TEST(timer.cancel() == 0u);
    for (int i = 0; i < 3; ++i)
        timer.async_wait(
            [&](test::error_code ec) { aborted += ec == asio::error::operation_aborted; });
    BOOST_TEST(timer.cancel() == 3u);
    BOOST_TEST(timer.cancel() == 0u);
    BOOST_TEST(aborted == 0);
    test::run(ctx);
    BOOST_TEST(aborted == 3);
}

BOOST_AUTO_TEST_CASE(cancel_one_takes_the_oldest)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    std::string order;
    for (char const name : {'a', 'b', 'c'})
        timer.async_wait([&, name](test::error_code) { order += name; });
    BOOST_TEST(timer.cancel_one() == 1u);
    ctx.poll();
    BOOST_TEST(order == "a");
    BOOST_TEST(timer.cancel_one() == 1u);
    ctx.poll();
    BOOST_TEST(order == "ab");
    BOOST_TEST(timer.cancel() == 1u);
    BOOST_TEST(timer.cancel_one() == 0u);
    test::run(ctx);
    BOOST_TEST(order == "abc");
}

BOOST_AUTO_TEST_CASE(setting_the_expiry_cancels_and_counts)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    int aborted = 0;
    int fired = 0;
    auto const count = [&](test::error_code ec) {
        aborted += ec == asio::error::operation_aborted;
        fired += !ec;
    };
    timer.async_wait(count);
    timer.async_wait(count);
    BOOST_TEST(timer.expires_after(1ms) == 2u);
    timer.async_wait(count);
    BOOST_TEST(timer.expires_at(std::chrono::steady_clock::now() + 2ms) == 1u);
    timer.async_wait(count);
    test::run(ctx);
    BOOST_TEST(aborted == 3);
    BOOST_TEST(fired == 1);
    auto const now = std::chrono::steady_clock::now();
    timer.expires_at(now);
    BOOST_TEST((timer.expiry() == now));
}

BOOST_AUTO_TEST_CASE(a_wait_that_has_expired_cannot_be_cancelled)
{
    test::context ctx;
    test::steady_timer first(ctx, std::chrono::steady_clock::now() - 2s);
    test::steady_timer second(ctx, std::chrono::steady_clock::now() - 1s);
    std::size_t cancelled = 99;
    test::error_code of_second = asio::error::fault;
    first.async_wait([&](test::error_code) { cancelled = second.cancel(); });
    second.async_wait([&](test::error_code ec) { of_second = ec; });
    test::run(ctx);
    BOOST_TEST(cancelled == 0u); // both expired in the same turn: the second is already on its way
    BOOST_TEST(!of_second);
}

BOOST_AUTO_TEST_CASE(destruction_cancels)
{
    test::context ctx;
    std::optional<test::steady_timer> timer(std::in_place, ctx, 1h);
    test::error_code got;
    timer->async_wait([&](test::error_code ec) { got = ec; });
    timer.reset();
    test::run(ctx);
    BOOST_TEST(got == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_timer_may_be_moved_while_it_waits)
{
    test::context ctx;
    test::steady_timer timer(ctx, 2ms);
    test::error_code first = asio::error::fault;
    timer.async_wait([&](test::error_code ec) { first = ec; });
    test::steady_timer moved(std::move(timer));
    test::steady_timer assigned(ctx, 1h);
    test::error_code second;
    assigned.async_wait([&](test::error_code ec) { second = ec; });
    assigned = std::move(moved);
    test::run(ctx);
    BOOST_TEST(!first);
    BOOST_TEST(second == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(synchronous_wait)
{
    test::context ctx;
    test::steady_timer timer(ctx, 2ms);
    auto const due = timer.expiry();
    timer.wait();
    BOOST_TEST((std::chrono::steady_clock::now() >= due));
    test::error_code ec = asio::error::fault;
    timer.wait(ec);
    BOOST_TEST(!ec);
}

BOOST_AUTO_TEST_CASE(a_timer_that_rearms_itself)
{
    test::context ctx;
    test::steady_timer timer(ctx, 100us);
    int ticks = 0;
    auto const tick = [&](auto self, test::error_code ec) -> void {
        BOOST_TEST(!ec);
        if (++ticks < 50)
        {
            timer.expires_at(timer.expiry() + 100us);
            timer.async_wait([self](test::error_code e) { self(self, e); });
        }
    };
    timer.async_wait([&](test::error_code ec) { tick(tick, ec); });
    test::run(ctx);
    BOOST_TEST(ticks == 50);
}

BOOST_AUTO_TEST_CASE(ten_thousand_timers_half_of_them_cancelled)
{
    test::context ctx;
    std::mt19937 random(1);
    std::vector<test::steady_timer> timers;
    timers.reserve(10'000);
    std::size_t fired = 0;
    std::size_t aborted = 0;
    for (int i = 0; i < 10'000; ++i)
        timers.emplace_back(ctx, 60s + std::chrono::microseconds(random() % 20'000))
            .async_wait([&](test::error_code ec) { ++(ec ? aborted : fired); });
    std::size_t cancelled = 0;
    for (std::size_t i = 0; i < timers.size(); ++i)
        if (random() % 2)
            cancelled += timers[i].cancel();
        else
            cancelled += timers[i].expires_after(std::chrono::microseconds(random() % 20'000));
    for (test::steady_timer& timer : timers)
        if (timer.expiry() < std::chrono::steady_clock::now() + 30s)
            timer.async_wait([&](test::error_code ec) { ++(ec ? aborted : fired); });
    test::run(ctx);
    BOOST_TEST(cancelled == 10'000u);
    BOOST_TEST(aborted == cancelled);
    BOOST_TEST(fired > 4'000u);
}

BOOST_AUTO_TEST_CASE(an_earlier_timer_shortens_the_sleep)
{
    test::context ctx;
    test::steady_timer late(ctx, 1h);
    test::steady_timer early(ctx);
    late.async_wait([](test::error_code) {});
    asio::post(ctx, [&] {
        early.expires_after(1ms);
        early.async_wait([&](test::error_code) { late.cancel(); });
    });
    test::run(ctx);
}

BOOST_AUTO_TEST_CASE(clocks_and_traits_of_the_user_s_own)
{
    using timer_type = asio::basic_waitable_timer<manual_clock, impatient_traits, test::executor>;
    test::context ctx;
    manual_clock::current = manual_clock::time_point{};
    timer_type timer(ctx, 1h);
    bool fired = false;
    timer.async_wait([&](test::error_code ec) { fired = !ec; });
    BOOST_TEST(ctx.run_for(5ms) == 0u);
    manual_clock::current += 2h;
    test::run(ctx);
    BOOST_TEST(fired);
}

BOOST_AUTO_TEST_CASE(deadline_timer_of_boost_date_time)
{
    using timer_type =
        asio::basic_deadline_timer<boost::posix_time::ptime,
                                   asio::time_traits<boost::posix_time::ptime>, test::executor>;
    test::context ctx;
    timer_type timer(ctx, boost::posix_time::milliseconds(2));
    timer_type never(ctx, boost::posix_time::pos_infin);
    int fired = 0;
    timer.async_wait([&](test::error_code ec) {
        fired += !ec;
        BOOST_TEST(never.cancel() == 1u);
    });
    never.async_wait([&](test::error_code ec) { fired += ec == asio::error::operation_aborted; });
    test::run(ctx);
    BOOST_TEST(fired == 2);
}

BOOST_AUTO_TEST_CASE(timers_queue_behind_completions_of_the_same_turn)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, std::chrono::steady_clock::now() + 1ms);
    std::string order;
    char byte;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code, std::size_t) { order += 'r'; });
    timer.async_wait([&](test::error_code) { order += 't'; });
    ctx.poll();
    pair.b.write_some(asio::buffer("x", 1));
    test::steady_timer passed(ctx, timer.expiry());
    passed.wait(); // both are due now, and the loop has seen neither
    test::run(ctx);
    BOOST_TEST(order == "rt");
}

BOOST_AUTO_TEST_SUITE_END()
