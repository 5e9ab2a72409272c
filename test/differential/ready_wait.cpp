//
// Waits for a readiness that is there already, and their cancellation: Asio asks for it when the
// loop turns, never when the wait begins. What its run functions return is left out where they count an
// event that nobody waits for any more.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <functional>

namespace differential {

namespace {

// A connection whose client has something to read, and room to write.
struct ready : connection
{
    explicit ready(context& ctx) : connection(ctx)
    {
        asio::write(server, asio::buffer("hello", 5));
        await_readable(client.native_handle());
    }
};

} // namespace

PROACTOR_TEST_BODY(ready_wait, cancelled_at_once)
{
    for (auto what : {tcp_socket::wait_read, tcp_socket::wait_write})
    {
        context ctx;
        ready c(ctx);
        c.client.async_wait(what, report{"wait"});
        c.client.cancel();
        log("run", ctx.run());
        log("left", drain(c.client));
    }
}

PROACTOR_TEST_BODY(ready_wait, cancelled_in_the_handler_that_began_it)
{
    for (auto what : {tcp_socket::wait_read, tcp_socket::wait_write})
    {
        context ctx;
        ready c(ctx);
        asio::post(ctx, [&] {
            c.client.async_wait(what, report{"wait"});
            c.client.cancel();
        });
        ctx.run();
    }
}

PROACTOR_TEST_BODY(ready_wait, cancelled_by_its_slot)
{
    context ctx;
    ready c(ctx);
    asio::cancellation_signal signal;
    c.client.async_wait(tcp_socket::wait_read,
                        asio::bind_cancellation_slot(signal.slot(), report{"wait"}));
    signal.emit(asio::cancellation_type::terminal);
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, closed_at_once)
{
    context ctx;
    ready c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"wait"});
    c.client.close();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, destroyed_at_once)
{
    context ctx;
    ready c(ctx);
    {
        tcp_socket doomed = std::move(c.client);
        doomed.async_wait(tcp_socket::wait_write, report{"wait"});
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, null_buffers_cancelled_at_once)
{
    context ctx;
    ready c(ctx);
    c.client.async_receive(asio::null_buffers(), report{"receive"});
    c.server.async_send(asio::null_buffers(), report{"send"});
    c.client.cancel();
    c.server.cancel();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, of_an_acceptor_cancelled_at_once)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    await_readable(acceptor.native_handle());
    acceptor.async_wait(tcp_acceptor::wait_read, report{"wait"});
    acceptor.cancel();
    log("run", ctx.run());
    log("accept", acceptor.accept());
}

PROACTOR_TEST_BODY(ready_wait, of_a_descriptor_cancelled_at_once)
{
    context ctx;
    int ends[2];
    log("pipe", ::pipe(ends));
    stream_descriptor in(ctx, ends[0]);
    stream_descriptor out(ctx, ends[1]);
    asio::write(out, asio::buffer("x", 1));
    in.async_wait(stream_descriptor::wait_read, report{"in"});
    out.async_wait(stream_descriptor::wait_write, report{"out"});
    in.cancel();
    out.cancel();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, two_cancelled_at_once)
{
    context ctx;
    ready c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"first"});
    c.client.async_wait(tcp_socket::wait_read, report{"second"});
    c.client.cancel();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, behind_a_read_that_succeeds)
{
    context ctx;
    ready c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    c.client.async_wait(tcp_socket::wait_read, report{"wait"});
    c.client.cancel();
    log("run", ctx.run());
}

// Whatever is ready of one handle ends together.
PROACTOR_TEST_BODY(ready_wait, the_first_cancels_the_second_of_its_socket)
{
    context ctx;
    ready c(ctx);
    c.client.async_wait(tcp_socket::wait_read, [&](const error_code& ec) {
        log("first", ec);
        c.client.cancel();
    });
    c.client.async_wait(tcp_socket::wait_read, report{"second"});
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, the_first_of_those_that_waited_cancels_the_second)
{
    context ctx;
    connection c(ctx);
    c.client.async_wait(tcp_socket::wait_read, [&](const error_code& ec) {
        log("first", ec);
        c.client.cancel();
    });
    c.client.async_wait(tcp_socket::wait_read, report{"second"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("hello", 5));
    await_readable(c.client.native_handle());
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, a_direction_cancels_the_other)
{
    for (const bool write_first : {false, true})
    {
        context ctx;
        ready c(ctx);
        const auto begin = [&](bool write) {
            c.client.async_wait(write ? tcp_socket::wait_write : tcp_socket::wait_read,
                                [&](const error_code& ec) {
                                    log("either", ec);
                                    c.client.cancel();
                                });
        };
        begin(write_first);
        begin(!write_first);
        log("run", ctx.run());
    }
}

PROACTOR_TEST_BODY(ready_wait, the_second_and_the_third_after_the_first)
{
    context ctx;
    ready c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"first"});
    c.client.async_wait(tcp_socket::wait_read, [&](const error_code& ec) {
        log("second", ec);
        c.client.cancel();
    });
    c.client.async_wait(tcp_socket::wait_read, report{"third"});
    log("run_one", ctx.run_one());
    log("run", ctx.run());
}

// Begun by the handler of another, it has not been asked for by the loop.
PROACTOR_TEST_BODY(ready_wait, begun_and_cancelled_in_the_handler_of_another)
{
    context ctx;
    ready c(ctx);
    c.client.async_wait(tcp_socket::wait_read, [&](const error_code& ec) {
        log("first", ec);
        c.client.async_wait(tcp_socket::wait_read, report{"second"});
        c.client.cancel();
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(ready_wait, cancelled_by_what_was_ready_before_it)
{
    context ctx;
    ready c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"wait"});
    asio::post(ctx, [&] {
        log("posted");
        c.client.cancel();
    });
    ctx.run();
}

PROACTOR_TEST_BODY(ready_wait, cancelled_by_the_wait_of_another_socket)
{
    context ctx;
    ready a(ctx);
    ready b(ctx);
    a.client.async_wait(tcp_socket::wait_read, [&](const error_code& ec) {
        log("a", ec);
        b.client.cancel();
    });
    b.client.async_wait(tcp_socket::wait_read, [&](const error_code& ec) {
        log("b", ec);
        a.client.cancel();
    });
    ctx.run();
}

// Between two handlers of a run function that stops in between.
PROACTOR_TEST_BODY(ready_wait, cancelled_after_a_turn)
{
    context ctx;
    ready a(ctx);
    ready b(ctx);
    a.client.async_wait(tcp_socket::wait_read, report{"a"});
    b.client.async_wait(tcp_socket::wait_read, report{"b"});
    log("run_one", ctx.run_one());
    a.client.cancel();
    b.client.cancel();
    ctx.run();
}

PROACTOR_TEST_BODY(ready_wait, left_alone)
{
    context ctx;
    ready c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"read"});
    log("run", ctx.run());
    ctx.restart();
    c.client.async_wait(tcp_socket::wait_write, report{"write"});
    log("run", ctx.run());
    log("left", drain(c.client));
}

} // namespace differential
