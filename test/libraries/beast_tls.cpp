// Boost.Beast over TLS: its own TLS stream with HTTP and WebSocket, and telling TLS from plain
// text.
//
// The clients are threads that block: asynchronous operations of both sides through so many layers
// would take a compiler minutes.
#include "tls.hpp"

#include "../support/context.hpp"
#include "../support/skip.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;
using test::awaitable;
using test::use_awaitable;
using lower = beast::basic_stream<test::tcp, test::executor, beast::unlimited_rate_policy>;
using server_stream = beast::ssl_stream<lower>;
using client_stream = ssl::stream<test::tcp_socket>;

namespace {

void no_exception(std::exception_ptr e)
{
    BOOST_TEST(!e);
}

template <typename Server, typename Client>
struct stream_pair : test::tls_contexts
{
    Server server;
    Client client;

    explicit stream_pair(test::context& ctx) : stream_pair(test::tcp_pair(ctx)) {}

    explicit stream_pair(test::tcp_pair pair)
        : server(lower(std::move(pair.b)), test::tls_contexts::server),
          client(std::move(pair.a), test::tls_contexts::client)
    {
    }
};

/// Runs the context beside a client that blocks; says what the client failed with.
template <typename Client>
beast::error_code run_beside(test::context& ctx, Client talk)
{
    beast::error_code failed;
    std::thread client([&] {
        try
        {
            talk();
        }
        catch (beast::system_error const& e)
        {
            failed = e.code();
        }
    });
    ctx.run_for(test::limit);
    client.join();
    return failed;
}

} // namespace

BOOST_AUTO_TEST_SUITE(beast_tls)

BOOST_AUTO_TEST_CASE(requests_and_answers)
{
    test::context ctx;
    stream_pair<server_stream, client_stream> pair(ctx);
    int answers = 0, served = 0;
    beast::error_code end;
    auto const serve = [&]() -> awaitable<void> {
        pair.server.next_layer().expires_after(30s);
        co_await pair.server.async_handshake(ssl::stream_base::server, use_awaitable);
        beast::flat_buffer buffer;
        try
        {
            for (;; ++served)
            {
                http::request<http::string_body> request;
                co_await http::async_read(pair.server, buffer, request, use_awaitable);
                http::response<http::string_body> response(http::status::ok, 11);
                response.body() = std::move(request.body());
                response.prepare_payload();
                co_await http::async_write(pair.server, response, use_awaitable);
            }
        }
        catch (beast::system_error const& e)
        {
            end = e.code();
        }
        co_await pair.server.async_shutdown(use_awaitable);
    };
    asio::co_spawn(ctx, serve(), no_exception);
    beast::error_code const failed = run_beside(ctx, [&] {
        pair.client.handshake(ssl::stream_base::client);
        beast::flat_buffer buffer;
        for (std::size_t size : {std::size_t(0), std::size_t(10), std::size_t(500'000)})
        {
            http::request<http::string_body> request(http::verb::post, "/", 11);
            request.body().assign(size, 'b');
            request.prepare_payload();
            http::write(pair.client, request);
            http::response<http::string_body> response;
            http::read(pair.client, buffer, response);
            answers += response.body() == request.body();
        }
        pair.client.shutdown();
    });
    BOOST_TEST(!failed, failed.message());
    BOOST_TEST(answers == 3);
    BOOST_TEST(served == 3);
    BOOST_TEST((end == http::error::end_of_stream));
}

BOOST_AUTO_TEST_CASE(a_handshake_with_a_silent_peer_times_out)
{
    test::context ctx;
    stream_pair<server_stream, client_stream> pair(ctx);
    beast::error_code got;
    pair.server.next_layer().expires_after(5ms);
    pair.server.async_handshake(ssl::stream_base::server, [&](beast::error_code ec) { got = ec; });
    test::run(ctx);
    BOOST_TEST((got == beast::error::timeout));
}

BOOST_AUTO_TEST_CASE(websocket_messages_and_close)
{
#if defined(__clang__)
    test::skipped("Clang finds the two declarations of async_teardown for Beast's ssl_stream ambiguous");
#else
    test::context ctx;
    stream_pair<websocket::stream<server_stream>, websocket::stream<client_stream>> pair(ctx);
    beast::error_code end;
    int echoed = 0;
    auto const serve = [&]() -> awaitable<void> {
        co_await pair.server.next_layer().async_handshake(ssl::stream_base::server, use_awaitable);
        pair.server.set_option(
            websocket::stream_base::timeout::suggested(beast::role_type::server));
        co_await pair.server.async_accept(use_awaitable);
        try
        {
            for (;;)
            {
                beast::flat_buffer buffer;
                co_await pair.server.async_read(buffer, use_awaitable);
                co_await pair.server.async_write(buffer.data(), use_awaitable);
            }
        }
        catch (beast::system_error const& e)
        {
            end = e.code();
        }
    };
    asio::co_spawn(ctx, serve(), no_exception);
    beast::error_code const failed = run_beside(ctx, [&] {
        pair.client.next_layer().handshake(ssl::stream_base::client);
        pair.client.handshake("localhost", "/");
        for (std::size_t size : {std::size_t(0), std::size_t(10), std::size_t(500'000)})
        {
            std::string const text(size, 'w');
            pair.client.write(asio::buffer(text));
            beast::flat_buffer buffer;
            pair.client.read(buffer);
            echoed += beast::buffers_to_string(buffer.data()) == text;
        }
        pair.client.close(websocket::close_code::normal);
    });
    BOOST_TEST(!failed, failed.message());
    BOOST_TEST(echoed == 3);
    BOOST_TEST((end == websocket::error::closed));
#endif
}

BOOST_AUTO_TEST_CASE(one_port_for_tls_and_plain_text)
{
    for (bool encrypted : {true, false})
    {
        test::context ctx;
        stream_pair<server_stream, client_stream> pair(ctx);
        bool detected = !encrypted;
        beast::flat_buffer buffer;
        auto const serve = [&]() -> awaitable<void> {
            pair.server.next_layer().expires_after(30s);
            detected =
                co_await beast::async_detect_ssl(pair.server.next_layer(), buffer, use_awaitable);
            if (detected)
                co_await pair.server.async_handshake(ssl::stream_base::server, buffer.data(),
                                                     use_awaitable);
        };
        asio::co_spawn(ctx, serve(), no_exception);
        beast::error_code const failed = run_beside(ctx, [&] {
            if (encrypted)
                pair.client.handshake(ssl::stream_base::client);
            else
                asio::write(pair.client.next_layer(), asio::buffer("GET / HTTP/1.1", 14));
        });
        BOOST_TEST(!failed, failed.message());
        BOOST_TEST(detected == encrypted);
    }
}

BOOST_AUTO_TEST_SUITE_END()
