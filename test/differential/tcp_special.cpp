//
// What is rare about TCP: null_buffers, connections that end by a reset, exhausted descriptors,
// sockets of other protocols.
//

#include "left_out.hpp"
#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <map>

#include <sys/resource.h>

extern "C" [[gnu::weak]] void __asan_init(); // there in sanitized programs

namespace differential {

namespace {

// The end of each operation, told when all of them ended: Asio promises no order across directions.
class ends
{
public:
    auto operator[](const char* name)
    {
        return [this, name](const error_code& ec, std::size_t n = 0) {
            lines_[name] = describe(ec) + ' ' + std::to_string(n);
        };
    }

    void tell()
    {
        for (const auto& [name, line] : lines_)
        {
            write_line(name + ": " + line);
        }
        lines_.clear();
    }

private:
    std::map<std::string, std::string> lines_;
};

void reset_by(tcp_socket& socket)
{
    socket.set_option(tcp_socket::linger(true, 0));
    socket.close();
}

// The limit alone says nothing to an operation that has begun before: all descriptors are in use.
class no_descriptors_left
{
public:
    no_descriptors_left()
    {
        for (int next; (next = ::dup(0)) >= 0;)
        {
            taken_.push_back(next);
        }
    }
    ~no_descriptors_left()
    {
        for (const int handle : taken_)
        {
            ::close(handle);
        }
    }

private:
    std::vector<int> taken_;
};

// A low limit, lest it takes long to reach it.
void limit_descriptors()
{
    const rlimit low{100, 100};
    ::setrlimit(RLIMIT_NOFILE, &low);
}

} // namespace

PROACTOR_TEST_BODY(tcp_special, null_buffers_everywhere)
{
    context ctx;
    connection c(ctx);
    error_code ec;
    c.client.async_receive(asio::null_buffers(), report{"receive"});
    c.client.async_receive(asio::null_buffers(), tcp_socket::message_peek, report{"peek"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("x", 1));
    run_all(ctx);
    c.client.async_send(asio::null_buffers(), report{"send"});
    run_all(ctx);
    log("sync", c.client.receive(asio::null_buffers()), c.client.send(asio::null_buffers()));
    log("sync", c.client.read_some(asio::null_buffers()),
        c.client.write_some(asio::null_buffers()));
    log("left", drain(c.client));
    c.client.non_blocking(true);
    c.client.read_some(asio::null_buffers(), ec);
    log("non-blocking", ec);
    c.client.async_receive(asio::null_buffers(), tcp_socket::message_out_of_band,
                           report{"out of band"});
    ctx.poll();
    c.server.send(asio::buffer("!", 1), tcp_socket::message_out_of_band);
    run_all(ctx);
    c.client.async_receive(asio::null_buffers(), report{"cancelled"});
    ctx.poll();
    c.client.cancel();
    run_all(ctx);
    c.client.async_receive(asio::null_buffers(), report{"at the end"});
    c.server.close();
    run_all(ctx);
    c.client.close();
    c.client.async_receive(asio::null_buffers(), report{"closed"});
    c.client.async_send(asio::null_buffers(), report{"closed"});
    run_all(ctx);
    c.client.receive(asio::null_buffers(), 0, ec);
    log("closed", ec);
}

PROACTOR_TEST_BODY(tcp_special, null_buffers_wait_for_room)
{
    context ctx;
    connection c(ctx);
    fill(c.client);
    bool waiting = true;
    c.client.async_send(asio::null_buffers(), [&](const error_code& ec, std::size_t n) {
        waiting = false;
        log("writable", ec, n);
    });
    ctx.poll();
    log("waiting", waiting);
    c.server.close();
    run_all(ctx);
}

PROACTOR_TEST_BODY(tcp_special, urgent_data_nobody_sent)
{
    context ctx;
    connection c(ctx);
    char byte;
    error_code ec;
    c.client.receive(asio::buffer(&byte, 1), tcp_socket::message_out_of_band, ec);
    log("sync", ec);
    c.client.async_receive(asio::buffer(&byte, 1), tcp_socket::message_out_of_band,
                           report{"cancelled"});
    ctx.poll();
    c.client.cancel();
    run_all(ctx);
    c.client.async_receive(asio::buffer(&byte, 1), tcp_socket::message_out_of_band,
                           report{"at the end"});
    ctx.poll();
    reset_by(c.server);
    run_all(ctx);
}

PROACTOR_TEST_BODY(tcp_special, urgent_data_ends_no_wait_to_read)
{
    context ctx;
    connection c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"wait read"});
    ctx.poll();
    c.server.send(asio::buffer("!", 1), tcp_socket::message_out_of_band);
    c.client.wait(tcp_socket::wait_error);
    ctx.poll();
    log("now");
    asio::write(c.server, asio::buffer("x", 1));
    run_all(ctx);
}

