// Events, timeouts and intervals need no heap once they are warm.
#include "steady_state.hpp"

#include <boost/asio/as_tuple.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>

namespace asio = boost::asio;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(extensions)

// What stands in a cancellation slot is in Asio's memory, which it recycles within one call of run
// only: the first half warms up.

BOOST_AUTO_TEST_CASE(timeouts_that_are_not_reached)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    int left = 2'000;
    std::uint64_t before = 1;
    auto const round = [&](auto self) -> void {
        if (left-- == 0)
            return;
        if (left == 1'000)
            before = test::allocations();
        pair.b.async_write_some(asio::buffer("x", 1),
                                proactor::timeout(1h, [](test::error_code, std::size_t) {}));
        pair.a.async_read_some(
            asio::buffer(&byte, 1),
            proactor::timeout(1h, [self](test::error_code, std::size_t) { self(self); }));
    };
    asio::post(ctx, [&] { round(round); });
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(test::allocations() - before);
}

BOOST_AUTO_TEST_CASE(timeouts_that_are)
{
    test::context ctx;
    test::steady_timer never(ctx, 1h);
    int left = 400;
    std::uint64_t before = 1;
    auto const round = [&](auto self) -> void {
        if (left-- == 0)
            return;
        if (left == 200)
            before = test::allocations();
        never.async_wait(proactor::timeout(1us, [self](test::error_code) { self(self); }));
    };
    asio::post(ctx, [&] { round(round); });
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(test::allocations() - before);
}

BOOST_AUTO_TEST_CASE(timeouts_in_a_coroutine)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::uint64_t before = 1, after = 0;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            char bytes[2];
            auto const limit = proactor::timeout(1h, asio::as_tuple(asio::use_awaitable));
            for (int i = 0; i < 1'000; ++i)
            {
                if (i == 500)
                    before = test::allocations();
                co_await asio::async_write(pair.b, asio::buffer("xy", 2), limit);
                co_await asio::async_read(pair.a, asio::buffer(bytes), limit);
            }
            after = test::allocations();
        },
        asio::detached);
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(after - before);
}

BOOST_AUTO_TEST_CASE(events_across_threads)
{
    test::context a, b;
    proactor::event to_a(a, proactor::event_reset::automatic);
    proactor::event to_b(b, proactor::event_reset::automatic);
    // How much two threads have in hand at once is the scheduler's: the first windows may still warm up.
    constexpr int windows = 8, each = 500;
    auto fewest = std::numeric_limits<std::uint64_t>::max();
    auto const player = [&](proactor::event& mine, proactor::event& yours,
                            bool measures) -> asio::awaitable<void> {
        for (int w = 0; w < windows; ++w)
        {
            auto const before = test::allocations();
            for (int i = 0; i < each; ++i)
            {
                co_await mine.async_wait(asio::use_awaitable);
                yours.notify();
            }
            if (measures)
                fewest = std::min(fewest, test::allocations() - before);
        }
    };
    asio::co_spawn(a, player(to_a, to_b, true), asio::detached);
    asio::co_spawn(b, player(to_b, to_a, false), asio::detached);
    std::thread other([&] { test::run(b); });
    to_a.notify();
    test::run(a);
    other.join();
    PROACTOR_TEST_NO_ALLOCATIONS(fewest);
}

BOOST_AUTO_TEST_CASE(ticks)
{
    test::context ctx;
    proactor::basic_interval<test::executor> interval(ctx, 1us, proactor::missed_ticks::skip);
    std::uint64_t before = 1, after = 0;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            for (int i = 0; i < 400; ++i)
            {
                if (i == 200)
                    before = test::allocations();
                co_await interval.async_next(asio::use_awaitable);
            }
            after = test::allocations();
        },
        asio::detached);
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(after - before);
}

BOOST_AUTO_TEST_SUITE_END()
