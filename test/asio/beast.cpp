// Boost.Beast's stream and HTTP algorithms over the context: requests, answers and expiries.
#include "../support/context.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
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

// Answers requests until the peer closes: the body is the target, reversed, and the body of the
// request.
awaitable<int> serve(stream_type& stream)
{
    beast::flat_buffer buffer;
    for (int served = 0;; ++served)
    {
        http::request<http::string_body> request;
        beast::error_code ec;
        stream.expires_after(30s);
        co_await http::async_read(stream, buffer, request, asio::redirect_error(use_awaitable, ec));
        if (ec)
            co_return ec == http::error::end_of_stream ? served : -1;
        http::response<http::string_body> response(http::status::ok, request.version());
        response.keep_alive(request.keep_alive());
        std::string const target(request.target());
        response.body() = std::string(target.rbegin(), target.rend()) + request.body();
        response.prepare_payload();
        co_await http::async_write(stream, response, use_awaitable);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(beast_http)

BOOST_AUTO_TEST_CASE(requests_and_answers_over_one_connection)
{
    test::context ctx;
    stream_pair pair(ctx);
    int served = 0;
    auto const talk = [&]() -> awaitable<void> {
        beast::flat_buffer buffer;
        for (int i = 0; i < 20; ++i)
        {
            http::request<http::string_body> request(http::verb::post, "/ab", 11);
            request.set(http::field::host, "localhost");
            request.body() = std::to_string(i);
            request.prepare_payload();
            pair.client.expires_after(30s);
            co_await http::async_write(pair.client, request, use_awaitable);
            http::response<http::string_body> response;
            co_await http::async_read(pair.client, buffer, response, use_awaitable);
            BOOST_TEST(response.body() == "ba/" + std::to_string(i));
        }
        pair.client.socket().shutdown(test::tcp_socket::shutdown_send);
    };
    asio::co_spawn(ctx, serve(pair.server), [&](std::exception_ptr e, int n) {
        BOOST_TEST(!e);
        served = n;
    });
    asio::co_spawn(ctx, talk(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST(served == 20);
}

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

BOOST_AUTO_TEST_CASE(expires_never_and_cancel)
{
    test::context ctx;
    stream_pair pair(ctx);
    char byte;
    beast::error_code got;
    pair.server.expires_never();
    pair.server.async_read_some(asio::buffer(&byte, 1),
                                [&](beast::error_code ec, std::size_t) { got = ec; });
    ctx.poll();
    BOOST_TEST(!got);
    pair.server.cancel();
    test::run(ctx);
    BOOST_TEST(got == asio::error::operation_aborted);
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

BOOST_AUTO_TEST_CASE(a_malformed_request_is_an_error_of_the_parser)
{
    test::context ctx;
    stream_pair pair(ctx);
    int served = 0;
    asio::co_spawn(ctx, serve(pair.server), [&](std::exception_ptr e, int n) {
        BOOST_TEST(!e);
        served = n;
    });
    asio::async_write(pair.client, asio::buffer(std::string_view("not http at all\r\n\r\n")),
                      [](beast::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    test::run(ctx);
    BOOST_TEST(served == -1);
}

BOOST_AUTO_TEST_SUITE_END()
