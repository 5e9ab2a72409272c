//
// Tokens that adapt others, and those that an object has as its default.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/consign.hpp>
#include <boost/asio/prepend.hpp>

#include "../support/terminal.hpp"

#include <csignal>
#include <future>
#include <memory>

namespace differential {

using namespace std::chrono_literals;

namespace {

void turn(context& ctx)
{
    ctx.restart();
    ctx.run();
}

} // namespace

PROACTOR_TEST_BODY(token_adapters, append_and_prepend)
{
    context ctx;
    connection c(ctx);
    steady_timer timer(ctx, 1ms);
    char byte;
    timer.async_wait(asio::append(report{"appended"}, 7, "tail"));
    turn(ctx);
    timer.async_wait(asio::prepend(report{"prepended"}, 7, "head"));
    turn(ctx);
    c.client.async_read_some(asio::buffer(&byte, 1),
                             asio::append(asio::prepend(report{"both"}, "head"), "tail"));
    asio::write(c.server, asio::buffer("x", 1));
    turn(ctx);
    asio::post(ctx, asio::append(report{"posted"}, 1, 2, 3));
    turn(ctx);
    asio::async_write(c.client, asio::buffer("y", 1), asio::append(report{"composed"}, true));
    turn(ctx);
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            const auto [n, tail] = co_await c.server.async_read_some(
                asio::buffer(&byte, 1), asio::append(use_awaitable, 42));
            log("awaited", n, tail);
        },
        report{"coroutine"});
    turn(ctx);
    asio::cancellation_signal signal;
    c.server.async_read_some(
        asio::buffer(&byte, 1),
        asio::append(asio::bind_cancellation_slot(signal.slot(), report{"cancelled"}), "tail"));
    asio::post(ctx, [&] { signal.emit(asio::cancellation_type::total); });
    turn(ctx);
}

PROACTOR_TEST_BODY(token_adapters, consign)
{
    const auto held = std::make_shared<int>(0);
    {
        context ctx;
        connection c(ctx);
        steady_timer timer(ctx, 1ms);
        const auto count = [held](const error_code& ec, auto...) { log("called", ec); };
        timer.async_wait(asio::consign(count, held));
        log("before", held.use_count());
        turn(ctx);
        log("after", held.use_count());
        char byte;
        c.client.async_read_some(asio::buffer(&byte, 1), asio::consign(count, held));
        ctx.restart();
        ctx.poll();
        log("in flight", held.use_count());
    }
    log("abandoned", held.use_count());
}

PROACTOR_TEST_BODY(token_adapters, packaged_task)
{
    context ctx;
    connection c(ctx);
    steady_timer timer(ctx, 1ms);
    char byte;
    std::future<int> waited = timer.async_wait(
        std::packaged_task<int(error_code)>([](const error_code& ec) { return ec ? -1 : 1; }));
    std::future<std::size_t> read = c.client.async_read_some(
        asio::buffer(&byte, 1),
        std::packaged_task<std::size_t(error_code, std::size_t)>(
            [](const error_code& ec, std::size_t n) { return ec ? throw system_error(ec) : n; }));
    std::future<int> posted =
        asio::post(ctx, std::packaged_task<int()>([]() -> int { throw std::runtime_error("no"); }));
    asio::write(c.server, asio::buffer("x", 1));
    ctx.run();
    log("waited", waited.get());
    log("read", read.get());
    attempt("posted", [&] { return posted.get(); });
    std::future<std::size_t> aborted = c.client.async_read_some(
        asio::buffer(&byte, 1),
        std::packaged_task<std::size_t(error_code, std::size_t)>(
            [](const error_code& ec, std::size_t n) { return ec ? throw system_error(ec) : n; }));
    c.client.cancel();
    turn(ctx);
    attempt("aborted", [&] { return aborted.get(); });
}

