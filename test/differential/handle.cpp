//
// Handles that go from one owner to another: between contexts, to objects of the wrong kind, to
// plain descriptors that have neither reads nor writes.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include "../support/terminal.hpp"

#include <fcntl.h>

namespace differential {

namespace {

/// A descriptor by itself is nobody's last type.
struct plain_descriptor : asio::posix::basic_descriptor<executor>
{
    using asio::posix::basic_descriptor<executor>::basic_descriptor;
};

bool in_use(int handle)
{
    return ::fcntl(handle, F_GETFD) >= 0;
}

bool native_mode_of(int handle)
{
    return (::fcntl(handle, F_GETFL) & O_NONBLOCK) != 0;
}

} // namespace

PROACTOR_TEST_BODY(handle, of_two_contexts)
{
    context first;
    context second;
    connection c(first);
    tcp_socket other(second, tcp::v4(), c.client.native_handle());
    char data[8];
    asio::write(c.server, asio::buffer("a", 1));
    other.async_read_some(asio::buffer(data), report{"of the second"});
    run_all(second);
    asio::write(c.server, asio::buffer("b", 1));
    c.client.async_read_some(asio::buffer(data), report{"of the first"});
    run_all(first);
    // Both wait; who waits on the second is told to go.
    c.client.async_read_some(asio::buffer(data), report{"of the first"});
    other.async_wait(tcp_socket::wait_read, report{"wait of the second"});
    first.poll();
    second.poll();
    other.cancel();
    run_all(second);
    log("released", other.release() == c.client.native_handle());
    asio::write(c.server, asio::buffer("c", 1));
    run_all(first);
    log("client", c.client, other);
}

PROACTOR_TEST_BODY(handle, from_context_to_context)
{
    context first;
    context second;
    connection c(first);
    char data[8];
    c.client.async_read_some(asio::buffer(data), report{"released"});
    first.poll();
    const int handle = c.client.release();
    run_all(first);
    tcp_socket other(second);
    error_code ec;
    other.assign(tcp::v4(), handle, ec);
    log("assigned", ec, c.client, other);
    other.async_read_some(asio::buffer(data), report{"read"});
    asio::write(c.server, asio::buffer("x", 1));
    run_all(second);
    c.client.assign(tcp::v4(), other.release(), ec);
    log("back", ec, c.client, other);
    c.client.async_write_some(asio::buffer("y", 1), report{"write"});
    run_all(first);
    log("got", read_exactly(c.server, 1));
    c.client.close();
    log("in use", in_use(handle));
}

PROACTOR_TEST_BODY(handle, from_kind_to_kind)
{
    context ctx;
    connection c(ctx);
    char data[8];
    error_code ec;
    stream_descriptor descriptor(ctx);
    descriptor.assign(c.client.release(), ec);
    log("as a descriptor", ec, descriptor);
    descriptor.async_read_some(asio::buffer(data), report{"read"});
    asio::write(c.server, asio::buffer("x", 1));
    run_all(ctx);
    readable_pipe pipe(ctx);
    pipe.assign(descriptor.release(), ec);
    log("as a pipe", ec, pipe);
    pipe.async_read_some(asio::buffer(data), report{"read"});
    asio::write(c.server, asio::buffer("y", 1));
    run_all(ctx);
    udp_socket datagrams(ctx);
    datagrams.assign(udp::v4(), pipe.release(), ec);
    log("as a datagram socket", ec, datagrams);
    datagrams.async_receive(asio::buffer(data), report{"receive"});
    asio::write(c.server, asio::buffer("z", 1));
    run_all(ctx);
}

PROACTOR_TEST_BODY(handle, acceptor_of_what_does_not_listen)
{
    context ctx;
    tcp_socket bound(ctx, any_port());
    tcp_acceptor acceptor(ctx);
    tcp_socket peer(ctx);
    error_code ec;
    acceptor.assign(tcp::v4(), bound.release(), ec);
    log("assigned", ec, acceptor);
    acceptor.async_accept(peer, report{"accept"});
    run_all(ctx);
    acceptor.accept(peer, ec);
    log("sync", ec, peer);
    acceptor.async_wait(tcp_acceptor::wait_read, report{"wait"});
    run_all(ctx);
    acceptor.listen(asio::socket_base::max_listen_connections, ec);
    log("listen", ec);
    acceptor.async_accept(peer, report{"accept"});
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    run_all(ctx);
    log("peer", peer);
    tcp_acceptor of_a_connection(ctx);
    of_a_connection.assign(tcp::v4(), client.release(), ec);
    of_a_connection.listen(1, ec);
    log("listen on a connection", ec);
    of_a_connection.accept(bound, ec);
    log("accept on a connection", ec, bound);
    udp_socket datagrams(ctx, any_udp_port());
    tcp_acceptor of_datagrams(ctx, tcp::v4(), datagrams.release());
    of_datagrams.async_accept(report{"accept on datagrams"});
    run_all(ctx);
    of_datagrams.listen(1, ec);
    log("listen on datagrams", ec);
}

PROACTOR_TEST_BODY(handle, plain_descriptor)
{
    context ctx;
    int ends[2];
    log("pair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    plain_descriptor descriptor(ctx);
    stream_descriptor far(ctx, ends[1]);
    error_code ec;
    descriptor.assign(-1, ec);
    log("-1", ec, descriptor);
    descriptor.assign(ends[0], ec);
    log("assigned", ec, descriptor, descriptor.native_handle() == ends[0]);
    descriptor.assign(ends[0], ec);
    log("twice", ec);

    descriptor.wait(plain_descriptor::wait_write, ec);
    log("wait_write", ec);
    descriptor.async_wait(plain_descriptor::wait_write, report{"async wait_write"});
    run_all(ctx);
    descriptor.async_wait(plain_descriptor::wait_read, report{"async wait_read"});
    ctx.poll();
    asio::write(far, asio::buffer("abc", 3));
    run_all(ctx);
    descriptor.wait(plain_descriptor::wait_read, ec);
    log("wait_read", ec);
    descriptor.async_wait(plain_descriptor::wait_error, report{"async wait_error"});
    ctx.poll();
    descriptor.cancel(ec);
    log("cancel", ec);
    run_all(ctx);

    plain_descriptor::bytes_readable readable;
    descriptor.io_control(readable, ec);
    log("bytes_readable", ec, readable.get());
    log("non_blocking", descriptor.non_blocking(), descriptor.native_non_blocking());
    descriptor.non_blocking(true, ec);
    log("set", ec, descriptor.non_blocking(), descriptor.native_non_blocking());
    descriptor.native_non_blocking(true, ec);
    log("set", ec, native_mode_of(ends[0]));
    descriptor.native_non_blocking(false, ec);
    log("cleared", ec, descriptor.non_blocking(), native_mode_of(ends[0]));
    descriptor.non_blocking(false, ec);

    char data[8];
    log("drained", ::read(ends[0], data, sizeof(data)));
    descriptor.async_wait(plain_descriptor::wait_read, report{"moved with a wait"});
    ctx.poll();
    plain_descriptor moved(std::move(descriptor));
    log("moved", descriptor, moved);
    asio::write(far, asio::buffer("d", 1));
    run_all(ctx);
    descriptor = std::move(moved);
    log("back", descriptor, moved, descriptor.native_handle() == ends[0]);
    log("drained", ::read(ends[0], data, sizeof(data)));
    descriptor.async_wait(plain_descriptor::wait_read, report{"released"});
    ctx.poll();
    const int handle = descriptor.release();
    log("state", descriptor, in_use(handle));
    run_all(ctx);
    descriptor.assign(handle, ec);
    descriptor.async_wait(plain_descriptor::wait_read, report{"hung up"});
    ctx.poll();
    far.close();
    run_all(ctx);
    descriptor.wait(plain_descriptor::wait_error, ec);
    log("wait_error", ec);
    descriptor.async_wait(plain_descriptor::wait_read, report{"closed"});
    descriptor.close(ec);
    log("close", ec, descriptor, in_use(handle));
    run_all(ctx);
    descriptor.async_wait(plain_descriptor::wait_read, report{"after"});
    run_all(ctx);
    descriptor.io_control(readable, ec);
    log("io_control", ec);
    descriptor.wait(plain_descriptor::wait_read, ec);
    log("wait", ec);
    attempt("release", [&] { descriptor.release(); });
}

PROACTOR_TEST_BODY(handle, serial_port_moved_over_another)
{
    context ctx;
    test::terminal here;
    test::terminal there;
    serial_port port(ctx, here.device());
    serial_port other(ctx, there.device());
    const int replaced = other.native_handle();
    char data[8];
    port.async_read_some(asio::buffer(data), report{"kept"});
    other.async_read_some(asio::buffer(data), report{"replaced"});
    ctx.poll();
    other = std::move(port);
    log("states", port, other, in_use(replaced));
    log("sent", ::write(here.far_end(), "x", 1));
    run_all(ctx);
    asio::serial_port_base::baud_rate rate;
    error_code ec;
    other.get_option(rate, ec);
    log("option", ec);
    port.open(there.device(), ec);
    log("open again", ec, port);
}

} // namespace differential
