//
// Order of what is posted, deferred and dispatched inside a handler: what is deferred there waits
// in the thread's own queue until the handler has ended, and with a concurrency hint of 1 so does
// what is posted.
//

#include "registry.hpp"
#include "targets.hpp"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace differential {

using namespace std::chrono_literals;

namespace {

constexpr int hints[]{BOOST_ASIO_CONCURRENCY_HINT_DEFAULT, 1};

/// A function that appends a letter.
auto append(std::string& order, char letter)
{
    return [&order, letter] { order += letter; };
}

void run_again(context& ctx)
{
    ctx.restart();
    ctx.run();
}

} // namespace

PROACTOR_TEST_BODY(defer, two_inside)
{
    for (const int hint : hints)
    {
        context ctx(hint);
        std::string order;
        asio::post(ctx, [&] {
            asio::defer(ctx, append(order, 'd'));
            asio::post(ctx, append(order, 'p'));
        });
        ctx.run();
        log("order", hint == 1, order);
    }
}

// '-' ends the handler, 't' was posted before it ran.
PROACTOR_TEST_BODY(defer, three_inside)
{
    for (const int hint : hints)
    {
        for_each_kind(hint, [](context& ctx, const std::string& name, const auto& target) {
            for (const std::string& ways : words(3))
            {
                std::string order;
                target.post([&] {
                    char letter = 'A';
                    for (char way : ways)
                    {
                        start(target, way, append(order, letter++));
                    }
                    order += '-';
                });
                target.post(append(order, 't'));
                run_again(ctx);
                log(name, ways, order);
            }
        });
    }
}

PROACTOR_TEST_BODY(defer, nested)
{
    for (const int hint : hints)
    {
        for_each_kind(hint, [](context& ctx, const std::string& name, const auto& target) {
            for (const std::string& ways : words(4))
            {
                std::string order;
                const auto twice = [&](char letter) {
                    return [&, letter] {
                        order += letter;
                        start(target, ways[2], append(order, static_cast<char>(letter + 1)));
                        start(target, ways[3], append(order, static_cast<char>(letter + 2)));
                    };
                };
                target.post([&] {
                    start(target, ways[0], twice('A'));
                    start(target, ways[1], twice('R'));
                });
                run_again(ctx);
                log(name, ways, order);
            }
        });
    }
}

PROACTOR_TEST_BODY(defer, out_of_several_handlers)
{
    for (const int hint : hints)
    {
        for_each_kind(hint, [](context& ctx, const std::string& name, const auto& target) {
            for (const std::string& ways : words(3))
            {
                std::string order;
                for (char letter = 'A'; letter < 'M'; letter += 3)
                {
                    target.post([&, letter] {
                        for (std::size_t i = 0; i < 3; ++i)
                        {
                            start(target, ways[i],
                                  append(order, static_cast<char>(letter + static_cast<int>(i))));
                        }
                    });
                }
                run_again(ctx);
                log(name, ways, order);
            }
        });
    }
}

PROACTOR_TEST_BODY(defer, outside)
{
    for (const int hint : hints)
    {
        for_each_kind(hint, [](context& ctx, const std::string& name, const auto& target) {
            std::string order;
            char letter = 'A';
            for (char way : {'d', 'p', 'x', 'd', 'd', 'x', 'p', 'p', 'd'})
            {
                start(target, way, append(order, letter++));
            }
            order += '-';
            run_again(ctx);
            log(name, order);
        });
    }
}

PROACTOR_TEST_BODY(defer, out_of_a_handler_that_throws)
{
    for (const int hint : hints)
    {
        for_each_kind(hint, [](context& ctx, const std::string& name, const auto& target) {
            for (const std::string& ways : words(2))
            {
                std::string order;
                target.post([&] {
                    start(target, ways[0], append(order, 'A'));
                    start(target, ways[1], append(order, 'B'));
                    throw 1;
                });
                target.post(append(order, 't'));
                ctx.restart();
                attempt(name, [&] { return ctx.run(); });
                log("stopped", ctx.stopped(), order);
                attempt(name, [&] { return ctx.run(); });
                log("stopped", ctx.stopped(), ways, order);
            }
        });
    }
}

