// Pools of which one receive may fill several buffers.
#include "pooled.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using test::buffer_pool;
using test::connection;
using test::error_code;
using test::pooled_buffer;
using test::pooled_completion;
using test::text_of;

namespace {

using stream = proactor::receive_stream<test::tcp_socket>;

constexpr proactor::pool_options bundles{.bundles = true};

std::string numbers(std::size_t n)
{
    std::string text;
    for (int i = 0; text.size() < n; ++i)
        text += std::to_string(i) + ' ';
    text.resize(n);
    return text;
}

/// What comes next.
std::optional<pooled_buffer> next(test::context& ctx, stream& received)
{
    std::optional<pooled_buffer> got;
    received.async_next([&](error_code ec, std::optional<pooled_buffer> b) {
        BOOST_TEST(!ec);
        got = std::move(b);
    });
    test::run(ctx);
    return got;
}

/// Lets the loop look, though it has nothing to wait for.
void look(test::context& ctx)
{
    ctx.restart();
    auto const work = asio::make_work_guard(ctx);
    for (int i = 0; i != 4; ++i)
        ctx.poll();
}

} // namespace

BOOST_AUTO_TEST_SUITE(pool_bundles)

BOOST_AUTO_TEST_CASE(a_long_message_comes_buffer_after_buffer)
{
    test::context ctx;
    buffer_pool pool(ctx, 64, 100, bundles);
    connection c(ctx);
    stream received(c.socket, pool);
    for (std::size_t const size : {1u, 99u, 100u, 101u, 2000u, 5555u})
    {
        std::string const sent = numbers(size);
        test::write_all(c.peer, sent);
        std::string got;
        std::deque<pooled_buffer> held;
        while (got.size() < size)
        {
            held.push_back(next(ctx, received).value());
            got += text_of(held.back());
            BOOST_TEST(held.back().capacity() == 100u);
        }
        BOOST_TEST(got == sent);
        BOOST_TEST(pool.available() == 64 - held.size());
    }
    c.peer.reset();
    BOOST_TEST(!next(ctx, received));
    BOOST_TEST(pool.available() == 64u);
}

template <typename Socket>
std::string all_of(test::context& ctx, Socket& socket, buffer_pool& pool)
{
    std::string got;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            proactor::receive_stream received(socket, pool);
            std::deque<pooled_buffer> kept;
            while (auto data = co_await received.async_next(asio::use_awaitable))
            {
                got += text_of(*data);
                kept.push_back(std::move(*data));
                if (kept.size() == 3)
                    kept.pop_front();
            }
        },
        asio::detached);
    test::run(ctx);
    return got;
}

