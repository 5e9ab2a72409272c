//
// Local sockets: streams, datagrams and packets, by path, by abstract name and in pairs.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <cstring>

namespace differential {

namespace {

using namespace std::string_literals;

template <class Socket>
struct pair_of
{
    explicit pair_of(context& ctx) : a(ctx), b(ctx) { local::connect_pair(a, b); }

    Socket a;
    Socket b;
};

// The name that others see, the part that differs from run to run taken away.
template <class Endpoint>
std::string visible(const Endpoint& endpoint, const std::string& path)
{
    return endpoint.path() == path ? "its name" : endpoint.path().empty() ? "none" : "another";
}

template <class Acceptor, class Socket>
void connect_by_name(const std::string& path)
{
    context ctx;
    const typename Acceptor::endpoint_type at(path);
    Acceptor acceptor(ctx, at);
    Socket client(ctx);
    Socket server(ctx);
    typename Acceptor::endpoint_type from;
    acceptor.async_accept(server, from, report{"accept"});
    ctx.poll();
    client.async_connect(at, report{"connect"});
    run_all(ctx);
    log("local", visible(acceptor.local_endpoint(), path), visible(client.local_endpoint(), path),
        visible(server.local_endpoint(), path));
    log("remote", visible(client.remote_endpoint(), path), visible(server.remote_endpoint(), path),
        visible(from, path));
    Socket second(ctx);
    second.connect(at);
    log("accepted", acceptor.accept());
    error_code ec;
    Acceptor other(ctx);
    other.open(at.protocol());
    other.bind(at, ec);
    log("bind", ec);
    client.connect(at, ec);
    log("connect again", ec);
    acceptor.close();
    Socket third(ctx);
    third.connect(at, ec);
    log("nobody listens", ec);
    third.close();
    third.async_connect(at, report{"nobody listens"});
    run_all(ctx);
}

} // namespace

PROACTOR_TEST_BODY(local, stream_by_path)
{
    const socket_file file("stream");
    connect_by_name<local_acceptor, local_stream>(file.path);
}

PROACTOR_TEST_BODY(local, stream_by_abstract_name)
{
    connect_by_name<local_acceptor, local_stream>("\0differential "s + std::to_string(::getpid()));
}

PROACTOR_TEST_BODY(local, packets_by_path)
{
    const socket_file file("packets");
    connect_by_name<seq_packet_acceptor, seq_packet_socket>(file.path);
}

PROACTOR_TEST_BODY(local, errors_of_a_connect)
{
    context ctx;
    const socket_file absent("absent");
    const socket_file datagram("datagram");
    local_datagram bound(ctx, local::datagram_protocol::endpoint(datagram.path));
    error_code ec;
    for (const std::string& path : {absent.path, datagram.path, "/"s, ""s, "/proc/version"s})
    {
        const local::stream_protocol::endpoint at(path);
        local_stream socket(ctx);
        socket.connect(at, ec);
        log("sync", ec);
        socket.close();
        socket.async_connect(at, report{"async"});
        run_all(ctx);
    }
    attempt("long name", [] { local::stream_protocol::endpoint(std::string(200, 'x')); });
    local_acceptor acceptor(ctx);
    acceptor.open();
    acceptor.bind(local::stream_protocol::endpoint("/proc/absent/socket"), ec);
    log("bind", ec);
}

PROACTOR_TEST_BODY(local, stream_pair)
{
    context ctx;
    pair_of<local_stream> p(ctx);
    char data[8];
    p.b.async_read_some(asio::buffer(data), report{"read"});
    p.a.async_write_some(asio::buffer("hello", 5), report{"write"});
    run_all(ctx);
    p.b.async_read_some(asio::buffer(data), report{"read"});
    p.a.shutdown(local_stream::shutdown_send);
    run_all(ctx);
    log("half closed", p.b.write_some(asio::buffer("back", 4)));
    log("half closed", read_exactly(p.a, 4));
    log("names", p.a.local_endpoint().path(), p.a.remote_endpoint().path());
    error_code ec;
    log("at_mark", p.a.at_mark(ec));
    log("at_mark", ec);
    local::connect_pair(p.a, p.b, ec);
    log("connect_pair of open ones", ec);
    p.b.close();
    p.a.async_write_some(asio::buffer("late", 4), report{"broken"});
    run_all(ctx);
}

PROACTOR_TEST_BODY(local, stream_closed_with_bytes_unread)
{
    context ctx;
    pair_of<local_stream> p(ctx);
    char data[8];
    p.a.write_some(asio::buffer("unread", 6));
    p.b.write_some(asio::buffer("last", 4));
    p.b.close();
    for (int i = 0; i < 3; ++i)
    {
        p.a.async_read_some(asio::buffer(data), report{"read"});
        run_all(ctx);
    }
}

PROACTOR_TEST_BODY(local, null_and_empty_buffers)
{
    context ctx;
    pair_of<local_stream> p(ctx);
    p.a.async_receive(asio::null_buffers(), report{"null receive"});
    log("poll", ctx.poll());
    p.b.write_some(asio::buffer("x", 1));
    run_all(ctx);
    p.a.async_send(asio::null_buffers(), report{"null send"});
    run_all(ctx);
    p.a.async_read_some(asio::mutable_buffer(), report{"empty read"});
    run_all(ctx);
    log("sync", p.a.receive(asio::null_buffers()), p.a.send(asio::null_buffers()));
    log("left", p.a.available());
}

PROACTOR_TEST_BODY(local, datagrams_by_path)
{
    context ctx;
    const socket_file one("one");
    const socket_file two("two");
    using endpoint = local::datagram_protocol::endpoint;
    local_datagram first(ctx, endpoint(one.path));
    local_datagram second(ctx, endpoint(two.path));
    local_datagram nameless(ctx, local::datagram_protocol());
    char data[8];
    endpoint from;
    second.async_receive_from(asio::buffer(data), from, report{"from one"});
    first.async_send_to(asio::buffer("hello", 5), endpoint(two.path), report{"sent"});
    run_all(ctx);
    log("from", visible(from, one.path));
    second.async_receive_from(asio::buffer(data), from, report{"from nobody"});
    log("sync", nameless.send_to(asio::buffer("hi", 2), endpoint(two.path)));
    run_all(ctx);
    log("from", visible(from, one.path));
    nameless.send_to(asio::const_buffer(), endpoint(two.path));
    log("empty", second.receive_from(asio::buffer(data), from));
    error_code ec;
    nameless.connect(endpoint(two.path));
    nameless.send(asio::buffer("0123456789", 10));
    log("too long", second.receive(asio::buffer(data)));
    second.close();
    nameless.send(asio::buffer("x", 1), 0, ec);
    log("peer is gone", ec);
    nameless.async_send(asio::buffer("x", 1), report{"peer is gone"});
    run_all(ctx);
    first.async_send_to(asio::buffer("x", 1), endpoint(two.path), report{"nobody"});
    run_all(ctx);
    first.async_send_to(asio::buffer("x", 1), endpoint("absent"), report{"absent"});
    run_all(ctx);
}

PROACTOR_TEST_BODY(local, datagram_pair)
{
    context ctx;
    pair_of<local_datagram> p(ctx);
    char data[8];
    p.b.async_receive(asio::buffer(data), report{"receive"});
    p.a.async_send(asio::buffer("hello", 5), report{"send"});
    run_all(ctx);
    p.b.async_receive(asio::mutable_buffer(), report{"into nothing"});
    p.a.send(asio::buffer("lost", 4));
    run_all(ctx);
    log("left", p.b.available());
    p.b.async_receive(asio::buffer(data), report{"empty"});
    p.a.async_send(asio::const_buffer(), report{"empty"});
    run_all(ctx);
    p.b.async_receive(asio::buffer(data), report{"pending when the peer ends"});
    ctx.poll();
    p.a.close();
    ctx.poll();
    p.b.cancel();
    run_all(ctx);
}

PROACTOR_TEST_BODY(local, datagram_waits_for_room)
{
    context ctx;
    pair_of<local_datagram> p(ctx);
    error_code ec;
    p.a.non_blocking(true);
    int sent = 0;
    while (p.a.send(asio::buffer("x", 1), 0, ec), !ec)
    {
        ++sent;
    }
    log("full", ec);
    bool waiting = true;
    p.a.async_send(asio::buffer("y", 1), [&](const error_code& e, std::size_t n) {
        waiting = false;
        log("sent", e, n);
    });
    ctx.poll();
    log("waiting", waiting);
    char byte;
    while (sent-- > 0)
    {
        p.b.receive(asio::buffer(&byte, 1));
    }
    run_all(ctx);
    log("last", p.b.receive(asio::buffer(&byte, 1)));
    log("last", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(local, packets)
{
    context ctx;
    pair_of<seq_packet_socket> p(ctx);
    char data[8];
    asio::socket_base::message_flags flags = -1;
    const auto receive = [&](const char* name) {
        p.b.async_receive(asio::buffer(data), flags,
                          [&, name](const error_code& ec, std::size_t n) {
                              log(name, ec, std::string_view(data, n), flags);
                          });
    };
    receive("pending");
    p.a.async_send(asio::buffer("one", 3), 0, report{"send"});
    run_all(ctx);
    p.a.send(asio::buffer("two", 3), asio::socket_base::message_end_of_record);
    p.a.send(asio::buffer("0123456789", 10), 0);
    receive("with a mark");
    run_all(ctx);
    receive("too long");
    run_all(ctx);
    p.a.send(asio::buffer("peek", 4), 0);
    p.b.async_receive(asio::buffer(data), asio::socket_base::message_peek, flags, report{"peek"});
    run_all(ctx);
    log("sync", p.b.receive(asio::buffer(data), flags));
    log("flags", flags);
    p.a.async_send(asio::null_buffers(), 0, report{"null send"});
    run_all(ctx);
    p.b.async_receive(asio::null_buffers(), flags, report{"null"});
    ctx.poll();
    p.a.send(asio::buffer("three", 5), 0);
    run_all(ctx);
    log("sync null", p.b.receive(asio::null_buffers(), flags));
    log("sync", p.b.receive(asio::buffer(data), flags));
    p.b.async_receive(asio::mutable_buffer(), flags, report{"into nothing"});
    p.a.send(asio::buffer("four", 4), 0);
    run_all(ctx);
    log("left", p.b.available());
}

PROACTOR_TEST_BODY(local, packets_end)
{
    context ctx;
    pair_of<seq_packet_socket> p(ctx);
    char data[8];
    asio::socket_base::message_flags flags = 0;
    error_code ec;
    p.b.async_receive(asio::buffer(data), flags, report{"pending"});
    ctx.poll();
    log("empty", p.a.send(asio::const_buffer(), 0, ec));
    log("empty", ec);
    run_all(ctx);
    p.b.async_receive(asio::buffer(data), flags, report{"pending"});
    ctx.poll();
    p.a.close();
    run_all(ctx);
    log("sync", p.b.receive(asio::buffer(data), 0, flags, ec));
    log("sync", ec);
    p.b.async_send(asio::buffer(data), 0, report{"send"});
    run_all(ctx);
    p.b.close();
    p.b.async_receive(asio::buffer(data), flags, report{"closed"});
    run_all(ctx);
}

PROACTOR_TEST_BODY(local, buffers_beyond_the_limit)
{
    context ctx;
    pair_of<local_stream> p(ctx);
    std::string text(70, 'x');
    std::vector<asio::mutable_buffer> in;
    for (char& byte : text)
    {
        in.emplace_back(&byte, 1);
    }
    p.a.async_send(in, report{"send"});
    run_all(ctx);
    p.a.send(asio::buffer("123456789012", 12));
    p.b.async_receive(in, report{"receive"});
    run_all(ctx);
    log("left", p.b.available());
}

PROACTOR_TEST_BODY(local, moved_and_converted)
{
    context ctx;
    pair_of<local_stream> p(ctx);
    using generic = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;
    char data[8];
    p.b.async_read_some(asio::buffer(data), report{"read"});
    ctx.poll();
    generic other(std::move(p.b));
    p.a.write_some(asio::buffer("moved", 5));
    run_all(ctx);
    log("state", p.b, other);
    log("family", other.local_endpoint().protocol().family());
}

} // namespace differential
