// What Asio calls experimental, and the erased handler: coro, promise, groups of operations.
// (Channels and operators of awaitables: coroutines.cpp.)
#include "../support/context.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/test/unit_test.hpp>

#if __has_include(<boost/asio/any_completion_handler.hpp>)
#include <boost/asio/any_completion_handler.hpp>
#endif
#if __has_include(<boost/asio/experimental/as_single.hpp>)
#include <boost/asio/experimental/as_single.hpp>
#endif
#if __has_include(<boost/asio/experimental/coro.hpp>)
#include <boost/asio/experimental/coro.hpp>
#endif
#if __has_include(<boost/asio/experimental/use_promise.hpp>)
#include <boost/asio/experimental/promise.hpp>
#include <boost/asio/experimental/use_promise.hpp>
#endif

#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace asio = boost::asio;
namespace experimental = asio::experimental;
using namespace std::chrono_literals;
using test::error_code;

BOOST_AUTO_TEST_SUITE(experimental_parts)

// A group of as many operations as a program finds at run time.
BOOST_AUTO_TEST_CASE(a_group_of_operations_of_one_kind)
{
    test::context ctx;
    std::vector<test::steady_timer> timers;
    for (int i = 0; i != 4; ++i)
        timers.emplace_back(ctx, i == 2 ? std::chrono::milliseconds(1) : std::chrono::hours(1));
    using wait = decltype(timers[0].async_wait(asio::deferred));
    std::vector<wait> waits;
    for (auto& timer : timers)
        waits.push_back(timer.async_wait(asio::deferred));
    std::vector<std::size_t> order;
    std::vector<error_code> ends;
    experimental::make_parallel_group(std::move(waits))
        .async_wait(experimental::wait_for_one(),
                    [&](std::vector<std::size_t> o, std::vector<error_code> e) {
                        order = std::move(o);
                        ends = std::move(e);
                    });
    test::run(ctx);
    BOOST_TEST_REQUIRE(ends.size() == 4u);
    BOOST_TEST(order[0] == 2u);
    for (std::size_t i = 0; i != 4; ++i)
        BOOST_TEST(ends[i] == (i == 2 ? error_code() : asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_group_is_cancelled_as_a_whole)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, 1h);
    asio::cancellation_signal signal;
    char byte = 0;
    int calls = 0;
    experimental::make_parallel_group(
        pair.a.async_read_some(asio::buffer(&byte, 1), asio::deferred),
        timer.async_wait(asio::deferred))
        .async_wait(
            experimental::wait_for_all(),
            asio::bind_cancellation_slot(
                signal.slot(),
                [&](std::array<std::size_t, 2>, error_code r, std::size_t, error_code w) {
                    ++calls;
                    BOOST_TEST(r == asio::error::operation_aborted);
                    BOOST_TEST(w == asio::error::operation_aborted);
                }));
    asio::post(ctx, [&] { signal.emit(asio::cancellation_type::terminal); });
    test::run(ctx);
    BOOST_TEST(calls == 1);
}

#if __has_include(<boost/asio/any_completion_handler.hpp>)

namespace {

// An operation whose code knows nothing of the handler's type.
void read_erased(test::tcp_socket& socket, asio::mutable_buffer into,
                 asio::any_completion_handler<void(error_code, std::size_t)> handler)
{
    socket.async_read_some(into, std::move(handler));
}

} // namespace

BOOST_AUTO_TEST_CASE(an_erased_handler_is_called)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    bool inside = false;
    std::size_t n = 0;
    test::strand strand(test::executor(ctx.get_executor()));
    auto handler = [&, owned = std::make_unique<int>(0)](error_code ec, std::size_t moved) {
        BOOST_TEST(!ec);
        n = moved;
        inside = strand.running_in_this_thread();
    };
    read_erased(pair.a, asio::buffer(&byte, 1), asio::bind_executor(strand, std::move(handler)));
    asio::write(pair.b, asio::buffer("x", 1));
    test::run(ctx);
    BOOST_TEST(n == 1u);
    BOOST_TEST(byte == 'x');
    BOOST_TEST(inside);
}

