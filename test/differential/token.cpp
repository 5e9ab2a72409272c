//
// Completion tokens and what handlers bring along: executor, allocator, move-only state.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <csignal>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>

namespace differential {

using namespace std::chrono_literals;

namespace {

/// What an allocator handed out: blocks alive, and whether there ever was one.
struct account
{
    int live = 0;
    bool used = false;
};

template <class T>
struct counting_allocator
{
    using value_type = T;

    explicit counting_allocator(account& book) noexcept : book_(&book) {}

    template <class U>
    counting_allocator(const counting_allocator<U>& other) noexcept : book_(other.book_)
    {
    }

    T* allocate(std::size_t n)
    {
        ++book_->live;
        book_->used = true;
        return std::allocator<T>().allocate(n);
    }

    void deallocate(T* block, std::size_t n)
    {
        --book_->live;
        std::allocator<T>().deallocate(block, n);
    }

    template <class U>
    bool operator==(const counting_allocator<U>& other) const noexcept
    {
        return book_ == other.book_;
    }

    account* book_;
};

template <>
struct counting_allocator<void>
{
    using value_type = void;

    template <class U>
    counting_allocator(const counting_allocator<U>& other) noexcept : book_(other.book_)
    {
    }

    template <class U>
    bool operator==(const counting_allocator<U>& other) const noexcept
    {
        return book_ == other.book_;
    }

    account* book_;
};

/// A move-only handler that logs how many of its allocator's blocks live in the upcall.
class accounted
{
public:
    using allocator_type = counting_allocator<void>;

    accounted(const char* name, account& book) : name_(name), book_(&book) {}

    allocator_type get_allocator() const noexcept { return counting_allocator<char>(*book_); }

    template <class... Args>
    void operator()(const Args&...)
    {
        log(name_, "live in the upcall", book_->live, "used", book_->used);
    }

private:
    const char* name_;
    account* book_;
    std::unique_ptr<int> move_only_ = std::make_unique<int>(0);
};

template <class Start>
void try_allocator(context& ctx, const char* name, Start start)
{
    account book;
    start(accounted(name, book));
    ctx.restart();
    ctx.run();
    log(name, "live at the end", book.live);
}

// Runs the context on a thread of its own while the body waits for futures.
class background
{
public:
    explicit background(context& ctx) : guard_(asio::make_work_guard(ctx))
    {
        thread_ = std::thread([&ctx] { ctx.run(); });
    }

