// Boost.Beast's WebSocket over the context's sockets: its teardown relies on would_block and
// async_wait, its timeouts on the context's timers.
#include "../support/context.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;
using test::awaitable;
using test::use_awaitable;
using stream_type = websocket::stream<test::tcp_socket>;
using base = websocket::stream_base;

namespace {

void no_exception(std::exception_ptr e)
{
    BOOST_TEST(!e);
}

/// What an operation completed with. One type of handler for all keeps this file quick to compile.
struct result
{
    beast::error_code ec{};
    bool done = false;

    struct handler
    {
        result* to;
        void operator()(beast::error_code ec, std::size_t = 0) const { *to = {ec, true}; }
    };

    handler here() { return {this}; }
    bool good() const { return done && !ec; }
};

struct stream_pair
{
    stream_type client, server;

    explicit stream_pair(test::context& ctx) : stream_pair(test::tcp_pair(ctx)) {}

    /// Both handshakes, done.
    void shake(test::context& ctx)
    {
        result accepted, shaken;
        server.async_accept(accepted.here());
        client.async_handshake("localhost", "/", shaken.here());
        test::run_until(ctx, [&] { return accepted.good() && shaken.good(); });
    }

private:
    explicit stream_pair(test::tcp_pair pair) : client(std::move(pair.a)), server(std::move(pair.b))
    {
    }
};

/// Waits for a message: the control frames that come meanwhile are answered.
struct reader
{
    stream_type& stream;
    beast::flat_buffer buffer{};
    result got{};

    void start() { stream.async_read(buffer, got.here()); }
};

base::timeout idle(std::chrono::steady_clock::duration time, bool pings)
{
    return {30s, time, pings};
}

} // namespace

BOOST_AUTO_TEST_SUITE(beast_websocket)

