// From Boost 1.86 on, an operation is cancelled after some time by its token. Asio moves a timer for it
// between executors.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <boost/version.hpp>

#if BOOST_VERSION >= 108600

#include <boost/asio/cancel_after.hpp>
#include <boost/asio/cancel_at.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct seen
{
    test::error_code ec = asio::error::would_block;
    std::size_t bytes = 99;

    auto taking()
    {
        return [this](test::error_code e, std::size_t n)
        {
            ec = e;
            bytes = n;
        };
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(cancel_after)

BOOST_AUTO_TEST_CASE(a_read_for_which_nothing_comes_is_aborted)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    seen s;
    pair.a.async_read_some(asio::buffer(&byte, 1), asio::cancel_after(5ms, s.taking()));
    test::run(ctx);
    BOOST_TEST(s.ec == asio::error::operation_aborted);
    BOOST_TEST(s.bytes == 0u);
}

BOOST_AUTO_TEST_CASE(a_read_in_time_ends_the_timer)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    seen s;
    pair.a.async_read_some(asio::buffer(&byte, 1), asio::cancel_after(1h, s.taking()));
    asio::write(pair.b, asio::buffer("x", 1));
    test::run(ctx); // it ends
    BOOST_TEST(!s.ec);
    BOOST_TEST(s.bytes == 1u);
    BOOST_TEST(byte == 'x');
}

BOOST_AUTO_TEST_CASE(at_a_point_in_time_and_by_a_timer_of_the_users)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    seen at;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           asio::cancel_at(std::chrono::steady_clock::now() + 5ms, at.taking()));
    test::run(ctx);
    BOOST_TEST(at.ec == asio::error::operation_aborted);

    ctx.restart();
    test::steady_timer timer(ctx);
    seen by;
    pair.a.async_read_some(asio::buffer(&byte, 1), asio::cancel_after(timer, 5ms, by.taking()));
    test::run(ctx);
    BOOST_TEST(by.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(of_waits_and_composed_operations)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, 1h);
    test::error_code waited;
    timer.async_wait(asio::cancel_after(5ms, [&](test::error_code ec) { waited = ec; }));
    char four[4] = {};
    seen s;
    asio::write(pair.b, asio::buffer("ab", 2));
    asio::async_read(pair.a, asio::buffer(four), asio::cancel_after(20ms, s.taking()));
    test::run(ctx);
    BOOST_TEST(waited == asio::error::operation_aborted);
    BOOST_TEST(s.ec == asio::error::operation_aborted);
    BOOST_TEST(s.bytes == 2u);
}

BOOST_AUTO_TEST_CASE(in_a_coroutine_and_as_the_default)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    int aborted = 0;
    std::size_t got = 0;
    asio::co_spawn(
        ctx.get_executor(),
        [&]() -> test::awaitable<void>
        {
            char byte;
            try
            {
                co_await pair.a.async_read_some(asio::buffer(&byte, 1),
                                                asio::cancel_after(5ms, test::use_awaitable));
            }
            catch (const boost::system::system_error& e)
            {
                aborted += e.code() == asio::error::operation_aborted;
            }
            using by_default
                = asio::use_awaitable_t<test::executor>::as_default_on_t<test::tcp_socket>;
            by_default socket(std::move(pair.a));
            asio::write(pair.b, asio::buffer("x", 1));
            got = co_await socket.async_read_some(asio::buffer(&byte, 1), asio::cancel_after(1h));
        },
        [](std::exception_ptr e)
        {
            if (e)
                std::rethrow_exception(e);
        });
    test::run(ctx);
    BOOST_TEST(aborted == 1);
    BOOST_TEST(got == 1u);
}

BOOST_AUTO_TEST_CASE(destroyed_with_both_in_flight)
{
    seen s;
    {
        test::context ctx;
        test::tcp_pair pair(ctx);
        char byte;
        pair.a.async_read_some(asio::buffer(&byte, 1), asio::cancel_after(1h, s.taking()));
        ctx.poll();
    }
    BOOST_TEST(s.bytes == 99u);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
