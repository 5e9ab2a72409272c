// Events and timeouts between threads: no wake-up lost, one end each.
#include "runners.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int rounds = 2'000;

using reset = proactor::event_reset;

} // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(two_contexts_hand_a_turn_to_and_fro)
{
    test::context a, b;
    proactor::event to_a(a, reset::automatic);
    proactor::event to_b(b, reset::automatic);
    int turns = 0; // guarded by the events
    auto const player = [&](proactor::event& mine,
                            proactor::event& yours) -> asio::awaitable<void> {
        for (int i = 0; i < rounds; ++i)
        {
            co_await mine.async_wait(asio::use_awaitable);
            ++turns;
            yours.notify();
        }
    };
    asio::co_spawn(a, player(to_a, to_b), asio::detached);
    asio::co_spawn(b, player(to_b, to_a), asio::detached);
    std::thread other([&] { test::run(b); });
    to_a.notify();
    test::run(a);
    other.join();
    BOOST_TEST(turns == 2 * rounds);
}

BOOST_AUTO_TEST_CASE(an_automatic_event_lets_one_through_for_each_notification)
{
    // Waits on two contexts, one of them with two threads; notified from threads of no context.
    test::context a, b;
    proactor::event e(a, reset::automatic);
    std::atomic<int> through = 0;
    std::atomic<int> waiting = 0;
    std::atomic<int> ended = 0;
    std::atomic<bool> over = false;
    auto const consume = [&](auto self, test::context& ctx) -> void {
        ++waiting;
        e.async_wait(asio::bind_executor(ctx.get_executor(), [&, self](test::error_code ec) {
            if (over)
            {
                ++ended;
                return;
            }
            through += !ec;
            self(self, ctx);
        }));
    };
    for (test::context* ctx : {&a, &b})
        for (int i = 0; i < 4; ++i)
            consume(consume, *ctx);
    test::runners of_a(a, 2);
    test::runners of_b(b, 1);
    for (int i = 1; i <= rounds; ++i)
    {
        e.notify();
        test::yield_until([&] { return through == i; });
    }
    // Without a pause they may be merged, but not lost: none is kept while somebody waits.
    std::vector<std::thread> producers;
    for (int p = 0; p < 2; ++p)
        producers.emplace_back([&] {
            for (int i = 0; i < rounds; ++i)
                e.notify();
        });
    for (std::thread& producer : producers)
        producer.join();
    test::yield_until([&] { return waiting == 8 + through && !e.notified(); });
    BOOST_TEST(through <= 3 * rounds);
    over = true;
    test::yield_until([&] {
        e.cancel(); // somebody may only be about to wait
        return ended == 8;
    });
    of_a.join();
    of_b.join();
}

BOOST_AUTO_TEST_CASE(a_notification_against_a_wait_that_begins)
{
    test::context ctx;
    test::runners loop(ctx, 1);
    for (int round = 0; round < rounds; ++round)
    {
        std::atomic<bool> through = false;
        // The handler destroys the event, which may still be in the middle of its notification.
        auto e = std::make_shared<std::optional<proactor::event>>(std::in_place, ctx);
        asio::post(ctx, [e, &through] {
            (*e)->async_wait([e, &through](test::error_code ec) {
                e->reset();
                through = !ec;
            });
        });
        if (round % 2)
            std::this_thread::yield();
        (*e)->notify();
        test::yield_until([&] { return through.load(); });
    }
}

BOOST_AUTO_TEST_CASE(a_run_that_waits_for_its_last_event_returns)
{
    // The count of work moves from the wait to the mailbox while the loop looks at it.
    for (int round = 0; round < rounds; ++round)
    {
        test::context ctx;
        proactor::event e(ctx);
        bool through = false;
        e.async_wait([&](test::error_code) { through = true; });
        std::thread other([&] { e.notify(); });
        if (round % 2)
            ctx.poll();
        test::run(ctx);
        other.join();
        BOOST_REQUIRE(through);
    }
}

BOOST_AUTO_TEST_CASE(cancellation_against_notification)
{
    test::context ctx;
    test::runners loop(ctx, 1);
    proactor::event e(ctx, reset::automatic);
    for (int round = 0; round < rounds; ++round)
    {
        asio::cancellation_signal signal;
        std::atomic<int> ended = 0;
        std::atomic<bool> won = false;
        e.async_wait(asio::bind_cancellation_slot(signal.slot(), [&](test::error_code ec) {
            won = !ec;
            ++ended;
        }));
        std::thread other([&] { e.notify(); });
        signal.emit(asio::cancellation_type::terminal);
        other.join();
        test::yield_until([&] { return ended.load() == 1; });
        BOOST_REQUIRE(won != e.notified()); // the notification is delivered or kept
        e.reset();
    }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_context_against_notification)
{
    test::context home;
    proactor::event e(home);
    std::atomic<bool> over = false;
    std::thread notifier([&] {
        while (!over)
        {
            e.notify();
            e.reset();
        }
    });
    for (int round = 0; round < rounds / 4; ++round)
    {
        test::context ctx;
        for (int i = 0; i < 8; ++i)
            e.async_wait(asio::bind_executor(ctx.get_executor(), [](test::error_code) {}));
        if (round % 2)
            ctx.poll();
    }
    over = true;
    notifier.join();
}

BOOST_AUTO_TEST_CASE(timeouts_against_completions_on_several_threads)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::atomic<int> ended = 0;
    std::atomic<int> timed_out = 0;
    char in;
    {
        test::runners loop(ctx, 3);
        for (int round = 0; round < rounds; ++round)
        {
            pair.a.async_read_some(asio::buffer(&in, 1),
                                   proactor::timeout(std::chrono::microseconds(round % 60),
                                                     [&](test::error_code ec, std::size_t n) {
                                                         timed_out += ec == asio::error::timed_out;
                                                         BOOST_REQUIRE(n == !ec);
                                                         ++ended;
                                                     }));
            if (round % 3)
                pair.b.write_some(asio::buffer("x", 1));
            test::yield_until([&] { return ended == round + 1; });
            // What came too late is the next one's.
            test::error_code ec;
            pair.a.non_blocking(true);
            pair.a.read_some(asio::buffer(&in, 1), ec);
            pair.a.non_blocking(false);
        }
        loop.join();
    }
    BOOST_TEST(ended == rounds);
    BOOST_TEST(timed_out > 0);
}

BOOST_AUTO_TEST_SUITE_END()
