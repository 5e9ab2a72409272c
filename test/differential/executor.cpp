//
// Order of post, dispatch and defer; properties of executors; strands.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <thread>

namespace differential {

using namespace std::chrono_literals;

namespace {

struct witness : asio::execution_context::service
{
    using key_type = witness;
    static asio::execution_context::id id;

    explicit witness(asio::execution_context& owner) : service(owner) { log("service", "made"); }

    ~witness() override { log("service", "destroyed"); }

    void shutdown() override { log("service", "shut down"); }

    void notify_fork(asio::execution_context::fork_event) override { log("service", "fork"); }
};

asio::execution_context::id witness::id;

} // namespace

PROACTOR_TEST_BODY(executor, post_keeps_order)
{
    context ctx;
    for (int i = 0; i < 8; ++i)
    {
        asio::post(ctx, [i] { log("handler", i); });
    }
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(executor, post_dispatch_defer_outside)
{
    context ctx;
    asio::dispatch(ctx, [] { log("dispatch"); });
    asio::defer(ctx, [] { log("defer"); });
    asio::post(ctx, [] { log("post"); });
    asio::dispatch(ctx, [] { log("dispatch again"); });
    log("nothing ran");
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(executor, post_dispatch_defer_inside)
{
    context ctx;
    asio::post(ctx, [&] {
        asio::post(ctx, [] { log("post 1"); });
        asio::dispatch(ctx, [] { log("dispatch 1"); });
        asio::post(ctx, [] { log("post 2"); });
        log("end of handler");
    });
    asio::post(ctx, [] { log("posted before"); });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(executor, defer_inside)
{
    context ctx;
    asio::post(ctx, [&] {
        asio::defer(ctx, [] { log("defer 1"); });
        asio::defer(ctx, [] { log("defer 2"); });
        log("end of handler");
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(executor, nested_dispatch)
{
    context ctx;
    asio::post(ctx, [&] {
        asio::dispatch(ctx, [&] {
            log("one deep");
            asio::dispatch(ctx, [&] {
                log("two deep");
                asio::post(ctx, [] { log("later"); });
            });
            log("back in one");
        });
        log("back in handler");
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(executor, dispatch_through_the_erased_executor)
{
    context ctx;
    asio::any_io_executor ex = ctx.get_executor();
    asio::post(ex, [&] {
        asio::dispatch(ex, [] { log("inline"); });
        asio::post(ex, [] { log("later"); });
        log("end of handler");
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(executor, equality)
{
    context ctx;
    context other;
    const auto ex = ctx.get_executor();
    log("same", ex == ctx.get_executor(), ex != ctx.get_executor());
    log("other", ex == other.get_executor(), ex != other.get_executor());
    log("erased", asio::any_io_executor(ex) == asio::any_io_executor(ctx.get_executor()),
        asio::any_io_executor(ex) == asio::any_io_executor(other.get_executor()));
    const auto never = asio::require(ex, asio::execution::blocking.never);
    log("never", never == asio::require(ex, asio::execution::blocking.never));
    log("context", &asio::query(ex, asio::execution::context) == &ctx, &ex.context() == &ctx);
    log("strands", asio::make_strand(ctx) == asio::make_strand(ctx));
}

PROACTOR_TEST_BODY(executor, queries)
{
    namespace execution = asio::execution;
    context ctx;
    const auto ex = ctx.get_executor();
    log("possibly", asio::query(ex, execution::blocking) == execution::blocking.possibly);
    log("never",
        asio::query(asio::require(ex, execution::blocking.never), execution::blocking)
            == execution::blocking.never);
    log("fork", asio::query(ex, execution::relationship) == execution::relationship.fork);
    log("continuation",
        asio::query(asio::require(ex, execution::relationship.continuation),
                    execution::relationship)
            == execution::relationship.continuation);
    log("untracked",
        asio::query(ex, execution::outstanding_work) == execution::outstanding_work.untracked);
    log("thread", asio::query(ex, execution::mapping) == execution::mapping.thread);
    log("requirable", asio::can_require_v<decltype(ex), execution::blocking_t::always_t>,
        asio::can_require_v<decltype(ex), execution::blocking_t::never_t>);
}

PROACTOR_TEST_BODY(executor, running_in_this_thread)
{
    context ctx;
    context other;
    const auto ex = ctx.get_executor();
    log("outside", ex.running_in_this_thread());
    asio::post(ctx, [&] {
        log("inside", ex.running_in_this_thread(), other.get_executor().running_in_this_thread());
        std::thread([&] { log("elsewhere", ex.running_in_this_thread()); }).join();
    });
    log("run", ctx.run());
    log("outside", ex.running_in_this_thread());
}

PROACTOR_TEST_BODY(executor, execute_with_properties)
{
    namespace execution = asio::execution;
    context ctx;
    const auto ex = ctx.get_executor();
    asio::post(ctx, [&] {
        asio::require(ex, execution::blocking.never).execute([] { log("never"); });
        asio::prefer(ex, execution::relationship.continuation).execute([] { log("possibly"); });
        asio::require(ex, execution::blocking.never, execution::relationship.continuation)
            .execute([] { log("continuation"); });
        asio::require(ex, execution::outstanding_work.tracked).execute([] { log("tracked"); });
        asio::require(ex, execution::allocator(std::allocator<void>())).execute([] {
            log("allocator");
        });
        log("end of handler");
    });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(executor, strand_order)
{
    context ctx;
    auto strand = asio::make_strand(ctx);
    asio::post(strand, [&] {
        log("first", strand.running_in_this_thread());
        asio::post(strand, [] { log("post"); });
        asio::defer(strand, [] { log("defer"); });
        asio::dispatch(strand, [] { log("dispatch"); });
        asio::post(ctx, [&] { log("not on the strand", strand.running_in_this_thread()); });
        log("end of first");
    });
    asio::post(strand, [] { log("second"); });
    asio::dispatch(strand, [] { log("third"); });
    log("nothing ran");
    ctx.run();
}

PROACTOR_TEST_BODY(executor, two_strands)
{
    context ctx;
    auto a = asio::make_strand(ctx);
    auto b = asio::make_strand(ctx);
    log("different", a != b, a == a);
    asio::post(a, [&] {
        log("on a", a.running_in_this_thread(), b.running_in_this_thread());
        asio::dispatch(
            b, [&] { log("on b", a.running_in_this_thread(), b.running_in_this_thread()); });
    });
    ctx.run();
}

PROACTOR_TEST_BODY(executor, strand_with_four_runners)
{
    context ctx(several_threads);
    auto strand = asio::make_strand(ctx);
    constexpr int producers = 4;
    constexpr int each = 500;
    std::atomic<bool> busy = false;
    bool overlapped = false;
    bool in_order = true;
    int count = 0;
    std::array<int, producers> next{};
    auto guard = asio::make_work_guard(ctx);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
    {
        threads.emplace_back([&] { ctx.run(); });
    }
    std::vector<std::thread> posting;
    for (int p = 0; p < producers; ++p)
    {
        posting.emplace_back([&, p] {
            for (int i = 0; i < each; ++i)
            {
                asio::post(strand, [&, p, i] {
                    overlapped = overlapped || busy.exchange(true);
                    in_order = in_order && next[p] == i;
                    next[p] = i + 1;
                    ++count;
                    busy = false;
                });
            }
        });
    }
    for (std::thread& thread : posting)
    {
        thread.join();
    }
    guard.reset();
    for (std::thread& thread : threads)
    {
        thread.join();
    }
    log("count", count, "overlapped", overlapped, "in order", in_order);
}

PROACTOR_TEST_BODY(executor, two_runners_share_posts)
{
    context ctx(several_threads);
    std::atomic<int> sum = 0;
    for (int i = 0; i < 2000; ++i)
    {
        asio::post(ctx, [&] { ++sum; });
    }
    std::atomic<std::size_t> ran = 0;
    std::thread other([&] { ran += ctx.run(); });
    ran += ctx.run();
    other.join();
    log("ran", ran.load(), sum.load());
}

PROACTOR_TEST_BODY(executor, bound_executor_gets_the_handler)
{
    context ctx;
    connection c(ctx);
    auto strand = asio::make_strand(ctx);
    const auto bound = [&](const char* name) {
        return asio::bind_executor(strand, [&strand, name](const error_code& ec, auto...) {
            log(name, ec, strand.running_in_this_thread());
        });
    };
    c.client.async_write_some(asio::buffer("x", 1), bound("write"));
    ctx.run();
    ctx.restart();
    char byte;
    c.server.async_read_some(asio::buffer(&byte, 1), bound("read"));
    ctx.run();
    ctx.restart();
    steady_timer timer(ctx, 1ms);
    timer.async_wait(bound("timer"));
    ctx.run();
}

PROACTOR_TEST_BODY(executor, handler_bound_to_a_thread_pool)
{
    context ctx;
    connection c(ctx);
    asio::thread_pool pool(1);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1),
                             asio::bind_executor(pool, [&](const error_code& ec, std::size_t n) {
                                 log("read", ec, n, ctx.get_executor().running_in_this_thread(),
                                     pool.get_executor().running_in_this_thread());
                             }));
    asio::write(c.server, asio::buffer("x", 1));
    ctx.run();
    pool.join();
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(executor, handler_bound_to_another_context)
{
    context ctx;
    context other;
    steady_timer timer(ctx, 1ms);
    timer.async_wait(asio::bind_executor(other, [&](const error_code& ec) {
        log("timer", ec, ctx.get_executor().running_in_this_thread(),
            other.get_executor().running_in_this_thread());
    }));
    log_run("nothing to do yet", other, other.run_for(0s));
    log("run", ctx.run());
    log_run("other", other, other.run());
}

PROACTOR_TEST_BODY(executor, handler_of_a_foreign_context)
{
    context ctx;
    asio::thread_pool pool(1);
    asio::steady_timer foreign(pool, std::chrono::milliseconds(1));
    foreign.async_wait(asio::bind_executor(ctx, [&](const error_code& ec) {
        log("timer", ec, ctx.get_executor().running_in_this_thread());
    }));
    log("run", ctx.run());
    pool.join();
}

PROACTOR_TEST_BODY(executor, service_registry)
{
    {
        context ctx;
        log("has", asio::has_service<witness>(ctx));
        asio::use_service<witness>(ctx);
        log("has", asio::has_service<witness>(ctx));
        auto again = std::make_unique<witness>(ctx);
        attempt("add", [&] { asio::add_service(ctx, again.get()); });
        ctx.notify_fork(asio::execution_context::fork_prepare);
        ctx.notify_fork(asio::execution_context::fork_parent);
        asio::post(ctx, [] { log("never run"); });
    }
    log("context is gone");
}

} // namespace differential
