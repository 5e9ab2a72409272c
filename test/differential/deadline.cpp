//
// Run functions whose deadline has passed, or passes while they run; contexts without work.
//

#include "registry.hpp"

#include <array>
#include <functional>
#include <optional>
#include <string>

namespace differential {

using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;
using wall = std::chrono::system_clock;

struct function
{
    const char* name;
    std::size_t (*call)(context&);
};

constexpr std::array past_deadlines{
    function{"run_for(0s)", [](context& ctx) { return ctx.run_for(0s); }},
    function{"run_for(-1ns)", [](context& ctx) { return ctx.run_for(-1ns); }},
    function{"run_for(-1h)", [](context& ctx) { return ctx.run_for(-1h); }},
    function{"run_until(now)", [](context& ctx) { return ctx.run_until(steady::now()); }},
    function{"run_until(past)", [](context& ctx) { return ctx.run_until(steady::now() - 1h); }},
    function{"run_until(min)",
             [](context& ctx) { return ctx.run_until(steady::time_point::min()); }},
    function{"run_until(wall)", [](context& ctx) { return ctx.run_until(wall::now() - 1h); }},
    function{"run_one_for(0s)", [](context& ctx) { return ctx.run_one_for(0s); }},
    function{"run_one_for(-1h)", [](context& ctx) { return ctx.run_one_for(-1h); }},
    function{"run_one_until(past)",
             [](context& ctx) { return ctx.run_one_until(steady::now() - 1h); }},
    function{"run_one_until(min)",
             [](context& ctx) { return ctx.run_one_until(steady::time_point::min()); }},
    function{"run_one_until(wall)",
             [](context& ctx) { return ctx.run_one_until(wall::now() - 1h); }},
};

constexpr std::array others{
    function{"run", [](context& ctx) { return ctx.run(); }},
    function{"run_one", [](context& ctx) { return ctx.run_one(); }},
    function{"poll", [](context& ctx) { return ctx.poll(); }},
    function{"poll_one", [](context& ctx) { return ctx.poll_one(); }},
    function{"run_for(1h)", [](context& ctx) { return ctx.run_for(1h); }},
    function{"run_until(1h)", [](context& ctx) { return ctx.run_until(steady::now() + 1h); }},
    function{"run_until(max)",
             [](context& ctx) { return ctx.run_until(steady::time_point::max()); }},
    function{"run_one_for(1h)", [](context& ctx) { return ctx.run_one_for(1h); }},
    function{"run_one_until(max)",
             [](context& ctx) { return ctx.run_one_until(steady::time_point::max()); }},
};

/// What a context holds when a run function is called.
struct state
{
    const char* name;
    void (*prepare)(context&, std::optional<steady_timer>&);
};

void post_two(context& ctx)
{
    asio::post(ctx, report{"first"});
    asio::post(ctx, report{"second"});
}

constexpr std::array states{
    state{"nothing", [](context&, auto&) {}},
    state{"handlers", [](context& ctx, auto&) { post_two(ctx); }},
    state{"a pending timer",
          [](context& ctx, auto& timer) {
              timer.emplace(ctx, 1h);
              timer->async_wait(report{"timer"});
          }},
    state{"an expired timer",
          [](context& ctx, auto& timer) {
              timer.emplace(ctx, -1h);
              timer->async_wait(report{"timer"});
          }},
    state{"handlers, stopped",
          [](context& ctx, auto&) {
              post_two(ctx);
              ctx.stop();
          }},
    state{"handlers, run dry before",
          [](context& ctx, auto&) {
              ctx.poll();
              post_two(ctx);
          }},
    state{"handlers, restarted",
          [](context& ctx, auto&) {
              ctx.poll();
              ctx.restart();
              post_two(ctx);
          }},
};

template <class Functions>
void call_each(const Functions& functions, const state& before, int hint)
{
    for (const function& f : functions)
    {
        context ctx(hint);
        std::optional<steady_timer> timer;
        before.prepare(ctx, timer);
        log(std::string(f.name) + " with " + before.name, hint == 1);
        log_run("returned", ctx, f.call(ctx));
        log_run("then polled", ctx, ctx.poll());
        ctx.restart();
        if (timer)
        {
            timer->cancel();
        }
        log_run("in the end", ctx, ctx.run());
    }
}

constexpr int hints[]{BOOST_ASIO_CONCURRENCY_HINT_DEFAULT, 1};

/// Moved by the body; its deadlines pass when the body says so.
struct moved_clock
{
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<moved_clock>;
    [[maybe_unused]] static constexpr bool is_steady = false;

