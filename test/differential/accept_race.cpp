//
// Accepts that race with a timer or with their cancellation: no connection may be lost.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <functional>
#include <memory>
#include <variant>

namespace differential {

using namespace std::chrono_literals;

namespace {

constexpr int connections = 300;

// Answers one request, "?" by "!".
void serve(tcp_socket&& socket, int& served)
{
    auto held = std::make_shared<tcp_socket>(std::move(socket));
    auto byte = std::make_shared<char>();
    asio::async_read(*held, asio::buffer(byte.get(), 1),
                     [held, byte, &served](const error_code& read, std::size_t) {
                         if (read)
                         {
                             log("request", read);
                             return;
                         }
                         asio::async_write(*held, asio::buffer("!", 1),
                                           [held, &served](const error_code& ec, std::size_t) {
                                               served += ec ? 0 : 1;
                                           });
                     });
}

// The accept that a timer or a cancellation beat is started again.
awaitable<> accept_or_time_out(tcp_acceptor& acceptor, int& served)
{
    using namespace asio::experimental::awaitable_operators;
    steady_timer timer(acceptor.get_executor());
    for (int accepted = 0; accepted < connections;)
    {
        timer.expires_after(50us);
        auto winner =
            co_await (acceptor.async_accept(use_awaitable) || timer.async_wait(use_awaitable));
        if (winner.index() == 0)
        {
            ++accepted;
            serve(std::get<0>(std::move(winner)), served);
        }
    }
}

awaitable<> ask(tcp::endpoint endpoint, int& answered)
{
    for (int i = 0; i < connections; ++i)
    {
        tcp_socket socket(co_await asio::this_coro::executor);
        co_await socket.async_connect(endpoint, use_awaitable);
        co_await asio::async_write(socket, asio::buffer("?", 1), use_awaitable);
        char byte = 0;
        co_await asio::async_read(socket, asio::buffer(&byte, 1), use_awaitable);
        answered += byte == '!' ? 1 : 0;
    }
}

auto rethrow()
{
    return [](std::exception_ptr error) {
        if (error)
        {
            log("ended by", error);
        }
    };
}

} // namespace

PROACTOR_TEST_BODY(accept_race, three_hundred_connections_against_a_timer)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    int served = 0;
    int answered = 0;
    asio::co_spawn(ctx, accept_or_time_out(acceptor, served), rethrow());
    asio::co_spawn(ctx, ask(acceptor.local_endpoint(), answered), rethrow());
    ctx.run();
    log("served", served);
    log("answered", answered);
}

PROACTOR_TEST_BODY(accept_race, three_hundred_connections_at_once_against_a_timer)
{
    context ctx;
    tcp_acceptor acceptor(ctx, tcp::v4());
    acceptor.bind(any_port());
    acceptor.listen(connections);
    std::vector<std::unique_ptr<tcp_socket>> clients;
    std::vector<char> answers(connections);
    int served = 0;
    int answered = 0;
    asio::co_spawn(ctx, accept_or_time_out(acceptor, served), rethrow());
    for (int i = 0; i < connections; ++i)
    {
        clients.push_back(std::make_unique<tcp_socket>(ctx));
        clients[i]->async_connect(acceptor.local_endpoint(), [&, i](const error_code& connected) {
            if (connected)
            {
                log("connect", connected);
            }
            asio::write(*clients[i], asio::buffer("?", 1));
            asio::async_read(*clients[i], asio::buffer(&answers[i], 1),
                             [&](const error_code& ec, std::size_t) { answered += ec ? 0 : 1; });
        });
    }
    ctx.run();
    log("served", served);
    log("answered", answered);
}

PROACTOR_TEST_BODY(accept_race, cancelled_again_and_again)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    std::vector<std::unique_ptr<tcp_socket>> clients;
    int accepted = 0;
    std::function<void()> next = [&] {
        acceptor.async_accept([&](const error_code& ec, tcp_socket peer) {
            accepted += ec ? 0 : 1;
            if (ec && ec != asio::error::operation_aborted)
            {
                log("accept", ec);
            }
            if (accepted < connections)
            {
                next();
            }
            (void)peer;
        });
    };
    std::function<void()> connect = [&] {
        clients.push_back(std::make_unique<tcp_socket>(ctx));
        clients.back()->async_connect(acceptor.local_endpoint(), [&](const error_code& ec) {
            if (ec)
            {
                log("connect", ec);
            }
            acceptor.cancel();
            if (clients.size() < connections)
            {
                connect();
            }
        });
        acceptor.cancel();
    };
    next();
    connect();
    ctx.run();
    log("accepted", accepted, clients.size());
}

PROACTOR_TEST_BODY(accept_race, synchronous_accept_after_cancel)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    acceptor.async_accept(report{"accept"});
    log("poll", ctx.poll());
    acceptor.cancel();
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    log("sync", acceptor.accept());
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(accept_race, connection_comes_between_cancel_and_the_loop)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    acceptor.async_accept(report{"first"});
    log("poll", ctx.poll());
    acceptor.cancel();
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    log("run", ctx.run());
    ctx.restart();
    acceptor.async_accept([&](const error_code& ec, tcp_socket peer) {
        log("second", ec, peer, peer.remote_endpoint() == client.local_endpoint());
    });
    ctx.run();
}

// What the cancelled accept says is a race that either side may win; the connection is not.
PROACTOR_TEST_BODY(accept_race, connection_comes_before_cancel)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    std::vector<tcp_socket> peers;
    acceptor.async_accept([&](const error_code& ec, tcp_socket peer) {
        if (!ec)
        {
            peers.push_back(std::move(peer));
        }
    });
    ctx.poll();
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    acceptor.cancel();
    ctx.run();
    if (peers.empty())
    {
        peers.push_back(acceptor.accept());
    }
    asio::write(client, asio::buffer("x", 1));
    log("served", read_exactly(peers.front(), 1));
}

PROACTOR_TEST_BODY(accept_race, unserved_connection_ends_with_the_acceptor)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    acceptor.async_accept(report{"accept"});
    ctx.poll();
    acceptor.cancel();
    ctx.run();
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    acceptor.close();
    char byte;
    error_code ec;
    client.read_some(asio::buffer(&byte, 1), ec);
    log("client", ec);
}

PROACTOR_TEST_BODY(accept_race, cancel_then_accept_again)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    acceptor.async_accept(report{"first"});
    acceptor.cancel();
    acceptor.async_accept(report{"second"});
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    ctx.run();
}

PROACTOR_TEST_BODY(accept_race, timer_wins)
{
    using namespace asio::experimental::awaitable_operators;
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            steady_timer timer(ctx, 1ms);
            auto winner =
                co_await (acceptor.async_accept(use_awaitable) || timer.async_wait(use_awaitable));
            log("winner", winner.index());
            tcp_socket client(ctx);
            client.connect(acceptor.local_endpoint());
            timer.expires_after(1h);
            winner =
                co_await (acceptor.async_accept(use_awaitable) || timer.async_wait(use_awaitable));
            log("winner", winner.index());
        },
        rethrow());
    ctx.run();
}

} // namespace differential