BOOST_AUTO_TEST_CASE(longer_ones_get_what_there_is)
{
    test::context ctx;
    buffer_pool pool(ctx, 8, 1000, bundles);
    std::string const sent = numbers(300'000);
    connection c(ctx);
    std::thread writer([&] {
        test::write_all(c.peer, sent);
        c.peer.reset();
    });
    BOOST_TEST((all_of(ctx, c.socket, pool) == sent));
    writer.join();
    using local = asio::local::stream_protocol;
    auto [one, other] = test::socket_pair();
    asio::basic_stream_socket<local, test::executor> socket(ctx, local(), one.release());
    std::thread second([&, to = &other] {
        test::write_all(*to, sent);
        to->reset();
    });
    BOOST_TEST((all_of(ctx, socket, pool) == sent));
    second.join();
    BOOST_TEST(pool.available() == 8u);
}

// A stream gets no more than the pool has, stops, and goes on when half of its bound is left.
BOOST_AUTO_TEST_CASE(one_that_lags_pauses)
{
    test::context ctx;
    buffer_pool pool(ctx, 40, 1, bundles);
    connection c(ctx);
    stream received(c.socket, pool, 4);
    std::string const sent = numbers(200);
    test::write_all(c.peer, sent);
    std::string got = text_of(next(ctx, received).value());
    look(ctx);
    auto const before = ctx.metrics().submissions;
    look(ctx);
    BOOST_TEST(ctx.metrics().submissions - before < 5u);
    auto const held = pool.count() - pool.available();
    BOOST_TEST(held >= 3u);
    while (got.size() != sent.size())
        got += text_of(next(ctx, received).value());
    BOOST_TEST(got == sent);
    c.peer.reset();
    BOOST_TEST(!next(ctx, received));
    BOOST_TEST(pool.available() == 40u);
}

BOOST_AUTO_TEST_CASE(what_nobody_took_goes_back)
{
    test::context ctx;
    buffer_pool pool(ctx, 40, 1, bundles);
    for (int i = 0; i != 6; ++i)
    {
        connection c(ctx);
        std::optional<stream> received(std::in_place, c.socket, pool, 4);
        test::write_all(c.peer, numbers(100));
        std::optional<pooled_buffer> first = next(ctx, *received);
        if (i % 2)
            look(ctx);
        if (i / 2 == 0)
            received.reset();
        else if (i / 2 == 1)
            received->close();
        else
        {
            c.socket.close(); // what was received before can still be taken
            error_code ended;
            while (!ended)
            {
                received->async_next(
                    [&](error_code ec, std::optional<pooled_buffer>) { ended = ec; });
                test::run(ctx);
            }
        }
        look(ctx);
        first.reset();
        BOOST_TEST(pool.available() == 40u);
    }
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_loses_nothing)
{
    test::context ctx;
    buffer_pool pool(ctx, 32, 3, bundles);
    connection c(ctx);
    stream received(c.socket, pool, 4);
    std::string sent, got;
    auto const take = [&](error_code ec, std::optional<pooled_buffer> b) {
        if (!ec && b)
            got += text_of(*b);
    };
    for (int round = 0; round != 200; ++round)
    {
        auto const text = numbers(static_cast<std::size_t>(round % 40));
        received.async_next(take);
        if (round & 1)
            ctx.poll();
        if (round & 2)
            received.cancel();
        test::write_all(c.peer, text);
        sent += text;
        ctx.restart();
        ctx.poll();
        if (round & 4)
            received.cancel();
        ctx.poll();
    }
    received.cancel();
    test::run(ctx);
    while (got.size() < sent.size())
        got += text_of(next(ctx, received).value());
    BOOST_TEST(got == sent);
    BOOST_TEST(pool.available() == 32u);
}

// One takes all, the other one has its turn with what comes back.
BOOST_AUTO_TEST_CASE(another_stream_waits_for_buffers_and_gets_them)
{
    test::context ctx;
    for (int i = 0; i != 4; ++i)
    {
        buffer_pool pool(ctx, 16, 2, bundles);
        connection greedy(ctx);
        connection starving(ctx);
        stream a(greedy.socket, pool, 1000);
        stream b(starving.socket, pool);
        std::string const text = numbers(32);
        test::write_all(greedy.peer, text);
        std::deque<pooled_buffer> held;
        while (held.size() != 16)
            held.push_back(next(ctx, a).value());
        BOOST_TEST(pool.available() == 0u);
        test::write_all(starving.peer, "1234");
        std::optional<pooled_buffer> got;
        b.async_next([&](error_code ec, std::optional<pooled_buffer> buffer) {
            BOOST_TEST(!ec);
            got = std::move(buffer);
        });
        ctx.restart();
        ctx.poll();
        BOOST_TEST(!got);
        if (i % 2)
            std::thread([&] { held.erase(held.begin() + 5); }).join();
        else
            held.pop_back();
        test::run(ctx);
        BOOST_TEST(text_of(got.value()) == "12");
        held.clear();
        BOOST_TEST(text_of(next(ctx, b).value()) == "34");
    }
}

BOOST_AUTO_TEST_CASE(other_operations_have_the_same_pool)
{
    test::context ctx;
    buffer_pool pool(ctx, 8, 16, bundles);
    connection c(ctx);
    connection other(ctx);
    stream received(c.socket, pool);
    test::write_all(c.peer, numbers(40));
    std::optional<pooled_buffer> const first = next(ctx, received);
    pooled_completion single;
    test::write_all(other.peer, "single");
    proactor::async_receive(other.socket, pool, single.handler());
    test::run(ctx);
    BOOST_TEST(single.text() == "single");

    test::udp_socket datagrams(ctx, test::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    datagrams.connect(datagrams.local_endpoint());
    proactor::receive_stream messages(datagrams, pool);
    datagrams.send(asio::buffer("fedcba9876543210", 16));
    std::optional<pooled_buffer> message;
    messages.async_next(
        [&](error_code, std::optional<pooled_buffer> b) { message = std::move(b); });
    test::run(ctx);
    BOOST_TEST(text_of(message.value()) == "fedcba9876543210");
    BOOST_TEST(pool.acquire().capacity() == 16u);
}

BOOST_AUTO_TEST_CASE(in_parts_there_are_none)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 100, {.in_parts = true, .bundles = true});
    connection c(ctx);
    stream received(c.socket, pool);
    std::deque<pooled_buffer> held;
    for (int i = 0; i != 9; ++i)
    {
        test::write_all(c.peer, "0123456789");
        held.push_back(next(ctx, received).value());
        BOOST_TEST(text_of(held.back()) == "0123456789");
        BOOST_TEST(held.back().capacity() == 10u);
    }
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
