// C++20 coroutines on the context: co_spawn, awaitable operators, channels, cancellation of the
// whole tree.
#include "../support/context.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using test::awaitable;
using test::use_awaitable;

namespace {

// Runs the context and returns what the coroutine returned, rethrowing what it threw.
template <typename T>
T result_of(test::context& ctx, awaitable<T> body)
{
    std::future<T> future = asio::co_spawn(ctx, std::move(body), asio::use_future);
    test::run(ctx);
    if (future.wait_for(0s) != std::future_status::ready)
        throw std::runtime_error("the coroutine did not finish");
    return future.get();
}

awaitable<void> after(std::chrono::steady_clock::duration delay)
{
    test::steady_timer timer(co_await asio::this_coro::executor, delay);
    co_await timer.async_wait(use_awaitable);
}

} // namespace

BOOST_AUTO_TEST_SUITE(coroutines)

BOOST_AUTO_TEST_CASE(co_spawn_returns_values)
{
    test::context ctx;
    auto const body = []() -> awaitable<int> {
        co_await after(1ms);
        co_return 42;
    };
    BOOST_TEST(result_of(ctx, body()) == 42);
}

BOOST_AUTO_TEST_CASE(exceptions_reach_the_completion_handler)
{
    test::context ctx;
    auto const body = []() -> awaitable<void> {
        co_await after(1ms);
        throw std::logic_error("from inside");
    };
    BOOST_CHECK_EXCEPTION(result_of(ctx, body()), std::logic_error,
                          [](auto const& e) { return e.what() == std::string("from inside"); });
}

BOOST_AUTO_TEST_CASE(the_executor_of_a_coroutine_is_the_one_it_was_spawned_on)
{
    test::context ctx;
    auto const body = [&]() -> awaitable<bool> {
        test::executor const ex = co_await asio::this_coro::executor;
        co_await asio::post(ex, use_awaitable);
        co_return ex == test::executor(ctx.get_executor())
            && ctx.get_executor().running_in_this_thread();
    };
    BOOST_TEST(result_of(ctx, body()));
}

BOOST_AUTO_TEST_CASE(co_spawn_on_executor_strand_and_any_io_executor)
{
    test::context ctx;
    int ran = 0;
    auto const body = [&]() -> awaitable<void> {
        co_await after(1ms);
        ++ran;
    };
    asio::co_spawn(ctx.get_executor(), body(), asio::detached);
    asio::co_spawn(test::executor(ctx.get_executor()), body, asio::detached);
    auto const on_strand = [&]() -> asio::awaitable<void, test::strand> {
        test::strand const strand = co_await asio::this_coro::executor;
        asio::basic_waitable_timer<std::chrono::steady_clock,
                                   asio::wait_traits<std::chrono::steady_clock>, test::strand>
            timer(strand, 1ms);
        co_await timer.async_wait(asio::use_awaitable_t<test::strand>());
        ran += strand.running_in_this_thread();
    };
    asio::co_spawn(asio::make_strand(test::executor(ctx.get_executor())), on_strand(),
                   asio::detached);
    auto const erased = [&]() -> asio::awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(asio::use_awaitable);
        ++ran;
    };
    asio::co_spawn(ctx, erased(), asio::detached);
    test::run(ctx);
    BOOST_TEST(ran == 4);
}

BOOST_AUTO_TEST_CASE(echo_between_two_coroutines)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    auto const serve = [&]() -> awaitable<void> {
        test::tcp_socket socket = co_await acceptor.async_accept(use_awaitable);
        char data[16];
        for (;;)
        {
            auto const [ec, n] = co_await socket.async_read_some(
                asio::buffer(data), asio::as_tuple(use_awaitable));
            if (ec)
            {
                BOOST_TEST(ec == asio::error::eof);
                co_return;
            }
            co_await asio::async_write(socket, asio::buffer(data, n), use_awaitable);
        }
    };
    auto const talk = [&]() -> awaitable<std::string> {
        test::tcp_socket socket(co_await asio::this_coro::executor);
        co_await socket.async_connect(acceptor.local_endpoint(), use_awaitable);
        std::string got;
        for (int i = 0; i < 20; ++i)
        {
            std::string const sent = std::to_string(i) + ";";
            co_await asio::async_write(socket, asio::buffer(sent), use_awaitable);
            std::string part(sent.size(), '\0');
            co_await asio::async_read(socket, asio::buffer(part), use_awaitable);
            got += part;
        }
        co_return got;
    };
    asio::co_spawn(ctx, serve(), asio::detached);
    std::string const got = result_of(ctx, talk());
    BOOST_TEST(got.size() == 50u);
    BOOST_TEST(got.ends_with("18;19;"));
}

BOOST_AUTO_TEST_CASE(operator_or_cancels_the_loser)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    auto const body = [&]() -> awaitable<std::size_t> {
        char byte;
        auto const first =
            co_await (pair.a.async_read_some(asio::buffer(&byte, 1), use_awaitable) || after(2ms));
        co_return first.index();
    };
    BOOST_TEST(result_of(ctx, body()) == 1u);
    pair.b.write_some(asio::buffer("x", 1));
    auto const again = [&]() -> awaitable<std::size_t> {
        char byte;
        auto const first =
            co_await (pair.a.async_read_some(asio::buffer(&byte, 1), use_awaitable) || after(1h));
        co_return first.index();
    };
    BOOST_TEST(result_of(ctx, again()) == 0u);
}

