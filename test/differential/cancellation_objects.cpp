//
// Cancellation slots of each object's operations, beyond those of TCP sockets and timers.
//

#include "../support/terminal.hpp"
#include "cancellation_types.hpp"
#include "loopback.hpp"
#include "registry.hpp"

#include <boost/asio/deadline_timer.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/spawn.hpp>

namespace differential {

namespace {

using asio::ip::udp;

/// An object class of Asio's with this width's executor.
template <class Object>
using on = typename Object::template rebind_executor<executor>::other;

using local_stream = asio::local::stream_protocol;
using local_datagram = asio::local::datagram_protocol;
using seq_packet = asio::generic::seq_packet_protocol;

template <class Socket>
struct packet_pair
{
    explicit packet_pair(context& ctx) : a(ctx), b(ctx)
    {
        int ends[2];
        if constexpr (std::is_same_v<Socket, on<seq_packet::socket>>)
        {
            ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
            a.assign(seq_packet(AF_UNIX, 0), ends[0]);
            b.assign(seq_packet(AF_UNIX, 0), ends[1]);
        }
        else
        {
            asio::local::connect_pair(a, b);
        }
    }

    Socket a;
    Socket b;
};

} // namespace

PROACTOR_TEST_BODY(cancellation, wait_for_what_does_not_come)
{
    context ctx;
    connection c(ctx);
    fill(c.client);
    try_types(
        ctx, [&](auto token) { c.client.async_wait(tcp_socket::wait_write, std::move(token)); },
        [&] { c.client.cancel(); });
    try_types(
        ctx, [&](auto token) { c.client.async_wait(tcp_socket::wait_error, std::move(token)); },
        [&] { c.client.cancel(); });
    try_types(
        ctx, [&](auto token) { c.acceptor.async_wait(tcp_acceptor::wait_read, std::move(token)); },
        [&] { c.acceptor.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, null_buffers)
{
    context ctx;
    connection c(ctx);
    try_types(
        ctx, [&](auto token) { c.client.async_receive(asio::null_buffers(), std::move(token)); },
        [&] { c.client.cancel(); });
    asio::write(c.server, asio::buffer("x", 1));
    log("still reads", read_exactly(c.client, 1));
}

PROACTOR_TEST_BODY(cancellation, accept_into_a_socket)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    tcp_socket peer(ctx);
    tcp::endpoint from;
    try_types(
        ctx, [&](auto token) { acceptor.async_accept(peer, from, std::move(token)); },
        [&] { client.connect(acceptor.local_endpoint()); });
    log("peer", peer);
}

PROACTOR_TEST_BODY(cancellation, udp)
{
    context ctx;
    using socket = on<udp::socket>;
    socket a(ctx, {asio::ip::address_v4::loopback(), 0});
    socket b(ctx, {asio::ip::address_v4::loopback(), 0});
    udp::endpoint sender;
    char byte;
    try_types(
        ctx,
        [&](auto token) { a.async_receive_from(asio::buffer(&byte, 1), sender, std::move(token)); },
        [&] { b.send_to(asio::buffer("x", 1), a.local_endpoint()); });
    log("sender", sender == b.local_endpoint());
    try_types(
        ctx, [&](auto token) { a.async_receive(asio::buffer(&byte, 1), std::move(token)); },
        [&] { b.send_to(asio::buffer("x", 1), a.local_endpoint()); });
    try_types(
        ctx, [&](auto token) { a.async_wait(socket::wait_read, std::move(token)); },
        [&] { a.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, local_datagrams)
{
    context ctx;
    packet_pair<on<local_datagram::socket>> p(ctx);
    char byte;
    local_datagram::endpoint sender;
    try_types(
        ctx, [&](auto token) { p.a.async_receive(asio::buffer(&byte, 1), std::move(token)); },
        [&] { p.b.send(asio::buffer("x", 1)); });
    try_types(
        ctx,
        [&](auto token) {
            p.a.async_receive_from(asio::buffer(&byte, 1), sender, std::move(token));
        },
        [&] { p.b.send(asio::buffer("x", 1)); });
    fill(p.a);
    try_types(
        ctx, [&](auto token) { p.a.async_send(asio::buffer("x", 1), std::move(token)); },
        [&] { p.a.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, sequenced_packets)
{
    context ctx;
    packet_pair<on<seq_packet::socket>> p(ctx);
    char byte;
    asio::socket_base::message_flags flags = 0;
    try_types(
        ctx,
        [&](auto token) { p.a.async_receive(asio::buffer(&byte, 1), flags, std::move(token)); },
        [&] { p.b.send(asio::buffer("x", 1), 0); });
    fill(p.a);
    try_types(
        ctx, [&](auto token) { p.a.async_send(asio::buffer("x", 1), 0, std::move(token)); },
        [&] { p.a.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, local_streams)
{
    context ctx;
    on<local_stream::socket> a(ctx);
    on<local_stream::socket> b(ctx);
    asio::local::connect_pair(a, b);
    char byte;
    try_types(
        ctx, [&](auto token) { a.async_receive(asio::buffer(&byte, 1), std::move(token)); },
        [&] { asio::write(b, asio::buffer("x", 1)); });
    fill(a);
    try_types(
        ctx, [&](auto token) { a.async_send(asio::buffer("x", 1), std::move(token)); },
        [&] { a.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, pipes)
{
    context ctx;
    on<asio::readable_pipe> reader(ctx);
    on<asio::writable_pipe> writer(ctx);
    asio::connect_pipe(reader, writer);
    char byte;
    try_types(
        ctx, [&](auto token) { reader.async_read_some(asio::buffer(&byte, 1), std::move(token)); },
        [&] { asio::write(writer, asio::buffer("x", 1)); });
    writer.async_write_some(asio::buffer(std::string(1 << 20, 'f')), [](const auto&...) {});
    ctx.run();
    ctx.restart();
    const std::string block(1 << 16, 'f');
    try_types(
        ctx, [&](auto token) { writer.async_write_some(asio::buffer(block), std::move(token)); },
        [&] { writer.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, descriptor_waits)
{
    context ctx;
    int ends[2];
    log("pipe", ::pipe(ends));
    stream_descriptor in(ctx, ends[0]);
    stream_descriptor out(ctx, ends[1]);
    try_types(
        ctx, [&](auto token) { in.async_wait(stream_descriptor::wait_read, std::move(token)); },
        [&] { asio::write(out, asio::buffer("x", 1)); });
    char byte;
    in.read_some(asio::buffer(&byte, 1));
    try_types(
        ctx, [&](auto token) { in.async_read_some(asio::null_buffers(), std::move(token)); },
        [&] { in.cancel(); });
    try_types(
        ctx, [&](auto token) { in.async_wait(stream_descriptor::wait_error, std::move(token)); },
        [&] { in.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, serial_port)
{
    context ctx;
    test::terminal line;
    serial_port port(ctx, line.device());
    char byte;
    try_types(
        ctx, [&](auto token) { port.async_read_some(asio::buffer(&byte, 1), std::move(token)); },
        [&] { (void)!::write(line.far_end(), "x", 1); });
}

PROACTOR_TEST_BODY(cancellation, timers_of_other_clocks)
{
    context ctx;
    system_timer system(ctx, 1h);
    try_types(
        ctx, [&](auto token) { system.async_wait(std::move(token)); }, [&] { system.cancel(); });
    using time = boost::posix_time::ptime;
    asio::basic_deadline_timer<time, asio::time_traits<time>, executor> deadline(
        ctx, boost::posix_time::hours(1));
    try_types(
        ctx, [&](auto token) { deadline.async_wait(std::move(token)); },
        [&] { deadline.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, one_of_several_waits)
{
    context ctx;
    steady_timer timer(ctx, 1h);
    signal_set signals(ctx, SIGUSR1);
    cancellation_signal of_timer;
    cancellation_signal of_signals;
    timer.async_wait(report{"first"});
    timer.async_wait(asio::bind_cancellation_slot(of_timer.slot(), report{"second"}));
    timer.async_wait(report{"third"});
    signals.async_wait(report{"first signal"});
    signals.async_wait(asio::bind_cancellation_slot(of_signals.slot(), report{"second signal"}));
    ctx.poll();
    of_timer.emit(cancellation_type::partial);
    log("run_one", ctx.run_one());
    of_signals.emit(cancellation_type::total);
    log("run_one", ctx.run_one());
    log("poll", ctx.poll());
    log("left", timer.cancel());
    ::raise(SIGUSR1);
    ctx.run();
}

// A lookup that has begun ends by itself; so a slot's signal changes nothing that can be relied
// upon, except that there is an end.
PROACTOR_TEST_BODY(cancellation, lookup)
{
    context ctx;
    for (const auto& [name, type] : types)
    {
        tcp_resolver resolver(ctx);
        cancellation_signal signal;
        bool ended = false;
        resolver.async_resolve(
            "127.0.0.1", "80",
            asio::bind_cancellation_slot(signal.slot(),
                                         [&](const error_code& ec, tcp_resolver::results_type) {
                                             ended = !ec || ec == asio::error::operation_aborted;
                                         }));
        signal.emit(type);
        ctx.run();
        ctx.restart();
        log(name, ended);
    }
}

PROACTOR_TEST_BODY(cancellation, composed_write)
{
    context ctx;
    connection c(ctx);
    const std::string block(16 << 20, 'w');
    try_types(
        ctx,
        [&](auto token) { asio::async_write(c.client, asio::buffer(block), std::move(token)); },
        [&] { c.client.cancel(); });
}

// Runs until the first part is there and the operation waits for the second.
static void await_part(context& ctx, const char* data)
{
    while (data[1] != 'b' && ctx.run_one_for(200ms) != 0)
    {
    }
    ctx.poll();
}

PROACTOR_TEST_BODY(cancellation, composed_read_with_a_part)
{
    context ctx;
    connection c(ctx);
    for (const auto& [name, type] : types)
    {
        char data[4]{};
        cancellation_signal signal;
        bool ended = false;
        asio::async_read(c.client, asio::buffer(data),
                         asio::bind_cancellation_slot(
                             signal.slot(), [&, name = name](const error_code& ec, std::size_t n) {
                                 ended = true;
                                 log(name, ec, n);
                             }));
        asio::write(c.server, asio::buffer("ab", 2));
        await_part(ctx, data);
        signal.emit(type);
        ctx.restart();
        while (!ended && ctx.run_one_for(50ms) != 0)
        {
        }
        if (!ended)
        {
            log(name, "goes on");
            asio::write(c.server, asio::buffer("cd", 2));
            ctx.restart();
            ctx.run();
        }
        ctx.restart();
    }
}

PROACTOR_TEST_BODY(cancellation, read_until)
{
    context ctx;
    connection c(ctx);
    std::string data;
    try_types(
        ctx,
        [&](auto token) {
            data.clear();
            asio::async_read_until(c.client, asio::dynamic_buffer(data), '\n', std::move(token));
        },
        [&] { asio::write(c.server, asio::buffer("line\n", 5)); });
    log("data", data);
}

PROACTOR_TEST_BODY(cancellation, connect_to_one_of_many)
{
    context ctx;
    refusing_port nobody(ctx);
    tcp_acceptor acceptor(ctx, any_port());
    std::vector<tcp::endpoint> const where{nobody.endpoint(), acceptor.local_endpoint()};
    for (const auto& [name, type] : types)
    {
        tcp_socket socket(ctx);
        cancellation_signal signal;
        asio::async_connect(
            socket, where,
            asio::bind_cancellation_slot(signal.slot(),
                                         [&, name = name](const error_code& ec, tcp::endpoint) {
                                             // It may have gone too far to be cancelled.
                                             log(name, !ec || ec == asio::error::operation_aborted);
                                         }));
        signal.emit(type);
        ctx.run();
        ctx.restart();
    }
}

template <template <class, class...> class Channel>
static void try_channel()
{
    context ctx;
    Channel<executor, void(error_code, int)> channel(ctx.get_executor(), 0);
    try_types(
        ctx, [&](auto token) { channel.async_receive(std::move(token)); },
        [&] { channel.try_send(error_code(), 1); });
    try_types(
        ctx, [&](auto token) { channel.async_send(error_code(), 2, std::move(token)); },
        [&] { channel.try_receive([](const auto&...) {}); });
}

PROACTOR_TEST_BODY(cancellation, channel)
{
    try_channel<asio::experimental::channel>();
    try_channel<asio::experimental::concurrent_channel>();
}

PROACTOR_TEST_BODY(cancellation, stackful_coroutine)
{
    context ctx;
    connection c(ctx);
    for (const auto& [name, type] : types)
    {
        cancellation_signal signal;
        ctx.restart();
        asio::spawn(
            executor(ctx.get_executor()),
            [&](asio::basic_yield_context<executor> yield) {
                char byte;
                error_code ec;
                c.client.async_read_some(asio::buffer(&byte, 1), yield[ec]);
                log("read", ec, yield.cancelled() != cancellation_type::none);
            },
            asio::bind_cancellation_slot(
                signal.slot(), [name = name](std::exception_ptr error) { log(name, error); }));
        ctx.poll();
        signal.emit(type);
        if (ctx.run_for(200ms); !ctx.stopped())
        {
            log(name, "not cancelled");
            asio::write(c.server, asio::buffer("x", 1));
            ctx.run();
        }
    }
}

} // namespace differential
