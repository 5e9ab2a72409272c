//
// What the run functions return, and what stop, restart, work and exceptions do to them.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace differential {

using namespace std::chrono_literals;

PROACTOR_TEST_BODY(run, empty)
{
    context ctx;
    log("stopped", ctx.stopped());
    log_run("run", ctx, ctx.run());
    log("again", ctx.run());
    log("again", ctx.run_one());
    log("again", ctx.poll());
    log("again", ctx.poll_one());
    ctx.restart();
    log("restarted", ctx.stopped());
    log_run("poll", ctx, ctx.poll());
    ctx.restart();
    log_run("run_for", ctx, ctx.run_for(1h));
    ctx.restart();
    log_run("run_one_for", ctx, ctx.run_one_for(1h));
}

PROACTOR_TEST_BODY(run, finished_needs_restart)
{
    context ctx;
    asio::post(ctx, [] { log("first"); });
    log("run", ctx.run());
    asio::post(ctx, [] { log("second"); });
    log("not restarted", ctx.run());
    log("not restarted", ctx.poll());
    log_run("not restarted", ctx, ctx.run_one());
    ctx.restart();
    log_run("restarted", ctx, ctx.run());
}

PROACTOR_TEST_BODY(run, one_by_one)
{
    context ctx;
    for (int i = 0; i < 4; ++i)
    {
        asio::post(ctx, [i] { log("handler", i); });
    }
    log_run("run_one", ctx, ctx.run_one());
    log_run("poll_one", ctx, ctx.poll_one());
    log_run("run_one_for", ctx, ctx.run_one_for(1h));
    log_run("run_one_until", ctx, ctx.run_one_until(std::chrono::steady_clock::now() + 1h));
    log_run("poll_one", ctx, ctx.poll_one());
    log_run("run_one", ctx, ctx.run_one());
}

PROACTOR_TEST_BODY(run, counts)
{
    context ctx;
    int ran = 0;
    for (int i = 0; i < 1000; ++i)
    {
        asio::post(ctx, [&ran] { ++ran; });
    }
    log("run", ctx.run());
    log("run", ran);
}

