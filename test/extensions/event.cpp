// Events: who is let through, how often, and in which order.
#include <proactor/event.hpp>

#include "../support/context.hpp"
#include "../support/recording_allocator.hpp"
#include "tally.hpp"

#include <boost/asio/spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using event = proactor::basic_event<test::executor>;
using reset = proactor::event_reset;

// Notes which waits ended, and how.
struct record
{
    std::string order;

    auto wait(char name)
    {
        return [this, name](test::error_code ec) {
            order += ec == asio::error::operation_aborted ? '-' : ec ? '?' : '+';
            order += name;
        };
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(a_manual_event_lets_all_through_until_it_is_reset)
{
    test::context ctx;
    event e(ctx);
    record r;
    BOOST_TEST(!e.notified());
    e.async_wait(r.wait('a'));
    e.async_wait(r.wait('b'));
    ctx.poll();
    BOOST_TEST(r.order == "");
    e.notify();
    BOOST_TEST(e.notified());
    e.async_wait(r.wait('c'));
    BOOST_TEST(r.order == ""); // nothing completes inside its initiation or a notification
    test::run(ctx);
    BOOST_TEST(r.order == "+a+b+c");
    e.reset();
    e.async_wait(r.wait('d'));
    ctx.restart();
    ctx.poll();
    BOOST_TEST(r.order == "+a+b+c");
    e.notify();
    test::run(ctx);
    BOOST_TEST(r.order == "+a+b+c+d");
}

BOOST_AUTO_TEST_CASE(an_automatic_event_lets_one_through_the_oldest)
{
    test::context ctx;
    event e(ctx, reset::automatic);
    record r;
    for (char const name : {'a', 'b', 'c'})
        e.async_wait(r.wait(name));
    e.notify();
    BOOST_TEST(!e.notified());
    ctx.poll();
    BOOST_TEST(r.order == "+a");
    e.notify();
    e.notify();
    test::run(ctx);
    BOOST_TEST(r.order == "+a+b+c");
}

BOOST_AUTO_TEST_CASE(notifications_without_a_wait_are_kept_once)
{
    test::context ctx;
    event e(ctx, reset::automatic);
    record r;
    e.notify();
    e.notify();
    BOOST_TEST(e.notified());
    e.async_wait(r.wait('a'));
    BOOST_TEST(!e.notified());
    e.async_wait(r.wait('b'));
    ctx.poll();
    BOOST_TEST(r.order == "+a");
    e.cancel();
    test::run(ctx);
    BOOST_TEST(r.order == "+a-b");
    e.notify();
    e.reset();
    BOOST_TEST(!e.notified());
}

BOOST_AUTO_TEST_CASE(a_wait_is_work_and_a_notified_one_is_too)
{
    test::context ctx;
    event e(ctx);
    bool through = false;
    e.async_wait([&](test::error_code) { through = true; });
    std::thread other([&] { e.notify(); });
    test::run(ctx);
    other.join();
    BOOST_TEST(through);
    ctx.restart();
    BOOST_TEST(ctx.run() == 0u);
}

BOOST_AUTO_TEST_CASE(each_wait_is_cancelled_by_its_own_slot)
{
    test::context ctx;
    event e(ctx);
    record r;
    asio::cancellation_signal a, b;
    e.async_wait(asio::bind_cancellation_slot(a.slot(), r.wait('a')));
    e.async_wait(asio::bind_cancellation_slot(b.slot(), r.wait('b')));
    e.async_wait(r.wait('c'));
    b.emit(asio::cancellation_type::none);
    b.emit(asio::cancellation_type::total);
    b.emit(asio::cancellation_type::total);
    ctx.poll();
    BOOST_TEST(r.order == "-b");
    e.notify();
    a.emit(asio::cancellation_type::terminal); // the notification came first
    test::run(ctx);
    BOOST_TEST(r.order == "-b+a+c");
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_takes_no_notification)
{
    test::context ctx;
    event e(ctx, reset::automatic);
    record r;
    asio::cancellation_signal a;
    e.async_wait(asio::bind_cancellation_slot(a.slot(), r.wait('a')));
    e.async_wait(r.wait('b'));
    a.emit(asio::cancellation_type::terminal);
    e.notify();
    test::run(ctx);
    BOOST_TEST(r.order == "-a+b");
}

BOOST_AUTO_TEST_CASE(a_slot_may_outlive_the_event_and_go_before_the_wait)
{
    test::context ctx;
    record r;
    asio::cancellation_signal late;
    {
        event e(ctx);
        {
            asio::cancellation_signal early;
            e.async_wait(asio::bind_cancellation_slot(early.slot(), r.wait('a')));
        }
        e.async_wait(asio::bind_cancellation_slot(late.slot(), r.wait('b')));
    }
    late.emit(asio::cancellation_type::terminal);
    test::run(ctx);
    BOOST_TEST(r.order == "-a-b");
}

BOOST_AUTO_TEST_CASE(destroying_the_context_destroys_the_handlers_and_leaves_the_event)
{
    test::tally t;
    auto ctx = std::make_unique<test::context>();
    test::context other;
    event e(*ctx);
    asio::cancellation_signal signal;
    e.async_wait(test::witness(t));
    e.async_wait(asio::bind_cancellation_slot(signal.slot(), test::witness(t)));
    e.async_wait(asio::bind_executor(other.get_executor(), test::witness(t)));
    BOOST_TEST(t.alive == 3);
    ctx.reset();
    BOOST_TEST(t.alive == 1);
    BOOST_TEST(t.called == 0);
    e.notify();
    test::run(other);
    BOOST_TEST(t.called == 1);
    BOOST_TEST(t.alive == 0);
}

BOOST_AUTO_TEST_CASE(an_event_inside_a_handler_that_waits_for_it)
{
    test::tally t;
    {
        test::context ctx;
        auto e = std::make_shared<event>(ctx);
        e->async_wait([e, w = test::witness(t)](test::error_code ec) { w(ec); });
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(a_wait_of_another_context_needs_no_loop_but_its_own)
{
    test::context mine, others;
    event e(mine);
    bool through = false;
    e.async_wait(asio::bind_executor(others.get_executor(), [&](test::error_code ec) {
        through = !ec && others.get_executor().running_in_this_thread();
    }));
    e.notify();
    test::run(others);
    BOOST_TEST(through);
    BOOST_TEST(mine.poll() == 0u);
}

BOOST_AUTO_TEST_CASE(a_wait_of_a_foreign_context_passes_through_ours)
{
    test::context ctx;
    asio::io_context foreign;
    event e(ctx);
    bool through = false;
    e.async_wait(asio::bind_executor(foreign.get_executor(), [&](test::error_code ec) {
        through = !ec && foreign.get_executor().running_in_this_thread();
    }));
    e.notify();
    test::run(ctx);
    BOOST_TEST(!through);
    test::run(foreign);
    BOOST_TEST(through);
}

BOOST_AUTO_TEST_CASE(a_strand_of_the_handler_is_kept)
{
    test::context ctx;
    auto const strand = asio::make_strand(ctx.get_executor());
    event e(ctx);
    bool inside = false;
    e.async_wait(asio::bind_executor(
        strand, [&](test::error_code) { inside = strand.running_in_this_thread(); }));
    e.notify();
    test::run(ctx);
    BOOST_TEST(inside);
}

BOOST_AUTO_TEST_CASE(every_token)
{
    test::context ctx;
    event e(ctx, reset::automatic);
    int through = 0;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            co_await e.async_wait(asio::use_awaitable);
            auto [ec] = co_await e.async_wait(asio::as_tuple(asio::use_awaitable));
            through += !ec;
            co_await e.async_wait(asio::deferred)(asio::use_awaitable);
            ++through;
        },
        asio::detached);
    asio::spawn(ctx, [&](asio::yield_context yield) {
        e.async_wait(yield);
        ++through;
    }, asio::detached);
    std::future<void> future = e.async_wait(asio::use_future);
    for (int i = 0; i < 5; ++i)
    {
        e.notify();
        ctx.poll();
    }
    test::run(ctx);
    BOOST_TEST(through == 3);
    BOOST_TEST((future.wait_for(0s) == std::future_status::ready));
}

BOOST_AUTO_TEST_CASE(the_handler_s_allocator_is_used_and_its_memory_released_before_the_call)
{
    test::context ctx;
    event e(ctx);
    test::observed waiting, at_once;
    e.async_wait(waiting.token());
    BOOST_TEST(waiting.book.live == 1);
    e.notify();
    e.async_wait(at_once.token());
    test::run(ctx);
    for (test::observed const* o : {&waiting, &at_once})
    {
        BOOST_TEST(o->book.allocations == 1);
        BOOST_TEST(o->live_in_handler == 0);
        BOOST_TEST(o->book.live == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_context_that_is_no_proactor_s_is_refused)
{
    asio::io_context foreign;
    BOOST_CHECK_THROW(proactor::event{foreign}, test::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
