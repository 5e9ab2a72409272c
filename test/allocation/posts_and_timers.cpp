// Posts, cross-thread ones too, and timers need no heap once they are warm.
#include "steady_state.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(posts_and_timers)

BOOST_AUTO_TEST_CASE(posts_from_inside)
{
    test::context ctx;
    int left = 0;
    auto const again = [&](auto self) -> void {
        if (--left > 0)
        {
            asio::post(ctx, [self] { self(self); });
            asio::defer(ctx, [] {});
            asio::dispatch(ctx, [] {});
        }
    };
    auto const count = test::allocations_when_warm([&] {
        left = 10'000;
        asio::post(ctx, [&] { again(again); });
        test::run(ctx);
    });
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(posts_from_outside_in_bursts)
{
    test::context ctx;
    int ran = 0;
    auto const count = test::allocations_when_warm([&] {
        for (int burst = 0; burst < 20; ++burst)
        {
            for (int i = 0; i < 100; ++i)
                asio::post(ctx, [&] { ++ran; });
            test::run(ctx);
        }
    });
    BOOST_TEST(ran == 3 * 2'000);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(posts_from_another_thread)
{
    test::context ctx;
    std::optional work(asio::make_work_guard(ctx));
    std::thread loop([&] { ctx.run_for(test::limit); });
    std::atomic<int> ran = 0;
    int posted = 0;
    auto const count = test::allocations_when_warm([&] {
        for (int burst = 0; burst < 200; ++burst)
        {
            for (int i = 0; i < 50; ++i, ++posted)
                asio::post(ctx, [&] { ++ran; });
            test::yield_until([&] { return ran == posted; });
        }
    });
    work.reset();
    loop.join();
    BOOST_TEST(ran == posted);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(posts_from_four_threads_at_once)
{
    // The producers live through all rounds: a thread's cache warms up once.
    test::context ctx;
    std::optional work(asio::make_work_guard(ctx));
    std::thread loop([&] { ctx.run_for(test::limit); });
    std::atomic<int> ran = 0;
    std::atomic<int> round = 0;
    std::vector<std::thread> producers;
    for (int p = 0; p < 4; ++p)
        producers.emplace_back([&] {
            for (int r = 1; r <= 150; ++r)
            {
                test::yield_until([&] { return round >= r; });
                for (int i = 0; i < 50; ++i)
                    asio::post(ctx, [&] { ++ran; });
            }
        });
    auto const count = test::allocations_when_warm([&] {
        for (int i = 0; i < 50; ++i)
        {
            int const r = ++round;
            test::yield_until([&] { return ran == r * 200; });
        }
    });
    for (std::thread& producer : producers)
        producer.join();
    work.reset();
    loop.join();
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(posts_through_a_strand)
{
    test::context ctx;
    auto const strand = asio::make_strand(ctx);
    int left = 0;
    // The strand's own memory is Asio's, which recycles it within one call of run only.
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    auto const measured = [&](auto self) -> void {
        if (--left == 1'000)
            before = test::allocations();
        if (left == 0)
            after = test::allocations();
        else
            asio::post(strand, [self] { self(self); });
    };
    asio::post(ctx, [&] {
        left = 2'000;
        measured(measured);
    });
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(after - before);
}

BOOST_AUTO_TEST_CASE(timers_rearmed_and_expired)
{
    test::context ctx;
    test::steady_timer timer(ctx);
    int left = 0;
    auto const tick = [&](auto self) -> void {
        if (--left == 0)
            return;
        timer.expires_after(1us);
        timer.async_wait([self](test::error_code) { self(self); });
    };
    auto const count = test::allocations_when_warm([&] {
        left = 1'000;
        asio::post(ctx, [&] { tick(tick); });
        test::run(ctx);
    });
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(many_timers_rearmed_and_cancelled)
{
    test::context ctx;
    std::vector<test::steady_timer> timers;
    for (int i = 0; i < 200; ++i)
        timers.emplace_back(ctx);
    auto const count = test::allocations_when_warm([&] {
        for (int round = 0; round < 10; ++round)
        {
            for (test::steady_timer& timer : timers)
            {
                timer.expires_after(round % 2 ? 1us : std::chrono::microseconds(1h));
                timer.async_wait([](test::error_code) {});
            }
            if (round % 2 == 0)
                for (test::steady_timer& timer : timers)
                    timer.cancel();
            test::run(ctx);
        }
    });
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_SUITE_END()