    ~background()
    {
        guard_.reset();
        thread_.join();
    }

private:
    asio::executor_work_guard<context::executor_type> guard_;
    std::thread thread_;
};

} // namespace

PROACTOR_TEST_BODY(token, use_future)
{
    context ctx;
    connection c(ctx);
    refusing_port port(ctx);
    tcp_socket socket(ctx);
    steady_timer timer(ctx, 1ms);
    char data[8];
    background thread(ctx);
    attempt("write", [&] {
        return c.client.async_write_some(asio::buffer("hello", 5), asio::use_future).get();
    });
    attempt("read",
            [&] { return c.server.async_read_some(asio::buffer(data), asio::use_future).get(); });
    attempt("timer", [&] { timer.async_wait(asio::use_future).get(); });
    attempt("refused", [&] { socket.async_connect(port.endpoint(), asio::use_future).get(); });
    attempt("post", [&] { asio::post(ctx, asio::use_future).get(); });
    attempt("function", [&] { return asio::post(ctx, asio::use_future([] { return 7; })).get(); });
    attempt("throwing function", [&] {
        asio::post(ctx, asio::use_future([]() -> void { throw std::runtime_error("x"); })).get();
    });
    auto reading = c.server.async_read_some(asio::buffer(data), asio::use_future);
    c.client.close();
    attempt("end", [&] { return reading.get(); });
}

PROACTOR_TEST_BODY(token, future_of_an_abandoned_operation)
{
    std::future<std::size_t> reading;
    char byte;
    {
        context ctx;
        connection c(ctx);
        reading = c.client.async_read_some(asio::buffer(&byte, 1), asio::use_future);
        ctx.poll();
    }
    attempt("read", [&] { return reading.get(); });
}

PROACTOR_TEST_BODY(token, deferred)
{
    context ctx;
    steady_timer timer(ctx, 1ms);
    auto waiting = timer.async_wait(asio::deferred);
    log("poll", ctx.poll());
    std::move(waiting)(report{"timer"});
    ctx.restart();
    ctx.run();
    auto chained = timer.async_wait(asio::deferred([&](const error_code& ec) {
        log("between", ec);
        timer.expires_after(1ms);
        return timer.async_wait(asio::deferred);
    }));
    std::move(chained)(report{"chained"});
    ctx.restart();
    ctx.run();
}

PROACTOR_TEST_BODY(token, detached)
{
    context ctx;
    connection c(ctx);
    asio::async_write(c.client, asio::buffer("hello", 5), asio::detached);
    ctx.run();
    log("peer", read_exactly(c.server, 5));
}

PROACTOR_TEST_BODY(token, use_awaitable)
{
    context ctx;
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            connection c(ctx);
            refusing_port port(ctx);
            char data[8];
            log("write",
                co_await asio::async_write(c.client, asio::buffer("abc", 3), use_awaitable));
            log("read", co_await c.server.async_read_some(asio::buffer(data), use_awaitable));
            c.client.close();
            std::exception_ptr error;
            try
            {
                co_await c.server.async_read_some(asio::buffer(data), use_awaitable);
            }
            catch (...)
            {
                error = std::current_exception();
            }
            log("end", error);
            tcp_socket socket(ctx);
            co_await socket.async_connect(port.endpoint(), use_awaitable);
        },
        [](std::exception_ptr error) { log("ended by", error); });
    ctx.run();
}

PROACTOR_TEST_BODY(token, as_tuple)
{
    context ctx;
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            connection c(ctx);
            c.client.close();
            char data[8];
            auto [ec, n] = co_await c.server.async_read_some(asio::buffer(data),
                                                             asio::as_tuple(use_awaitable));
            log("read", ec, n);
            asio::post(ctx, [&] { c.acceptor.close(); });
            auto [aborted, peer] = co_await c.acceptor.async_accept(asio::as_tuple(use_awaitable));
            log("accept", aborted, peer);
        },
        asio::detached);
    ctx.run();
}

PROACTOR_TEST_BODY(token, redirect_error)
{
    context ctx;
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            connection c(ctx);
            c.client.close();
            char data[8];
            error_code ec;
            const std::size_t n = co_await c.server.async_read_some(
                asio::buffer(data), asio::redirect_error(use_awaitable, ec));
            log("read", ec, n);
        },
        asio::detached);
    ctx.run();
}

PROACTOR_TEST_BODY(token, coroutine_results)
{
    context ctx;
    const auto make = [](int value) -> awaitable<int> {
        if (value < 0)
        {
            throw std::out_of_range("negative");
        }
        co_return value;
    };
    const auto end = [](std::exception_ptr error, int value) { log("end", error, value); };
    asio::co_spawn(ctx, make(3), end);
    ctx.run();
    asio::co_spawn(ctx, make(-3), end);
    ctx.restart();
    ctx.run();
    asio::co_spawn(ctx, make(-1), asio::detached);
    ctx.restart();
    attempt("detached", [&] { ctx.run(); });
    auto future = asio::co_spawn(ctx, make(5), asio::use_future);
    ctx.restart();
    ctx.run();
    log("future", future.get());
}

