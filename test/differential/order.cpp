//
// Programs that mix asynchronous and synchronous calls: the kernel must see them in the order of
// the program.
//

#include "loopback.hpp"
#include "registry.hpp"

namespace differential {

PROACTOR_TEST_BODY(order, connect_then_sync_accept)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    client.async_connect(acceptor.local_endpoint(), report{"connect"});
    tcp_socket server = acceptor.accept();
    log("accepted", server);
    log("run", ctx.run());
    log("client", client);
}

PROACTOR_TEST_BODY(order, write_then_shutdown)
{
    context ctx;
    connection c(ctx);
    c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
    c.client.shutdown(tcp_socket::shutdown_send);
    log("peer", read_to_end(c.server));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, write_then_sync_write)
{
    context ctx;
    connection c(ctx);
    c.client.async_write_some(asio::buffer("A", 1), report{"write"});
    log("sync", c.client.write_some(asio::buffer("B", 1)));
    log("peer", read_exactly(c.server, 2));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, write_then_sync_read_on_peer)
{
    context ctx;
    connection c(ctx);
    c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
    char data[16];
    const std::size_t n = c.server.read_some(asio::buffer(data));
    log("peer", std::string_view(data, n));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, write_then_available_on_peer)
{
    context ctx;
    connection c(ctx);
    c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
    c.server.wait(tcp_socket::wait_read);
    log("available", c.server.available());
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, write_then_close)
{
    context ctx;
    connection c(ctx);
    c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
    c.client.close();
    log("peer", read_to_end(c.server));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, write_then_destroy)
{
    context ctx;
    connection c(ctx);
    {
        tcp_socket doomed = std::move(c.client);
        doomed.async_write_some(asio::buffer("hello", 5), report{"write"});
    }
    log("peer", read_to_end(c.server));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, write_then_release)
{
    context ctx;
    connection c(ctx);
    c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
    const int handle = c.client.release();
    log("raw", ::send(handle, " you", 4, 0));
    ::close(handle);
    log("peer", read_to_end(c.server));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, write_then_cancel)
{
    context ctx;
    connection c(ctx);
    c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
    c.client.cancel();
    log("peer", read_exactly(c.server, 5));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, data_then_cancel)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("hello", 5));
    await_readable(c.client.native_handle());
    char data[16] = {};
    c.client.async_read_some(asio::buffer(data), report{"read"});
    c.client.cancel();
    log("run", ctx.run());
    log("data", data);
}

PROACTOR_TEST_BODY(order, data_then_close)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("hello", 5));
    await_readable(c.client.native_handle());
    char data[16] = {};
    c.client.async_read_some(asio::buffer(data), report{"read"});
    c.client.close();
    log("run", ctx.run());
    log("data", data);
    log("client", c.client);
}

PROACTOR_TEST_BODY(order, data_then_destroy)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("hello", 5));
    await_readable(c.client.native_handle());
    char data[16] = {};
    {
        tcp_socket doomed = std::move(c.client);
        doomed.async_read_some(asio::buffer(data), report{"read"});
    }
    log("run", ctx.run());
    log("data", data);
}

PROACTOR_TEST_BODY(order, end_then_cancel)
{
    context ctx;
    connection c(ctx);
    c.server.close();
    await_readable(c.client.native_handle());
    char data[16] = {};
    c.client.async_read_some(asio::buffer(data), report{"read"});
    c.client.cancel();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, connection_then_cancel_accept)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    await_readable(acceptor.native_handle());
    acceptor.async_accept(report{"accept"});
    acceptor.cancel();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, queued_reads)
{
    context ctx;
    connection c(ctx);
    std::array<char, 4> data{};
    for (std::size_t i = 0; i < data.size(); ++i)
    {
        c.client.async_read_some(asio::buffer(&data[i], 1),
                                 [&data, i](const error_code& ec, std::size_t n) {
                                     log("read", i, ec, n, std::string_view(&data[i], n));
                                 });
    }
    log("idle", ctx.poll());
    for (const char* byte : {"a", "b", "c", "d"})
    {
        asio::write(c.server, asio::buffer(byte, 1));
        log("run_one", ctx.run_one());
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, queued_reads_of_one_burst)
{
    context ctx;
    connection c(ctx);
    std::array<std::array<char, 3>, 5> data{};
    for (std::size_t i = 0; i < data.size(); ++i)
    {
        c.client.async_read_some(asio::buffer(data[i]),
                                 [&data, i](const error_code& ec, std::size_t n) {
                                     log("read", i, ec, std::string_view(data[i].data(), n));
                                 });
    }
    asio::write(c.server, asio::buffer("abcdefghijkl", 12));
    c.server.close();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, queued_writes)
{
    context ctx;
    connection c(ctx);
    static const std::string text = "abcdefgh";
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        c.client.async_write_some(
            asio::buffer(&text[i], 1),
            [i](const error_code& ec, std::size_t n) { log("write", i, ec, n); });
    }
    log("peer", read_exactly(c.server, text.size()));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, queued_accepts)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    std::array<tcp_socket, 3> clients{tcp_socket(ctx), tcp_socket(ctx), tcp_socket(ctx)};
    for (int i = 0; i < 3; ++i)
    {
        acceptor.async_accept([&clients, i](const error_code& ec, auto peer) {
            log("accept", i, ec, peer);
            error_code ignored;
            log("client", peer.remote_endpoint(ignored) == clients[i].local_endpoint(ignored));
        });
    }
    for (tcp_socket& client : clients)
    {
        client.connect(acceptor.local_endpoint());
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, pending_read_and_sync_read)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("ab", 2));
    await_readable(c.client.native_handle());
    char first = 0;
    char second = 0;
    c.client.async_read_some(asio::buffer(&first, 1), report{"read"});
    log("sync", c.client.read_some(asio::buffer(&second, 1)));
    log("run", ctx.run());
    log("order", std::string{first, second});
}

PROACTOR_TEST_BODY(order, write_from_handler_then_sync_read)
{
    context ctx;
    connection c(ctx);
    asio::post(ctx, [&] {
        c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
        log("peer", read_exactly(c.server, 5));
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, write_then_connect_elsewhere)
{
    context ctx;
    connection c(ctx);
    tcp_socket other(ctx);
    c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
    other.connect(c.acceptor.local_endpoint());
    await_readable(c.server.native_handle());
    log("peer", drain(c.server));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(order, poll_sends_what_was_started)
{
    context ctx;
    connection c(ctx);
    c.client.async_write_some(asio::buffer("hello", 5), report{"write"});
    std::size_t count = 0;
    while (count == 0)
    {
        count = ctx.poll();
    }
    log("count", count);
    await_readable(c.server.native_handle());
    log("peer", drain(c.server));
}

} // namespace differential
