//
// Moves with operations in flight: construction, assignment, wider protocols, and other contexts.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <boost/asio/deadline_timer.hpp>

namespace differential {

using namespace std::chrono_literals;

namespace {

using asio::ip::udp;

/// An object class of Asio's with this width's executor.
template <class Object>
using on = typename Object::template rebind_executor<executor>::other;

using local_stream = asio::local::stream_protocol;
using local_datagram = asio::local::datagram_protocol;
using seq_packet = asio::generic::seq_packet_protocol;

udp::endpoint any_udp_port()
{
    return {asio::ip::address_v4::loopback(), 0};
}

/// Moves the timer with two waits, and another over one.
template <class Timer, class Duration>
void move_timers(Duration longer)
{
    context ctx;
    Timer a(ctx, longer);
    a.async_wait(report{"first of a"});
    a.async_wait(report{"second of a"});
    ctx.poll();
    Timer b(std::move(a));
    log("a is idle", a.cancel());
    Timer c(ctx, longer);
    c.async_wait(report{"c"});
    c = std::move(b);
    log("c is the first one's", ctx.poll());
    log("one", c.cancel_one());
    log("ran", ctx.poll());
    log("rest", c.cancel());
    log("run", ctx.run());
    log("expiry", a.expiry() == typename Timer::time_point(),
        b.expiry() == typename Timer::time_point());
}

} // namespace

PROACTOR_TEST_BODY(move, udp)
{
    context ctx;
    using socket = on<udp::socket>;
    socket a(ctx, any_udp_port());
    const auto address = a.local_endpoint();
    udp::endpoint sender;
    char bytes[2]{};
    a.async_receive_from(asio::buffer(&bytes[0], 1), sender, report{"moved"});
    ctx.poll();
    socket b(std::move(a));
    log("from", a, "to", b);
    socket c(ctx, any_udp_port());
    c.async_receive(asio::buffer(&bytes[1], 1), report{"moved over"});
    c = std::move(b);
    log("poll", ctx.poll());
    c.send_to(asio::buffer("u", 1), address);
    log("run", ctx.run());
    log("byte", std::string_view(bytes, 1), sender == address);

    ctx.restart();
    using generic = on<asio::generic::datagram_protocol::socket>;
    c.async_receive(asio::buffer(&bytes[1], 1), report{"generic"});
    generic wide(std::move(c));
    log("from", c, "to", wide);
    wide.send_to(asio::buffer("g", 1), wide.local_endpoint());
    log("run", ctx.run());
    log("byte", std::string_view(bytes + 1, 1));
    c.open(udp::v4());
    log("again", c);
}

PROACTOR_TEST_BODY(move, local)
{
    context ctx;
    on<local_stream::socket> a(ctx);
    on<local_stream::socket> b(ctx);
    asio::local::connect_pair(a, b);
    char byte = 0;
    a.async_read_some(asio::buffer(&byte, 1), report{"stream"});
    ctx.poll();
    on<asio::generic::stream_protocol::socket> wide(std::move(a));
    asio::write(b, asio::buffer("l", 1));
    log("run", ctx.run(), std::string_view(&byte, 1));
    ctx.restart();
    wide.async_read_some(asio::buffer(&byte, 1), report{"ended by an assignment"});
    ctx.poll();
    wide = std::move(b);
    log("run", ctx.run());

    ctx.restart();
    on<local_datagram::socket> c(ctx);
    on<local_datagram::socket> d(ctx);
    asio::local::connect_pair(c, d);
    c.async_receive(asio::buffer(&byte, 1), report{"datagram"});
    on<asio::generic::datagram_protocol::socket> wide_datagrams(std::move(c));
    d.send(asio::buffer("d", 1));
    ctx.run();
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(move, sequenced_packets)
{
    context ctx;
    int ends[2];
    log("pair", ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
    on<seq_packet::socket> a(ctx, seq_packet(AF_UNIX, 0), ends[0]);
    on<seq_packet::socket> b(ctx, seq_packet(AF_UNIX, 0), ends[1]);
    char byte = 0;
    asio::socket_base::message_flags flags = 0;
    a.async_receive(asio::buffer(&byte, 1), flags, report{"receive"});
    ctx.poll();
    on<seq_packet::socket> c(std::move(a));
    b.send(asio::buffer("packet", 6), 0);
    log("run", ctx.run(), std::string_view(&byte, 1), (flags & MSG_TRUNC) != 0);
}

PROACTOR_TEST_BODY(move, acceptor)
{
    context ctx;
    tcp_acceptor a(ctx, any_port());
    const auto address = a.local_endpoint();
    tcp_socket client(ctx);
    a.async_accept([](const error_code& ec, tcp_socket s) { log("accept", ec, s); });
    ctx.poll();
    tcp_acceptor b(ctx, any_port());
    b.async_accept([](const error_code& ec, tcp_socket s) { log("accept of b", ec, s); });
    b = std::move(a);
    log("from", a, "to", b);
    client.connect(address);
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(move, pipe)
{
    context ctx;
    on<asio::readable_pipe> reader(ctx);
    on<asio::writable_pipe> writer(ctx);
    asio::connect_pipe(reader, writer);
    char byte = 0;
    reader.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.poll();
    on<asio::readable_pipe> moved(std::move(reader));
    on<asio::writable_pipe> moved_writer(ctx);
    moved_writer = std::move(writer);
    log("from", reader, writer, "to", moved, moved_writer);
    asio::write(moved_writer, asio::buffer("p", 1));
    log("run", ctx.run(), std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(move, timers)
{
    move_timers<steady_timer>(1h);
    move_timers<system_timer>(1h);
}

PROACTOR_TEST_BODY(move, to_itself)
{
    context ctx;
    connection c(ctx);
    steady_timer timer(ctx, 1ms);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    timer.async_wait(report{"wait"});
    auto& same = c.client;
    auto& same_timer = timer;
    c.client = std::move(same);
    timer = std::move(same_timer);
    log("client", c.client);
    ctx.run_one();
    asio::write(c.server, asio::buffer("s", 1));
    ctx.run();
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(move, from_one_context_to_another)
{
    context first;
    context second;
    connection c(first);
    connection d(second);
    char bytes[2]{};
    c.client.async_read_some(asio::buffer(&bytes[0], 1), report{"of the first"});
    d.client.async_read_some(asio::buffer(&bytes[1], 1), report{"of the second"});
    first.poll();
    second.poll();
    c.client = std::move(d.client);
    log("executor", c.client.get_executor() == executor(second.get_executor()));
    log("first", first.run());
    asio::write(d.server, asio::buffer("2", 1));
    log("second", second.run(), std::string_view(&bytes[1], 1));

    steady_timer timer(first, 1h);
    timer.async_wait(report{"timer of the first"});
    steady_timer other(second, 1h);
    other.async_wait(report{"timer of the second"});
    timer = std::move(other);
    first.restart();
    first.run();
    log("cancelled", timer.cancel());
    second.restart();
    log("second", second.run());
}

// Objects with the erased executor, one of this context and one of a context of Asio's.
PROACTOR_TEST_BODY(move, from_a_foreign_context)
{
    context ctx;
    asio::io_context foreign;
    tcp::acceptor acceptor(foreign, any_port());
    tcp::socket there(foreign);
    tcp::socket peer(foreign);
    there.connect(acceptor.local_endpoint());
    acceptor.accept(peer);
    char byte = 0;
    there.async_read_some(asio::buffer(&byte, 1), report{"foreign"});
    foreign.poll();
    tcp::socket here(ctx, tcp::v4());
    here = std::move(there);
    log("executor", here.get_executor() == asio::any_io_executor(foreign.get_executor()), there);
    asio::write(peer, asio::buffer("f", 1));
    log("foreign", foreign.run(), std::string_view(&byte, 1));

    tcp::socket ours(ctx);
    ours.connect(acceptor.local_endpoint());
    peer.close();
    acceptor.accept(peer);
    here.async_read_some(asio::buffer(&byte, 1), report{"moved over"});
    here = std::move(ours);
    foreign.restart();
    log("foreign", foreign.run());
    bool read = false;
    here.async_read_some(asio::buffer(&byte, 1), [&](const error_code& ec, std::size_t n) {
        read = true;
        log("ours", ec, n);
    });
    asio::write(peer, asio::buffer("o", 1));
    while (!read && ctx.run_one() != 0)
    {
    }
    log("byte", std::string_view(&byte, 1));

    // From the context's own type to Asio's context there is no move; between types of one, there
    // is.
    using of_asio = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
    of_asio typed(foreign);
    typed.connect(acceptor.local_endpoint());
    typed.async_read_some(asio::buffer(&byte, 1), report{"typed"});
    foreign.restart();
    foreign.poll();
    peer.close();
    acceptor.accept(peer);
    here = std::move(typed);
    asio::write(peer, asio::buffer("t", 1));
    log("foreign", foreign.run(), std::string_view(&byte, 1));
    asio::generic::stream_protocol::socket wide(of_asio(foreign, tcp::v4()));
    log("wide", wide);
}

} // namespace differential
