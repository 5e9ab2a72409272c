//
// What TCP objects answer when something is wrong, and what state they are in afterwards.
// Where a count of run is missing, Asio over epoll counts a readiness event that completed nothing.
//

#include "loopback.hpp"
#include "registry.hpp"

namespace differential {

namespace {

template <class Object>
void log_state(Object& object)
{
    log("state", object);
}

// Every asynchronous operation on a socket that cannot serve it.
void start_everything(tcp_socket& socket, char& byte)
{
    socket.async_read_some(asio::buffer(&byte, 1), report{"read"});
    socket.async_receive(asio::buffer(&byte, 1), report{"receive"});
    socket.async_write_some(asio::buffer(&byte, 1), report{"write"});
    socket.async_send(asio::buffer(&byte, 1), report{"send"});
    socket.async_wait(tcp_socket::wait_read, report{"wait read"});
    socket.async_wait(tcp_socket::wait_write, report{"wait write"});
    socket.async_wait(tcp_socket::wait_error, report{"wait error"});
}

} // namespace

PROACTOR_TEST_BODY(tcp_errors, connect_refused)
{
    context ctx;
    refusing_port port(ctx);
    tcp_socket socket(ctx);
    socket.async_connect(port.endpoint(), report{"connect"});
    ctx.run();
    log_state(socket);
    error_code ec;
    socket.remote_endpoint(ec);
    log("remote", ec);
    socket.close();
    socket.connect(port.endpoint(), ec);
    log("sync", ec);
    log_state(socket);
    attempt("throwing", [&] { tcp_socket(ctx).connect(port.endpoint()); });
}

PROACTOR_TEST_BODY(tcp_errors, connect_after_refusal)
{
    context ctx;
    refusing_port port(ctx);
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket socket(ctx);
    socket.async_connect(port.endpoint(), [&](const error_code& ec) {
        log("first", ec);
        socket.close();
        socket.async_connect(acceptor.local_endpoint(), report{"second"});
    });
    ctx.run();
    log_state(socket);
}

PROACTOR_TEST_BODY(tcp_errors, connect_twice)
{
    context ctx;
    connection c(ctx);
    c.client.async_connect(c.acceptor.local_endpoint(), report{"connect"});
    ctx.run();
    error_code ec;
    c.client.connect(c.acceptor.local_endpoint(), ec);
    log("sync", ec);
}

PROACTOR_TEST_BODY(tcp_errors, closed_socket_asynchronous)
{
    context ctx;
    tcp_socket socket(ctx);
    char byte = 0;
    socket.async_read_some(asio::buffer(&byte, 1), report{"read"});
    log("nothing ran");
    log("run", ctx.run());
    ctx.restart();
    connection c(ctx);
    c.client.close();
    start_everything(c.client, byte);
    ctx.run();
    log_state(c.client);
}

PROACTOR_TEST_BODY(tcp_errors, closed_socket_opens_to_connect)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket socket(ctx);
    log_state(socket);
    socket.async_connect(acceptor.local_endpoint(), report{"connect"});
    log_state(socket);
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_errors, closed_socket_synchronous)
{
    context ctx;
    tcp_socket socket(ctx);
    char byte = 0;
    error_code ec;
    const auto step = [&](const char* name) {
        log(name, ec);
        ec = {};
    };
    log("handle", socket.native_handle());
    socket.read_some(asio::buffer(&byte, 1), ec), step("read");
    socket.write_some(asio::buffer(&byte, 1), ec), step("write");
    socket.receive(asio::buffer(&byte, 1), 0, ec), step("receive");
    socket.send(asio::buffer(&byte, 1), 0, ec), step("send");
    socket.wait(tcp_socket::wait_read, ec), step("wait");
    socket.shutdown(tcp_socket::shutdown_both, ec), step("shutdown");
    socket.cancel(ec), step("cancel");
    socket.close(ec), step("close");
    socket.bind(any_port(), ec), step("bind");
    socket.local_endpoint(ec), step("local");
    socket.remote_endpoint(ec), step("remote");
    socket.available(ec), step("available");
    socket.at_mark(ec), step("at_mark");
    socket.non_blocking(true, ec), step("non_blocking");
    socket.native_non_blocking(true, ec), step("native_non_blocking");
    socket.set_option(tcp::no_delay(true), ec), step("set_option");
    tcp::no_delay option;
    socket.get_option(option, ec), step("get_option");
    tcp_socket::bytes_readable command;
    socket.io_control(command, ec), step("io_control");
    socket.release(ec), step("release");
    log("flags", socket.non_blocking(), socket.native_non_blocking());
}