PROACTOR_TEST_BODY(token, echo_of_coroutines)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    constexpr int clients = 16;
    constexpr int rounds = 20;
    int equal = 0;
    const auto session = [](tcp_socket socket) -> awaitable<> {
        char data[64];
        for (;;)
        {
            auto [ec, n] =
                co_await socket.async_read_some(asio::buffer(data), asio::as_tuple(use_awaitable));
            if (ec)
            {
                co_return;
            }
            co_await asio::async_write(socket, asio::buffer(data, n), use_awaitable);
        }
    };
    const auto listen = [&]() -> awaitable<> {
        for (int i = 0; i < clients; ++i)
        {
            asio::co_spawn(ctx, session(co_await acceptor.async_accept(use_awaitable)),
                           asio::detached);
        }
    };
    const auto client = [&](int number) -> awaitable<> {
        tcp_socket socket(ctx);
        co_await socket.async_connect(acceptor.local_endpoint(), use_awaitable);
        for (int round = 0; round < rounds; ++round)
        {
            const std::string out = std::to_string(number) + ':' + std::to_string(round);
            std::string in(out.size(), ' ');
            co_await asio::async_write(socket, asio::buffer(out), use_awaitable);
            co_await asio::async_read(socket, asio::buffer(in), use_awaitable);
            equal += in == out ? 1 : 0;
        }
    };
    asio::co_spawn(ctx, listen(), asio::detached);
    for (int i = 0; i < clients; ++i)
    {
        asio::co_spawn(ctx, client(i), asio::detached);
    }
    ctx.run();
    log("equal", equal);
}

PROACTOR_TEST_BODY(token, channel)
{
    using channel = asio::experimental::channel<executor, void(error_code, int)>;
    context ctx;
    channel pipe(ctx.get_executor(), 1);
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            for (int i = 0; i < 4; ++i)
            {
                co_await pipe.async_send(error_code(), i, use_awaitable);
            }
            pipe.close();
        },
        asio::detached);
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            for (;;)
            {
                auto [ec, value] = co_await pipe.async_receive(asio::as_tuple(use_awaitable));
                log("received", ec ? "closed" : "value", value);
                if (ec)
                {
                    co_return;
                }
            }
        },
        asio::detached);
    ctx.run();
}

PROACTOR_TEST_BODY(token, associated_allocator)
{
    context ctx;
    connection c(ctx);
    steady_timer timer(ctx, 1ms);
    signal_set signals(ctx, SIGUSR1);
    int ends[2];
    log("pipe", ::pipe(ends));
    stream_descriptor in(ctx, ends[0]);
    stream_descriptor out(ctx, ends[1]);
    tcp_socket socket(ctx);
    char byte;
    try_allocator(ctx, "post", [&](auto h) { asio::post(ctx, std::move(h)); });
    try_allocator(ctx, "dispatch", [&](auto h) { asio::dispatch(ctx, std::move(h)); });
    try_allocator(ctx, "defer", [&](auto h) { asio::defer(ctx, std::move(h)); });
    try_allocator(ctx, "timer", [&](auto h) { timer.async_wait(std::move(h)); });
    try_allocator(ctx, "write",
                  [&](auto h) { c.client.async_write_some(asio::buffer("x", 1), std::move(h)); });
    try_allocator(ctx, "read",
                  [&](auto h) { c.server.async_read_some(asio::buffer(&byte, 1), std::move(h)); });
    try_allocator(ctx, "pending read", [&](auto h) {
        c.server.async_read_some(asio::buffer(&byte, 1), std::move(h));
        ctx.restart();
        ctx.poll();
        asio::write(c.client, asio::buffer("x", 1));
    });
    try_allocator(ctx, "cancelled read", [&](auto h) {
        c.server.async_read_some(asio::buffer(&byte, 1), std::move(h));
        ctx.restart();
        ctx.poll();
        c.server.cancel();
    });
    try_allocator(ctx, "wait",
                  [&](auto h) { c.client.async_wait(tcp_socket::wait_write, std::move(h)); });
    try_allocator(ctx, "accept", [&](auto h) {
        c.acceptor.async_accept(std::move(h));
        socket.connect(c.acceptor.local_endpoint());
        socket.close();
    });
    try_allocator(ctx, "connect",
                  [&](auto h) { socket.async_connect(c.acceptor.local_endpoint(), std::move(h)); });
    try_allocator(ctx, "signal", [&](auto h) {
        signals.async_wait(std::move(h));
        ::raise(SIGUSR1);
    });
    try_allocator(ctx, "descriptor write",
                  [&](auto h) { out.async_write_some(asio::buffer("x", 1), std::move(h)); });
    try_allocator(ctx, "descriptor read",
                  [&](auto h) { in.async_read_some(asio::buffer(&byte, 1), std::move(h)); });
    try_allocator(ctx, "composed",
                  [&](auto h) { asio::async_write(c.client, asio::buffer("x", 1), std::move(h)); });
}

