//
// Destroying a context with everything pending: handlers are destroyed and never invoked.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace differential {

using namespace std::chrono_literals;

namespace {

/// A handler that counts its invocations and, once however often it moved, its destruction.
class witness
{
public:
    struct totals
    {
        int invoked = 0;
        int destroyed = 0;
    };

    explicit witness(totals& sum)
        : sum_(&sum), alive_(&sum, [](totals* ended) { ++ended->destroyed; })
    {
    }

    template <class... Args>
    void operator()(const Args&...) const
    {
        ++sum_->invoked;
    }

private:
    totals* sum_;
    std::shared_ptr<totals> alive_;
};

void log_totals(const witness::totals& sum)
{
    log("invoked", sum.invoked, "destroyed", sum.destroyed);
}

/// One of each object, each with an operation that does not end.
struct everything
{
    explicit everything(context& ctx)
        : c(ctx), refusing(ctx), signals(ctx, SIGUSR1), in(ctx), out(ctx), timer(ctx, 1h)
    {
        int ends[2];
        if (::pipe(ends) != 0)
        {
            log("pipe", false);
        }
        in.assign(ends[0]);
        out.assign(ends[1]);
        fill(c.client);
    }

    void start(context& ctx, witness::totals& sum)
    {
        c.client.async_read_some(asio::buffer(&bytes[0], 1), witness(sum));
        c.client.async_read_some(asio::buffer(&bytes[1], 1), witness(sum));
        c.client.async_write_some(asio::buffer("x", 1), witness(sum));
        c.client.async_wait(tcp_socket::wait_error, witness(sum));
        c.acceptor.async_accept(witness(sum));
        asio::async_read(c.client, asio::buffer(bytes), witness(sum));
        signals.async_wait(witness(sum));
        in.async_read_some(asio::buffer(&bytes[2], 1), witness(sum));
        timer.async_wait(witness(sum));
        timer.async_wait(witness(sum));
        asio::post(ctx, witness(sum));
        asio::post(asio::make_strand(ctx), witness(sum));
    }

    connection c;
    refusing_port refusing;
    signal_set signals;
    stream_descriptor in;
    stream_descriptor out;
    steady_timer timer;
    char bytes[4] = {};
};

} // namespace

PROACTOR_TEST_BODY(teardown, context_outlives_objects)
{
    witness::totals sum;
    {
        context ctx;
        everything all(ctx);
        all.start(ctx, sum);
    }
    log_totals(sum);
}

PROACTOR_TEST_BODY(teardown, after_a_poll)
{
    witness::totals sum;
    {
        context ctx;
        everything all(ctx);
        all.start(ctx, sum);
        ctx.poll();
        log_totals(sum);
    }
    log_totals(sum);
}

PROACTOR_TEST_BODY(teardown, after_stop)
{
    witness::totals sum;
    {
        context ctx;
        everything all(ctx);
        asio::post(ctx, [&] { ctx.stop(); });
        all.start(ctx, sum);
        ctx.run();
        log_totals(sum);
    }
    log_totals(sum);
}

PROACTOR_TEST_BODY(teardown, run_by_a_thread_that_is_gone)
{
    witness::totals sum;
    {
        context ctx;
        everything all(ctx);
        std::thread runner([&] {
            all.start(ctx, sum);
            ctx.run_for(5ms);
        });
        runner.join();
        log_totals(sum);
    }
    log_totals(sum);
}

PROACTOR_TEST_BODY(teardown, on_another_thread)
{
    witness::totals sum;
    auto ctx = std::make_unique<context>();
    auto all = std::make_unique<everything>(*ctx);
    all->start(*ctx, sum);
    ctx->poll();
    std::thread([&] {
        all.reset();
        ctx.reset();
    }).join();
    log_totals(sum);
}

PROACTOR_TEST_BODY(teardown, handlers_own_their_objects)
{
    witness::totals sum;
    bool peer_alive = false;
    std::optional<context> ctx(std::in_place);
    {
        connection c(*ctx);
        auto client = std::make_shared<tcp_socket>(std::move(c.client));
        auto timer = std::make_shared<steady_timer>(*ctx, 1h);
        auto byte = std::make_shared<char>();
        client->async_read_some(asio::buffer(byte.get(), 1),
                                [client, timer, byte, keep = witness(sum)](auto...) { keep(); });
        timer->async_wait([client, timer, keep = witness(sum)](auto...) { keep(); });
        asio::post(*ctx, [client, keep = witness(sum)] { keep(); });
        peer_alive = c.server.is_open();
    }
    log("before", peer_alive, sum.destroyed);
    ctx.reset();
    log_totals(sum);
}