    static time_point now() noexcept { return current; }

    static inline time_point current{};
};

} // namespace

PROACTOR_TEST_BODY(deadline, passed)
{
    for (const int hint : hints)
    {
        for (const state& before : states)
        {
            call_each(past_deadlines, before, hint);
        }
    }
}

PROACTOR_TEST_BODY(deadline, ahead_or_none)
{
    for (const int hint : hints)
    {
        for (const state& before : states)
        {
            if (before.name != std::string_view("a pending timer"))
            {
                call_each(others, before, hint);
            }
        }
    }
}

PROACTOR_TEST_BODY(deadline, passed_with_a_guard)
{
    for (const function& f : past_deadlines)
    {
        context ctx;
        auto guard = asio::make_work_guard(ctx);
        log_run(f.name, ctx, f.call(ctx));
        asio::post(ctx, report{"handler"});
        log_run(f.name, ctx, f.call(ctx));
        guard.reset();
        log_run(f.name, ctx, f.call(ctx));
        log_run("poll", ctx, ctx.poll());
        log_run(f.name, ctx, f.call(ctx));
    }
}

PROACTOR_TEST_BODY(deadline, passed_inside_a_handler)
{
    context ctx;
    asio::post(ctx, [&] {
        for (const function& f : past_deadlines)
        {
            log_run(f.name, ctx, f.call(ctx));
        }
        log_run("poll_one", ctx, ctx.poll_one());
    });
    post_two(ctx);
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(deadline, passed_with_a_handler_that_throws)
{
    for (const function& f : past_deadlines)
    {
        context ctx;
        asio::post(ctx, [] { throw 1; });
        attempt(f.name, [&] { return f.call(ctx); });
        attempt("poll", [&] { return ctx.poll(); });
        log("stopped", ctx.stopped());
    }
}

PROACTOR_TEST_BODY(deadline, passes_on_a_clock_of_the_user)
{
    for (const int hint : hints)
    {
        context ctx(hint);
        const auto move = [](auto by) {
            return [by] {
                log("moved by", by.count());
                moved_clock::current += by;
            };
        };
        const auto in_5ms = moved_clock::now() + 5ms;
        asio::post(ctx, move(4ms));
        asio::post(ctx, move(1ms));
        asio::post(ctx, move(1ms));
        log_run("run_until", ctx, ctx.run_until(in_5ms));
        log_run("run_one_until", ctx, ctx.run_one_until(in_5ms));
        log_run("run_until", ctx, ctx.run_until(moved_clock::now() + 1h));
    }
}

PROACTOR_TEST_BODY(deadline, passes_in_a_handler)
{
    context ctx;
    const auto soon = steady::now() + 300ms;
    asio::post(ctx, [&] {
        log("first");
        while (steady::now() < soon)
        {
        }
    });
    asio::post(ctx, report{"second"});
    log_run("run_until", ctx, ctx.run_until(soon));
    log_run("run_one_until", ctx, ctx.run_one_until(soon));
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(deadline, passes_while_handlers_post)
{
    context ctx;
    const auto soon = steady::now() + 5ms;
    std::function<void()> again = [&] { asio::post(ctx, again); };
    again();
    log("some", ctx.run_until(soon) > 0);
    log("in time", steady::now() >= soon, ctx.stopped());
    log_run("run_until", ctx, ctx.run_until(soon));
    again = [] { log("last"); };
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(deadline, of_a_second_call_without_restart)
{
    for (const function& f : others)
    {
        context ctx;
        log_run(f.name, ctx, f.call(ctx));
        post_two(ctx);
        log_run(f.name, ctx, f.call(ctx));
        ctx.restart();
        log_run(f.name, ctx, f.call(ctx));
        log_run("rest", ctx, ctx.run());
    }
}

} // namespace differential
