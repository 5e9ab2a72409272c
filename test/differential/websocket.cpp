//
// What Beast's streams make of time limits and of the ways in which a connection ends.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

namespace differential {

using namespace std::chrono_literals;

namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using stream_type = websocket::stream<tcp_socket>;
using base = websocket::stream_base;

/// What one operation ended with. Two streams end in no promised order. One type of handler for all
/// keeps this file quick to compile.
struct ending
{
    error_code ec = asio::error::would_block;

    struct handler
    {
        ending* to;
        void operator()(const error_code& ec, std::size_t = 0) const { to->ec = ec; }
    };

    handler here() { return {this}; }
};

struct stream_pair
{
    explicit stream_pair(context& ctx) : stream_pair(connection(ctx)) {}
    explicit stream_pair(connection c) : a(std::move(c.client)), b(std::move(c.server)) {}

    void shake(context& ctx)
    {
        ending accepted;
        ending shaken;
        b.async_accept(accepted.here());
        a.async_handshake("localhost", "/", shaken.here());
        while (accepted.ec == asio::error::would_block || shaken.ec == asio::error::would_block)
        {
            ctx.run_one();
        }
        ctx.restart();
        log("handshakes", accepted.ec, shaken.ec);
    }

    stream_type a;
    stream_type b;
};

void log_code(const char* name, const stream_type& stream)
{
    log(name, stream.is_open(), static_cast<int>(stream.reason().code),
        std::string_view(stream.reason().reason.data(), stream.reason().reason.size()));
}

} // namespace

PROACTOR_TEST_BODY(websocket, time_limits)
{
    const base::timeout of_handshakes{5ms, base::none(), false};
    ending end;
    {
        context ctx;
        stream_pair pair(ctx);
        pair.b.set_option(of_handshakes);
        pair.b.async_accept(end.here());
        run_all(ctx);
        log("accept", end.ec, pair.b.next_layer());
    }
    {
        context ctx;
        stream_pair pair(ctx);
        pair.a.set_option(of_handshakes);
        pair.a.async_handshake("localhost", "/", end.here());
        run_all(ctx);
        log("handshake", end.ec, pair.a.next_layer());
    }
    {
        context ctx;
        stream_pair pair(ctx);
        pair.b.set_option(base::timeout{30s, 10ms, false});
        pair.shake(ctx);
        beast::flat_buffer buffer;
        pair.b.async_read(buffer, end.here());
        run_all(ctx);
        log("idle", end.ec, pair.b.next_layer());
        pair.b.async_read(buffer, end.here());
        run_all(ctx);
        log("read after it", end.ec);
        pair.b.async_write(asio::buffer("x", 1), end.here());
        run_all(ctx);
        log("write after it", end.ec);
        pair.b.async_close(websocket::close_code::normal, end.here());
        run_all(ctx);
        log("close after it", end.ec);
        pair.a.async_read(buffer, end.here());
        run_all(ctx);
        log("peer", end.ec);
    }
    {
        context ctx;
        stream_pair pair(ctx);
        pair.b.set_option(of_handshakes);
        pair.shake(ctx);
        pair.b.async_close(websocket::close_code::normal, end.here());
        run_all(ctx);
        log("close", end.ec, pair.b.next_layer());
    }
}

PROACTOR_TEST_BODY(websocket, expiry_of_the_stream_below)
{
    context ctx;
    connection c(ctx);
    beast::basic_stream<tcp, executor, beast::unlimited_rate_policy> stream(std::move(c.client));
    char data[8];
    ending end;
    stream.expires_after(5ms);
    stream.async_read_some(asio::buffer(data), end.here());
    run_all(ctx);
    log("read", end.ec, stream.socket());
    stream.async_read_some(asio::buffer(data), end.here());
    run_all(ctx);
    log("again", end.ec);
    stream.expires_after(5ms);
    stream.async_connect(c.acceptor.local_endpoint(), end.here());
    run_all(ctx);
    log("connect", end.ec, stream.socket());
    stream.expires_after(-1s);
    stream.async_read_some(asio::buffer(data), end.here());
    run_all(ctx);
    log("past", end.ec, stream.socket());
    stream.close();
    stream.expires_never();
    stream.async_write_some(asio::buffer("x", 1), end.here());
    run_all(ctx);
    log("closed", end.ec);
}

