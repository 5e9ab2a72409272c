// Timeouts: on every kind of operation and with every token, and who is said to have ended it.
#include <proactor/timeout.hpp>

#include "../support/context.hpp"
#include "../support/recording_allocator.hpp"
#include "tally.hpp"

#include <boost/asio/spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using proactor::timeout;
using proactor::timeout_at;

namespace {

constexpr auto no_result = asio::error::basic_errors(0);

// Notes what an operation came to.
struct result
{
    test::error_code ec = no_result;
    std::size_t n = 0;
    int calls = 0;

    auto token()
    {
        return [this](test::error_code e, std::size_t bytes = 0) {
            ec = e;
            n = bytes;
            ++calls;
        };
    }
};

// An initiation, as one of Asio's, that does with the handler what the test wants.
template <typename Call>
struct initiation
{
    Call call;
    test::executor ex;

    using executor_type = test::executor;
    executor_type get_executor() const noexcept { return ex; }

    template <typename Handler>
    void operator()(Handler&& handler) const
    {
        call(std::forward<Handler>(handler));
    }
};

template <typename Token, typename Call>
void start(test::executor const& ex, Call call, Token token)
{
    asio::async_initiate<Token, void(test::error_code)>(initiation<Call>{call, ex}, token);
}

} // namespace

BOOST_AUTO_TEST_SUITE(timeouts)

BOOST_AUTO_TEST_CASE(an_operation_that_takes_too_long_times_out)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    result r;
    auto const start = std::chrono::steady_clock::now();
    pair.a.async_read_some(asio::buffer(&byte, 1), timeout(5ms, r.token()));
    test::run(ctx);
    BOOST_TEST(r.calls == 1);
    BOOST_TEST(r.ec == asio::error::timed_out);
    BOOST_TEST((std::chrono::steady_clock::now() - start >= 5ms));
}

BOOST_AUTO_TEST_CASE(an_operation_in_time_is_untouched_and_leaves_no_timer)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    result r;
    pair.a.async_read_some(asio::buffer(&byte, 1), timeout(1h, r.token()));
    pair.b.write_some(asio::buffer("x", 1));
    test::run(ctx); // returns: the hour is no work
    BOOST_TEST(!r.ec);
    BOOST_TEST(r.n == 1u);
    ctx.restart();
    BOOST_TEST(ctx.run() == 0u);
}

