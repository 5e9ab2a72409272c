// Kernel order is program order: an asynchronous call that was made before a synchronous one has
// taken effect by then.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <string>

#include <sys/socket.h>
#include <sys/time.h>

namespace asio = boost::asio;

namespace {

// A synchronous call that would wait for ever gives up after a while instead, and its result tells.
void bound(int descriptor)
{
    timeval const tv{10, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
}

auto const ignore = [](test::error_code, auto&&...) {};

// The body once outside run, once inside a handler, and once inside while others are waiting.
void everywhere(std::function<void(test::context&)> const& body)
{
    BOOST_TEST_CONTEXT("outside run")
    {
        test::context ctx;
        body(ctx);
        test::run(ctx);
    }
    BOOST_TEST_CONTEXT("in a handler")
    {
        test::context ctx;
        asio::post(ctx, [&] { body(ctx); });
        test::run(ctx);
    }
    BOOST_TEST_CONTEXT("in a completion")
    {
        test::context ctx;
        test::tcp_pair pair(ctx);
        char byte;
        pair.a.async_read_some(asio::buffer(&byte, 1),
                               [&](test::error_code, std::size_t) { body(ctx); });
        pair.b.async_write_some(asio::buffer("x", 1), ignore);
        test::run(ctx);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(kernel_order)

BOOST_AUTO_TEST_CASE(async_connect_then_accept)
{
    everywhere([](test::context& ctx) {
        test::tcp_acceptor acceptor(ctx, test::loopback());
        bound(acceptor.native_handle());
        test::tcp_socket client(ctx);
        client.async_connect(acceptor.local_endpoint(), ignore);
        test::error_code ec;
        test::tcp_socket peer = acceptor.accept(ec);
        BOOST_TEST(!ec);
        BOOST_TEST(peer.is_open());
    });
}

BOOST_AUTO_TEST_CASE(async_write_then_shutdown)
{
    everywhere([](test::context& ctx) {
        test::tcp_pair pair(ctx);
        bound(pair.b.native_handle());
        pair.a.async_write_some(asio::buffer("hello", 5), ignore);
        pair.a.shutdown(test::tcp_socket::shutdown_send);
        std::string got(16, '\0');
        test::error_code ec;
        BOOST_TEST(asio::read(pair.b, asio::buffer(got), ec) == 5u);
        BOOST_TEST(ec == asio::error::eof);
    });
}

BOOST_AUTO_TEST_CASE(async_write_then_close)
{
    everywhere([](test::context& ctx) {
        test::tcp_pair pair(ctx);
        bound(pair.b.native_handle());
        pair.a.async_write_some(asio::buffer("hello", 5), ignore);
        pair.a.close();
        std::string got(16, '\0');
        test::error_code ec;
        BOOST_TEST(asio::read(pair.b, asio::buffer(got), ec) == 5u);
        BOOST_TEST(ec == asio::error::eof);
    });
}

BOOST_AUTO_TEST_CASE(async_write_then_write)
{
    everywhere([](test::context& ctx) {
        test::tcp_pair pair(ctx);
        bound(pair.b.native_handle());
        pair.a.async_write_some(asio::buffer("A", 1), ignore);
        pair.a.write_some(asio::buffer("B", 1));
        std::string got(2, '\0');
        asio::read(pair.b, asio::buffer(got));
        BOOST_TEST(got == "AB");
    });
}

BOOST_AUTO_TEST_CASE(async_write_then_read_at_the_peer)
{
    everywhere([](test::context& ctx) {
        test::tcp_pair pair(ctx);
        bound(pair.b.native_handle());
        pair.a.async_write_some(asio::buffer("r", 1), ignore);
        char byte = 0;
        test::error_code ec;
        pair.b.read_some(asio::buffer(&byte, 1), ec);
        BOOST_TEST(!ec);
        BOOST_TEST(byte == 'r');
    });
}

BOOST_AUTO_TEST_CASE(async_write_then_wait_at_the_peer)
{
    everywhere([](test::context& ctx) {
        test::tcp_pair pair(ctx);
        pair.a.async_write_some(asio::buffer("r", 1), ignore);
        pair.b.wait(test::tcp_socket::wait_read);
        BOOST_TEST(pair.b.available() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(async_write_then_release)
{
    everywhere([](test::context& ctx) {
        test::tcp_pair pair(ctx);
        bound(pair.b.native_handle());
        pair.a.async_write_some(asio::buffer("before", 6), ignore);
        int const fd = pair.a.release();
        BOOST_TEST(::send(fd, "after", 5, 0) == 5);
        std::string got(11, '\0');
        asio::read(pair.b, asio::buffer(got));
        BOOST_TEST(got == "beforeafter");
        test::tcp_socket(ctx, test::tcp::v4(), fd).close();
    });
}

BOOST_AUTO_TEST_CASE(data_that_is_there_beats_cancel_and_close)
{
    for (bool const closing : {false, true})
        everywhere([closing](test::context& ctx) {
            auto const pair = std::make_shared<test::tcp_pair>(ctx);
            auto const data = std::make_shared<std::string>(8, '\0');
            pair->b.write_some(asio::buffer("data", 4));
            pair->a.wait(test::tcp_socket::wait_read);
            pair->a.async_read_some(asio::buffer(*data),
                                    [pair, data](test::error_code ec, std::size_t n) {
                                        BOOST_TEST(!ec);
                                        BOOST_TEST(n == 4u);
                                    });
            if (closing)
                pair->a.close();
            else
                pair->a.cancel();
        });
}

BOOST_AUTO_TEST_CASE(what_a_handler_started_is_in_the_kernel_when_run_one_returns)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    bound(pair.b.native_handle());
    asio::post(ctx, [&] { pair.a.async_write_some(asio::buffer("1", 1), ignore); });
    ctx.run_one();
    char byte = 0;
    BOOST_TEST(::recv(pair.b.native_handle(), &byte, 1, 0) == 1);
    BOOST_TEST(byte == '1');
    asio::post(ctx, [&] {
        pair.a.async_write_some(asio::buffer("2", 1), ignore);
        ctx.stop();
    });
    ctx.run();
    BOOST_TEST(::recv(pair.b.native_handle(), &byte, 1, 0) == 1);
    BOOST_TEST(byte == '2');
    test::run(ctx);
}

#if !PROACTOR_TEST_ORACLE
BOOST_AUTO_TEST_CASE(flush_serves_code_that_blocks_on_what_the_library_cannot_see)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    bound(pair.b.native_handle());
    asio::post(ctx, [&] {
        pair.a.async_write_some(asio::buffer("f", 1), ignore);
        ctx.flush();
        char byte = 0;
        BOOST_TEST(::recv(pair.b.native_handle(), &byte, 1, 0) == 1);
        BOOST_TEST(byte == 'f');
    });
    test::run(ctx);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
