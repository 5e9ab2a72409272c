//
// Executors of older kinds, of I/O objects and of handlers: the polymorphic one of the Networking
// TS, and the strand that a context has as a nested class.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <boost/asio/executor.hpp>

#include <csignal>
#include <tuple>

namespace differential {

using namespace std::chrono_literals;

namespace {

template <class Executor>
using steady_timer_on =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// What one operation ended with; several end in one turn, in no promised order.
struct ending
{
    error_code ec = asio::error::would_block;
    std::size_t size = 0;
    bool inside = false;
};

/// Notes its end, and whether it was called where the body wants it.
template <class Inside>
struct noting
{
    ending* to;
    Inside inside;

    void operator()(const error_code& ec, std::size_t n = 0) const { *to = {ec, n, inside()}; }
};

template <class... Endings>
void turn(context& ctx, const char* name, const Endings&... endings)
{
    ctx.restart();
    ctx.run();
    (log(name, endings.ec, endings.size, endings.inside), ...);
}

/// Every kind of object on this executor. `wrap` says how handlers are bound.
template <class Executor, class Wrap>
void every_object(context& ctx, const Executor& ex, Wrap wrap)
{
    ending a;
    ending b;
    asio::basic_socket_acceptor<tcp, Executor> acceptor(ex, any_port());
    asio::basic_stream_socket<tcp, Executor> client(ex);
    asio::basic_stream_socket<tcp, Executor> server(ex);
    acceptor.async_accept(server, wrap(a));
    client.async_connect(acceptor.local_endpoint(), wrap(b));
    turn(ctx, "accept, connect", a, b);

    std::string text(4, '\0');
    asio::async_read(client, asio::buffer(text), wrap(a));
    asio::async_write(server, asio::buffer("text", 4), wrap(b));
    turn(ctx, "read, write", a, b);
    client.async_wait(asio::socket_base::wait_write, wrap(a));
    turn(ctx, "wait", a);
    client.async_read_some(asio::buffer(text), wrap(a));
    ctx.restart();
    ctx.poll();
    client.cancel();
    turn(ctx, "cancelled", a);
    client.async_read_some(asio::buffer(text), wrap(a));
    server.close();
    turn(ctx, "end", a);
    client.close();
    client.async_read_some(asio::buffer(text), wrap(a));
    turn(ctx, "closed", a);

    asio::basic_datagram_socket<udp, Executor> datagrams(ex, any_udp_port());
    udp::endpoint from;
    datagrams.async_receive_from(asio::buffer(text), from, wrap(a));
    datagrams.async_send_to(asio::buffer("dg", 2), datagrams.local_endpoint(), wrap(b));
    turn(ctx, "datagrams", a, b);

    asio::basic_stream_socket<local::stream_protocol, Executor> one(ex);
    asio::basic_stream_socket<local::stream_protocol, Executor> other(ex);
    local::connect_pair(one, other);
    one.async_read_some(asio::buffer(text), wrap(a));
    other.async_write_some(asio::buffer("l", 1), wrap(b));
    turn(ctx, "local", a, b);

    asio::basic_readable_pipe<Executor> in(ex);
    asio::basic_writable_pipe<Executor> out(ex);
    asio::connect_pipe(in, out);
    in.async_read_some(asio::buffer(text), wrap(a));
    out.async_write_some(asio::buffer("pipe", 4), wrap(b));
    turn(ctx, "pipe", a, b);

    asio::posix::basic_stream_descriptor<Executor> descriptor(ex, ::dup(in.native_handle()));
    descriptor.async_wait(asio::posix::descriptor_base::wait_read, wrap(a));
    out.async_write_some(asio::buffer("d", 1), wrap(b));
    turn(ctx, "descriptor", a, b);

    steady_timer_on<Executor> timer(ex, 1ms);
    timer.async_wait(wrap(a));
    turn(ctx, "timer", a);
    timer.expires_after(1h);
    timer.async_wait(wrap(a));
    log("cancel", timer.cancel());
    turn(ctx, "timer", a);

    asio::basic_signal_set<Executor> signals(ex, SIGUSR1);
    signals.async_wait(wrap(a));
    ::raise(SIGUSR1);
    ctx.restart();
    ctx.run();
    log("signal", a.ec, a.inside);

    asio::ip::basic_resolver<tcp, Executor> resolver(ex);
    std::size_t found = 0;
    resolver.async_resolve("127.0.0.1", "80", [&](const error_code& ec, const auto& results) {
        found = ec ? 0 : results.size();
    });
    ctx.restart();
    ctx.run();
    log("resolved", found);

    asio::basic_stream_socket<tcp, Executor> moved(std::move(client));
    moved = asio::basic_stream_socket<tcp, Executor>(ex, tcp::v4());
    log("moved", client, moved, moved.get_executor() == ex);
}

const auto anywhere = [] { return true; };

template <class Inside = decltype(anywhere)>
auto plain(Inside inside = anywhere)
{
    return [inside](ending& to) { return noting<Inside>{&(to = {}), inside}; };
}

} // namespace

#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)

PROACTOR_TEST_BODY(executor_kinds, polymorphic_of_objects)
{
    context ctx;
    every_object(ctx, asio::executor(ctx.get_executor()), plain());
}

PROACTOR_TEST_BODY(executor_kinds, polymorphic_of_handlers)
{
    context ctx;
    const asio::executor ex(ctx.get_executor());
    every_object(ctx, executor(ctx.get_executor()),
                 [&](ending& to) { return asio::bind_executor(ex, plain()(to)); });
}

PROACTOR_TEST_BODY(executor_kinds, polymorphic_around_a_strand)
{
    context ctx;
    auto strand = asio::make_strand(ctx);
    const asio::executor ex(strand);
    const auto inside = plain([=] { return strand.running_in_this_thread(); });
    every_object(ctx, ex, inside);
}

PROACTOR_TEST_BODY(executor_kinds, polymorphic_by_itself)
{
    context ctx;
    asio::executor none;
    log("empty", !none);
    const asio::executor ex(ctx.get_executor());
    log("context", &ex.context() == &ctx, ex == asio::executor(ctx.get_executor()), ex == none);
    log("target", ex.target<context::executor_type>() != nullptr, ex.target<int>() != nullptr);
    asio::post(ex, [] { log("posted"); });
    asio::dispatch(ex, [] { log("dispatched"); });
    asio::defer(ex, [] { log("deferred"); });
    ctx.run();
    ctx.restart();
    {
        const asio::executor_work_guard<asio::executor> work(ex);
        log("run_for", ctx.run_for(1ms), ctx.stopped());
    }
    log("run", ctx.run());
    log("stopped", ctx.stopped());
    auto strand = asio::strand<asio::executor>(ex);
    ctx.restart();
    asio::post(strand, [strand] { log("in a strand", strand.running_in_this_thread()); });
    ctx.run();
}

PROACTOR_TEST_BODY(executor_kinds, nested_strand_of_objects)
{
    context ctx;
    const context::strand strand(ctx);
    every_object(ctx, strand, plain([=] { return strand.running_in_this_thread(); }));
}

#endif

PROACTOR_TEST_BODY(executor_kinds, nested_strand_of_handlers)
{
    context ctx;
    context::strand strand(ctx);
    const auto inside = plain([=] { return strand.running_in_this_thread(); });
    every_object(ctx, executor(ctx.get_executor()),
                 [&](ending& to) { return asio::bind_executor(strand, inside(to)); });
}

PROACTOR_TEST_BODY(executor_kinds, nested_strand_by_itself)
{
    context ctx;
    context::strand strand(ctx);
    context::strand copy(strand);
    log("equal", strand == copy, &strand.context() == &ctx);
    asio::post(strand, [&] {
        log("one", strand.running_in_this_thread(), copy.running_in_this_thread());
        asio::post(copy, [] { log("three"); });
        asio::dispatch(copy, [] { log("at once"); });
        log("two");
    });
    asio::post(ctx, [&] { log("outside", strand.running_in_this_thread()); });
    log("run", ctx.run());
}

} // namespace differential
