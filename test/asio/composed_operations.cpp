// Composed operations, Asio's and the user's own, over the context's objects.
#include "../support/context.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <future>
#include <istream>
#include <memory>
#include <string>
#include <tuple>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::awaitable;
using test::use_awaitable;

namespace {

// Sends a line and waits for the answer, after a pause.
template <typename Token>
auto async_ask(test::tcp_socket& socket, test::steady_timer& timer, std::string question,
               std::string& answer, Token&& token)
{
    enum class step
    {
        pause,
        write,
        read,
        done
    };
    return asio::async_compose<Token, void(test::error_code, std::size_t)>(
        [&socket, &timer, &answer, at = step::pause,
         text = std::make_unique<std::string>(std::move(question))](
            auto& self, test::error_code ec = {}, std::size_t n = 0) mutable {
            if (ec)
                return self.complete(ec, n);
            switch (at)
            {
            case step::pause:
                at = step::write;
                timer.expires_after(1ms);
                return timer.async_wait(std::move(self));
            case step::write: {
                at = step::read;
                auto const buffer = asio::buffer(*text);
                return asio::async_write(socket, buffer, std::move(self));
            }
            case step::read:
                at = step::done;
                return asio::async_read_until(socket, asio::dynamic_buffer(answer), '\n',
                                              std::move(self));
            case step::done:
                return self.complete(ec, n);
            }
        },
        token, socket, timer);
}

// The simplest initiating function of a user's own.
template <typename Token>
auto async_answer(test::executor ex, Token&& token)
{
    return asio::async_initiate<Token, void(int)>(
        [ex](auto handler) {
            auto const work = asio::make_work_guard(handler, ex);
            asio::post(ex, [h = std::move(handler), work]() mutable {
                asio::dispatch(work.get_executor(),
                               [h = std::move(h)]() mutable { std::move(h)(42); });
            });
        },
        token);
}

} // namespace

BOOST_AUTO_TEST_SUITE(composed_operations)

BOOST_AUTO_TEST_CASE(async_compose_with_three_tokens)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx);
    auto const serve = [&]() -> awaitable<void> {
        std::string line;
        for (int i = 0; i < 3; ++i)
        {
            std::size_t const n = co_await asio::async_read_until(
                pair.b, asio::dynamic_buffer(line), '\n', use_awaitable);
            co_await asio::async_write(pair.b, asio::buffer(line, n), use_awaitable);
            line.erase(0, n);
        }
    };
    asio::co_spawn(ctx, serve(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    std::string first;
    std::string second;
    std::string third;
    std::future<std::size_t> future;
    auto const body = [&]() -> awaitable<void> {
        BOOST_TEST(co_await async_ask(pair.a, timer, "two\n", second, use_awaitable) == 4u);
        future = async_ask(pair.a, timer, "three\n", third, asio::use_future);
    };
    async_ask(pair.a, timer, "one\n", first, [&](test::error_code ec, std::size_t n) {
        BOOST_TEST(!ec);
        BOOST_TEST(n == 4u);
        asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    });
    test::run(ctx);
    BOOST_TEST(first == "one\n");
    BOOST_TEST(second == "two\n");
    BOOST_TEST(third == "three\n");
    BOOST_REQUIRE(future.valid());
    BOOST_TEST(future.get() == 6u);
}

BOOST_AUTO_TEST_CASE(async_compose_is_cancelled_through_its_slot)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx);
    asio::cancellation_signal signal;
    std::string answer;
    test::error_code got;
    async_ask(pair.a, timer, "?\n", answer,
              asio::bind_cancellation_slot(signal.slot(),
                                           [&](test::error_code ec, std::size_t) { got = ec; }));
    char question[2];
    asio::async_read(pair.b, asio::buffer(question), [&](test::error_code, std::size_t) {
        signal.emit(asio::cancellation_type::terminal);
    });
    test::run(ctx);
    BOOST_TEST(got == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(async_initiate_by_hand)
{
    test::context ctx;
    int called = 0;
    async_answer(ctx.get_executor(), [&](int value) { called = value; });
    auto future = async_answer(ctx.get_executor(), asio::use_future);
    test::run(ctx);
    BOOST_TEST(called == 42);
    BOOST_TEST(future.get() == 42);
}

BOOST_AUTO_TEST_CASE(read_until_with_streambuf_and_strings)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    asio::streambuf buffer;
    std::string text;
    int done = 0;
    asio::async_read_until(pair.a, buffer, "\r\n\r\n", [&](test::error_code ec, std::size_t n) {
        BOOST_TEST(!ec);
        BOOST_TEST(n == 8u);
        std::string head;
        std::getline(std::istream(&buffer), head);
        BOOST_TEST(head == "head\r");
        ++done;
        buffer.consume(2);
        asio::async_read_until(pair.a, asio::dynamic_buffer(text), '.',
                               [&](test::error_code e, std::size_t) { done += !e; });
    });
    auto const write = [&]() -> awaitable<void> {
        for (char const* part : {"he", "ad\r", "\n\r", "\n", "te", "xt."})
            co_await asio::async_write(pair.b, asio::buffer(std::string_view(part)), use_awaitable);
    };
    asio::co_spawn(ctx, write(), asio::detached);
    test::run(ctx);
    BOOST_TEST(done == 2);
    BOOST_TEST(
        (text == "text."
         || (std::string(asio::buffers_begin(buffer.data()), asio::buffers_end(buffer.data()))
             + text)
             == "text."));
}