PROACTOR_TEST_BODY(run, handlers_posted_by_handlers)
{
    context ctx;
    std::function<void(int)> next = [&](int left) {
        log("handler", left);
        if (left > 0)
        {
            asio::post(ctx, [&next, left] { next(left - 1); });
        }
    };
    asio::post(ctx, [&next] { next(5); });
    log_run("poll", ctx, ctx.poll());
    ctx.restart();
    asio::post(ctx, [&next] { next(2); });
    log_run("poll_one", ctx, ctx.poll_one());
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(run, for_and_until_return_without_work_done)
{
    context ctx;
    steady_timer timer(ctx, 1h);
    timer.async_wait(report{"timer"});
    const auto start = std::chrono::steady_clock::now();
    log_run("run_for", ctx, ctx.run_for(10ms));
    log_run("run_one_for", ctx, ctx.run_one_for(10ms));
    log("waited", std::chrono::steady_clock::now() - start >= 20ms);
    log_run("run_until", ctx, ctx.run_until(start));
    log_run("run_one_until", ctx, ctx.run_one_until(start));
    log_run("run_for 0", ctx, ctx.run_for(0s));
    log("poll", ctx.poll());
    log_run("poll", ctx, ctx.poll_one());
    log("cancel", timer.cancel());
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(run, for_runs_what_is_ready)
{
    context ctx;
    asio::post(ctx, report{"posted"});
    steady_timer soon(ctx, 5ms);
    steady_timer later(ctx, 1h);
    soon.async_wait(report{"soon"});
    later.async_wait(report{"later"});
    log_run("run_one_for", ctx, ctx.run_one_for(1h));
    log_run("run_one_for", ctx, ctx.run_one_for(1h));
    log_run("run_for", ctx, ctx.run_for(5ms));
    later.cancel();
    log_run("run_for", ctx, ctx.run_for(1h));
}

PROACTOR_TEST_BODY(run, until_on_the_system_clock)
{
    context ctx;
    steady_timer timer(ctx, 1h);
    timer.async_wait(report{"timer"});
    const auto now = std::chrono::system_clock::now();
    log_run("run_until", ctx, ctx.run_until(now + 5ms));
    log("waited", std::chrono::system_clock::now() - now >= 5ms);
    log("past", ctx.run_until(now - 1h));
    log_run("past", ctx, ctx.run_one_until(now - 1h));
}

PROACTOR_TEST_BODY(run, past_deadline_runs_ready_handlers)
{
    context ctx;
    for (int i = 0; i < 3; ++i)
    {
        asio::post(ctx, [i] { log("handler", i); });
    }
    log_run("run_for", ctx, ctx.run_for(-1s));
    log_run("run_one_for", ctx, ctx.run_one_for(0s));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(run, work_guard)
{
    context ctx;
    auto guard = asio::make_work_guard(ctx);
    log_run("poll", ctx, ctx.poll());
    log_run("run_for", ctx, ctx.run_for(1ms));
    auto copy = guard;
    log("owns", guard.owns_work(), copy.owns_work());
    guard.reset();
    log("owns", guard.owns_work(), copy.owns_work());
    log_run("poll", ctx, ctx.poll());
    copy.reset();
    log("not told yet", ctx.stopped());
    log_run("poll", ctx, ctx.poll());
}

PROACTOR_TEST_BODY(run, work_guard_released_elsewhere)
{
    context ctx;
    std::optional guard(asio::make_work_guard(ctx));
    std::thread other([&] {
        asio::post(ctx, [] { log("posted"); });
        guard.reset();
    });
    log_run("run", ctx, ctx.run());
    other.join();
}

PROACTOR_TEST_BODY(run, tracked_executor_is_work)
{
    context ctx;
    {
        auto tracked = asio::require(ctx.get_executor(), asio::execution::outstanding_work.tracked);
        log_run("poll", ctx, ctx.poll());
        auto copy = tracked;
        log_run("run_for", ctx, ctx.run_for(1ms));
    }
    log_run("poll", ctx, ctx.poll());
}

PROACTOR_TEST_BODY(run, stop_in_handler)
{
    context ctx;
    for (int i = 0; i < 4; ++i)
    {
        asio::post(ctx, [&ctx, i] {
            log("handler", i);
            if (i == 1)
            {
                ctx.stop();
            }
        });
    }
    log_run("run", ctx, ctx.run());
    log("run", ctx.run());
    log("run", ctx.poll());
    log_run("run", ctx, ctx.run_for(1h));
    ctx.restart();
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(run, stop_before_run)
{
    context ctx;
    asio::post(ctx, [] { log("handler"); });
    ctx.stop();
    log("run", ctx.stopped());
    log("run", ctx.run());
    log("run", ctx.poll());
    ctx.restart();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(run, stop_from_another_thread)
{
    context ctx;
    auto guard = asio::make_work_guard(ctx);
    std::promise<void> inside;
    asio::post(ctx, [&] { inside.set_value(); });
    std::thread other([&] {
        inside.get_future().wait();
        ctx.stop();
    });
    log_run("run", ctx, ctx.run());
    other.join();
}

PROACTOR_TEST_BODY(run, stop_releases_every_runner)
{
    context ctx(several_threads);
    auto guard = asio::make_work_guard(ctx);
    std::vector<std::thread> runners;
    for (int i = 0; i < 3; ++i)
    {
        runners.emplace_back([&] { ctx.run(); });
    }
    asio::post(ctx, [&] { ctx.stop(); });
    for (std::thread& runner : runners)
    {
        runner.join();
    }
    log("stopped", ctx.stopped());
}

PROACTOR_TEST_BODY(run, post_from_another_thread)
{
    context ctx;
    auto guard = asio::make_work_guard(ctx);
    std::thread other([&] {
        for (int i = 0; i < 100; ++i)
        {
            asio::post(ctx, [i] {
                if (i % 25 == 0)
                {
                    log("handler", i);
                }
            });
        }
        asio::post(ctx, [&] { guard.reset(); });
    });
    log("run", ctx.run());
    other.join();
}

PROACTOR_TEST_BODY(run, stop_keeps_operations)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    asio::post(ctx, [&] { ctx.stop(); });
    log_run("run", ctx, ctx.run());
    asio::write(c.server, asio::buffer("x", 1));
    ctx.restart();
    log("run", ctx.run());
    log("run", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(run, exception_of_a_posted_handler)
{
    context ctx;
    asio::post(ctx, [] { log("first"); });
    asio::post(ctx, [] { throw std::runtime_error("second"); });
    asio::post(ctx, [] { log("third"); });
    attempt("run", [&] { return ctx.run(); });
    log("stopped", ctx.stopped());
    attempt("run", [&] { return ctx.run(); });
    log("stopped", ctx.stopped());
}

PROACTOR_TEST_BODY(run, exception_of_the_last_handler)
{
    context ctx;
    asio::post(ctx, [] { throw 42; });
    attempt("run", [&] { return ctx.run(); });
    log("stopped", ctx.stopped());
    attempt("run", [&] { return ctx.run(); });
    log("stopped", ctx.stopped());
}

PROACTOR_TEST_BODY(run, exception_through_every_run_function)
{
    context ctx;
    for (int i = 0; i < 7; ++i)
    {
        asio::post(ctx, [i] { throw i; });
    }
    asio::post(ctx, [] { log("last"); });
    const auto later = std::chrono::steady_clock::now() + 1h;
    attempt("run", [&] { return ctx.run(); });
    attempt("run_one", [&] { return ctx.run_one(); });
    attempt("run_for", [&] { return ctx.run_for(1h); });
    attempt("run_until", [&] { return ctx.run_until(later); });
    attempt("run_one_for", [&] { return ctx.run_one_for(1h); });
    attempt("poll", [&] { return ctx.poll(); });
    attempt("poll_one", [&] { return ctx.poll_one(); });
    attempt("run", [&] { return ctx.run(); });
}

PROACTOR_TEST_BODY(run, exception_of_a_timer_handler)
{
    context ctx;
    steady_timer first(ctx, 1ms);
    steady_timer second(ctx, 5ms);
    first.async_wait([](const error_code&) { throw std::logic_error("timer"); });
    second.async_wait(report{"second"});
    attempt("run", [&] { return ctx.run(); });
    attempt("run", [&] { return ctx.run(); });
    log("stopped", ctx.stopped());
}

PROACTOR_TEST_BODY(run, exceptions_of_input_and_output_handlers)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), [&](const error_code& ec, std::size_t) {
        throw system_error(ec, "read");
    });
    c.client.cancel();
    attempt("run", [&] { return ctx.run(); });
    ctx.restart();
    c.client.async_write_some(asio::buffer("x", 1),
                              [](const error_code&, std::size_t n) { throw static_cast<int>(n); });
    attempt("run", [&] { return ctx.run(); });
    ctx.restart();
    c.acceptor.async_accept([](const error_code&, auto peer) {
        log("peer", peer);
        throw std::runtime_error("accept");
    });
    tcp_socket other(ctx);
    other.connect(c.acceptor.local_endpoint());
    attempt("run", [&] { return ctx.run(); });
    ctx.restart();
    c.client.async_write_some(asio::buffer("y", 1), report{"write"});
    attempt("run", [&] { return ctx.run(); });
    log("peer", read_exactly(c.server, 2));
}

PROACTOR_TEST_BODY(run, exception_leaves_other_runner_alone)
{
    context ctx(several_threads);
    auto guard = asio::make_work_guard(ctx);
    std::atomic<int> caught = 0;
    const auto runner = [&] {
        for (;;)
        {
            try
            {
                ctx.run();
                return;
            }
            catch (int)
            {
                ++caught;
            }
        }
    };
    std::thread first(runner);
    std::thread second(runner);
    std::atomic<int> ran = 0;
    for (int i = 0; i < 200; ++i)
    {
        asio::post(ctx, [&ran, &guard, i] {
            if (++ran == 200)
            {
                guard.reset();
            }
            if (i % 10 == 0)
            {
                throw i;
            }
        });
    }
    first.join();
    second.join();
    log("ran", ran.load(), "caught", caught.load());
}

#if BOOST_VERSION < 108700
PROACTOR_TEST_BODY(run, deprecated_members)
{
    context ctx;
    {
        context::work work(ctx);
        log_run("poll", ctx, ctx.poll());
        log("same", &work.get_io_context() == &ctx);
        context::work copy(work);
        log_run("poll", ctx, ctx.poll());
    }
    log_run("poll", ctx, ctx.poll());
    ctx.reset();
    ctx.post([] { log("posted"); });
    ctx.dispatch([] { log("dispatched"); });
    ctx.post([&] {
        ctx.dispatch([] { log("inside"); });
        log("outside");
    });
    ctx.wrap(report{"wrapped"})(1, true);
    context::strand strand(ctx);
    strand.post([&] { log("strand", strand.running_in_this_thread()); });
    asio::post(ctx, strand.wrap([] { log("strand.wrap"); }));
    log("run", ctx.run());
    const context::count_type count = 3;
    log("count_type", count);
}
#endif

PROACTOR_TEST_BODY(run, concurrency_hints)
{
    for (int hint : {1, 2, BOOST_ASIO_CONCURRENCY_HINT_DEFAULT, BOOST_ASIO_CONCURRENCY_HINT_SAFE})
    {
        context ctx(hint);
        std::thread other([&] { asio::post(ctx, [] { log("handler"); }); });
        other.join();
        log("run", hint);
        log("run", ctx.run());
    }
}

} // namespace differential
