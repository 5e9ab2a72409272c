//
// Objects that something was moved out of, used again; and objects on rebound executors.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <boost/asio/deadline_timer.hpp>

#include <csignal>
#include <string>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <sys/eventfd.h>

namespace differential {

using namespace std::chrono_literals;

namespace {

using results = tcp_resolver::results_type;

template <class Object, class Executor>
using rebound = typename Object::template rebind_executor<Executor>::other;

auto report_count(std::string name)
{
    return [name = std::move(name)](const error_code& ec, const results& found) {
        log(name, ec, found.size());
    };
}

/// Handlers that log, and the wait for so many of them: what a run function counts besides, on a
/// socket, is not promised.
struct ending
{
    auto operator()(const char* name)
    {
        return [this, name](const error_code& ec, const auto&... rest) {
            ++ended;
            log(name, ec, rest...);
        };
    }

    void await(context& ctx, int count)
    {
        for (awaited += count; ended < awaited;)
        {
            ctx.restart();
            ctx.run_one();
        }
    }

    int ended = 0;
    int awaited = 0;
};

/// Waits on a timer that was moved from are its own, not those of the timer that it became.
template <class Timer, class Set>
void use_timer_again(std::string_view name, Set set)
{
    context ctx;
    Timer a(ctx);
    set(a, 3600000);
    a.async_wait(report{"moved"});
    Timer b(std::move(a));
    log(name, a.cancel(), a.cancel_one());
    a.async_wait(report{"of no expiry"});
    ctx.poll();
    set(a, 3600000);
    a.async_wait(report{"first"});
    a.async_wait(report{"second"});
    set(b, 7200000);
    b.async_wait(report{"of the other"});
    log("cancel", a.cancel());
    ctx.poll();
    set(a, 1);
    a.async_wait(report{"expires"});
    log("run_one", ctx.run_one());
    a = std::move(b);
    log("idle", b.cancel());
    error_code ec;
    set(b, 1);
    b.wait(ec);
    log("wait", ec);
    log("cancel", a.cancel());
    ctx.restart();
    log("run", ctx.run());
}

} // namespace

PROACTOR_TEST_BODY(moved_from, resolver)
{
    context ctx;
    tcp_resolver a(ctx);
    tcp_resolver b(std::move(a));
    a.async_resolve("127.0.0.1", "1", report_count("moved from"));
    a.async_resolve(
        tcp::endpoint(asio::ip::address_v4::loopback(), 1),
        [](const error_code& ec, const results& found) { log("reverse", ec, found.size()); });
    run_all(ctx);
    b.async_resolve("127.0.0.1", "2", report_count("moved to"));
    run_all(ctx);
    error_code ec;
    log("synchronous", a.resolve("127.0.0.1", "3", ec).size(), ec);
    a.async_resolve("127.0.0.1", "4", report_count("still"));
    run_all(ctx);
    a.cancel();
    a.async_resolve("127.0.0.1", "5", report_count("after cancel"));
    run_all(ctx);
}

PROACTOR_TEST_BODY(moved_from, resolver_assigned)
{
    context ctx;
    tcp_resolver a(ctx);
    tcp_resolver b(ctx);
    b = std::move(a);
    a.async_resolve("127.0.0.1", "1", report_count("moved from"));
    run_all(ctx);
    a = std::move(b);
    a.async_resolve("127.0.0.1", "2", report_count("moved back"));
    run_all(ctx);
    b.async_resolve("127.0.0.1", "3", report_count("moved from"));
    run_all(ctx);
    b = tcp_resolver(ctx);
    b.async_resolve("127.0.0.1", "4", report_count("assigned"));
    run_all(ctx);
    b.cancel();
    tcp_resolver c(std::move(b));
    c.async_resolve("127.0.0.1", "5", report_count("cancelled and moved"));
    run_all(ctx);
    tcp_resolver d(std::move(b));
    d.async_resolve("127.0.0.1", "6", report_count("moved from what was moved from"));
    run_all(ctx);
}

PROACTOR_TEST_BODY(moved_from, resolver_of_datagrams)
{
    context ctx;
    using resolver = asio::ip::basic_resolver<udp, executor>;
    resolver a(ctx);
    resolver b(std::move(a));
    const auto count = [](const char* name) {
        return [name](const error_code& ec, const auto& found) { log(name, ec, found.size()); };
    };
    a.async_resolve(udp::v4(), "127.0.0.1", "1", count("moved from"));
    run_all(ctx);
    b.async_resolve(udp::v4(), "127.0.0.1", "1", count("moved to"));
    run_all(ctx);
}

PROACTOR_TEST_BODY(moved_from, timers)
{
    const auto set = [](auto& timer, int ms) {
        log("expires_after", timer.expires_after(std::chrono::milliseconds(ms)));
    };
    use_timer_again<steady_timer>("steady", set);
    use_timer_again<system_timer>("system", set);
}

PROACTOR_TEST_BODY(moved_from, deadline_timer)
{
    using time = boost::posix_time::ptime;
    using timer = asio::basic_deadline_timer<time, asio::time_traits<time>, executor>;
    context ctx;
    timer a(ctx, boost::posix_time::hours(1));
    a.async_wait(report{"moved"});
    timer b(std::move(a));
    log("expiry", a.expires_at().is_not_a_date_time(), a.cancel());
    a.expires_from_now(boost::posix_time::milliseconds(1));
    a.async_wait(report{"expires"});
    log("run_one", ctx.run_one());
    log("cancel", b.cancel());
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(moved_from, tcp_socket)
{
    context ctx;
    connection c(ctx);
    ending end;
    char bytes[2]{};
    c.client.async_read_some(asio::buffer(&bytes[0], 1), end("moved"));
    ctx.poll();
    tcp_socket other(std::move(c.client));
    error_code ec;
    log("from", c.client, c.client.native_handle() < 0, c.client.non_blocking());
    c.client.async_read_some(asio::buffer(&bytes[1], 1), end("read"));
    c.client.async_write_some(asio::buffer("x", 1), end("write"));
    c.client.async_wait(tcp_socket::wait_read, end("wait"));
    end.await(ctx, 3);
    log("send", c.client.write_some(asio::buffer("x", 1), ec), ec);
    log("cancel", (c.client.cancel(ec), ec));
    log("close", (c.client.close(ec), ec));
    log("shutdown", (c.client.shutdown(tcp_socket::shutdown_both, ec), ec));
    c.client.local_endpoint(ec);
    log("endpoint", ec);
    attempt("release", [&] { return c.client.release(); });
    c.client.async_connect(c.acceptor.local_endpoint(), end("connect"));
    end.await(ctx, 1);
    tcp_socket peer = c.acceptor.accept();
    c.client.async_read_some(asio::buffer(&bytes[1], 1), end("read"));
    ctx.poll();
    c.client.cancel();
    end.await(ctx, 1);
    asio::write(c.server, asio::buffer("o", 1));
    end.await(ctx, 1);
    log("byte", std::string_view(bytes, 1));
}

PROACTOR_TEST_BODY(moved_from, tcp_socket_opened_and_assigned)
{
    context ctx;
    connection c(ctx);
    tcp_socket other(ctx);
    other = std::move(c.client);
    c.client.open(tcp::v6());
    log("opened", c.client);
    attempt("open", [&] { c.client.open(tcp::v4()); });
    c.client.close();
    c.client.assign(tcp::v4(), other.release());
    log("assigned", c.client, other);
    asio::write(c.server, asio::buffer("a", 1));
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    run_all(ctx);
    other = std::move(c.client);
    c.client = tcp_socket(ctx, tcp::v4());
    log("again", c.client, other);
    tcp_socket last(std::move(c.client));
    tcp_socket from_nothing(std::move(c.client));
    log("from nothing", from_nothing);
    from_nothing.connect(c.acceptor.local_endpoint());
    log("connected", from_nothing);
}

PROACTOR_TEST_BODY(moved_from, swapped)
{
    context ctx;
    connection c(ctx);
    connection d(ctx);
    ending end;
    char bytes[2]{};
    c.client.async_read_some(asio::buffer(&bytes[0], 1), end("first"));
    d.client.async_read_some(asio::buffer(&bytes[1], 1), end("second"));
    ctx.poll();
    std::swap(c.client, d.client);
    c.client.cancel();
    end.await(ctx, 1);
    asio::write(c.server, asio::buffer("1", 1));
    end.await(ctx, 1);
    log("byte", std::string_view(bytes, 1));
    run_all(ctx);

    steady_timer e(ctx, 1h);
    steady_timer f(ctx, 2h);
    e.async_wait(report{"one hour"});
    f.async_wait(report{"two hours"});
    std::swap(e, f);
    log("swapped", e.expiry() > f.expiry(), e.cancel());
    ctx.poll();
    log("cancel", f.cancel());
    ctx.restart();
    log("poll", ctx.poll());
}

PROACTOR_TEST_BODY(moved_from, acceptor)
{
    context ctx;
    tcp_acceptor a(ctx, any_port());
    const auto address = a.local_endpoint();
    tcp_acceptor b(std::move(a));
    a.async_accept([](const error_code& ec, const tcp_socket& s) { log("accept", ec, s); });
    run_all(ctx);
    error_code ec;
    log("listen", (a.listen(1, ec), ec));
    log("cancel", (a.cancel(ec), ec));
    a.open(tcp::v4());
    a.bind(any_port());
    a.listen();
    log("different", a.local_endpoint() != address);
    tcp_socket first(ctx);
    tcp_socket second(ctx);
    first.connect(a.local_endpoint());
    second.connect(address);
    a.async_accept([](const error_code& e, const tcp_socket& s) { log("accept of a", e, s); });
    run_all(ctx);
    b.async_accept([](const error_code& e, const tcp_socket& s) { log("accept of b", e, s); });
    run_all(ctx);
}

PROACTOR_TEST_BODY(moved_from, datagrams)
{
    context ctx;
    datagrams d(ctx);
    char byte = 0;
    udp_socket other(std::move(d.first));
    d.first.async_receive(asio::buffer(&byte, 1), report{"receive"});
    d.first.async_send_to(asio::buffer("x", 1), d.second_at, report{"send"});
    run_all(ctx);
    error_code ec;
    log("connect", (d.first.connect(d.second_at, ec), ec), d.first);
    log("send", d.first.send(asio::buffer("y", 1), 0, ec), ec);
    d.second.async_receive(asio::buffer(&byte, 1), report{"receive"});
    run_all(ctx);
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(moved_from, local_sockets)
{
    context ctx;
    local_stream a(ctx);
    local_stream b(ctx);
    local::connect_pair(a, b);
    local_stream c(std::move(a));
    char byte = 0;
    a.async_read_some(asio::buffer(&byte, 1), report{"read"});
    run_all(ctx);
    local_stream d(ctx);
    local::connect_pair(a, d);
    asio::write(d, asio::buffer("l", 1));
    a.async_read_some(asio::buffer(&byte, 1), report{"read"});
    run_all(ctx);
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(moved_from, pipes)
{
    ::signal(SIGPIPE, SIG_IGN);
    context ctx;
    readable_pipe in(ctx);
    writable_pipe out(ctx);
    asio::connect_pipe(in, out);
    readable_pipe in2(std::move(in));
    writable_pipe out2(std::move(out));
    char byte = 0;
    in.async_read_some(asio::buffer(&byte, 1), report{"read"});
    out.async_write_some(asio::buffer("x", 1), report{"write"});
    run_all(ctx);
    error_code ec;
    log("read", in.read_some(asio::buffer(&byte, 1), ec), ec);
    log("write", out.write_some(asio::buffer("x", 1), ec), ec);
    log("cancel", (in.cancel(ec), ec), (out.cancel(ec), ec));
    asio::connect_pipe(in, out);
    ending end;
    in2.async_read_some(asio::buffer(&byte, 1), end("of the other"));
    in.async_read_some(asio::buffer(&byte, 1), end("read"));
    ctx.poll();
    in.cancel();
    end.await(ctx, 1);
    out2.close();
    end.await(ctx, 1);
}

PROACTOR_TEST_BODY(moved_from, descriptor)
{
    context ctx;
    ending end;
    std::uint64_t value = 0;
    stream_descriptor a(ctx, ::eventfd(0, 0));
    a.async_read_some(asio::buffer(&value, 8), end("moved"));
    ctx.poll();
    stream_descriptor b(std::move(a));
    error_code ec;
    std::uint64_t other = 0;
    a.async_read_some(asio::buffer(&other, 8), end("read"));
    a.async_wait(stream_descriptor::wait_read, end("wait"));
    end.await(ctx, 2);
    log("read", a.read_some(asio::buffer(&other, 8), ec), ec);
    a.assign(::eventfd(3, 0));
    a.async_read_some(asio::buffer(&other, 8), end("assigned"));
    end.await(ctx, 1);
    log("value", other);
    log("cancel", (a.cancel(ec), ec));
    const std::uint64_t seven = 7;
    asio::write(b, asio::buffer(&seven, 8));
    end.await(ctx, 1);
    log("value", value);
    attempt("assign", [&] { a.assign(::eventfd(0, 0)); });
}

PROACTOR_TEST_BODY(moved_from, not_movable)
{
    log("signal_set", std::is_move_constructible_v<signal_set>,
        std::is_move_assignable_v<signal_set>);
    log("rebound",
        std::is_same_v<rebound<rebound<signal_set, asio::any_io_executor>, executor>, signal_set>);
}

PROACTOR_TEST_BODY(moved_from, rebound_to_a_strand)
{
    using strand_type = asio::strand<executor>;
    context ctx;
    const strand_type strand(executor(ctx.get_executor()));
    const auto on_strand = [&strand](const char* name) {
        return [&strand, name](const error_code& ec, const auto&...) {
            log(name, ec, strand.running_in_this_thread());
        };
    };
    rebound<steady_timer, strand_type> timer(strand, 1ms);
    timer.async_wait(on_strand("timer"));
    run_all(ctx);
    rebound<system_timer, strand_type> wall(strand, 1ms);
    wall.async_wait(on_strand("system_timer"));
    run_all(ctx);
    rebound<tcp_resolver, strand_type> resolver(strand);
    resolver.async_resolve("127.0.0.1", "1", on_strand("resolver"));
    run_all(ctx);
    rebound<signal_set, strand_type> signals(strand, SIGUSR1);
    signals.async_wait(on_strand("signal_set"));
    ::raise(SIGUSR1);
    run_all(ctx);

    timer.expires_after(1h);
    timer.async_wait(on_strand("moved"));
    rebound<steady_timer, strand_type> moved(std::move(timer));
    log("from", timer.cancel(), "to", moved.cancel());
    run_all(ctx);
    rebound<tcp_resolver, strand_type> moved_resolver(std::move(resolver));
    resolver.async_resolve("127.0.0.1", "1", on_strand("moved from"));
    run_all(ctx);
    signals.async_wait(on_strand("cancelled"));
    signals.cancel();
    run_all(ctx);
    log("executors", moved.get_executor() == strand, resolver.get_executor() == strand,
        signals.get_executor() == strand);
}

PROACTOR_TEST_BODY(moved_from, rebound_to_the_context)
{
    using own = context::executor_type;
    context ctx;
    rebound<asio::steady_timer, own> timer(ctx, 1ms);
    rebound<asio::ip::tcp::resolver, own> resolver(ctx);
    rebound<asio::signal_set, own> signals(ctx, SIGUSR1);
    timer.async_wait(report{"timer"});
    run_all(ctx);
    resolver.async_resolve("127.0.0.1", "1", report_count("resolver"));
    run_all(ctx);
    signals.async_wait(report{"signal"});
    ::raise(SIGUSR1);
    run_all(ctx);
    log("executors", timer.get_executor() == ctx.get_executor(),
        resolver.get_executor() == ctx.get_executor(),
        signals.get_executor() == ctx.get_executor());
}

} // namespace differential