BOOST_AUTO_TEST_CASE(completion_conditions)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char data[64];
    std::size_t got = 0;
    asio::async_read(pair.a, asio::buffer(data), asio::transfer_at_least(10),
                     [&](test::error_code ec, std::size_t n) { got = ec ? 0 : n; });
    auto const write = [&]() -> awaitable<void> {
        for (int i = 0; i < 4; ++i)
            co_await asio::async_write(pair.b, asio::buffer("abc", 3), asio::transfer_exactly(3),
                                       use_awaitable);
    };
    asio::co_spawn(ctx, write(), asio::detached);
    test::run(ctx);
    BOOST_TEST(got >= 10u);
    BOOST_TEST(got <= 12u);
}

BOOST_AUTO_TEST_CASE(buffered_streams)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    asio::buffered_stream<test::tcp_socket&> stream(pair.a);
    std::string got(3, '\0');
    bool done = false;
    asio::async_write(stream, asio::buffer("out", 3), [&](test::error_code, std::size_t) {
        stream.async_flush([&](test::error_code, std::size_t) {
            asio::async_read(pair.b, asio::buffer(got),
                             [&](test::error_code ec, std::size_t) { done = !ec; });
        });
    });
    test::run(ctx);
    BOOST_TEST(done);
    BOOST_TEST(got == "out");
}

BOOST_AUTO_TEST_CASE(a_parallel_group_of_socket_and_timer)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, 2ms);
    char byte = 0;
    std::array<std::size_t, 2> order{};
    test::error_code read;
    test::error_code waited = asio::error::fault;
    asio::experimental::make_parallel_group(
        pair.a.async_read_some(asio::buffer(&byte, 1), asio::deferred),
        timer.async_wait(asio::deferred))
        .async_wait(
            asio::experimental::wait_for_one(),
            [&](std::array<std::size_t, 2> o, test::error_code r, std::size_t, test::error_code w) {
                order = o;
                read = r;
                waited = w;
            });
    test::run(ctx);
    BOOST_TEST(order[0] == 1u);
    BOOST_TEST(!waited);
    BOOST_TEST(read == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(synchronous_read_until_into_a_stream_buffer)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::error_code ec;
    BOOST_TEST(asio::write(pair.a, asio::buffer("x y\n", 4), ec) == 4u);
    asio::streambuf buffer;
    BOOST_TEST(asio::read_until(pair.b, buffer, '\n', ec) == 4u);
    std::istream in(&buffer);
    std::string x;
    std::string y;
    in >> x >> y;
    BOOST_TEST(x + y == "xy");
}

BOOST_AUTO_TEST_SUITE_END()
