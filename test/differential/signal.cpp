//
// Signal sets. Each body is alone in its process, so signals reach nobody else.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <thread>

namespace differential {

using namespace std::chrono_literals;

PROACTOR_TEST_BODY(signal, raised)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1, SIGUSR2);
    signals.async_wait(report{"wait"});
    log("poll", ctx.poll());
    ::raise(SIGUSR2);
    ctx.run();
}

PROACTOR_TEST_BODY(signal, raised_before_the_wait)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1);
    ::raise(SIGUSR1);
    // The signal is taken from Asio's pipe by the loop before there is a wait.
    ctx.poll();
    ctx.restart();
    signals.async_wait(report{"wait"});
    ctx.run();
}

PROACTOR_TEST_BODY(signal, raised_in_a_handler)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1);
    signals.async_wait(report{"wait"});
    asio::post(ctx, [] { ::raise(SIGUSR1); });
    ctx.run();
}

PROACTOR_TEST_BODY(signal, raised_while_the_loop_sleeps)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1);
    signals.async_wait(report{"wait"});
    std::thread other([] { ::kill(::getpid(), SIGUSR1); });
    ctx.run();
    other.join();
}

PROACTOR_TEST_BODY(signal, several_sets)
{
    context ctx;
    signal_set first(ctx, SIGUSR1);
    signal_set second(ctx, SIGUSR1, SIGUSR2);
    context other;
    signal_set third(other, SIGUSR1);
    std::array<int, 3> numbers{};
    first.async_wait([&](const error_code&, int number) { numbers[0] = number; });
    second.async_wait([&](const error_code&, int number) { numbers[1] = number; });
    third.async_wait([&](const error_code&, int number) { numbers[2] = number; });
    ::raise(SIGUSR1);
    ctx.run();
    other.run();
    log("numbers", numbers[0], numbers[1], numbers[2]);
}

PROACTOR_TEST_BODY(signal, several_waits)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1);
    int ended = 0;
    signals.async_wait([&](const error_code& ec, int number) { ++ended, log("one", ec, number); });
    signals.async_wait([&](const error_code& ec, int number) { ++ended, log("two", ec, number); });
    ::raise(SIGUSR1);
    ctx.run();
    log("ended", ended);
}

PROACTOR_TEST_BODY(signal, queued)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1, SIGUSR2);
    ::raise(SIGUSR1);
    ::raise(SIGUSR2);
    ::raise(SIGUSR1);
    ctx.poll();
    // Every occurrence is kept; in which order two signals come out is not promised.
    std::vector<int> numbers;
    for (int i = 0; i < 3; ++i)
    {
        ctx.restart();
        signals.async_wait([&](const error_code&, int number) { numbers.push_back(number); });
        ctx.run();
    }
    std::sort(numbers.begin(), numbers.end());
    log("numbers", numbers[0], numbers[1], numbers[2]);
}

PROACTOR_TEST_BODY(signal, rearmed)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1);
    int left = 3;
    std::function<void(const error_code&, int)> next = [&](const error_code& ec, int number) {
        log("wait", ec, number);
        if (--left > 0)
        {
            signals.async_wait(next);
            ::raise(SIGUSR1);
        }
    };
    signals.async_wait(next);
    ::raise(SIGUSR1);
    ctx.run();
}

PROACTOR_TEST_BODY(signal, cancelled)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1);
    signals.async_wait(report{"first"});
    signals.async_wait(report{"second"});
    signals.cancel();
    log("run", ctx.run());
    ctx.restart();
    signals.async_wait(report{"third"});
    ::raise(SIGUSR1);
    ctx.run();
}

PROACTOR_TEST_BODY(signal, destroyed)
{
    context ctx;
    {
        signal_set signals(ctx, SIGUSR1);
        signals.async_wait(report{"wait"});
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(signal, add_remove_clear)
{
    context ctx;
    ::signal(SIGUSR1, SIG_IGN);
    const auto ignored = [] {
        struct sigaction action = {};
        ::sigaction(SIGUSR1, nullptr, &action);
        return action.sa_handler == SIG_IGN;
    };
    const auto fallback = [] {
        struct sigaction action = {};
        ::sigaction(SIGUSR1, nullptr, &action);
        return action.sa_handler == SIG_DFL;
    };
    signal_set signals(ctx);
    error_code ec;
    signals.add(SIGUSR1, ec);
    log("add", ec, ignored(), fallback());
    signals.add(SIGUSR1, ec);
    log("add again", ec);
    signals.add(-1, ec);
    log("add -1", ec);
    signals.add(SIGKILL, ec);
    log("add SIGKILL", ec);
    signals.add(10000, ec);
    log("add 10000", ec);
    attempt("throwing", [&] { signals.add(SIGKILL); });
    attempt("constructor", [&] { signal_set(ctx, SIGKILL); });
    signals.remove(SIGUSR2, ec);
    log("remove absent", ec);
    signals.remove(-1, ec);
    log("remove -1", ec);
    signals.remove(SIGUSR1, ec);
    log("remove", ec, ignored(), fallback());
    signals.add(SIGUSR1);
    signals.add(SIGUSR2);
    signals.clear(ec);
    log("clear", ec, ignored(), fallback());
}

PROACTOR_TEST_BODY(signal, wait_outlives_remove)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1, SIGUSR2);
    signals.async_wait(report{"wait"});
    signals.remove(SIGUSR1);
    log("poll", ctx.poll());
    ::raise(SIGUSR2);
    ctx.run();
}

PROACTOR_TEST_BODY(signal, set_shared_by_two)
{
    context ctx;
    signal_set kept(ctx, SIGUSR1);
    {
        signal_set gone(ctx, SIGUSR1);
    }
    kept.async_wait(report{"kept"});
    ::raise(SIGUSR1);
    ctx.run();
}

PROACTOR_TEST_BODY(signal, empty_set)
{
    context ctx;
    signal_set signals(ctx);
    signals.async_wait(report{"wait"});
    log("run_for", ctx.run_for(2ms));
    signals.cancel();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(signal, ends_a_server)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    signal_set signals(ctx, SIGINT, SIGTERM);
    acceptor.async_accept(report{"accept"});
    signals.async_wait([&](const error_code& ec, int number) {
        log("signal", ec, number);
        acceptor.close();
    });
    asio::post(ctx, [] { ::raise(SIGTERM); });
    ctx.run();
}

PROACTOR_TEST_BODY(signal, disposition_of_sigpipe)
{
    context ctx;
    struct sigaction action = {};
    ::sigaction(SIGPIPE, nullptr, &action);
    log("ignored", action.sa_handler == SIG_IGN);
}

} // namespace differential