PROACTOR_TEST_BODY(tcp_special, data_read_before_the_wait_is_told)
{
    context ctx;
    connection c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"wait read"});
    ctx.poll();
    asio::write(c.server, asio::buffer("x", 1));
    log("read", read_exactly(c.client, 1));
    ctx.poll();
    log("now");
    asio::write(c.server, asio::buffer("y", 1));
    run_all(ctx);
}

PROACTOR_TEST_BODY(tcp_special, urgent_data_sent_asynchronously)
{
    context ctx;
    connection c(ctx);
    char data[8];
    c.client.set_option(tcp_socket::out_of_band_inline(true));
    c.server.async_send(asio::buffer("ab!", 3), tcp_socket::message_out_of_band, report{"send"});
    run_all(ctx);
    c.client.wait(tcp_socket::wait_error);
    log("at_mark", c.client.at_mark());
    c.client.async_receive(asio::buffer(data), report{"before"});
    run_all(ctx);
    log("at_mark", c.client.at_mark());
    c.client.async_receive(asio::buffer(data), report{"inline"});
    run_all(ctx);
    log("at_mark", c.client.at_mark(), std::string_view(data, 1));
}

PROACTOR_TEST_BODY(tcp_special, peeks)
{
    context ctx;
    connection c(ctx);
    char data[8];
    error_code ec;
    c.client.async_receive(asio::buffer(data, 2), tcp_socket::message_peek, report{"first"});
    c.client.async_receive(asio::buffer(data), tcp_socket::message_peek, report{"second"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("look", 4));
    run_all(ctx);
    c.client.async_receive(asio::buffer(data, 1), report{"take"});
    c.client.async_receive(asio::buffer(data), tcp_socket::message_peek, report{"the rest"});
    run_all(ctx);
    log("sync", c.client.receive(asio::buffer(data), tcp_socket::message_peek));
    c.server.close();
    log("read", read_exactly(c.client, 3));
    c.client.async_receive(asio::buffer(data), tcp_socket::message_peek, report{"at the end"});
    run_all(ctx);
    c.client.receive(asio::buffer(data), tcp_socket::message_peek, ec);
    log("sync", ec);
    c.client.async_receive(asio::mutable_buffer(), tcp_socket::message_peek, report{"empty"});
    run_all(ctx);
}

PROACTOR_TEST_BODY(tcp_special, wait_all_of_a_receive)
{
    context ctx;
    connection c(ctx);
    char data[8];
    c.client.async_receive(asio::buffer(data, 6), MSG_WAITALL, report{"receive"});
    ctx.poll();
    asio::write(c.server, asio::buffer("abcdef", 6));
    run_all(ctx);
    log("data", std::string_view(data, 6));
    asio::write(c.server, asio::buffer("abc", 3));
    await_readable(c.client.native_handle());
    c.client.async_receive(asio::buffer(data, 6), MSG_WAITALL, report{"half of it is there"});
    ctx.poll();
    asio::write(c.server, asio::buffer("def", 3));
    run_all(ctx);
}

PROACTOR_TEST_BODY(tcp_special, half_closed)
{
    context ctx;
    connection c(ctx);
    char data[8];
    char peer[8];
    c.client.async_read_some(asio::buffer(data), report{"answer"});
    c.server.async_read_some(asio::buffer(peer), [&](const error_code& ec, std::size_t n) {
        log("end seen", ec, n);
        c.server.async_write_some(asio::buffer("answer", 6), report{"answered"});
    });
    c.client.shutdown(tcp_socket::shutdown_send);
    run_all(ctx);
    error_code ec;
    c.client.write_some(asio::buffer("x", 1), ec);
    log("sync write", ec);
    c.client.async_write_some(asio::buffer("x", 1), report{"write"});
    run_all(ctx);
    c.server.shutdown(tcp_socket::shutdown_both);
    c.client.async_read_some(asio::buffer(data), report{"end"});
    run_all(ctx);
    c.client.shutdown(tcp_socket::shutdown_both, ec);
    log("shutdown", ec);
}

PROACTOR_TEST_BODY(tcp_special, reset_with_reads_outstanding)
{
    context ctx;
    connection c(ctx);
    ends e;
    char data[8];
    c.client.async_read_some(asio::buffer(data), e["read"]);
    c.client.async_wait(tcp_socket::wait_error, e["wait error"]);
    ctx.poll();
    reset_by(c.server);
    run_all(ctx);
    e.tell();
    error_code ec;
    c.client.write_some(asio::buffer("x", 1), ec);
    log("write", ec);
    c.client.read_some(asio::buffer(data), ec);
    log("read", ec);
    c.client.remote_endpoint(ec);
    log("remote", ec);
    c.client.shutdown(tcp_socket::shutdown_both, ec);
    log("shutdown", ec);
}

PROACTOR_TEST_BODY(tcp_special, reset_with_a_write_outstanding)
{
    context ctx;
    connection c(ctx);
    ends e;
    fill(c.client);
    c.client.async_write_some(asio::buffer("x", 1), e["write"]);
    ctx.poll();
    reset_by(c.server);
    run_all(ctx);
    e.tell();
}

PROACTOR_TEST_BODY(tcp_special, reset_wakes_every_wait)
{
    context ctx;
    connection c(ctx);
    ends e;
    fill(c.client);
    c.client.async_wait(tcp_socket::wait_read, e["wait read"]);
    c.client.async_wait(tcp_socket::wait_write, e["wait write"]);
    c.client.async_wait(tcp_socket::wait_error, e["wait error"]);
    ctx.poll();
    reset_by(c.server);
    run_all(ctx);
    e.tell();
    char byte;
    error_code ec;
    c.client.read_some(asio::buffer(&byte, 1), ec);
    log("the error is left", ec);
}

PROACTOR_TEST_BODY(tcp_special, end_is_no_error_state)
{
    context ctx;
    connection c(ctx);
    c.client.async_wait(tcp_socket::wait_error, report{"wait"});
    c.server.close();
    ctx.poll();
    c.client.cancel();
    run_all(ctx);
}

PROACTOR_TEST_BODY(tcp_special, reset_by_bytes_unread)
{
    context ctx;
    connection c(ctx);
    char data[8];
    asio::write(c.client, asio::buffer("unread", 6));
    await_readable(c.server.native_handle());
    asio::write(c.server, asio::buffer("last", 4));
    c.server.close();
    for (int i = 0; i < 3; ++i)
    {
        c.client.async_read_some(asio::buffer(data), report{"read"});
        run_all(ctx);
    }
}

PROACTOR_TEST_BODY(tcp_special, accept_without_descriptors)
{
    if (__asan_init)
        return; // without a descriptor UBSan cannot tell memory from none
    limit_descriptors();
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    tcp_socket warm(ctx);
    // What the loop itself needs is open from here on.
    acceptor.async_accept(warm, report{"warm"});
    client.connect(acceptor.local_endpoint());
    run_all(ctx);
    tcp_socket second(ctx);
    second.connect(acceptor.local_endpoint());
    await_readable(acceptor.native_handle());
    tcp_socket peer(ctx);
    error_code ec;
    {
        const no_descriptors_left limit;
        acceptor.async_accept(peer, report{"accept"});
        run_all(ctx);
        acceptor.async_accept(
            [](const error_code& e, const tcp_socket& socket) { log("accept", e, socket); });
        run_all(ctx);
        acceptor.accept(peer, ec);
        log("sync", ec);
        tcp_socket third(ctx);
        third.open(tcp::v4(), ec);
        log("open", ec);
        third.async_connect(acceptor.local_endpoint(), report{"connect"});
        run_all(ctx);
    }
    acceptor.async_accept(peer, report{"afterwards"});
    run_all(ctx);
    log("peer", peer);
}

PROACTOR_TEST_BODY(tcp_special, accept_waits_without_descriptors)
{
    if (__asan_init)
        return; // without a descriptor UBSan cannot tell memory from none
    limit_descriptors();
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx, tcp::v4());
    tcp_socket peer(ctx);
    acceptor.async_accept(peer, report{"accept"});
    ctx.poll();
    {
        const no_descriptors_left limit;
        client.connect(acceptor.local_endpoint());
        run_all(ctx);
    }
    log("later", acceptor.accept());
}