PROACTOR_TEST_BODY(websocket, both_close_at_once)
{
    context ctx;
    stream_pair pair(ctx);
    pair.shake(ctx);
    ending a;
    ending b;
    pair.a.async_close({websocket::close_code::going_away, "a"}, a.here());
    pair.b.async_close({websocket::close_code::try_again_later, "b"}, b.here());
    run_all(ctx);
    log("ends", a.ec, b.ec);
    log_code("a", pair.a);
    log_code("b", pair.b);
    beast::flat_buffer buffer;
    pair.a.async_read(buffer, a.here());
    pair.b.async_write(asio::buffer("x", 1), b.here());
    run_all(ctx);
    log("after", a.ec, b.ec);
}

PROACTOR_TEST_BODY(websocket, closed_beside_a_read)
{
    context ctx;
    stream_pair pair(ctx);
    pair.shake(ctx);
    ending read;
    ending of_the_closing;
    ending closed;
    beast::flat_buffer at_a;
    beast::flat_buffer at_b;
    pair.a.async_read(at_a, of_the_closing.here());
    pair.b.async_read(at_b, read.here());
    pair.a.async_close({websocket::close_code::normal, "bye"}, closed.here());
    run_all(ctx);
    log("ends", closed.ec, of_the_closing.ec, read.ec);
    log_code("a", pair.a);
    log_code("b", pair.b);
}

PROACTOR_TEST_BODY(websocket, cut)
{
    for (const bool reset : {false, true})
    {
        context ctx;
        stream_pair pair(ctx);
        pair.shake(ctx);
        ending read;
        beast::flat_buffer buffer;
        pair.b.async_read(buffer, read.here());
        ctx.poll();
        if (reset)
        {
            pair.a.next_layer().set_option(tcp_socket::linger(true, 0));
        }
        pair.a.next_layer().close();
        run_all(ctx);
        log("read", read.ec);
        log_code("state", pair.b);
        pair.b.async_close(websocket::close_code::normal, read.here());
        run_all(ctx);
        log("close", read.ec);
        pair.a.async_read(buffer, read.here());
        run_all(ctx);
        log("of the closed", read.ec);
    }
}

PROACTOR_TEST_BODY(websocket, broken_rules)
{
    struct
    {
        const char* name;
        std::string frame;
    } const table[] = {
        {"not masked", std::string("\x81\x01x", 3)},
        {"no such opcode", std::string("\x83\x81\0\0\0\0x", 7)},
        {"long ping", std::string("\x89\xfe\x01\x00", 4) + std::string(260, '\0')},
        {"not utf8", std::string("\x81\x81\0\0\0\0\xff", 7)},
        {"too big", std::string("\x82\xfe\x40\x00", 4) + std::string(4, '\0')},
    };
    for (const auto& [name, frame] : table)
    {
        context ctx;
        stream_pair pair(ctx);
        pair.b.read_message_max(1000);
        pair.shake(ctx);
        asio::write(pair.a.next_layer(), asio::buffer(frame));
        pair.a.next_layer().shutdown(tcp_socket::shutdown_send);
        ending read;
        beast::flat_buffer buffer;
        pair.b.set_option(base::timeout{20ms, base::none(), false});
        pair.b.async_read(buffer, read.here());
        run_all(ctx);
        log(name, read.ec, pair.b.is_open());
    }
    for (const std::string_view answer :
         {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "no protocol\r\n\r\n"})
    {
        context ctx;
        stream_pair pair(ctx);
        asio::write(pair.b.next_layer(), asio::buffer(answer));
        ending shaken;
        pair.a.async_handshake("localhost", "/", shaken.here());
        run_all(ctx);
        log("handshake", shaken.ec);
    }
}

} // namespace differential