PROACTOR_TEST_BODY(tcp_errors, closed_socket_throws)
{
    context ctx;
    tcp_socket socket(ctx);
    char byte = 0;
    attempt("read", [&] { return socket.read_some(asio::buffer(&byte, 1)); });
    attempt("write", [&] { return socket.write_some(asio::buffer(&byte, 1)); });
    attempt("wait", [&] { socket.wait(tcp_socket::wait_read); });
    attempt("shutdown", [&] { socket.shutdown(tcp_socket::shutdown_send); });
    attempt("cancel", [&] { socket.cancel(); });
    attempt("close", [&] { socket.close(); });
    attempt("local", [&] { socket.local_endpoint(); });
    attempt("remote", [&] { socket.remote_endpoint(); });
    attempt("available", [&] { return socket.available(); });
    attempt("option", [&] { socket.set_option(tcp::no_delay(true)); });
}

PROACTOR_TEST_BODY(tcp_errors, closed_acceptor)
{
    context ctx;
    tcp_acceptor acceptor(ctx);
    tcp_socket peer(ctx);
    tcp::endpoint endpoint;
    error_code ec;
    acceptor.async_accept(report{"move accept"});
    acceptor.async_accept(peer, report{"accept"});
    acceptor.async_accept(peer, endpoint, report{"accept with endpoint"});
    acceptor.async_wait(tcp_acceptor::wait_read, report{"wait"});
    ctx.run();
    acceptor.accept(peer, ec);
    log("accept", ec, peer);
    acceptor.listen(1, ec);
    log("listen", ec);
    acceptor.bind(any_port(), ec);
    log("bind", ec);
    acceptor.cancel(ec);
    log("cancel", ec);
    acceptor.close(ec);
    log("close", ec);
    acceptor.local_endpoint(ec);
    log("local", ec);
    attempt("throwing", [&] { return acceptor.accept(); });
}

PROACTOR_TEST_BODY(tcp_errors, double_close)
{
    context ctx;
    connection c(ctx);
    error_code ec;
    c.client.close(ec);
    log("first", ec, c.client);
    c.client.close(ec);
    log("second", ec, c.client);
    c.acceptor.close(ec);
    log("acceptor", ec, c.acceptor);
    c.acceptor.close(ec);
    log("acceptor", ec, c.acceptor);
    log("peer", read_to_end(c.server));
}

PROACTOR_TEST_BODY(tcp_errors, open_twice)
{
    context ctx;
    tcp_socket socket(ctx, tcp::v4());
    error_code ec;
    socket.open(tcp::v4(), ec);
    log("socket", ec, socket);
    attempt("throwing", [&] { socket.open(tcp::v4()); });
    tcp_acceptor acceptor(ctx, tcp::v4());
    acceptor.open(tcp::v4(), ec);
    log("acceptor", ec, acceptor);
    socket.assign(tcp::v4(), 0, ec);
    log("assign", ec, socket);
}

PROACTOR_TEST_BODY(tcp_errors, assign_invalid_handle)
{
    context ctx;
    tcp_socket socket(ctx);
    error_code ec;
    socket.assign(tcp::v4(), -1, ec);
    log("-1", ec, socket);
    socket.assign(tcp::v4(), 1000, ec);
    log("1000", ec, socket);
    attempt("throwing", [&] { tcp_socket(ctx, tcp::v4(), 1000); });
}

PROACTOR_TEST_BODY(tcp_errors, bind_in_use)
{
    context ctx;
    tcp_acceptor first(ctx, any_port());
    error_code ec;
    tcp_acceptor second(ctx, tcp::v4());
    second.bind(first.local_endpoint(), ec);
    log("bind", ec, second);
    attempt("constructor", [&] { tcp_acceptor(ctx, first.local_endpoint()); });
    attempt("reuse", [&] { tcp_acceptor(ctx, first.local_endpoint(), false); });
    tcp_socket socket(ctx);
    attempt("socket", [&] { socket = tcp_socket(ctx, first.local_endpoint()); });
}

PROACTOR_TEST_BODY(tcp_errors, accept_without_listen)
{
    context ctx;
    tcp_acceptor acceptor(ctx, tcp::v4());
    acceptor.bind(any_port());
    acceptor.async_accept(report{"accept"});
    log("run", ctx.run());
    error_code ec;
    tcp_socket peer(ctx);
    acceptor.accept(peer, ec);
    log("sync", ec, peer);
}

PROACTOR_TEST_BODY(tcp_errors, accept_into_open_socket)
{
    context ctx;
    connection c(ctx);
    c.acceptor.async_accept(c.server, report{"accept"});
    log("run", ctx.run());
    error_code ec;
    c.acceptor.accept(c.server, ec);
    log("sync", ec, c.server);
}

