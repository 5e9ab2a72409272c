// stop() and work guards from other threads end run(), wherever it is.
#include "runners.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <optional>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(stop)

BOOST_AUTO_TEST_CASE(stop_wakes_sleeping_runners)
{
    for (int round = 0; round < 200; ++round)
    {
        test::context ctx;
        auto work = asio::make_work_guard(ctx);
        std::atomic<int> inside = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([&] {
                ++inside;
                ctx.run_for(test::limit);
            });
        if (round % 2)
            test::yield_until([&] { return inside == 3; });
        auto const start = std::chrono::steady_clock::now();
        ctx.stop();
        for (std::thread& thread : threads)
            thread.join();
        BOOST_TEST(ctx.stopped());
        BOOST_TEST((std::chrono::steady_clock::now() - start < test::limit));
    }
}

BOOST_AUTO_TEST_CASE(stop_ends_a_busy_loop)
{
    test::context ctx;
    std::promise<void> running;
    std::atomic<int> spins = 0;
    auto const again = [&](auto self) -> void {
        if (++spins == 1'000)
            running.set_value();
        asio::post(ctx, [self] { self(self); });
    };
    asio::post(ctx, [&] { again(again); });
    std::thread runner([&] { ctx.run_for(test::limit); });
    BOOST_TEST((running.get_future().wait_for(test::limit) == std::future_status::ready));
    ctx.stop();
    runner.join();
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(stop_race_with_operations_in_flight_loses_none)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    int received = 0;
    for (int round = 0; round < 500; ++round)
    {
        bool done = false;
        pair.a.async_read_some(asio::buffer(&byte, 1), [&](test::error_code ec, std::size_t) {
            received += !ec;
            done = true;
        });
        std::thread runner([&] { ctx.run_for(test::limit); });
        pair.b.write_some(asio::buffer("s", 1));
        ctx.stop();
        runner.join();
        ctx.restart();
        test::run_until(ctx, [&] { return done; });
        ctx.restart();
    }
    BOOST_TEST(received == 500);
}

BOOST_AUTO_TEST_CASE(resetting_the_last_work_guard_elsewhere_ends_run)
{
    for (int round = 0; round < 500; ++round)
    {
        test::context ctx;
        auto work = asio::make_work_guard(ctx);
        std::atomic<bool> inside = false;
        std::thread runner([&] {
            inside = true;
            ctx.run_for(test::limit);
        });
        if (round % 2)
            test::yield_until([&] { return inside.load(); });
        work.reset();
        runner.join();
        BOOST_REQUIRE(ctx.stopped());
    }
}

BOOST_AUTO_TEST_CASE(the_last_of_many_counts_of_work_ends_run)
{
    test::context ctx;
    std::optional tracked(
        asio::require(ctx.get_executor(), asio::execution::outstanding_work.tracked));
    std::vector<std::thread> holders;
    std::optional work(asio::make_work_guard(ctx));
    std::thread runner([&] { ctx.run_for(test::limit); });
    for (int i = 0; i < 4; ++i)
        holders.emplace_back([ex = *tracked] {
            for (int j = 0; j < 10'000; ++j)
            {
                auto const copy = ex;
                (void)copy;
            }
        });
    for (std::thread& holder : holders)
        holder.join();
    holders.clear();
    work.reset();
    BOOST_TEST(!ctx.stopped()); // `tracked` is still there
    tracked.reset();
    runner.join();
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(runners_leave_when_the_last_operation_ends)
{
    for (int round = 0; round < 100; ++round)
    {
        test::context ctx;
        test::tcp_pair pair(ctx);
        char byte;
        std::atomic<int> done = 0;
        pair.a.async_read_some(asio::buffer(&byte, 1),
                               [&](test::error_code, std::size_t) { ++done; });
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
            threads.emplace_back([&] { ctx.run_for(test::limit); });
        pair.b.write_some(asio::buffer("x", 1));
        for (std::thread& thread : threads)
            thread.join();
        BOOST_TEST(ctx.stopped());
        BOOST_TEST(done == 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