BOOST_AUTO_TEST_CASE(zero_and_less_let_be_done_what_can_be_at_once)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    for (auto const d : {0ms, -5ms, std::chrono::milliseconds::min()})
    {
        result nothing, something;
        pair.a.async_read_some(asio::buffer(&byte, 1), timeout(d, nothing.token()));
        BOOST_TEST(nothing.calls == 0);
        test::run(ctx);
        BOOST_TEST(nothing.ec == asio::error::timed_out);
        pair.b.write_some(asio::buffer("x", 1));
        pair.a.async_read_some(asio::buffer(&byte, 1), timeout(d, something.token()));
        test::run(ctx);
        BOOST_TEST(!something.ec);
        BOOST_TEST(something.n == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_point_in_time_of_any_clock)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    using steady = std::chrono::steady_clock;
    using system = std::chrono::system_clock;
    result r[5];
    timer.async_wait(timeout_at(steady::now() + 2ms, r[0].token()));
    timer.async_wait(timeout_at(steady::time_point::min(), r[1].token()));
    timer.async_wait(timeout_at(system::now() + 2ms, r[2].token()));
    timer.async_wait(timeout_at(system::time_point::min(), r[3].token()));
    auto const coarse = std::chrono::time_point_cast<std::chrono::seconds>(system::now());
    timer.async_wait(timeout_at(coarse, r[4].token()));
    test::run(ctx);
    for (result const& one : r)
        BOOST_TEST(one.ec == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(the_longest_times_are_never)
{
    test::context ctx;
    test::steady_timer timer(ctx, 3ms);
    result r[4];
    timer.async_wait(timeout(std::chrono::hours::max(), r[0].token()));
    timer.async_wait(timeout(std::chrono::nanoseconds::max(), r[1].token()));
    timer.async_wait(timeout_at(std::chrono::steady_clock::time_point::max(), r[2].token()));
    timer.async_wait(timeout_at(std::chrono::system_clock::time_point::max(), r[3].token()));
    test::run(ctx);
    for (result const& one : r)
        BOOST_TEST((one.calls == 1 && !one.ec));
}

BOOST_AUTO_TEST_CASE(what_was_won_in_the_race_is_delivered)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    result r;
    pair.a.async_read_some(asio::buffer(&byte, 1), timeout(100ms, r.token()));
    ctx.poll();
    // Both the byte and the end of the time are there when the loop looks again.
    pair.b.write_some(asio::buffer("x", 1));
    auto const past = std::chrono::steady_clock::now() + 150ms;
    while (std::chrono::steady_clock::now() < past)
    {
    }
    test::run(ctx);
    BOOST_TEST(!r.ec);
    BOOST_TEST(r.n == 1u);
}

BOOST_AUTO_TEST_CASE(composed_operations)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char bytes[4];
    result r;
    std::string line;
    asio::async_read(pair.a, asio::buffer(bytes), timeout(5ms, r.token()));
    pair.b.write_some(asio::buffer("ab", 2));
    test::run(ctx);
    BOOST_TEST(r.ec == asio::error::timed_out);
    BOOST_TEST(r.n == 2u); // and says how far it came
    asio::async_read_until(pair.a, asio::dynamic_buffer(line), '\n', timeout(5ms, r.token()));
    test::run(ctx);
    BOOST_TEST(r.ec == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(the_slot_behind_it_still_works)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    asio::cancellation_signal signal;
    result r;
    auto const wait = [&](auto limit) {
        timer.async_wait(timeout(limit, asio::bind_cancellation_slot(signal.slot(), r.token())));
    };
    wait(1h);
    signal.emit(asio::cancellation_type::partial);
    test::run(ctx);
    BOOST_TEST(r.ec == asio::error::operation_aborted);
    wait(1ms);
    test::run(ctx);
    BOOST_TEST(r.ec == asio::error::timed_out);
    signal.emit(asio::cancellation_type::terminal); // nothing is there to be cancelled
    BOOST_TEST(r.calls == 2);
}

BOOST_AUTO_TEST_CASE(of_two_cancellations_the_first_is_named)
{
    test::context ctx;
    asio::cancellation_signal signal;
    // An operation that ends when it is told to, whatever it was asked for.
    std::function<void(test::error_code)> end;
    auto const initiate = [&](auto handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        slot.assign([](asio::cancellation_type) {});
        end = [shared, work = asio::make_work_guard(ctx)](test::error_code ec) {
            std::move (*shared)(ec);
        };
    };
    auto const turn_until = [&](auto at) {
        while (std::chrono::steady_clock::now() < at)
            ctx.run_one_for(1ms);
        ctx.poll();
    };
    result user_first, time_first, ignored;
    auto const limited = [&](result& r) {
        return timeout(1ms, asio::bind_cancellation_slot(signal.slot(), r.token()));
    };
    auto const soon = [] { return std::chrono::steady_clock::now() + 5ms; };

    start(ctx.get_executor(), initiate, limited(user_first));
    signal.emit(asio::cancellation_type::terminal);
    turn_until(soon());
    end(asio::error::operation_aborted);
    BOOST_TEST(user_first.ec == asio::error::operation_aborted);

    start(ctx.get_executor(), initiate, limited(time_first));
    turn_until(soon());
    signal.emit(asio::cancellation_type::terminal);
    end(asio::error::operation_aborted);
    BOOST_TEST(time_first.ec == asio::error::timed_out);

    start(ctx.get_executor(), initiate, limited(ignored));
    signal.emit(asio::cancellation_type::total);
    turn_until(soon());
    end(asio::error::operation_aborted);
    BOOST_TEST(ignored.ec == asio::error::timed_out);

    start(ctx.get_executor(), initiate, timeout(1ms, ignored.token()));
    turn_until(soon());
    end(asio::error::eof); // another error is the operation's own
    BOOST_TEST(ignored.ec == asio::error::eof);
    end = nullptr;
}

BOOST_AUTO_TEST_CASE(timeouts_nest_and_the_shorter_counts)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    result outer, inner;
    timer.async_wait(timeout(1ms, timeout(1h, outer.token())));
    timer.async_wait(timeout(1h, timeout(1ms, inner.token())));
    test::run(ctx);
    BOOST_TEST(outer.ec == asio::error::timed_out);
    BOOST_TEST(inner.ec == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(every_token)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    int timed_out = 0;
    auto const count = [&](test::error_code ec) { timed_out += ec == asio::error::timed_out; };
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            constexpr auto tuple = asio::as_tuple(asio::use_awaitable);
            auto [ec] = co_await timer.async_wait(timeout(1ms, tuple));
            count(ec);
            std::tie(ec) = co_await timer.async_wait(
                asio::as_tuple(timeout(1ms, asio::use_awaitable)));
            count(ec);
            co_await timer.async_wait(timeout(1ms, asio::redirect_error(asio::use_awaitable, ec)));
            count(ec);
            auto const kept = timeout(1ms, asio::use_awaitable); // used twice
            for (int i = 0; i < 2; ++i)
                try
                {
                    co_await timer.async_wait(kept);
                }
                catch (test::system_error const& e)
                {
                    count(e.code());
                }
            auto operation = timer.async_wait(timeout(1ms, asio::deferred));
            std::tie(ec) = co_await std::move(operation)(tuple);
            count(ec);
            co_await asio::post(timeout(1h, asio::use_awaitable)); // no error in the signature
        },
        [](std::exception_ptr e) {
            if (e)
                std::rethrow_exception(e);
        });
    asio::spawn(ctx, [&](asio::yield_context yield) {
        test::error_code ec;
        timer.async_wait(timeout(1ms, yield[ec]));
        count(ec);
    }, asio::detached);
    std::future<void> future = timer.async_wait(timeout(1ms, asio::use_future));
    test::run(ctx);
    try
    {
        future.get();
    }
    catch (test::system_error const& e)
    {
        count(e.code());
    }
    BOOST_TEST(timed_out == 8);
}