PROACTOR_TEST_BODY(tcp_errors, end_of_stream)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("last", 4));
    c.server.close();
    char data[16];
    for (int i = 0; i < 3; ++i)
    {
        c.client.async_read_some(asio::buffer(data), report{"read"});
        ctx.restart();
        ctx.run();
    }
    error_code ec;
    log("sync", c.client.read_some(asio::buffer(data), ec));
    log("sync", ec);
    attempt("throwing", [&] { return c.client.read_some(asio::buffer(data)); });
    log_state(c.client);
}

// One read only: on a second one that is queued behind the end of the stream, Asio over epoll
// waits for ever.
PROACTOR_TEST_BODY(tcp_errors, pending_read_sees_the_end)
{
    context ctx;
    connection c(ctx);
    char data[16];
    c.client.async_read_some(asio::buffer(data), report{"read"});
    log("poll", ctx.poll());
    c.server.shutdown(tcp_socket::shutdown_send);
    log("run", ctx.run());
    asio::write(c.client, asio::buffer("half", 4));
    log("other half", read_exactly(c.server, 4));
}

PROACTOR_TEST_BODY(tcp_errors, reset)
{
    context ctx;
    connection c(ctx);
    char data[16];
    c.client.async_read_some(asio::buffer(data), report{"read"});
    log("poll", ctx.poll());
    c.server.set_option(asio::socket_base::linger(true, 0));
    c.server.close();
    log("run", ctx.run());
    ctx.restart();
    c.client.async_write_some(asio::buffer("x", 1), report{"write"});
    ctx.run();
    error_code ec;
    c.client.read_some(asio::buffer(data), ec);
    log("sync read", ec);
    c.client.write_some(asio::buffer("x", 1), ec);
    log("sync write", ec);
    c.client.remote_endpoint(ec);
    log("remote", ec);
    log_state(c.client);
}

PROACTOR_TEST_BODY(tcp_errors, reset_seen_by_a_write)
{
    context ctx;
    connection c(ctx);
    fill(c.client);
    c.client.async_write_some(asio::buffer("x", 1), report{"write"});
    ctx.poll();
    c.server.set_option(asio::socket_base::linger(true, 0));
    c.server.close();
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_errors, connection_reset_before_accept)
{
    for (const bool enabled : {false, true})
    {
        context ctx;
        tcp_acceptor acceptor(ctx, any_port());
        acceptor.set_option(asio::socket_base::enable_connection_aborted(enabled));
        tcp_socket client(ctx);
        client.connect(acceptor.local_endpoint());
        await_readable(acceptor.native_handle());
        client.set_option(asio::socket_base::linger(true, 0));
        client.close();
        acceptor.async_accept([](const error_code& ec, auto peer) {
            log("accept", ec, peer);
            char byte;
            error_code read;
            peer.read_some(asio::buffer(&byte, 1), read);
            log("read", read);
        });
        log("run", ctx.run());
    }
}

PROACTOR_TEST_BODY(tcp_errors, shutdown_then_use)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.shutdown(tcp_socket::shutdown_both);
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.run();
    ctx.restart();
    c.client.async_write_some(asio::buffer(&byte, 1), report{"write"});
    ctx.run();
    error_code ec;
    c.client.shutdown(tcp_socket::shutdown_both, ec);
    log("again", ec, c.client);
    log("peer", read_to_end(c.server));
}

PROACTOR_TEST_BODY(tcp_errors, shutdown_wakes_a_pending_read)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    log("poll", ctx.poll());
    c.client.shutdown(tcp_socket::shutdown_receive);
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_errors, not_connected)
{
    context ctx;
    tcp_socket socket(ctx, tcp::v4());
    char byte = 0;
    error_code ec;
    socket.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.run();
    ctx.restart();
    socket.async_write_some(asio::buffer(&byte, 1), report{"write"});
    ctx.run();
    socket.remote_endpoint(ec);
    log("remote", ec);
    log("local", socket.local_endpoint(ec).port());
    log("local", ec);
    socket.shutdown(tcp_socket::shutdown_both, ec);
    log("shutdown", ec);
    socket.read_some(asio::buffer(&byte, 1), ec);
    log("sync read", ec);
    socket.write_some(asio::buffer(&byte, 1), ec);
    log("sync write", ec);
}

PROACTOR_TEST_BODY(tcp_errors, listening_socket_cannot_connect)
{
    context ctx;
    tcp_acceptor other(ctx, any_port());
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket socket(ctx, tcp::v4(), acceptor.release());
    socket.async_connect(other.local_endpoint(), report{"connect"});
    ctx.run();
    log_state(acceptor);
    log_state(socket);
}

} // namespace differential
