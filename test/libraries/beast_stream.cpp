// Boost.Beast's stream over the context: its expiries, cancel and close.
#include "../support/context.hpp"

#include <boost/beast/core.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
using namespace std::chrono_literals;
using test::awaitable;
using test::use_awaitable;
using stream_type = beast::basic_stream<test::tcp, test::executor, beast::unlimited_rate_policy>;

namespace {

struct stream_pair
{
    stream_type client, server;

    explicit stream_pair(test::context& ctx) : stream_pair(test::tcp_pair(ctx)) {}

private:
    explicit stream_pair(test::tcp_pair pair) : client(std::move(pair.a)), server(std::move(pair.b))
    {
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(beast_expiry)

BOOST_AUTO_TEST_CASE(a_silent_peer_times_out)
{
    test::context ctx;
    stream_pair pair(ctx);
    char byte;
    beast::error_code got;
    pair.server.expires_after(2ms);
    pair.server.async_read_some(asio::buffer(&byte, 1),
                                [&](beast::error_code ec, std::size_t) { got = ec; });
    test::run(ctx);
    BOOST_TEST((got == beast::error::timeout));
    pair.client.socket().read_some(asio::buffer(&byte, 1), got);
    BOOST_TEST(got == asio::error::eof); // the timeout closed the connection
}

// The time is that of the whole message: each byte on its way does not begin it anew.
BOOST_AUTO_TEST_CASE(a_slow_peer_times_out_in_the_middle_of_a_message)
{
    test::context ctx;
    stream_pair pair(ctx);
    beast::error_code got;
    std::size_t sent = 0;
    auto const drip = [&]() -> awaitable<void> {
        test::steady_timer timer(ctx);
        beast::error_code ec;
        while (!ec && !got)
        {
            sent += co_await asio::async_write(pair.client.socket(), asio::buffer("G", 1),
                                               asio::redirect_error(use_awaitable, ec));
            timer.expires_after(1ms);
            co_await timer.async_wait(use_awaitable);
        }
    };
    char message[100'000];
    pair.server.expires_after(30ms);
    asio::async_read(pair.server, asio::buffer(message),
                     [&](beast::error_code ec, std::size_t) { got = ec; });
    asio::co_spawn(ctx, drip(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST((got == beast::error::timeout));
    BOOST_TEST(sent > 0);
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_times_out_the_write)
{
    test::context ctx;
    stream_pair pair(ctx);
    std::string const much(32u << 20, 'w');
    beast::error_code got;
    std::size_t written = much.size();
    pair.server.expires_after(20ms);
    asio::async_write(pair.server, asio::buffer(much), [&](beast::error_code ec, std::size_t n) {
        got = ec;
        written = n;
    });
    test::run(ctx);
    BOOST_TEST((got == beast::error::timeout));
    BOOST_TEST(written < much.size());
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_not_accepted_times_out)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx);
    acceptor.open(test::tcp::v4());
    acceptor.bind(test::loopback());
    acceptor.listen(0); // the kernel leaves what exceeds the backlog without an answer
    std::vector<stream_type> streams;
    streams.reserve(4);
    int connected = 0, timed_out = 0;
    for (int i = 0; i < 4; ++i)
    {
        streams.emplace_back(ctx);
        streams.back().expires_after(30ms);
        streams.back().async_connect(acceptor.local_endpoint(), [&](beast::error_code ec) {
            connected += !ec;
            timed_out += ec == beast::error::timeout;
        });
    }
    test::run(ctx);
    BOOST_TEST(connected + timed_out == 4);
    BOOST_TEST(timed_out >= 1);
}

BOOST_AUTO_TEST_CASE(connect_through_the_stream)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    stream_type stream(ctx);
    int done = 0;
    stream.expires_after(30s);
    stream.async_connect(acceptor.local_endpoint(), [&](beast::error_code ec) { done += !ec; });
    acceptor.async_accept([&](beast::error_code ec, test::tcp_socket) { done += !ec; });
    test::run(ctx);
    BOOST_TEST(done == 2);
}

BOOST_AUTO_TEST_CASE(an_expiry_is_for_the_operations_that_follow_it)
{
    test::context ctx;
    stream_pair pair(ctx);
    char byte;
    beast::error_code got;
    int read = 0;
    pair.server.expires_after(5ms);
    pair.server.expires_never();
    pair.server.async_read_some(asio::buffer(&byte, 1), [&](beast::error_code ec, std::size_t) {
        read += !ec;
        pair.server.expires_after(1ms);
        pair.server.async_read_some(asio::buffer(&byte, 1),
                                    [&](beast::error_code e, std::size_t) { got = e; });
    });
    test::steady_timer timer(ctx, 10ms);
    timer.async_wait([&](beast::error_code) {
        BOOST_TEST(read == 0);
        asio::write(pair.client, asio::buffer("x", 1));
    });
    test::run(ctx);
    BOOST_TEST(read == 1);
    BOOST_TEST((got == beast::error::timeout));
}

BOOST_AUTO_TEST_CASE(an_expiry_in_the_past)
{
    test::context ctx;
    stream_pair pair(ctx);
    char byte;
    beast::error_code got;
    pair.server.expires_at(std::chrono::steady_clock::now() - 1s);
    pair.server.async_read_some(asio::buffer(&byte, 1),
                                [&](beast::error_code ec, std::size_t) { got = ec; });
    BOOST_TEST(!got);
    test::run(ctx);
    BOOST_TEST((got == beast::error::timeout));
}

BOOST_AUTO_TEST_CASE(a_context_is_out_of_work_when_a_timed_operation_is_done)
{
    test::context ctx;
    stream_pair pair(ctx);
    char byte = 0;
    pair.server.expires_after(1h);
    pair.server.async_read_some(asio::buffer(&byte, 1),
                                [&](beast::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    asio::write(pair.client, asio::buffer("x", 1));
    test::run(ctx);
    BOOST_TEST(byte == 'x');
}

BOOST_AUTO_TEST_CASE(expires_never_and_cancel)
{
    test::context ctx;
    stream_pair pair(ctx);
    std::string const much(32u << 20, 'w');
    char byte;
    beast::error_code read, written;
    pair.server.expires_never();
    pair.server.async_read_some(asio::buffer(&byte, 1),
                                [&](beast::error_code ec, std::size_t) { read = ec; });
    asio::async_write(pair.server, asio::buffer(much),
                      [&](beast::error_code ec, std::size_t) { written = ec; });
    ctx.poll();
    BOOST_TEST(!read);
    BOOST_TEST(!written);
    pair.server.cancel();
    test::run(ctx);
    BOOST_TEST(read == asio::error::operation_aborted);
    BOOST_TEST(written == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(closing_a_stream_ends_its_operations_and_its_expiry)
{
    test::context ctx;
    stream_pair pair(ctx);
    char byte;
    beast::error_code got;
    pair.server.expires_after(1h);
    pair.server.async_read_some(asio::buffer(&byte, 1),
                                [&](beast::error_code ec, std::size_t) { got = ec; });
    ctx.poll();
    pair.server.close();
    test::run(ctx);
    BOOST_TEST(got == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_SUITE_END()