PROACTOR_TEST_BODY(token, allocator_of_an_abandoned_operation)
{
    account book;
    {
        context ctx;
        connection c(ctx);
        char byte;
        c.client.async_read_some(asio::buffer(&byte, 1), accounted("read", book));
        asio::post(ctx, accounted("post", book));
        log("alive", book.live > 0);
    }
    log("live", book.live);
}

PROACTOR_TEST_BODY(token, move_only_handlers)
{
    context ctx;
    connection c(ctx);
    steady_timer timer(ctx, 1ms);
    char byte;
    const auto handler = [](const char* name) {
        return [name, held = std::make_unique<int>(7)](auto...) { log(name, *held); };
    };
    asio::post(ctx, handler("post"));
    ctx.run();
    ctx.restart();
    c.client.async_write_some(asio::buffer("x", 1), handler("write"));
    ctx.run();
    ctx.restart();
    asio::async_read(c.server, asio::buffer(&byte, 1), handler("composed read"));
    ctx.run();
    ctx.restart();
    timer.async_wait(handler("timer"));
    ctx.run();
    ctx.restart();
    c.acceptor.async_accept(
        [name = "accept", held = std::make_unique<int>(7)](const error_code& ec, tcp_socket peer) {
            log(name, ec, peer, *held);
        });
    tcp_socket client(ctx);
    client.connect(c.acceptor.local_endpoint());
    ctx.run();
}

PROACTOR_TEST_BODY(token, never_inside_the_initiation)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("xxxxxxxx", 8));
    await_readable(c.client.native_handle());
    steady_timer timer(ctx, -1s);
    tcp_socket closed(ctx);
    tcp_socket incoming(ctx);
    incoming.connect(c.acceptor.local_endpoint());
    char byte;
    bool inside = false;
    int early = 0;
    int ended = 0;
    const auto handler = [&](const auto&...) {
        early += inside ? 1 : 0;
        ++ended;
    };
    asio::post(ctx, [&] {
        inside = true;
        c.client.async_read_some(asio::buffer(&byte, 1), handler);
        c.client.async_read_some(asio::mutable_buffer(), handler);
        c.client.async_write_some(asio::buffer("y", 1), handler);
        c.client.async_wait(tcp_socket::wait_write, handler);
        closed.async_read_some(asio::buffer(&byte, 1), handler);
        c.acceptor.async_accept([&](const error_code&, tcp_socket) { handler(); });
        timer.async_wait(handler);
        asio::async_read(c.client, asio::buffer(&byte, 1), handler);
        asio::async_write(c.client, asio::buffer("z", 1), handler);
        inside = false;
    });
    ctx.run();
    log("early", early, "ended", ended);
}

PROACTOR_TEST_BODY(token, handler_is_called_once_and_destroyed)
{
    context ctx;
    connection c(ctx);
    auto witness = std::make_shared<int>(0);
    char byte;
    const auto handler = [witness](const auto&...) { ++*witness; };
    c.client.async_read_some(asio::buffer(&byte, 1), handler);
    c.client.async_write_some(asio::buffer("x", 1), handler);
    asio::post(ctx, handler);
    ctx.poll();
    c.client.cancel();
    ctx.run();
    // The two that are left are the body's own and the one in its lambda.
    log("called", *witness, "held", witness.use_count());
}

} // namespace differential
