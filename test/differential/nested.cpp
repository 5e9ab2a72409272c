//
// Handlers that run the loop, wait for another runner, or throw out of an inline call.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <future>
#include <stdexcept>
#include <thread>

namespace differential {

using namespace std::chrono_literals;

PROACTOR_TEST_BODY(nested, handler_waits_for_a_second_runner)
{
    context ctx(several_threads);
    std::promise<void> fulfilled;
    std::thread second;
    asio::post(ctx, [&] {
        second = std::thread([&] { ctx.run(); });
        asio::post(ctx, [&] {
            log("second handler");
            fulfilled.set_value();
        });
        fulfilled.get_future().wait();
        log("first handler goes on");
    });
    ctx.run();
    second.join();
    log("stopped", ctx.stopped());
}

PROACTOR_TEST_BODY(nested, handler_waits_for_a_second_runner_to_read)
{
    context ctx(several_threads);
    connection c(ctx);
    std::promise<std::size_t> got;
    std::thread second;
    char data[8];
    asio::post(ctx, [&] {
        c.client.async_read_some(asio::buffer(data), [&](const error_code& ec, std::size_t n) {
            log("read", ec, n);
            got.set_value(n);
        });
        second = std::thread([&] { ctx.run(); });
        asio::write(c.server, asio::buffer("hello", 5));
        log("got", got.get_future().get());
    });
    ctx.run();
    second.join();
}

PROACTOR_TEST_BODY(nested, handler_waits_for_a_second_runner_to_expire_a_timer)
{
    context ctx(several_threads);
    steady_timer timer(ctx);
    std::promise<void> expired;
    std::thread second;
    asio::post(ctx, [&] {
        second = std::thread([&] { ctx.run(); });
        timer.expires_after(5ms);
        timer.async_wait([&](const error_code& ec) {
            log("timer", ec);
            expired.set_value();
        });
        expired.get_future().wait();
        log("first handler goes on");
    });
    ctx.run();
    second.join();
}

PROACTOR_TEST_BODY(nested, second_runner_is_already_asleep)
{
    context ctx(several_threads);
    auto guard = asio::make_work_guard(ctx);
    std::promise<void> fulfilled;
    std::thread first([&] { ctx.run(); });
    std::thread second([&] { ctx.run(); });
    asio::post(ctx, [&] {
        asio::post(ctx, [&] { fulfilled.set_value(); });
        fulfilled.get_future().wait();
        log("handler goes on");
        guard.reset();
    });
    first.join();
    second.join();
    log("stopped", ctx.stopped());
}

PROACTOR_TEST_BODY(nested, handler_polls)
{
    context ctx;
    asio::post(ctx, [&] {
        log("outer begins");
        log_run("poll", ctx, ctx.poll());
        log("outer ends");
    });
    asio::post(ctx, [] { log("second"); });
    asio::post(ctx, [] { log("third"); });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(nested, handler_runs_one)
{
    context ctx;
    asio::post(ctx, [&] {
        log("run_one", ctx.run_one());
        log("poll_one", ctx.poll_one());
        log("poll_one", ctx.poll_one());
        log_run("run_for", ctx, ctx.run_for(1ms));
    });
    asio::post(ctx, [] { log("second"); });
    asio::post(ctx, [] { log("third"); });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(nested, handler_polls_three_deep)
{
    context ctx;
    for (int i = 0; i < 3; ++i)
    {
        asio::post(ctx, [&ctx, i] {
            log("begin", i);
            log("poll_one", i);
            log("poll_one", ctx.poll_one());
            log("end", i);
        });
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(nested, handler_runs_its_own_read)
{
    context ctx;
    connection c(ctx);
    asio::post(ctx, [&] {
        char byte = 0;
        c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
        asio::write(c.server, asio::buffer("x", 1));
        log("run_one", ctx.run_one());
        log("byte", std::string_view(&byte, 1));
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(nested, handler_posts_and_polls)
{
    context ctx;
    asio::post(ctx, [&] {
        asio::post(ctx, [] { log("posted inside"); });
        log("poll", ctx.poll());
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(nested, handler_stops_and_polls)
{
    context ctx;
    asio::post(ctx, [&] {
        ctx.stop();
        log("poll", ctx.poll());
        log_run("poll", ctx, ctx.run_one());
        ctx.restart();
        log_run("poll", ctx, ctx.poll());
    });
    asio::post(ctx, [] { log("second"); });
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(nested, exception_of_a_polled_handler)
{
    context ctx;
    asio::post(ctx, [&] {
        attempt("poll", [&] { return ctx.poll(); });
        attempt("poll", [&] { return ctx.poll(); });
    });
    asio::post(ctx, [] { throw std::runtime_error("second"); });
    asio::post(ctx, [] { log("third"); });
    attempt("run", [&] { return ctx.run(); });
}

PROACTOR_TEST_BODY(nested, one_context_inside_another)
{
    context outer;
    context inner;
    asio::post(outer, [&] {
        asio::post(inner, [&] {
            log("inside", outer.get_executor().running_in_this_thread(),
                inner.get_executor().running_in_this_thread());
            asio::dispatch(outer, [] { log("outer, at once"); });
            asio::post(outer, [] { log("outer, later"); });
        });
        log("inner", inner.run());
        log("back", inner.get_executor().running_in_this_thread());
    });
    log("outer", outer.run());
}

PROACTOR_TEST_BODY(nested, dispatch_throws_inline)
{
    context ctx;
    asio::post(ctx, [&] {
        attempt("dispatch",
                [&] { asio::dispatch(ctx, []() -> void { throw std::runtime_error("inline"); }); });
        log("outer goes on");
    });
    asio::post(ctx, [] { log("next"); });
    attempt("run", [&] { return ctx.run(); });
    attempt("run", [&] { return ctx.run(); });
}

PROACTOR_TEST_BODY(nested, executor_dispatch_throws_inline)
{
    context ctx;
    executor ex = ctx.get_executor();
    asio::post(ctx, [&] {
        attempt("execute",
                [&] { ex.execute([]() -> void { throw std::runtime_error("inline"); }); });
        log("outer goes on");
    });
    asio::post(ctx, [] { log("next"); });
    attempt("run", [&] { return ctx.run(); });
    attempt("run", [&] { return ctx.run(); });
}

PROACTOR_TEST_BODY(nested, dispatch_throws_twice)
{
    context ctx;
    asio::post(ctx, [&] {
        for (const char* text : {"first", "second"})
        {
            attempt("dispatch", [&] {
                asio::dispatch(ctx, [text]() -> void { throw std::runtime_error(text); });
            });
        }
    });
    attempt("run", [&] { return ctx.run(); });
    attempt("run", [&] { return ctx.run(); });
}

PROACTOR_TEST_BODY(nested, dispatch_and_handler_both_throw)
{
    context ctx;
    asio::post(ctx, [&] {
        asio::dispatch(ctx, []() -> void { throw std::runtime_error("inline"); });
        throw std::logic_error("handler");
    });
    attempt("run", [&] { return ctx.run(); });
    attempt("run", [&] { return ctx.run(); });
}

PROACTOR_TEST_BODY(nested, dispatch_throws_on_a_strand)
{
    context ctx;
    auto strand = asio::make_strand(ctx);
    asio::post(strand, [&] {
        attempt("dispatch", [&] {
            asio::dispatch(strand, []() -> void { throw std::runtime_error("inline"); });
        });
        log("outer goes on");
    });
    asio::post(strand, [] { log("next"); });
    attempt("run", [&] { return ctx.run(); });
    attempt("run", [&] { return ctx.run(); });
    attempt("run", [&] { return ctx.run(); });
}

} // namespace differential