PROACTOR_TEST_BODY(defer, out_of_an_inline_call_that_throws)
{
    for (const int hint : hints)
    {
        context ctx(hint);
        std::string order;
        asio::post(ctx, [&] {
            asio::defer(ctx, append(order, 'A'));
            asio::dispatch(ctx, [&] {
                asio::defer(ctx, append(order, 'B'));
                asio::post(ctx, append(order, 'C'));
                throw 2;
            });
            asio::defer(ctx, append(order, 'D'));
            asio::post(ctx, append(order, 'E'));
            order += '-';
        });
        attempt("run", [&] { return ctx.run(); });
        log("order", order);
        attempt("run", [&] { return ctx.run(); });
        log("order", order);
    }
}

PROACTOR_TEST_BODY(defer, out_of_a_handler_that_stops)
{
    for (const int hint : hints)
    {
        context ctx(hint);
        std::string order;
        asio::post(ctx, [&] {
            asio::defer(ctx, append(order, 'A'));
            asio::post(ctx, append(order, 'B'));
            ctx.stop();
            asio::defer(ctx, append(order, 'C'));
            asio::post(ctx, append(order, 'D'));
        });
        asio::post(ctx, append(order, 't'));
        log_run("run", ctx, ctx.run());
        log_run("poll", ctx, ctx.poll());
        ctx.restart();
        log_run("run", ctx, ctx.run());
        log("order", order);
    }
}

PROACTOR_TEST_BODY(defer, never_run)
{
    for (const int hint : hints)
    {
        const auto held = std::make_shared<int>();
        {
            context ctx(hint);
            asio::post(ctx, [&ctx, held] {
                asio::defer(ctx, [held] { log("never"); });
                asio::post(ctx, [held] { log("never"); });
                ctx.stop();
            });
            log("run", ctx.run(), held.use_count());
        }
        log("held", held.use_count());
    }
}

PROACTOR_TEST_BODY(defer, by_each_run_function)
{
    const std::pair<const char*, std::function<std::size_t(context&)>> functions[]{
        {"run", [](context& ctx) { return ctx.run(); }},
        {"run_one", [](context& ctx) { return ctx.run_one(); }},
        {"poll", [](context& ctx) { return ctx.poll(); }},
        {"poll_one", [](context& ctx) { return ctx.poll_one(); }},
        {"run_for", [](context& ctx) { return ctx.run_for(1h); }},
        {"run_one_for", [](context& ctx) { return ctx.run_one_for(1h); }},
    };
    for (const int hint : hints)
    {
        for (const auto& [name, function] : functions)
        {
            context ctx(hint);
            std::string order;
            for (char letter : {'A', 'D'})
            {
                asio::post(ctx, [&, letter] {
                    asio::defer(ctx, append(order, letter));
                    asio::post(ctx, append(order, static_cast<char>(letter + 1)));
                    asio::defer(ctx, append(order, static_cast<char>(letter + 2)));
                });
            }
            for (std::size_t n = 1; n != 0;)
            {
                n = function(ctx);
                order += std::to_string(n);
            }
            log(name, order, ctx.stopped());
        }
    }
}

// Run functions inside a handler that has deferred and posted.
PROACTOR_TEST_BODY(defer, before_a_nested_run_function)
{
    const auto run = [](const char* name, auto function) {
        context ctx;
        std::string order;
        asio::post(ctx, [&] {
            asio::defer(ctx, append(order, 'A'));
            asio::post(ctx, append(order, 'B'));
            order += '(' + std::to_string(function(ctx));
            asio::defer(ctx, append(order, 'C'));
            asio::post(ctx, append(order, 'D'));
            order += ',' + std::to_string(function(ctx)) + ')';
        });
        ctx.run();
        log(name, order);
    };
    run("poll", [](context& ctx) { return ctx.poll(); });
    run("poll_one", [](context& ctx) { return ctx.poll_one(); });
    run("run_one_for", [](context& ctx) { return ctx.run_one_for(30ms); });
    run("run_for", [](context& ctx) { return ctx.run_for(30ms); });
}