BOOST_AUTO_TEST_CASE(a_coroutine_under_a_timeout_ends_as_it_likes)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    std::exception_ptr error;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<int> {
            co_await timer.async_wait(asio::use_awaitable);
            co_return 1;
        },
        timeout(2ms, [&](std::exception_ptr e, int) { error = e; }));
    test::run(ctx);
    BOOST_REQUIRE(error);
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(error), test::system_error, [](auto const& e) {
        return e.code() == asio::error::operation_aborted;
    });
}

BOOST_AUTO_TEST_CASE(a_strand_of_the_handler_is_kept)
{
    test::context ctx;
    auto const strand = asio::make_strand(ctx.get_executor());
    bool emitted_inside = false;
    bool called_inside = false;
    auto const initiate = [&](auto handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        slot.assign([&, shared](asio::cancellation_type) {
            emitted_inside = strand.running_in_this_thread();
            asio::post(ctx, [shared] {
                auto const ex = asio::get_associated_executor(*shared);
                asio::dispatch(ex, [shared] { std::move (*shared)(test::error_code()); });
            });
        });
    };
    auto work = std::make_optional(asio::make_work_guard(ctx));
    start(ctx.get_executor(), initiate,
          timeout(1ms, asio::bind_executor(strand, [&](test::error_code) {
                      called_inside = strand.running_in_this_thread();
                      work.reset();
                  })));
    test::run(ctx);
    BOOST_TEST(emitted_inside);
    BOOST_TEST(called_inside);
}