BOOST_AUTO_TEST_CASE(an_erased_handler_passes_its_slot_on)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    asio::cancellation_signal signal;
    char byte = 0;
    error_code got;
    read_erased(pair.a, asio::buffer(&byte, 1),
                asio::bind_cancellation_slot(signal.slot(),
                                             [&](error_code ec, std::size_t) { got = ec; }));
    asio::post(ctx, [&] { signal.emit(asio::cancellation_type::terminal); });
    test::run(ctx);
    BOOST_TEST(got == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(an_erased_handler_goes_with_its_context)
{
    auto const held = std::make_shared<int>(0);
    {
        test::context ctx;
        test::tcp_pair pair(ctx);
        char byte = 0;
        read_erased(pair.a, asio::buffer(&byte, 1), [held](error_code, std::size_t) {});
        ctx.poll();
        BOOST_TEST(held.use_count() == 2);
    }
    BOOST_TEST(held.use_count() == 1);
}

#endif

#if __has_include(<boost/asio/experimental/use_promise.hpp>)

// The operation goes on while nobody waits for it.
BOOST_AUTO_TEST_CASE(a_promise_is_waited_for_later)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::string got(3, '\0');
    auto promise = asio::async_read(pair.a, asio::buffer(got), experimental::use_promise);
    asio::write(pair.b, asio::buffer("abc", 3));
    test::run_until(ctx, [&] { return promise.completed(); });
    BOOST_TEST(got == "abc");
    int calls = 0;
    promise([&](error_code ec, std::size_t n) {
        ++calls;
        BOOST_TEST(!ec);
        BOOST_TEST(n == 3u);
    });
    test::run(ctx);
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(a_promise_that_is_dropped_cancels)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    {
        auto promise = timer.async_wait(experimental::use_promise);
        BOOST_TEST(ctx.poll() == 0u);
        BOOST_TEST(!promise.completed());
    }
    test::run(ctx); // nothing is left that takes an hour
    BOOST_TEST(ctx.stopped());
}

#endif

#if __has_include(<boost/asio/experimental/as_single.hpp>)
// The adapted executor says that it is one only if it is asked in the right order.
BOOST_AUTO_TEST_CASE(objects_are_adapted_to_a_token_that_makes_one_of_the_results)
{
    using token = experimental::as_single_t<asio::use_awaitable_t<test::executor>>;
    test::context ctx;
    test::tcp_pair pair(ctx);
    token::as_default_on_t<test::tcp_socket> socket(std::move(pair.a));
    token::as_default_on_t<test::steady_timer> timer(ctx, 1ms);
    asio::write(pair.b, asio::buffer("ab", 2));
    std::size_t got = 0;
    asio::co_spawn(
        ctx.get_executor(),
        [&]() -> test::awaitable<void>
        {
            co_await timer.async_wait();
            char data[4];
            auto [ec, n] = co_await socket.async_read_some(asio::buffer(data));
            got = ec ? 0 : n;
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(got == 2u);
}
#endif

#if __has_include(<boost/asio/experimental/coro.hpp>)

namespace {

// Yields each byte that comes; returns their number.
experimental::coro<char, std::size_t> each_byte(test::tcp_socket& socket)
{
    std::size_t count = 0;
    for (;; ++count)
    {
        char byte = 0;
        std::size_t n = 0;
        try
        {
            n = co_await socket.async_read_some(asio::buffer(&byte, 1), asio::deferred);
        }
        catch (test::system_error const& e)
        {
            if (e.code() != asio::error::eof)
                throw;
            co_return count;
        }
        BOOST_TEST(n == 1u);
        co_yield byte;
    }
}

experimental::coro<void> collect(test::tcp_socket& socket, std::string& got, std::size_t& count)
{
    auto bytes = each_byte(socket);
    for (;;)
    {
        auto const next = co_await bytes;
        if (auto const* byte = std::get_if<char>(&next))
            got += *byte;
        else
        {
            count = std::get<std::size_t>(next);
            co_return;
        }
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(a_coro_yields_what_a_socket_brings)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::string got;
    std::size_t count = 0;
    bool done = false;
    asio::write(pair.b, asio::buffer("abc", 3));
    pair.b.close();
    auto body = collect(pair.a, got, count);
    body.async_resume([&](std::exception_ptr e) {
        BOOST_TEST(!e);
        done = true;
    });
    test::run(ctx);
    BOOST_TEST(done);
    BOOST_TEST(got == "abc");
    BOOST_TEST(count == 3u);
}

BOOST_AUTO_TEST_CASE(a_coro_is_cancelled_in_the_middle_of_a_read)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    asio::cancellation_signal signal;
    std::string got;
    std::size_t count = 0;
    std::exception_ptr error;
    auto body = collect(pair.a, got, count);
    body.async_resume(
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { error = e; }));
    test::steady_timer timer(ctx, 2ms);
    timer.async_wait([&](error_code) { signal.emit(asio::cancellation_type::terminal); });
    test::run(ctx);
    BOOST_TEST_REQUIRE(static_cast<bool>(error));
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(error), test::system_error,
                          [](test::system_error const& e)
                          { return e.code() == asio::error::operation_aborted; });
    BOOST_TEST(got.empty());
}

#endif

BOOST_AUTO_TEST_SUITE_END()