// The echo server as it stands in tutorials: what it accepts has the token, too.
PROACTOR_TEST_BODY(token_adapters, default_token_of_every_object)
{
    using token = asio::use_awaitable_t<executor>;
    using acceptor_type = token::as_default_on_t<tcp_acceptor>;
    using socket_type = token::as_default_on_t<tcp_socket>;
    context ctx;
    acceptor_type acceptor(ctx, any_port());
    int ended = 0;
    const auto end = [&](std::exception_ptr e) {
        ended += describe(e).find("eof") != std::string::npos;
    };
    const auto echo = [](auto socket) -> awaitable<> {
        char data[16];
        for (;;)
        {
            const std::size_t n = co_await socket.async_read_some(asio::buffer(data));
            co_await asio::async_write(socket, asio::buffer(data, n));
        }
    };
    const auto serve = [&]() -> awaitable<> {
        for (int i = 0; i < 2; ++i)
        {
            auto socket = co_await acceptor.async_accept();
            log("accepted", socket,
                std::is_same_v<decltype(socket)::executor_type, acceptor_type::executor_type>);
            asio::co_spawn(ctx, echo(std::move(socket)), end);
        }
    };
    const auto talk = [&]() -> awaitable<> {
        for (const char* text : {"first", "second"})
        {
            socket_type socket(ctx);
            co_await socket.async_connect(acceptor.local_endpoint());
            std::string got(std::string_view(text).size(), '\0');
            co_await asio::async_write(socket, asio::buffer(text, got.size()));
            co_await asio::async_read(socket, asio::buffer(got));
            log("echoed", got);
        }
        token::as_default_on_t<steady_timer> timer(ctx, 1ms);
        co_await timer.async_wait();
        token::as_default_on_t<tcp_resolver> resolver(ctx);
        const auto found = co_await resolver.async_resolve("127.0.0.1", "80");
        log("found", found.size());
        token::as_default_on_t<signal_set> signals(ctx, SIGUSR1);
        ::raise(SIGUSR1);
        log("signal", co_await signals.async_wait());
    };
    asio::co_spawn(ctx, serve(), asio::detached);
    asio::co_spawn(ctx, talk(), report{"client"});
    ctx.run();
    log("sessions that saw the end", ended);
}

PROACTOR_TEST_BODY(token_adapters, default_token_that_makes_tuples)
{
    using token = asio::as_tuple_t<asio::use_awaitable_t<executor>>;
    context ctx;
    token::as_default_on_t<tcp_acceptor> acceptor(ctx, any_port());
    const auto serve = [&]() -> awaitable<> {
        auto [ec, socket] = co_await acceptor.async_accept();
        log("accept", ec, socket);
        char data[16];
        for (;;)
        {
            const auto [error, n] = co_await socket.async_read_some(asio::buffer(data));
            log("read", error, n);
            if (error)
            {
                break;
            }
        }
        acceptor.close();
        const auto [closed, none] = co_await acceptor.async_accept();
        log("accept", closed, none);
    };
    const auto talk = [&]() -> awaitable<> {
        token::as_default_on_t<tcp_socket> socket(ctx);
        const auto [connected] = co_await socket.async_connect(acceptor.local_endpoint());
        log("connect", connected);
        const auto [sent, n] = co_await asio::async_write(socket, asio::buffer("bytes", 5));
        log("write", sent, n);
        socket.close();
        token::as_default_on_t<steady_timer> timer(ctx, 1h);
        asio::post(ctx, [&] { timer.cancel(); });
        const auto [waited] = co_await timer.async_wait();
        log("timer", waited);
        token::as_default_on_t<tcp_resolver> resolver(ctx);
        const auto [error, found] =
            co_await resolver.async_resolve("none", "80", asio::ip::resolver_base::numeric_host);
        log("resolved", error, found.size());
        token::as_default_on_t<signal_set> signals(ctx, SIGUSR1);
        asio::post(ctx, [&] { signals.cancel(); });
        const auto [cancelled, number] = co_await signals.async_wait();
        log("signal", cancelled, number);
    };
    asio::co_spawn(ctx, talk(), asio::detached);
    ctx.run();
    ctx.restart();
    asio::co_spawn(ctx, serve(), asio::detached);
    ctx.run();
}

namespace {

/// What an allocator handed out.
struct ledger
{
    int live = 0;
    bool used = false;
};

template <class T>
struct noting_allocator
{
    using value_type = T;

    explicit noting_allocator(ledger& l) noexcept : book(&l) {}

    template <class U>
    noting_allocator(const noting_allocator<U>& other) noexcept : book(other.book)
    {
    }

    T* allocate(std::size_t n)
    {
        ++book->live;
        book->used = true;
        return std::allocator<T>().allocate(n);
    }

    void deallocate(T* block, std::size_t n)
    {
        --book->live;
        std::allocator<T>().deallocate(block, n);
    }

    template <class U>
    bool operator==(const noting_allocator<U>& other) const noexcept
    {
        return book == other.book;
    }