BOOST_AUTO_TEST_CASE(messages_and_an_orderly_close)
{
    test::context ctx;
    stream_pair pair(ctx);
    beast::error_code end;
    int echoed = 0;
    auto const serve = [&]() -> awaitable<void> {
        pair.server.set_option(base::timeout::suggested(beast::role_type::server));
        co_await pair.server.async_accept(use_awaitable);
        for (;;)
        {
            beast::flat_buffer buffer;
            co_await pair.server.async_read(buffer, asio::redirect_error(use_awaitable, end));
            if (end)
                co_return;
            co_await pair.server.async_write(buffer.data(), use_awaitable);
        }
    };
    auto const talk = [&]() -> awaitable<void> {
        co_await pair.client.async_handshake("localhost", "/", use_awaitable);
        for (std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(70'000)})
        {
            std::string const text(size, 'w');
            co_await pair.client.async_write(asio::buffer(text), use_awaitable);
            beast::flat_buffer buffer;
            co_await pair.client.async_read(buffer, use_awaitable);
            echoed += beast::buffers_to_string(buffer.data()) == text;
        }
        co_await pair.client.async_close({websocket::close_code::going_away, "bye"}, use_awaitable);
    };
    asio::co_spawn(ctx, serve(), no_exception);
    asio::co_spawn(ctx, talk(), no_exception);
    test::run(ctx);
    BOOST_TEST(echoed == 3);
    BOOST_TEST((end == websocket::error::closed));
    BOOST_TEST((pair.server.reason().code == websocket::close_code::going_away));
    BOOST_TEST(std::string(pair.server.reason().reason.c_str()) == "bye");
}

BOOST_AUTO_TEST_CASE(large_messages_both_ways_at_once_compressed_or_not)
{
    for (bool compressed : {false, true})
    {
        test::context ctx;
        stream_pair pair(ctx);
        websocket::permessage_deflate deflate;
        deflate.client_enable = deflate.server_enable = compressed;
        pair.client.set_option(deflate);
        pair.server.set_option(deflate);
        pair.shake(ctx);
        std::string text(compressed ? 1u << 20 : 4u << 20, 'm');
        for (std::size_t i = 0; i < text.size(); i += 13)
            text[i] = static_cast<char>('a' + i % 26);
        result sent_there, sent_back, got_there, got_back;
        beast::flat_buffer at_server, at_client;
        pair.client.async_write(asio::buffer(text), sent_there.here());
        pair.server.async_write(asio::buffer(text), sent_back.here());
        pair.client.async_read(at_client, got_back.here());
        pair.server.async_read(at_server, got_there.here());
        test::run_until(ctx, [&] {
            return sent_there.good() && sent_back.good() && got_there.good() && got_back.good();
        });
        BOOST_TEST((beast::buffers_to_string(at_server.data()) == text));
        BOOST_TEST((beast::buffers_to_string(at_client.data()) == text));
    }
}

BOOST_AUTO_TEST_CASE(pings_and_pongs_beside_reads)
{
    test::context ctx;
    stream_pair pair(ctx);
    pair.shake(ctx);
    std::string at_client, at_server;
    auto const note = [](std::string& into) {
        return [&into](websocket::frame_type type, beast::string_view text) {
            into += type == websocket::frame_type::ping ? "ping "
                : type == websocket::frame_type::pong   ? "pong "
                                                        : "close ";
            into += std::string(text) + ";";
        };
    };
    pair.client.control_callback(note(at_client));
    pair.server.control_callback(note(at_server));
    reader client{pair.client}, server{pair.server};
    client.start();
    server.start();
    result ping, back, pong, closed;
    pair.client.async_ping("1", ping.here());
    test::run_until(ctx, [&] { return at_client == "pong 1;"; });
    pair.server.async_ping("2", back.here());
    test::run_until(ctx, [&] { return at_server == "ping 1;pong 2;"; });
    pair.client.async_pong("3", pong.here());
    test::run_until(ctx, [&] { return at_server == "ping 1;pong 2;pong 3;"; });
    BOOST_TEST(at_client == "pong 1;ping 2;");
    BOOST_TEST((ping.good() && back.good() && pong.good()));
    pair.client.async_close(websocket::close_code::normal, closed.here());
    test::run(ctx);
    BOOST_TEST(at_server == "ping 1;pong 2;pong 3;close ;");
    BOOST_TEST((server.got.ec == websocket::error::closed));
}

BOOST_AUTO_TEST_CASE(both_sides_close_at_once)
{
    test::context ctx;
    stream_pair pair(ctx);
    pair.shake(ctx);
    result at_client, at_server;
    pair.client.async_close(websocket::close_code::normal, at_client.here());
    pair.server.async_close(websocket::close_code::normal, at_server.here());
    test::run(ctx);
    BOOST_TEST(at_client.good());
    BOOST_TEST(at_server.good());
    BOOST_TEST(!pair.client.is_open());
    BOOST_TEST(!pair.server.is_open());
}

BOOST_AUTO_TEST_CASE(a_close_reads_over_what_it_did_not_want)
{
    test::context ctx;
    stream_pair pair(ctx);
    pair.shake(ctx);
    std::string const text(2u << 20, 'u');
    result written, closed;
    pair.server.async_write(asio::buffer(text), written.here());
    pair.client.async_close(websocket::close_code::normal, closed.here());
    test::run_until(ctx, [&] { return written.good(); });
    reader server{pair.server};
    server.start();
    test::run(ctx);
    BOOST_TEST(closed.good());
    BOOST_TEST((server.got.ec == websocket::error::closed));
}

BOOST_AUTO_TEST_CASE(a_peer_that_aborts)
{
    test::context ctx;
    stream_pair pair(ctx);
    pair.shake(ctx);
    reader server{pair.server};
    server.start();
    ctx.poll();
    pair.client.next_layer().set_option(test::tcp_socket::linger(true, 0));
    pair.client.next_layer().close();
    test::run(ctx);
    BOOST_TEST(server.got.ec == asio::error::connection_reset);
}

BOOST_AUTO_TEST_CASE(a_read_is_cancelled_by_its_slot)
{
    test::context ctx;
    stream_pair pair(ctx);
    pair.shake(ctx);
    asio::cancellation_signal stop;
    beast::flat_buffer buffer;
    result got;
    pair.server.async_read(buffer, asio::bind_cancellation_slot(stop.slot(), got.here()));
    ctx.poll();
    BOOST_TEST(!got.done);
    stop.emit(asio::cancellation_type::terminal);
    test::run(ctx);
    BOOST_TEST(got.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(beast_websocket_timeouts)

BOOST_AUTO_TEST_CASE(a_handshake_that_nobody_answers)
{
    test::context ctx;
    stream_pair pair(ctx);
    pair.server.set_option(base::timeout{5ms, base::none(), false});
    pair.client.set_option(base::timeout{5ms, base::none(), false});
    result got;
    pair.server.async_accept(got.here());
    test::run(ctx);
    BOOST_TEST((got.ec == beast::error::timeout));

    stream_pair other(ctx);
    other.client.set_option(base::timeout{5ms, base::none(), false});
    got = {};
    other.client.async_handshake("localhost", "/", got.here());
    test::run(ctx);
    BOOST_TEST((got.ec == beast::error::timeout));
}

BOOST_AUTO_TEST_CASE(an_idle_peer)
{
    test::context ctx;
    stream_pair pair(ctx);
    pair.server.set_option(idle(10ms, false));
    pair.shake(ctx);
    reader server{pair.server};
    server.start();
    test::run(ctx);
    BOOST_TEST((server.got.ec == beast::error::timeout));
}

// Pings go out at half the time; who answers them stays, who does not read does not.
BOOST_AUTO_TEST_CASE(keep_alive_pings)
{
    for (bool answers : {true, false})
    {
        test::context ctx;
        stream_pair pair(ctx);
        pair.server.set_option(idle(answers ? 400ms : 20ms, true));
        pair.shake(ctx);
        int pings = 0;
        result closed;
        pair.client.control_callback([&](websocket::frame_type type, beast::string_view) {
            pings += type == websocket::frame_type::ping;
            if (pings == 3)
                pair.client.async_close(websocket::close_code::normal, closed.here());
        });
        reader server{pair.server}, client{pair.client};
        server.start();
        if (answers)
            client.start();
        test::run(ctx);
        if (answers)
        {
            BOOST_TEST(pings >= 3); // 600 ms and more, beyond the limit
            BOOST_TEST((server.got.ec == websocket::error::closed));
        }
        else
            BOOST_TEST((server.got.ec == beast::error::timeout));
    }
}

BOOST_AUTO_TEST_CASE(a_close_that_nobody_answers)
{
    test::context ctx;
    stream_pair pair(ctx);
    pair.server.set_option(base::timeout{20ms, base::none(), false});
    pair.shake(ctx);
    result got;
    pair.server.async_close(websocket::close_code::normal, got.here());
    test::run(ctx);
    BOOST_TEST((got.ec == beast::error::timeout));
}

BOOST_AUTO_TEST_CASE(a_stream_with_its_own_expiry_below)
{
    test::context ctx;
    test::tcp_pair sockets(ctx);
    using lower = beast::basic_stream<test::tcp, test::executor, beast::unlimited_rate_policy>;
    websocket::stream<lower> client(std::move(sockets.a)), server(std::move(sockets.b));
    client.next_layer().expires_never();
    server.next_layer().expires_never();
    server.set_option(idle(10ms, false));
    result accepted, shaken, got;
    server.async_accept(accepted.here());
    client.async_handshake("localhost", "/", shaken.here());
    test::run_until(ctx, [&] { return accepted.good() && shaken.good(); });
    beast::flat_buffer buffer;
    server.async_read(buffer, got.here());
    test::run(ctx);
    BOOST_TEST((got.ec == beast::error::timeout));
}

BOOST_AUTO_TEST_SUITE_END()