BOOST_AUTO_TEST_CASE(operations_of_a_foreign_context)
{
    asio::io_context foreign;
    asio::steady_timer timer(foreign, 1h);
    result r, in_time;
    timer.async_wait(timeout(2ms, r.token()));
    test::run(foreign);
    BOOST_TEST(r.ec == asio::error::timed_out);
    timer.expires_after(1ms);
    timer.async_wait(timeout(1h, in_time.token()));
    test::run(foreign); // returns: the hour was cancelled
    BOOST_TEST((in_time.calls == 1 && !in_time.ec));
}

BOOST_AUTO_TEST_CASE(a_handler_of_ours_at_a_foreign_operation)
{
    test::context ctx;
    asio::io_context foreign;
    asio::steady_timer timer(foreign, 1h);
    result r;
    timer.async_wait(timeout(2ms, asio::bind_executor(ctx.get_executor(), r.token())));
    auto const deadline = std::chrono::steady_clock::now() + test::limit;
    while (r.calls == 0 && std::chrono::steady_clock::now() < deadline)
    {
        foreign.restart();
        foreign.run_for(1ms);
        ctx.restart();
        ctx.poll();
    }
    BOOST_TEST(r.ec == asio::error::timed_out);
}

BOOST_AUTO_TEST_CASE(destroying_the_context_destroys_the_handlers)
{
    test::tally t;
    asio::cancellation_signal outlives;
    {
        test::context ctx;
        asio::io_context foreign;
        test::tcp_pair pair(ctx);
        test::steady_timer timer(ctx, 1h);
        asio::steady_timer other(foreign, 1h);
        char byte;
        {
            asio::cancellation_signal goes;
            timer.async_wait(
                timeout(1h, asio::bind_cancellation_slot(goes.slot(), test::witness(t))));
        }
        pair.a.async_read_some(
            asio::buffer(&byte, 1),
            timeout(1h, asio::bind_cancellation_slot(outlives.slot(), test::witness(t))));
        other.async_wait(timeout(1h, test::witness(t)));
        other.async_wait(timeout(1h, asio::bind_executor(ctx.get_executor(), test::witness(t))));
        ctx.poll();
        timer.async_wait(timeout(0ms, test::witness(t))); // its time has come, and nobody looks
        BOOST_TEST(t.alive == 5);
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
    outlives.emit(asio::cancellation_type::terminal);
}

BOOST_AUTO_TEST_CASE(the_clock_s_context_goes_before_the_operation_s)
{
    test::tally t;
    std::shared_ptr<void> pending;
    auto ctx = std::make_unique<test::context>();
    // It has the clock, and knows nothing of the operation's end.
    start(
        ctx->get_executor(),
        [&](auto handler) {
            pending = std::make_shared<decltype(handler)>(std::move(handler));
        },
        timeout(1h, test::witness(t)));
    ctx.reset();
    BOOST_TEST(t.alive == 1);
    pending.reset();
    BOOST_TEST(t.alive == 0);
}

BOOST_AUTO_TEST_CASE(the_handler_s_memory_is_released_before_the_call)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::observed op;
    char byte;
    pair.a.async_read_some(asio::buffer(&byte, 1), timeout(1ms, op.token()));
    test::run(ctx);
    BOOST_TEST(op.book.allocations == 1); // the operation's own
    BOOST_TEST(op.live_in_handler == 0);
}

BOOST_AUTO_TEST_CASE(what_an_emission_throws_leaves_run)
{
    test::context ctx;
    test::tally t;
    std::shared_ptr<void> pending;
    start(
        ctx.get_executor(),
        [&](auto handler) {
            asio::get_associated_cancellation_slot(handler).assign(
                [](asio::cancellation_type) { throw std::runtime_error("planted"); });
            pending = std::make_shared<decltype(handler)>(std::move(handler));
        },
        timeout(1ms, test::witness(t)));
    auto const work = asio::make_work_guard(ctx);
    BOOST_CHECK_THROW(ctx.run_for(test::limit), std::runtime_error);
    asio::post(ctx, [&] { ctx.stop(); });
    BOOST_TEST(ctx.run_for(test::limit) == 1u);
    pending.reset();
}

BOOST_AUTO_TEST_SUITE_END()