BOOST_AUTO_TEST_CASE(operator_and_waits_for_both)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    auto const body = [&]() -> awaitable<std::size_t> {
        char out[4] = {'a', 'b', 'c', 'd'};
        char in[4];
        auto const [sent, received] =
            co_await (asio::async_write(pair.b, asio::buffer(out), use_awaitable)
                      && asio::async_read(pair.a, asio::buffer(in), use_awaitable));
        co_return sent + received;
    };
    BOOST_TEST(result_of(ctx, body()) == 8u);
}

BOOST_AUTO_TEST_CASE(operator_and_cancels_the_other_when_one_fails)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    auto const body = [&]() -> awaitable<bool> {
        char byte;
        auto const failing = []() -> awaitable<void> {
            co_await after(1ms);
            throw std::logic_error("one failed");
        };
        try
        {
            co_await (pair.a.async_read_some(asio::buffer(&byte, 1), use_awaitable) && failing());
        }
        catch (asio::multiple_exceptions const&)
        {
            co_return true; // the read was cancelled, so both have failed
        }
        co_return false;
    };
    BOOST_TEST(result_of(ctx, body()));
}

BOOST_AUTO_TEST_CASE(a_coroutine_is_cancelled_through_its_slot)
{
    test::context ctx;
    asio::cancellation_signal signal;
    std::exception_ptr thrown;
    auto const body = []() -> awaitable<void> { co_await after(1h); };
    asio::co_spawn(
        ctx, body(),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { thrown = e; }));
    asio::post(ctx, [&] { signal.emit(asio::cancellation_type::all); });
    test::run(ctx);
    BOOST_REQUIRE(thrown);
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(thrown), test::system_error,
                          [](auto const& e) { return e.code() == asio::error::operation_aborted; });
}

BOOST_AUTO_TEST_CASE(redirect_error_and_deferred_and_as_tuple)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    auto const body = [&]() -> awaitable<void> {
        test::error_code ec;
        char byte;
        pair.b.shutdown(test::tcp_socket::shutdown_send);
        std::size_t const n = co_await pair.a.async_read_some(
            asio::buffer(&byte, 1), asio::redirect_error(use_awaitable, ec));
        BOOST_TEST(n == 0u);
        BOOST_TEST(ec == asio::error::eof);
        auto deferred = pair.a.async_write_some(asio::buffer("x", 1), asio::deferred);
        BOOST_TEST(co_await std::move(deferred)(use_awaitable) == 1u);
        auto const [code, count] = co_await pair.b.async_read_some(
            asio::buffer(&byte, 1), asio::as_tuple(use_awaitable));
        BOOST_TEST(!code);
        BOOST_TEST(count == 1u);
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
}

BOOST_AUTO_TEST_CASE(channels_carry_values_between_coroutines)
{
    using channel =
        asio::experimental::basic_channel<test::executor, asio::experimental::channel_traits<>,
                                          void(test::error_code, int)>;
    test::context ctx;
    channel numbers(ctx, 2);
    auto const produce = [&]() -> awaitable<void> {
        for (int i = 1; i <= 10; ++i)
            co_await numbers.async_send(test::error_code(), i, use_awaitable);
        numbers.close();
    };
    auto const consume = [&]() -> awaitable<int> {
        int sum = 0;
        for (;;)
        {
            auto const [ec, value] =
                co_await numbers.async_receive(asio::as_tuple(use_awaitable));
            if (ec)
                co_return sum;
            sum += value;
        }
    };
    asio::co_spawn(ctx, produce(), asio::detached);
    BOOST_TEST(result_of(ctx, consume()) == 55);
}

BOOST_AUTO_TEST_CASE(concurrent_channels_between_two_contexts)
{
    using channel = asio::experimental::basic_concurrent_channel<
        test::executor, asio::experimental::channel_traits<>, void(test::error_code, int)>;
    test::context ctx;
    test::context other;
    channel numbers(ctx, 0);
    int got = 0;
    numbers.async_receive([&](test::error_code ec, int value) { got = ec ? -1 : value; });
    std::thread producer([&] {
        numbers.async_send(test::error_code(), 17,
                           asio::bind_executor(other, [](test::error_code) {}));
        test::run(other);
    });
    test::run(ctx);
    producer.join();
    BOOST_TEST(got == 17);
}

BOOST_AUTO_TEST_CASE(destroying_the_context_destroys_suspended_coroutines)
{
    auto alive = std::make_shared<int>(0);
    std::weak_ptr<int> const watch = alive;
    {
        test::context ctx;
        auto body = [](std::shared_ptr<int> keep) -> awaitable<void> {
            co_await after(1h);
            ++*keep;
        };
        asio::co_spawn(ctx, body(std::move(alive)), asio::detached);
        ctx.poll();
        BOOST_TEST(!watch.expired());
    }
    BOOST_TEST(watch.expired());
}

BOOST_AUTO_TEST_SUITE_END()