PROACTOR_TEST_BODY(teardown, peer_sees_the_end)
{
    context peers;
    tcp_acceptor acceptor(peers, any_port());
    std::optional<tcp_socket> server;
    {
        context ctx;
        auto client = std::make_shared<tcp_socket>(ctx);
        client->connect(acceptor.local_endpoint());
        server.emplace(acceptor.accept());
        auto byte = std::make_shared<char>();
        client->async_read_some(asio::buffer(byte.get(), 1), [client, byte](auto...) {});
        client.reset();
        ctx.poll();
    }
    log("peer", read_to_end(*server));
}

PROACTOR_TEST_BODY(teardown, coroutines_are_destroyed)
{
    struct scope
    {
        const char* name;
        ~scope() { log("destroyed", name); }
    };
    {
        context ctx;
        auto c = std::make_unique<connection>(ctx);
        asio::co_spawn(
            ctx,
            [&]() -> awaitable<> {
                scope guard{"reader"};
                char byte;
                co_await c->client.async_read_some(asio::buffer(&byte, 1), use_awaitable);
                log("never");
            },
            asio::detached);
        ctx.poll();
        c.reset();
        log("nothing yet");
    }
    {
        context ctx;
        asio::co_spawn(
            ctx,
            [&]() -> awaitable<> {
                scope guard{"waiter with its timer"};
                steady_timer timer(co_await asio::this_coro::executor, 1h);
                co_await timer.async_wait(use_awaitable);
                log("never");
            },
            asio::detached);
        ctx.poll();
    }
    {
        context ctx;
        asio::co_spawn(
            ctx,
            [&]() -> awaitable<> {
                scope guard{"never started"};
                co_return;
            },
            asio::detached);
    }
    log("end");
}

PROACTOR_TEST_BODY(teardown, destructor_of_a_handler_posts)
{
    struct posting
    {
        context* ctx;
        bool armed = true;

        explicit posting(context& target) : ctx(&target) {}
        posting(posting&& other) noexcept : ctx(other.ctx), armed(std::exchange(other.armed, false))
        {
        }
        ~posting()
        {
            if (armed)
            {
                asio::post(*ctx, [] { log("never"); });
                log("posted from a destructor");
            }
        }
        void operator()() const { log("never"); }
    };
    {
        context ctx;
        asio::post(ctx, posting(ctx));
    }
    log("end");
}

PROACTOR_TEST_BODY(teardown, destructor_of_a_handler_closes_a_socket)
{
    struct closing
    {
        std::shared_ptr<tcp_socket> socket;

        ~closing()
        {
            if (socket)
            {
                error_code ec;
                socket->close(ec);
                log("closed", ec, *socket);
            }
        }
    };
    {
        context ctx;
        connection c(ctx);
        auto socket = std::make_shared<tcp_socket>(std::move(c.client));
        auto byte = std::make_shared<char>();
        steady_timer timer(ctx, 1h);
        timer.async_wait([held = std::make_unique<closing>(socket)](const error_code&) {});
        socket->async_read_some(asio::buffer(byte.get(), 1), [byte](auto...) { log("never"); });
        ctx.poll();
    }
    log("end");
}

PROACTOR_TEST_BODY(teardown, cancelled_but_not_run)
{
    witness::totals sum;
    {
        context ctx;
        everything all(ctx);
        all.start(ctx, sum);
        ctx.poll();
        all.c.client.cancel();
        all.timer.cancel();
        all.signals.cancel();
        all.in.close();
        all.c.acceptor.close();
        log_totals(sum);
    }
    log_totals(sum);
}

PROACTOR_TEST_BODY(teardown, work_of_another_context)
{
    witness::totals sum;
    context handlers;
    {
        context objects;
        steady_timer timer(objects, 1h);
        timer.async_wait(asio::bind_executor(handlers, witness(sum)));
        log("handlers", handlers.poll());
        log_totals(sum);
    }
    log_totals(sum);
    log("handlers", handlers.poll());
    log("stopped", handlers.stopped());
}

PROACTOR_TEST_BODY(teardown, exception_then_destruction)
{
    witness::totals sum;
    {
        context ctx;
        everything all(ctx);
        asio::post(ctx, [] { throw 1; });
        all.start(ctx, sum);
        attempt("run", [&] { return ctx.run(); });
        log_totals(sum);
    }
    log_totals(sum);
}

} // namespace differential
