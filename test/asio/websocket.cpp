// Boost.Beast's WebSocket over the context's sockets: its teardown relies on would_block and
// async_wait.
#include "../support/context.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using test::awaitable;
using test::use_awaitable;

BOOST_AUTO_TEST_SUITE(beast_websocket)

BOOST_AUTO_TEST_CASE(messages_and_an_orderly_close)
{
    using stream_type = websocket::stream<test::tcp_socket>;
    test::context ctx;
    test::tcp_pair pair(ctx);
    stream_type client(std::move(pair.a));
    stream_type server(std::move(pair.b));
    beast::error_code end;
    int echoed = 0;
    auto const serve = [&]() -> awaitable<void> {
        server.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
        co_await server.async_accept(use_awaitable);
        for (;;)
        {
            beast::flat_buffer buffer;
            co_await server.async_read(buffer, asio::redirect_error(use_awaitable, end));
            if (end)
                co_return;
            co_await server.async_write(buffer.data(), use_awaitable);
        }
    };
    auto const talk = [&]() -> awaitable<void> {
        co_await client.async_handshake("localhost", "/", use_awaitable);
        for (std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(70'000)})
        {
            std::string const text(size, 'w');
            co_await client.async_write(asio::buffer(text), use_awaitable);
            beast::flat_buffer buffer;
            co_await client.async_read(buffer, use_awaitable);
            echoed += beast::buffers_to_string(buffer.data()) == text;
        }
        co_await client.async_close(websocket::close_code::normal, use_awaitable);
    };
    asio::co_spawn(ctx, serve(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    asio::co_spawn(ctx, talk(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST(echoed == 3);
    BOOST_TEST((end == websocket::error::closed));
}

BOOST_AUTO_TEST_SUITE_END()
