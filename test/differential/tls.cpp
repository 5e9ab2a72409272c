//
// What Asio's TLS stream makes of the ways in which a connection ends.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include "../libraries/tls.hpp"

namespace differential {

namespace {

namespace ssl = asio::ssl;
using tls_stream = ssl::stream<tcp_socket>;
using base = ssl::stream_base;

/// What one operation ended with. Two streams end in no promised order.
struct ending
{
    error_code ec = asio::error::would_block;
    std::size_t size = 0;

    auto here()
    {
        return [this](const error_code& error, std::size_t n = 0) { ec = error, size = n; };
    }
};

struct tls_connection : test::tls_contexts
{
    explicit tls_connection(context& ctx) : tls_connection(connection(ctx)) {}

    explicit tls_connection(connection c)
        : a(std::move(c.client), client), b(std::move(c.server), server)
    {
    }

    /// Both handshakes.
    void shake(context& ctx)
    {
        ending at_a;
        ending at_b;
        a.async_handshake(base::client, at_a.here());
        b.async_handshake(base::server, at_b.here());
        run_all(ctx);
        log("handshakes", at_a.ec, at_b.ec);
    }

    tls_stream a;
    tls_stream b;
};

} // namespace

PROACTOR_TEST_BODY(tls, orderly_shutdown)
{
    context ctx;
    tls_connection c(ctx);
    c.shake(ctx);
    ending shut;
    ending read;
    char data[8];
    c.a.async_shutdown(shut.here());
    c.b.async_read_some(asio::buffer(data), read.here());
    while (read.ec == asio::error::would_block)
    {
        ctx.run_one();
    }
    log("read", read.ec, read.size);
    c.b.async_shutdown(read.here());
    run_all(ctx);
    log("shutdowns", shut.ec, read.ec);
    c.a.async_write_some(asio::buffer("x", 1), report{"write after it"});
    run_all(ctx);
    c.a.async_read_some(asio::buffer(data), report{"read after it"});
    run_all(ctx);
    c.b.async_shutdown(report{"again"});
    run_all(ctx);
}

PROACTOR_TEST_BODY(tls, both_shut_down_at_once)
{
    context ctx;
    tls_connection c(ctx);
    c.shake(ctx);
    ending a;
    ending b;
    c.a.async_shutdown(a.here());
    c.b.async_shutdown(b.here());
    run_all(ctx);
    log("ends", a.ec, b.ec);
}

PROACTOR_TEST_BODY(tls, truncated)
{
    for (const char* what : {"read", "shutdown", "synchronous read"})
    {
        context ctx;
        tls_connection c(ctx);
        c.shake(ctx);
        char data[8];
        const std::string_view name(what);
        if (name == "read")
        {
            c.a.async_read_some(asio::buffer(data), report{what});
        }
        else if (name == "shutdown")
        {
            c.a.async_shutdown(report{what});
        }
        ctx.poll();
        c.b.next_layer().shutdown(tcp_socket::shutdown_send);
        run_all(ctx);
        if (name == "synchronous read")
        {
            error_code ec;
            c.a.read_some(asio::buffer(data), ec);
            log(what, ec);
        }
    }
}

PROACTOR_TEST_BODY(tls, reset)
{
    for (const bool shutting_down : {false, true})
    {
        context ctx;
        tls_connection c(ctx);
        c.shake(ctx);
        char data[8];
        if (shutting_down)
        {
            c.a.async_shutdown(report{"shutdown"});
        }
        else
        {
            c.a.async_read_some(asio::buffer(data), report{"read"});
        }
        ctx.poll();
        c.b.next_layer().set_option(tcp_socket::linger(true, 0));
        c.b.next_layer().close();
        run_all(ctx);
        c.a.async_write_some(asio::buffer("x", 1), report{"write"});
        run_all(ctx);
    }
}

PROACTOR_TEST_BODY(tls, closed_below)
{
    context ctx;
    tls_connection c(ctx);
    c.shake(ctx);
    ending read;
    char data[8];
    c.a.async_read_some(asio::buffer(data), read.here());
    ctx.poll();
    c.a.next_layer().close();
    run_all(ctx);
    log("read", read.ec);
    c.a.async_write_some(asio::buffer("x", 1), report{"write"});
    run_all(ctx);
    c.a.async_shutdown(report{"shutdown"});
    run_all(ctx);
    c.b.async_read_some(asio::buffer(data), report{"peer"});
    run_all(ctx);
}

PROACTOR_TEST_BODY(tls, cancelled)
{
    context ctx;
    tls_connection c(ctx);
    ending end;
    char data[8];
    c.a.async_handshake(base::client, end.here());
    ctx.poll();
    c.a.next_layer().cancel();
    run_all(ctx);
    log("handshake", end.ec);
    tls_connection d(ctx);
    d.shake(ctx);
    asio::cancellation_signal signal;
    d.a.async_read_some(asio::buffer(data),
                        asio::bind_cancellation_slot(signal.slot(), report{"read"}));
    asio::post(ctx, [&] { signal.emit(asio::cancellation_type::terminal); });
    run_all(ctx);
}

PROACTOR_TEST_BODY(tls, handshakes_that_fail)
{
    const std::string_view words = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    for (const auto side : {base::client, base::server})
    {
        context ctx;
        tls_connection c(ctx);
        tls_stream& stream = side == base::client ? c.a : c.b;
        tls_stream& other = side == base::client ? c.b : c.a;
        asio::write(other.next_layer(), asio::buffer(words));
        stream.async_handshake(side, report{"words"});
        run_all(ctx);
    }
    {
        context ctx;
        tls_connection c(ctx);
        c.a.async_handshake(base::client, report{"left"});
        ctx.poll();
        await_readable(c.b.next_layer().native_handle());
        drain(c.b.next_layer());
        c.b.next_layer().close();
        run_all(ctx);
    }
    context ctx;
    tls_connection c(ctx);
    ssl::context distrusting(ssl::context::tls_client);
    distrusting.set_verify_mode(ssl::verify_peer);
    tls_stream stream(std::move(c.a.next_layer()), distrusting);
    ending a;
    ending b;
    stream.async_handshake(base::client, a.here());
    c.b.async_handshake(base::server, b.here());
    run_all(ctx);
    log("not trusted", a.ec, b.ec);
}

} // namespace differential
