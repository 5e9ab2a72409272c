//
// A context in a process that forks. The child is done before the parent goes on, so that what the two
// write down has an order. How many handlers `run` counts is not compared: Asio has some of its own.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <algorithm>
#include <csignal>
#include <string>

#include <sys/wait.h>

namespace differential {

using namespace std::chrono_literals;

namespace {

using event = asio::execution_context;

template <class Body>
void in_child(context& ctx, Body body)
{
    ctx.notify_fork(event::fork_prepare);
    const pid_t child = ::fork();
    if (child == 0)
    {
        ctx.notify_fork(event::fork_child);
        body();
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    ctx.notify_fork(event::fork_parent);
    log("child", status);
}

} // namespace

PROACTOR_TEST_BODY(fork, outstanding)
{
    context ctx;
    connection c(ctx);
    steady_timer timer(ctx, 20ms);
    signal_set signals(ctx, SIGUSR1);
    char byte = 0;
    std::string done;
    const auto note = [&](char what) {
        return [&done, what](const error_code& ec, auto...) { done += ec ? '!' : what; };
    };
    asio::post(ctx, [&] { done += 'p'; });
    c.client.async_read_some(asio::buffer(&byte, 1), note('r'));
    timer.async_wait(note('t'));
    signals.async_wait(note('s'));
    const auto finish = [&] {
        ctx.run();
        std::sort(done.begin(), done.end());
        log("done", done);
    };
    in_child(ctx, [&] {
        asio::write(c.server, asio::buffer("xx", 2));
        ::raise(SIGUSR1);
        finish();
    });
    log("done", done);
    ::raise(SIGUSR1);
    finish();
}

PROACTOR_TEST_BODY(fork, cancelled_in_the_child)
{
    context ctx;
    connection c(ctx);
    steady_timer timer(ctx, 20ms);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.poll();
    in_child(ctx, [&] {
        c.client.cancel();
        ctx.run();
        c.client.close();
        c.server.close();
    });
    asio::write(c.server, asio::buffer("x", 1));
    ctx.run();
}

PROACTOR_TEST_BODY(fork, accepted_in_the_child)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    in_child(ctx, [&] {
        tcp_socket client(ctx);
        tcp_socket server(ctx);
        acceptor.async_accept(server, report{"accept"});
        client.connect(acceptor.local_endpoint());
        ctx.run();
    });
    ctx.run();
}

PROACTOR_TEST_BODY(fork, new_work_in_both)
{
    context ctx;
    const auto work = [&] {
        steady_timer timer(ctx, 1ms);
        signal_set signals(ctx, SIGUSR1);
        timer.async_wait([](const error_code& ec) {
            log("timer", ec);
            ::raise(SIGUSR1);
        });
        signals.async_wait(report{"signal"});
        ctx.restart();
        ctx.run();
    };
    work();
    in_child(ctx, work);
    work();
}

PROACTOR_TEST_BODY(fork, inside_a_handler)
{
    context ctx;
    steady_timer timer(ctx);
    bool is_child = false;
    int status = -1;
    asio::post(ctx, [&] {
        ctx.notify_fork(event::fork_prepare);
        const pid_t child = ::fork();
        is_child = child == 0;
        if (!is_child)
            ::waitpid(child, &status, 0);
        ctx.notify_fork(is_child ? event::fork_child : event::fork_parent);
        timer.expires_after(1ms);
        timer.async_wait(report{"timer"});
    });
    ctx.run();
    if (is_child)
        ::_exit(0);
    log("child", status);
}

PROACTOR_TEST_BODY(fork, signals_of_each)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1);
    signals.async_wait(report{"wait"});
    in_child(ctx, [&] {
        ::raise(SIGUSR1);
        ctx.run();
    });
    log("poll", ctx.poll());
    ::raise(SIGUSR1);
    ctx.run();
}

PROACTOR_TEST_BODY(fork, destroyed_in_the_child)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    in_child(ctx, [&] {
        connection other(ctx);
        other.client.async_read_some(asio::buffer(&byte, 1), report{"child's read"});
        other.client.close();
        ctx.run_one();
    });
    asio::write(c.server, asio::buffer("x", 1));
    ctx.run();
}

} // namespace differential