PROACTOR_TEST_BODY(defer, from_a_handler_of_another_context)
{
    for (const int hint : hints)
    {
        context ctx(hint);
        context other(hint);
        std::string order;
        const auto both = [&](char letter) {
            return [&, letter] {
                asio::defer(ctx, append(order, letter));
                asio::post(ctx, append(order, static_cast<char>(letter + 1)));
            };
        };
        asio::post(other, both('A'));
        other.run();
        ctx.run();
        log("from outside", order);

        order.clear();
        asio::post(ctx, [&] {
            asio::post(other, both('A'));
            other.restart();
            other.run();
            both('C')();
        });
        asio::post(ctx, append(order, 't'));
        run_again(ctx);
        log("from inside both", order);
    }
}

PROACTOR_TEST_BODY(defer, while_another_thread_posts)
{
    for (char way : {'p', 'd'})
    {
        context ctx;
        std::string order;
        asio::post(ctx, [&] {
            start(through{ctx.get_executor()}, way, append(order, 'A'));
            std::thread([&] {
                asio::post(ctx, append(order, 'B'));
                asio::defer(ctx, append(order, 'C'));
            }).join();
            start(through{ctx.get_executor()}, way, append(order, 'D'));
        });
        ctx.run();
        log("order", order);
    }
}

PROACTOR_TEST_BODY(defer, among_the_ends_of_waits)
{
    for (const int hint : hints)
    {
        context ctx(hint);
        std::string order;
        steady_timer first(ctx, 1h);
        steady_timer second(ctx, 1h);
        first.async_wait([&](const error_code&) { order += '1'; });
        second.async_wait([&](const error_code&) {
            order += '2';
            asio::defer(ctx, append(order, 'A'));
            asio::post(ctx, append(order, 'B'));
        });
        asio::post(ctx, [&] {
            asio::defer(ctx, append(order, 'C'));
            second.cancel();
            asio::post(ctx, append(order, 'D'));
            first.cancel();
            asio::defer(ctx, append(order, 'E'));
        });
        ctx.run();
        log("order", hint == 1, order);
    }
}

PROACTOR_TEST_BODY(defer, through_several_executors)
{
    for (const int hint : hints)
    {
        context ctx(hint);
        const through plain{ctx.get_executor()};
        const through erased{asio::any_io_executor(ctx.get_executor())};
        const through strand{asio::make_strand(ctx)};
        const through another{asio::make_strand(asio::any_io_executor(ctx.get_executor()))};
        for (const std::string& ways : words(4))
        {
            std::string order;
            const auto all = [&](char letter) {
                start(plain, ways[0], append(order, letter));
                start(strand, ways[1], append(order, static_cast<char>(letter + 1)));
                start(erased, ways[2], append(order, static_cast<char>(letter + 2)));
                start(another, ways[3], append(order, static_cast<char>(letter + 3)));
                order += '-';
            };
            plain.post([&] { all('A'); });
            strand.post([&] { all('E'); });
            another.post([&] { all('I'); });
            run_again(ctx);
            log(ways, hint == 1, order);
        }
    }
}

#if BOOST_VERSION < 108700
PROACTOR_TEST_BODY(defer, among_deprecated_members)
{
    for (const int hint : hints)
    {
        context ctx(hint);
        context::strand strand(ctx);
        std::string order;
        ctx.post([&] {
            asio::defer(ctx, append(order, 'A'));
            ctx.post(append(order, 'B'));
            ctx.dispatch(append(order, 'C'));
            strand.post(append(order, 'D'));
            asio::defer(strand, append(order, 'E'));
            strand.dispatch(append(order, 'F'));
            order += '-';
        });
        strand.post(append(order, 't'));
        ctx.run();
        log("order", hint == 1, order);
    }
}
#endif

} // namespace differential
