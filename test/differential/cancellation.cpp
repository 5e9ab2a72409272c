//
// Cancellation slots: of single operations, of composed ones, of groups and of coroutines.
//

#include "cancellation_types.hpp"
#include "loopback.hpp"
#include "registry.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <csignal>

namespace differential {

PROACTOR_TEST_BODY(cancellation, read)
{
    context ctx;
    connection c(ctx);
    char byte;
    try_types(
        ctx,
        [&](auto token) { c.client.async_read_some(asio::buffer(&byte, 1), std::move(token)); },
        [&] { asio::write(c.server, asio::buffer("x", 1)); });
    log("client", c.client);
}

PROACTOR_TEST_BODY(cancellation, write)
{
    context ctx;
    connection c(ctx);
    fill(c.client);
    try_types(
        ctx, [&](auto token) { c.client.async_write_some(asio::buffer("x", 1), std::move(token)); },
        [&] { c.client.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, wait)
{
    context ctx;
    connection c(ctx);
    try_types(
        ctx, [&](auto token) { c.client.async_wait(tcp_socket::wait_read, std::move(token)); },
        [&] { c.client.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, accept)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    try_types(
        ctx, [&](auto token) { acceptor.async_accept(std::move(token)); },
        [&] { client.connect(acceptor.local_endpoint()); });
}

PROACTOR_TEST_BODY(cancellation, timer)
{
    context ctx;
    steady_timer timer(ctx, 1h);
    try_types(
        ctx, [&](auto token) { timer.async_wait(std::move(token)); }, [&] { timer.cancel(); });
}

PROACTOR_TEST_BODY(cancellation, signal_set)
{
    context ctx;
    signal_set signals(ctx, SIGUSR1);
    try_types(
        ctx, [&](auto token) { signals.async_wait(std::move(token)); }, [&] { ::raise(SIGUSR1); });
}

PROACTOR_TEST_BODY(cancellation, descriptor)
{
    context ctx;
    int ends[2];
    log("pipe", ::pipe(ends));
    stream_descriptor in(ctx, ends[0]);
    stream_descriptor out(ctx, ends[1]);
    char byte;
    try_types(
        ctx, [&](auto token) { in.async_read_some(asio::buffer(&byte, 1), std::move(token)); },
        [&] { asio::write(out, asio::buffer("x", 1)); });
}

PROACTOR_TEST_BODY(cancellation, composed_read)
{
    context ctx;
    connection c(ctx);
    char data[4];
    try_types(
        ctx, [&](auto token) { asio::async_read(c.client, asio::buffer(data), std::move(token)); },
        [&] { asio::write(c.server, asio::buffer("full", 4)); });
}

PROACTOR_TEST_BODY(cancellation, connect_to_a_full_listener)
{
    context ctx;
    tcp_acceptor acceptor(ctx, tcp::v4());
    acceptor.bind(any_port());
    acceptor.listen(0);
    // With its queue full the kernel drops what asks for more, so the connect stays pending.
    std::vector<tcp_socket> queued;
    for (int i = 0; i < 8; ++i)
    {
        queued.emplace_back(ctx, tcp::v4());
        queued.back().async_connect(acceptor.local_endpoint(), [](const error_code&) {});
    }
    while (ctx.run_one_for(20ms) != 0)
    {
    }
    tcp_socket socket(ctx);
    try_types(
        ctx,
        [&](auto token) {
            socket = tcp_socket(ctx, tcp::v4());
            socket.async_connect(acceptor.local_endpoint(), std::move(token));
        },
        [&] {
            queued.clear();
            socket.close();
        });
}

PROACTOR_TEST_BODY(cancellation, emitted_before_the_start)
{
    context ctx;
    cancellation_signal signal;
    signal.emit(cancellation_type::all);
    steady_timer timer(ctx, 1ms);
    timer.async_wait(asio::bind_cancellation_slot(signal.slot(), report{"timer"}));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(cancellation, emitted_after_the_end)
{
    context ctx;
    connection c(ctx);
    cancellation_signal signal;
    char byte;
    c.client.async_read_some(asio::buffer(&byte, 1),
                             asio::bind_cancellation_slot(signal.slot(), report{"read"}));
    asio::write(c.server, asio::buffer("x", 1));
    ctx.run();
    signal.emit(cancellation_type::all);
    ctx.restart();
    c.client.async_read_some(asio::buffer(&byte, 1), report{"without slot"});
    log("poll", ctx.poll());
    signal.emit(cancellation_type::all);
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("y", 1));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(cancellation, emitted_in_the_handler)
{
    context ctx;
    cancellation_signal signal;
    steady_timer timer(ctx, 1ms);
    timer.async_wait(asio::bind_cancellation_slot(signal.slot(), [&](const error_code& ec) {
        log("timer", ec);
        signal.emit(cancellation_type::all);
    }));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(cancellation, emitted_when_data_is_there)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("x", 1));
    await_readable(c.client.native_handle());
    cancellation_signal signal;
    char byte;
    c.client.async_read_some(asio::buffer(&byte, 1),
                             asio::bind_cancellation_slot(signal.slot(), report{"read"}));
    signal.emit(cancellation_type::all);
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(cancellation, second_of_two_reads)
{
    context ctx;
    connection c(ctx);
    cancellation_signal signal;
    char bytes[3] = {};
    c.client.async_read_some(asio::buffer(&bytes[0], 1), report{"first"});
    c.client.async_read_some(asio::buffer(&bytes[1], 1),
                             asio::bind_cancellation_slot(signal.slot(), report{"second"}));
    c.client.async_read_some(asio::buffer(&bytes[2], 1), report{"third"});
    ctx.poll();
    signal.emit(cancellation_type::terminal);
    log("run_one", ctx.run_one());
    asio::write(c.server, asio::buffer("xy", 2));
    log("run", ctx.run());
    log("bytes", std::string{bytes[0], bytes[2]});
}

PROACTOR_TEST_BODY(cancellation, first_of_two_reads)
{
    context ctx;
    connection c(ctx);
    cancellation_signal signal;
    char bytes[2] = {};
    c.client.async_read_some(asio::buffer(&bytes[0], 1),
                             asio::bind_cancellation_slot(signal.slot(), report{"first"}));
    c.client.async_read_some(asio::buffer(&bytes[1], 1), report{"second"});
    ctx.poll();
    signal.emit(cancellation_type::terminal);
    log("run_one", ctx.run_one());
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
    log("byte", std::string_view(&bytes[1], 1));
}

PROACTOR_TEST_BODY(cancellation, one_direction_leaves_the_other)
{
    context ctx;
    connection c(ctx);
    fill(c.client);
    cancellation_signal signal;
    char byte;
    c.client.async_read_some(asio::buffer(&byte, 1),
                             asio::bind_cancellation_slot(signal.slot(), report{"read"}));
    bool written = false;
    c.client.async_write_some(asio::buffer("x", 1), [&](const error_code& ec, std::size_t) {
        written = true;
        log("write", ec);
    });
    ctx.poll();
    signal.emit(cancellation_type::all);
    while (ctx.run_one_for(20ms) != 0)
    {
    }
    log("written", written);
    c.client.cancel();
    ctx.run();
}

PROACTOR_TEST_BODY(cancellation, parallel_group_wait_for_one)
{
    namespace experimental = asio::experimental;
    context ctx;
    connection c(ctx);
    steady_timer timer(ctx, 1ms);
    char byte;
    experimental::make_parallel_group(
        c.client.async_read_some(asio::buffer(&byte, 1), asio::deferred),
        timer.async_wait(asio::deferred))
        .async_wait(
            experimental::wait_for_one(),
            [](std::array<std::size_t, 2> order, error_code read, std::size_t n, error_code wait) {
                log("order", order[0], order[1]);
                log("outcome", read, n, wait);
            });
    ctx.run();
}

PROACTOR_TEST_BODY(cancellation, parallel_group_wait_for_all)
{
    namespace experimental = asio::experimental;
    context ctx;
    steady_timer a(ctx, 4ms);
    steady_timer b(ctx, 1ms);
    cancellation_signal signal;
    experimental::make_parallel_group(a.async_wait(asio::deferred), b.async_wait(asio::deferred))
        .async_wait(experimental::wait_for_all(),
                    [](std::array<std::size_t, 2> order, error_code first, error_code second) {
                        log("order", order[0], order[1]);
                        log("outcome", first, second);
                    });
    ctx.run();
    ctx.restart();
    a.expires_after(1h);
    b.expires_after(1h);
    experimental::make_parallel_group(a.async_wait(asio::deferred), b.async_wait(asio::deferred))
        .async_wait(
            experimental::wait_for_all(),
            asio::bind_cancellation_slot(
                signal.slot(), [](std::array<std::size_t, 2>, error_code first, error_code second) {
                    log("cancelled", first, second);
                }));
    ctx.poll();
    signal.emit(cancellation_type::all);
    ctx.run();
}

PROACTOR_TEST_BODY(cancellation, awaitable_operators)
{
    using namespace asio::experimental::awaitable_operators;
    context ctx;
    connection c(ctx);
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            char byte = 0;
            steady_timer timer(ctx, 1ms);
            auto either = co_await (c.client.async_read_some(asio::buffer(&byte, 1), use_awaitable)
                                    || timer.async_wait(use_awaitable));
            log("timer wins", either.index());
            timer.expires_after(1h);
            asio::write(c.server, asio::buffer("x", 1));
            either = co_await (c.client.async_read_some(asio::buffer(&byte, 1), use_awaitable)
                               || timer.async_wait(use_awaitable));
            log("read wins", either.index(), std::string_view(&byte, 1));
            timer.expires_after(1ms);
            auto both = co_await (c.client.async_write_some(asio::buffer("y", 1), use_awaitable)
                                  && timer.async_wait(use_awaitable));
            log("both", both);
        },
        asio::detached);
    ctx.run();
}

PROACTOR_TEST_BODY(cancellation, coroutine)
{
    context ctx;
    connection c(ctx);
    for (const auto& [name, type] : types)
    {
        cancellation_signal signal;
        ctx.restart();
        asio::co_spawn(
            ctx,
            [&c]() -> awaitable<> {
                char byte;
                std::exception_ptr error;
                try
                {
                    co_await c.client.async_read_some(asio::buffer(&byte, 1), use_awaitable);
                }
                catch (...)
                {
                    error = std::current_exception();
                }
                log("read", error);
                const auto state = co_await asio::this_coro::cancellation_state;
                log("cancelled", static_cast<int>(state.cancelled()));
            },
            asio::bind_cancellation_slot(
                signal.slot(), [name = name](std::exception_ptr error) { log(name, error); }));
        ctx.poll();
        signal.emit(type);
        if (ctx.run_for(200ms); !ctx.stopped())
        {
            log(name, "not cancelled");
            asio::write(c.server, asio::buffer("x", 1));
            ctx.run();
        }
    }
}

PROACTOR_TEST_BODY(cancellation, coroutine_that_goes_on)
{
    context ctx;
    cancellation_signal signal;
    steady_timer timer(ctx, 1h);
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            co_await asio::this_coro::throw_if_cancelled(false);
            co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
            auto [first] = co_await timer.async_wait(asio::as_tuple(use_awaitable));
            log("first", first);
            co_await asio::this_coro::reset_cancellation_state();
            timer.expires_after(1ms);
            auto [second] = co_await timer.async_wait(asio::as_tuple(use_awaitable));
            log("second", second);
        },
        asio::bind_cancellation_slot(signal.slot(), asio::detached));
    ctx.poll();
    signal.emit(cancellation_type::total);
    ctx.run();
}

} // namespace differential
