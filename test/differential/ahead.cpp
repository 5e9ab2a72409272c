//
// What there is to read while a receive is pending whose bytes have come and whose handler has not run.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <cstddef>
#include <thread>

#include <fcntl.h>

namespace differential {

namespace {

/// What `ask` says, once it is at least `n`: loopback may deliver a moment after a send.
template <class Ask>
std::size_t in_time(std::size_t n, Ask ask)
{
    std::size_t found = ask();
    for (int i = 0; i != 100000 && found < n; ++i)
    {
        std::this_thread::yield();
        found = ask();
    }
    return found;
}

template <class Socket>
std::size_t available(Socket& socket, std::size_t n)
{
    return in_time(n, [&] { return socket.available(); });
}

template <class Object>
std::size_t readable(Object& object, std::size_t n = 0)
{
    return in_time(n,
                   [&]
                   {
                       typename Object::bytes_readable command;
                       object.io_control(command);
                       return command.get();
                   });
}

} // namespace

PROACTOR_TEST_BODY(ahead, available)
{
    context ctx;
    connection c(ctx);
    char data[2] = {};
    c.client.async_receive(asio::buffer(data), report{"receive"});
    log("poll", ctx.poll());
    log("nothing yet", c.client.available());
    asio::write(c.server, asio::buffer("ab", 2));
    log("available", available(c.client, 2));
    log("io_control", readable(c.client));
    asio::write(c.server, asio::buffer("cde", 3));
    log("more", available(c.client, 5));
    log("run", ctx.run_one());
    log("left", c.client.available(), readable(c.client));
}

PROACTOR_TEST_BODY(ahead, at_mark)
{
    context ctx;
    connection c(ctx);
    char data[16] = {};
    c.client.async_receive(asio::buffer(data), report{"receive"});
    log("poll", ctx.poll());
    c.server.send(asio::buffer("ab", 2));
    c.server.send(asio::buffer("!", 1), tcp_socket::message_out_of_band);
    c.client.wait(tcp_socket::wait_error);
    log("before the bytes", c.client.at_mark());
    log("run", ctx.run());
    log("data", data);
    log("behind them", c.client.at_mark());
}

PROACTOR_TEST_BODY(ahead, in_another_handler)
{
    context ctx;
    connection c(ctx);
    char data[16] = {};
    c.client.async_receive(asio::buffer(data), report{"receive"});
    log("poll", ctx.poll());
    asio::post(ctx,
               [&]
               {
                   asio::write(c.server, asio::buffer("ab", 2));
                   log("available", available(c.client, 2));
                   asio::post(ctx, [] { log("posted behind the look", "and ahead of the bytes"); });
               });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ahead, of_the_other_socket)
{
    context ctx;
    connection first(ctx);
    connection second(ctx);
    char data[2][16] = {};
    const auto look = [](tcp_socket& other)
    {
        return [&other](const error_code& ec, std::size_t n)
        {
            log("received", ec, n);
            log("the other has", other.available());
        };
    };
    first.client.async_receive(asio::buffer(data[0]), look(second.client));
    second.client.async_receive(asio::buffer(data[1]), look(first.client));
    log("poll", ctx.poll());
    asio::write(first.server, asio::buffer("abc", 3));
    asio::write(second.server, asio::buffer("def", 3));
    available(first.client, 3);
    available(second.client, 3);
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ahead, there_when_it_was_asked_for)
{
    context ctx;
    connection c(ctx);
    char data[16] = {};
    asio::write(c.server, asio::buffer("ab", 2));
    await_readable(c.client.native_handle());
    log("before", c.client.available());
    c.client.async_receive(asio::buffer(data), report{"receive"});
    log("taken at once", c.client.available());
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ahead, two_receives)
{
    context ctx;
    connection c(ctx);
    char data[4] = {};
    c.client.async_receive(asio::buffer(data, 2),
                           [&](const error_code& ec, std::size_t n)
                           {
                               log("first", ec, n);
                               log("taken with it", c.client.available());
                           });
    c.client.async_receive(asio::buffer(data + 2, 2), report{"second"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("abcd", 4));
    log("available", available(c.client, 4));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ahead, peek)
{
    context ctx;
    connection c(ctx);
    char data[16] = {};
    c.client.async_receive(asio::buffer(data), tcp_socket::message_peek, report{"peek"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("ab", 2));
    log("available", available(c.client, 2));
    log("run", ctx.run());
    log("available", c.client.available());
}

PROACTOR_TEST_BODY(ahead, datagrams)
{
    context ctx;
    datagrams d(ctx);
    char data[16] = {};
    udp::endpoint from;
    d.second.async_receive_from(asio::buffer(data), from, report{"first"});
    log("poll", ctx.poll());
    d.first.send_to(asio::buffer("abc", 3), d.second_at);
    log("available", available(d.second, 3));
    d.first.send_to(asio::buffer("fghij", 5), d.second_at);
    log("the oldest", d.second.available(), readable(d.second));
    log("run", ctx.run_one());
    log("the next", available(d.second, 5));
}

PROACTOR_TEST_BODY(ahead, pipe)
{
    context ctx;
    int ends[2];
    log("pipe", ::pipe2(ends, O_CLOEXEC));
    stream_descriptor in(ctx, ends[0]);
    stream_descriptor out(ctx, ends[1]);
    char data[16] = {};
    in.async_read_some(asio::buffer(data), report{"read"});
    log("poll", ctx.poll());
    asio::write(out, asio::buffer("ab", 2));
    log("readable", readable(in, 2));
    log("run", ctx.run());
    log("left", readable(in));
}

/// What another handle had is not counted for one with the same number.
PROACTOR_TEST_BODY(ahead, closed)
{
    context ctx;
    connection c(ctx);
    char data[16] = {};
    c.client.async_receive(asio::buffer(data), [](const error_code&, std::size_t) {});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("abc", 3));
    log("available", available(c.client, 3));
    c.client.close();
    tcp_socket next(ctx);
    tcp_socket peer(ctx);
    next.connect(c.acceptor.local_endpoint());
    c.acceptor.accept(peer);
    char one = 0;
    next.async_receive(asio::buffer(&one, 1), report{"next"});
    asio::write(peer, asio::buffer("z", 1));
    log("next", available(next, 1));
    ctx.run();
}

} // namespace differential