PROACTOR_TEST_BODY(tcp_special, errors_of_a_connect)
{
    context ctx;
    error_code ec;
    const auto both = [&](const char* name, const tcp::endpoint& to) {
        tcp_socket socket(ctx, tcp::v4());
        socket.connect(to, ec);
        log(name, ec);
        tcp_socket other(ctx, tcp::v4());
        other.async_connect(to, report{name});
        run_all(ctx);
    };
    both("broadcast", {asio::ip::address_v4::broadcast(), 9});
    both("multicast", {asio::ip::make_address("224.0.0.1"), 9});
    both("other family", {asio::ip::address_v6::loopback(), 9});
    both("port 0", {asio::ip::address_v4::loopback(), 0});
}

PROACTOR_TEST_BODY(tcp_special, assign)
{
    context ctx;
    connection c(ctx);
    error_code ec;
    char data[8];
    tcp_socket other(ctx);
    const int handle = c.client.release();
    other.assign(tcp::v6(), handle, ec);
    log("another family", ec, other);
    log("open protocol", other.local_endpoint().protocol() == tcp::v4());
    other.assign(tcp::v4(), handle, ec);
    log("while open", ec);
    other.async_read_some(asio::buffer(data), report{"read"});
    asio::write(c.server, asio::buffer("x", 1));
    run_all(ctx);
    int ends[2];
    log("pipe", ::pipe(ends));
    tcp_socket no_socket(ctx);
    no_socket.assign(tcp::v4(), ends[0], ec);
    log("pipe", ec, no_socket);
    no_socket.async_read_some(asio::buffer(data), report{"read of a pipe"});
    run_all(ctx);
    no_socket.async_wait(tcp_socket::wait_read, report{"wait of a pipe"});
    ::close(ends[1]);
    run_all(ctx);
    tcp_acceptor acceptor(ctx);
    acceptor.assign(tcp::v4(), other.release(), ec);
    log("a connection", ec);
    acceptor.async_accept(report{"accept"});
    run_all(ctx);
}