    ledger* book;
};

/// Starts an operation whose handler has the allocator, and logs the books when it has ended.
template <class Start>
void audit(context& ctx, const char* name, Start start)
{
    ledger book;
    start(asio::bind_allocator(noting_allocator<char>(book), [&](const auto&...) {
        log(name, "live in the upcall", book.live, "used", book.used);
    }));
    turn(ctx);
    log(name, "live at the end", book.live);
}

} // namespace

PROACTOR_TEST_BODY(token_adapters, allocator_of_every_object)
{
    context ctx;
    char data[16];
    const auto none = [](const error_code&, std::size_t) {};

    datagrams d(ctx);
    udp::endpoint from;
    audit(ctx, "send_to", [&](auto h) {
        d.first.async_send_to(asio::buffer("x", 1), d.second.local_endpoint(), std::move(h));
    });
    audit(ctx, "receive_from",
          [&](auto h) { d.second.async_receive_from(asio::buffer(data), from, std::move(h)); });
    audit(ctx, "udp wait",
          [&](auto h) { d.first.async_wait(udp_socket::wait_write, std::move(h)); });
    audit(ctx, "udp connect",
          [&](auto h) { d.first.async_connect(d.second.local_endpoint(), std::move(h)); });
    audit(ctx, "udp send", [&](auto h) { d.first.async_send(asio::buffer("x", 1), std::move(h)); });
    audit(ctx, "udp receive",
          [&](auto h) { d.second.async_receive(asio::buffer(data), std::move(h)); });

    local_stream a(ctx);
    local_stream b(ctx);
    local::connect_pair(a, b);
    audit(ctx, "local write",
          [&](auto h) { a.async_write_some(asio::buffer("x", 1), std::move(h)); });
    audit(ctx, "local read", [&](auto h) { b.async_read_some(asio::buffer(data), std::move(h)); });

    seq_packet_socket p(ctx);
    seq_packet_socket q(ctx);
    local::connect_pair(p, q);
    asio::socket_base::message_flags flags = 0;
    audit(ctx, "packet send", [&](auto h) { p.async_send(asio::buffer("x", 1), 0, std::move(h)); });
    audit(ctx, "packet receive",
          [&](auto h) { q.async_receive(asio::buffer(data), flags, std::move(h)); });

    readable_pipe in(ctx);
    writable_pipe out(ctx);
    asio::connect_pipe(in, out);
    audit(ctx, "pipe write",
          [&](auto h) { out.async_write_some(asio::buffer("x", 1), std::move(h)); });
    audit(ctx, "pipe read", [&](auto h) { in.async_read_some(asio::buffer(data), std::move(h)); });

    stream_descriptor descriptor(ctx, ::dup(out.native_handle()));
    audit(ctx, "descriptor wait",
          [&](auto h) { descriptor.async_wait(stream_descriptor::wait_write, std::move(h)); });

    test::terminal terminal;
    serial_port port(ctx, terminal.device());
    stream_descriptor far(ctx, terminal.release());
    audit(ctx, "serial write",
          [&](auto h) { port.async_write_some(asio::buffer("x", 1), std::move(h)); });
    far.async_write_some(asio::buffer("y", 1), none);
    audit(ctx, "serial read",
          [&](auto h) { port.async_read_some(asio::buffer(data), std::move(h)); });

    tcp_resolver resolver(ctx);
    audit(ctx, "resolve", [&](auto h) { resolver.async_resolve("127.0.0.1", "80", std::move(h)); });
    audit(ctx, "reverse",
          [&](auto h) { resolver.async_resolve(tcp::endpoint(any_port()), std::move(h)); });

    system_timer timer(ctx, 1ms);
    audit(ctx, "system timer", [&](auto h) { timer.async_wait(std::move(h)); });
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket socket(ctx);
    audit(ctx, "cancelled accept", [&](auto h) {
        acceptor.async_accept(socket, std::move(h));
        ctx.restart();
        ctx.poll();
        acceptor.cancel();
    });
    audit(ctx, "acceptor wait", [&](auto h) {
        acceptor.async_wait(tcp_acceptor::wait_read, std::move(h));
        ctx.restart();
        ctx.poll();
        acceptor.close();
    });
    signal_set signals(ctx, SIGUSR1);
    audit(ctx, "cancelled signal", [&](auto h) {
        signals.async_wait(std::move(h));
        signals.cancel();
    });
    audit(ctx, "closed", [&](auto h) { socket.async_read_some(asio::buffer(data), std::move(h)); });
}

} // namespace differential
