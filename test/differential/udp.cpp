//
// Datagrams over UDP: lengths, errors that another host reports, readiness.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <chrono>
#include <cstring>
#include <thread>

namespace differential {

PROACTOR_TEST_BODY(udp, there_and_back)
{
    context ctx;
    datagrams d(ctx);
    char data[16];
    udp::endpoint from;
    d.second.async_receive_from(asio::buffer(data), from, [&](const error_code& ec, std::size_t n) {
        log("received", ec, std::string_view(data, n), from == d.first_at);
        d.second.async_send_to(asio::buffer("back", 4), from, report{"answered"});
    });
    d.first.async_send_to(asio::buffer("there", 5), d.second_at, report{"sent"});
    run_all(ctx);
    log("sync", d.first.receive_from(asio::buffer(data), from));
    log("from", from == d.second_at);
    log("sync", d.first.send_to(asio::buffer("sync", 4), d.second_at));
    log("got", drain(d.second));
}

PROACTOR_TEST_BODY(udp, empty_datagrams)
{
    context ctx;
    datagrams d(ctx);
    udp::endpoint from;
    char data[8];
    d.second.async_receive_from(asio::buffer(data), from, report{"pending"});
    d.first.async_send_to(asio::const_buffer(), d.second_at, report{"sent"});
    run_all(ctx);
    log("from", from == d.first_at);
    log("sync", d.first.send_to(asio::const_buffer(), d.second_at));
    d.second.async_receive_from(asio::buffer(data), from, report{"there already"});
    run_all(ctx);
    log("sync", d.first.send_to(asio::const_buffer(), d.second_at));
    log("sync", d.second.receive_from(asio::buffer(data), from));
    d.connect();
    d.second.async_receive(asio::buffer(data), report{"connected"});
    d.first.async_send(asio::const_buffer(), report{"sent"});
    run_all(ctx);
    log("sync", d.first.send(asio::const_buffer()));
    log("sync", d.second.receive(asio::buffer(data)));
}

PROACTOR_TEST_BODY(udp, empty_buffers_take_a_datagram)
{
    context ctx;
    datagrams d(ctx);
    udp::endpoint from;
    d.second.async_receive_from(asio::mutable_buffer(), from, report{"pending"});
    log("poll", ctx.poll());
    for (const char* text : {"one", "two", "three", "four"})
    {
        d.first.send_to(asio::buffer(text, 3), d.second_at);
    }
    run_all(ctx);
    log("from", from == d.first_at);
    log("sync", d.second.receive_from(asio::mutable_buffer(), from));
    d.connect();
    d.second.async_receive(asio::mutable_buffer(), report{"connected"});
    run_all(ctx);
    log("left", drain(d.second).substr(0, 4));
    d.first.send(asio::buffer("five", 4));
    log("sync", d.second.receive(asio::mutable_buffer()));
    log("left", drain(d.second));
}

PROACTOR_TEST_BODY(udp, datagram_longer_than_the_buffer)
{
    context ctx;
    datagrams d(ctx);
    d.connect();
    udp::endpoint from;
    char data[4];
    const auto send = [&] { d.first.send(asio::buffer("0123456789", 10)); };
    send();
    d.second.async_receive(asio::buffer(data), report{"receive"});
    run_all(ctx);
    send();
    d.second.async_receive_from(asio::buffer(data), from, report{"receive_from"});
    run_all(ctx);
    send();
    log("sync", d.second.receive(asio::buffer(data)));
    send();
    log("sync", d.second.receive_from(asio::buffer(data), from));
    send();
    d.second.async_receive(asio::buffer(data), MSG_TRUNC, report{"its real length"});
    run_all(ctx);
    send();
    d.second.async_receive_from(asio::buffer(data), from, MSG_TRUNC, report{"its real length"});
    run_all(ctx);
    send();
    log("sync", d.second.receive(asio::buffer(data), MSG_TRUNC));
    const std::array<asio::mutable_buffer, 2> two{asio::buffer(data, 2), asio::buffer(data + 2, 2)};
    send();
    d.second.async_receive(two, report{"two buffers"});
    run_all(ctx);
    log("left", drain(d.second), std::string_view(data, 4));
}

PROACTOR_TEST_BODY(udp, peek)
{
    context ctx;
    datagrams d(ctx);
    char data[8];
    udp::endpoint from;
    d.second.async_receive_from(asio::buffer(data), from, udp_socket::message_peek, report{"peek"});
    d.first.send_to(asio::buffer("look", 4), d.second_at);
    run_all(ctx);
    log("again", d.second.receive_from(asio::buffer(data), from, udp_socket::message_peek));
    d.second.async_receive(asio::buffer(data), udp_socket::message_peek, report{"peek"});
    run_all(ctx);
    d.second.async_receive(asio::buffer(data), report{"take"});
    run_all(ctx);
    log("available", d.second.available());
}

PROACTOR_TEST_BODY(udp, more_buffers_than_one_call_takes)
{
    context ctx;
    datagrams d(ctx);
    udp::endpoint from;
    std::string text(70, 'x');
    std::string got(70, '.');
    for (const std::size_t count : {std::size_t(64), std::size_t(65), std::size_t(70)})
    {
        std::vector<asio::const_buffer> out;
        std::vector<asio::mutable_buffer> in;
        for (std::size_t i = 0; i < count; ++i)
        {
            out.emplace_back(&text[i], 1);
            in.emplace_back(&got[i], 1);
        }
        d.first.async_send_to(out, d.second_at, report{"sent"});
        d.second.async_receive_from(asio::buffer(got), from, report{"received"});
        run_all(ctx);
        d.first.async_send_to(asio::buffer(text), d.second_at, report{"sent"});
        d.second.async_receive_from(in, from, report{"received"});
        run_all(ctx);
        log("sync", d.first.send_to(out, d.second_at));
        log("sync", d.second.receive_from(in, from));
    }
}

PROACTOR_TEST_BODY(udp, connected_to_a_deserted_port)
{
    context ctx;
    const udp::endpoint nowhere = deserted_udp_port(ctx);
    udp_socket socket(ctx, any_udp_port());
    socket.connect(nowhere);
    char data[8];
    error_code ec;
    socket.async_receive(asio::buffer(data), report{"pending receive"});
    log("sent", socket.send(asio::buffer("x", 1)));
    run_all(ctx);
    log("sent", socket.send(asio::buffer("x", 1)));
    await_readable(socket.native_handle());
    socket.async_receive(asio::buffer(data), report{"receive"});
    run_all(ctx);
    socket.send(asio::buffer("x", 1));
    socket.receive(asio::buffer(data), 0, ec);
    log("sync receive", ec);
    socket.send(asio::buffer("x", 1));
    socket.send(asio::buffer("x", 1), 0, ec);
    log("sync send", ec);
    socket.async_send(asio::buffer("x", 1), report{"send"});
    run_all(ctx);
    socket.async_send(asio::buffer("x", 1), report{"send after that"});
    run_all(ctx);
    udp::endpoint from;
    socket.send(asio::buffer("x", 1), 0, ec);
    socket.async_receive_from(asio::buffer(data), from, report{"receive_from"});
    run_all(ctx);
    log("state", socket);
}

PROACTOR_TEST_BODY(udp, waits_on_a_deserted_port)
{
    context ctx;
    const udp::endpoint nowhere = deserted_udp_port(ctx);
    for (const auto what : {udp_socket::wait_read, udp_socket::wait_error})
    {
        udp_socket socket(ctx, any_udp_port());
        socket.connect(nowhere);
        socket.async_wait(what, report{"wait"});
        log("poll", ctx.poll());
        socket.send(asio::buffer("x", 1));
        run_all(ctx);
        error_code ec;
        char byte;
        socket.receive(asio::buffer(&byte, 1), 0, ec);
        log("error is left", ec);
    }
}

PROACTOR_TEST_BODY(udp, unconnected_hears_of_no_deserted_port)
{
    context ctx;
    const udp::endpoint nowhere = deserted_udp_port(ctx);
    udp_socket socket(ctx, any_udp_port());
    char data[8];
    udp::endpoint from;
    socket.async_receive_from(asio::buffer(data), from, report{"receive"});
    log("sent", socket.send_to(asio::buffer("x", 1), nowhere));
    log("poll", ctx.poll());
    socket.send_to(asio::buffer("me", 2), socket.local_endpoint());
    run_all(ctx);
}

PROACTOR_TEST_BODY(udp, connected_hears_its_peer_alone)
{
    context ctx;
    datagrams d(ctx);
    udp_socket stranger(ctx, any_udp_port());
    d.first.connect(d.second_at);
    char data[16];
    d.first.async_receive(asio::buffer(data), report{"receive"});
    stranger.send_to(asio::buffer("stranger", 8), d.first_at);
    log("poll", ctx.poll());
    d.second.send_to(asio::buffer("peer", 4), d.first_at);
    run_all(ctx);
    log("remote", d.first.remote_endpoint() == d.second_at);
    d.first.async_connect(stranger.local_endpoint(), report{"connect elsewhere"});
    run_all(ctx);
    log("remote", d.first.remote_endpoint() == stranger.local_endpoint());
    error_code ec;
    log("send_to", d.first.send_to(asio::buffer("x", 1), d.second_at, 0, ec));
    log("past its peer", ec, drain(d.second));
}

PROACTOR_TEST_BODY(udp, errors_of_a_send)
{
    context ctx;
    datagrams d(ctx);
    udp_socket socket(ctx, udp::v4());
    error_code ec;
    const std::string large(70000, 'x');
    const udp::endpoint broadcast(asio::ip::address_v4::broadcast(), 9);
    const udp::endpoint v6(asio::ip::address_v6::loopback(), 9);
    const udp::endpoint port_0(asio::ip::address_v4::loopback(), 0);
    const auto both = [&](const char* name, asio::const_buffer data, const udp::endpoint& to) {
        socket.send_to(data, to, 0, ec);
        log(name, ec);
        socket.async_send_to(data, to, report{name});
        run_all(ctx);
    };
    both("too large", asio::buffer(large), d.second_at);
    both("broadcast", asio::buffer("x", 1), broadcast);
    both("port 0", asio::buffer("x", 1), port_0);
    both("other family", asio::buffer("x", 1), v6);
    socket.send(asio::buffer("x", 1), 0, ec);
    log("no address", ec);
    socket.async_send(asio::buffer("x", 1), report{"no address"});
    run_all(ctx);
    attempt("throwing", [&] { return socket.send_to(asio::buffer(large), d.second_at); });
    log("out of band",
        socket.send_to(asio::buffer("x", 1), d.second_at, udp_socket::message_out_of_band, ec));
    log("out of band", ec);
    socket.async_send_to(asio::buffer("x", 1), d.second_at, udp_socket::message_out_of_band,
                         report{"out of band"});
    run_all(ctx);
}

PROACTOR_TEST_BODY(udp, closed_socket)
{
    context ctx;
    udp_socket socket(ctx);
    udp::endpoint at(asio::ip::address_v4::loopback(), 9);
    char data[8];
    error_code ec;
    socket.async_receive(asio::buffer(data), report{"receive"});
    socket.async_receive_from(asio::buffer(data), at, report{"receive_from"});
    socket.async_send(asio::buffer(data), report{"send"});
    socket.async_send_to(asio::buffer(data), at, report{"send_to"});
    socket.async_wait(udp_socket::wait_read, report{"wait"});
    socket.async_receive_from(asio::null_buffers(), at, report{"null receive_from"});
    socket.async_send_to(asio::null_buffers(), at, report{"null send_to"});
    run_all(ctx);
    socket.receive_from(asio::buffer(data), at, 0, ec);
    log("receive_from", ec);
    socket.send_to(asio::buffer(data), at, 0, ec);
    log("send_to", ec);
    socket.async_connect(at, report{"connect opens"});
    run_all(ctx);
    log("state", socket);
}

PROACTOR_TEST_BODY(udp, null_buffers)
{
    context ctx;
    datagrams d(ctx);
    d.connect();
    udp::endpoint from;
    char data[8];
    d.second.async_receive(asio::null_buffers(), report{"receive"});
    d.second.async_receive_from(asio::null_buffers(), from, report{"receive_from"});
    log("poll", ctx.poll());
    d.first.send(asio::buffer("data", 4));
    run_all(ctx);
    log("from nobody", from == udp::endpoint());
    d.first.async_send(asio::null_buffers(), report{"send"});
    run_all(ctx);
    d.first.async_send_to(asio::null_buffers(), d.second_at, report{"send_to"});
    run_all(ctx);
    log("sync", d.second.receive(asio::null_buffers()));
    log("sync", d.second.receive_from(asio::null_buffers(), from));
    log("sync", d.first.send(asio::null_buffers()));
    log("sync", d.first.send_to(asio::null_buffers(), d.second_at));
    log("left", d.second.receive(asio::buffer(data)));
}

PROACTOR_TEST_BODY(udp, non_blocking)
{
    context ctx;
    datagrams d(ctx);
    udp::endpoint from;
    char data[8];
    error_code ec;
    d.first.non_blocking(true);
    d.first.receive_from(asio::buffer(data), from, 0, ec);
    log("sync", ec);
    d.first.wait(udp_socket::wait_read, ec);
    log("wait", ec);
    d.first.async_receive_from(asio::buffer(data), from, report{"async"});
    log("poll", ctx.poll());
    d.second.send_to(asio::buffer("x", 1), d.first_at);
    run_all(ctx);
    log("flags", d.first.non_blocking(), d.first.native_non_blocking());
    d.first.non_blocking(false);
    d.second.send_to(asio::buffer("y", 1), d.first_at);
    log("sync", d.first.receive_from(asio::buffer(data), from));
}

PROACTOR_TEST_BODY(udp, queued_receives_keep_their_order)
{
    context ctx;
    datagrams d(ctx);
    char data[4][8];
    udp::endpoint from[4];
    for (int i = 0; i < 4; ++i)
    {
        d.second.async_receive_from(asio::buffer(data[i]), from[i],
                                    [&, i](const error_code& ec, std::size_t n) {
                                        log("received", i, ec, std::string_view(data[i], n));
                                    });
    }
    for (const char* text : {"a", "bb", "ccc", "dddd"})
    {
        d.first.send_to(asio::buffer(text, std::strlen(text)), d.second_at);
    }
    run_all(ctx);
}

PROACTOR_TEST_BODY(udp, ended_with_receives_outstanding)
{
    context ctx;
    datagrams d(ctx);
    char data[8];
    udp::endpoint from;
    const auto start = [&](udp_socket& socket) {
        socket.async_receive_from(asio::buffer(data), from, report{"receive_from"});
        socket.async_receive(asio::buffer(data), report{"receive"});
        socket.async_wait(udp_socket::wait_read, report{"wait"});
        ctx.poll();
    };
    start(d.first);
    d.first.cancel();
    run_all(ctx);
    start(d.first);
    d.first.close();
    run_all(ctx);
    start(d.second);
    udp_socket moved(std::move(d.second));
    moved.send_to(asio::buffer("self", 4), d.second_at);
    ctx.run_one();
    {
        const udp_socket gone(std::move(moved));
    }
    run_all(ctx);
}

PROACTOR_TEST_BODY(udp, shutdown)
{
    context ctx;
    datagrams d(ctx);
    d.connect();
    char data[8];
    error_code ec;
    d.first.shutdown(udp_socket::shutdown_receive, ec);
    log("shutdown", ec);
    d.first.async_receive(asio::buffer(data), report{"receive"});
    for (int i = 0; i != 5; ++i) // a kernel's worker has time to find something
    {
        ctx.poll();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    d.first.cancel();
    run_all(ctx);
    d.second.shutdown(udp_socket::shutdown_send, ec);
    d.second.async_send(asio::buffer(data), report{"send"});
    run_all(ctx);
    udp_socket loose(ctx, any_udp_port());
    loose.shutdown(udp_socket::shutdown_both, ec);
    log("not connected", ec);
}

PROACTOR_TEST_BODY(udp, assigned_and_released)
{
    context ctx;
    datagrams d(ctx);
    error_code ec;
    udp_socket other(ctx);
    char data[8];
    d.second.async_receive(asio::buffer(data), report{"pending"});
    ctx.poll();
    const int handle = d.second.release();
    run_all(ctx);
    log("released", d.second);
    other.assign(udp::v4(), handle, ec);
    log("assign", ec, other);
    other.assign(udp::v4(), handle, ec);
    log("twice", ec, other);
    d.first.send_to(asio::buffer("x", 1), d.second_at);
    other.async_receive(asio::buffer(data), report{"receive"});
    run_all(ctx);
    d.second.release(ec);
    log("release of a closed one", ec);
    d.second.assign(udp::v4(), -1, ec);
    log("no handle", ec, d.second);
    d.second.assign(udp::v4(), 4000, ec);
    log("closed handle", ec, d.second);
}

} // namespace differential