PROACTOR_TEST_BODY(tcp_special, generic_sockets)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    using stream = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;
    using datagram = asio::basic_datagram_socket<asio::generic::datagram_protocol, executor>;
    stream client(ctx);
    const tcp::endpoint at = acceptor.local_endpoint();
    client.async_connect(asio::generic::stream_protocol::endpoint(at), report{"connect"});
    run_all(ctx);
    tcp_socket server = acceptor.accept();
    char data[8];
    client.async_receive(asio::buffer(data), report{"receive"});
    asio::write(server, asio::buffer("hello", 5));
    run_all(ctx);
    log("remote", client.remote_endpoint() == asio::generic::stream_protocol::endpoint(at));
    error_code ec;
    client.set_option(tcp::no_delay(true), ec);
    log("option", ec);
    datagrams d(ctx);
    datagram sender(ctx, asio::generic::datagram_protocol(udp::v4()));
    datagram::endpoint_type from;
    sender.async_send_to(asio::buffer("x", 1), datagram::endpoint_type(d.first_at),
                         report{"send_to"});
    run_all(ctx);
    datagram receiver(std::move(d.first));
    receiver.async_receive_from(asio::buffer(data), from, report{"receive_from"});
    run_all(ctx);
    log("from", from.protocol().family(), from.size());
}

PROACTOR_TEST_BODY(tcp_special, raw_sockets)
{
    context ctx;
    using icmp = asio::ip::icmp;
    asio::basic_raw_socket<icmp, executor> socket(ctx);
    error_code ec;
    socket.open(icmp::v4(), ec);
    log("open", ec);
    if (ec)
    {
        leave_out("raw sockets", ec.message()); // not everybody may
        return;
    }
    unsigned char request[8] = {8, 0, 0, 0, 0x12, 0x34, 0, 1};
    unsigned sum = 0;
    for (int i = 0; i < 8; i += 2)
    {
        sum += request[i] * 256u + request[i + 1];
    }
    sum = ~(sum + (sum >> 16)) & 0xffff;
    request[2] = static_cast<unsigned char>(sum >> 8);
    request[3] = static_cast<unsigned char>(sum & 0xff);
    const icmp::endpoint self(asio::ip::address_v4::loopback(), 0);
    unsigned char packet[64];
    icmp::endpoint from;
    socket.async_send_to(asio::buffer(request), self, report{"echo request"});
    run_all(ctx);
    socket.async_receive_from(asio::buffer(packet), from, report{"packet"});
    run_all(ctx);
    log("from", from.address().to_string(), int(packet[9]));
    socket.connect(self);
    socket.async_send(asio::buffer(request), report{"send"});
    run_all(ctx);
    log("sync", socket.receive(asio::buffer(packet)));
    using datagram = asio::generic::raw_protocol;
    asio::basic_raw_socket<datagram, executor> generic(ctx);
    generic.open(datagram(AF_INET, IPPROTO_ICMP), ec);
    log("generic", ec);
}

} // namespace differential
