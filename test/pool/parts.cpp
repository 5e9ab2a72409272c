// Pools whose buffers are handed out in parts.
#include "pooled.hpp"

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

constexpr proactor::pool_options in_parts{.in_parts = true};

/// Sends that to it, and returns what comes.
pooled_buffer send(test::context& ctx, connection& c, stream& received, std::string_view text)
{
    test::write_all(c.peer, text);
    std::optional<pooled_buffer> got;
    received.async_next([&](error_code ec, std::optional<pooled_buffer> b) {
        BOOST_TEST(!ec);
        got = std::move(b);
    });
    test::run(ctx);
    return got ? std::move(*got) : pooled_buffer();
}

} // namespace

BOOST_AUTO_TEST_SUITE(pool_parts)

BOOST_AUTO_TEST_CASE(short_messages_share_a_buffer)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 1000, in_parts);
    connection c(ctx);
    stream received(c.socket, pool);
    std::deque<pooled_buffer> held;
    for (int i = 0; i != 100; ++i)
    {
        auto const text = "message " + std::to_string(i);
        held.push_back(send(ctx, c, received, text));
        BOOST_REQUIRE(text_of(held.back()) == text);
        BOOST_REQUIRE(held.back().capacity() == text.size());
    }
    BOOST_TEST(pool.available() == 1u); // 990 bytes
    held[10].resize(1000);
    BOOST_TEST(text_of(held[10]) == "message 10"); // the rest is its neighbour's
    for (std::byte& b : held[20].bytes())
        b = std::byte('x');
    BOOST_TEST(text_of(held[19]) == "message 19");
    BOOST_TEST(text_of(held[21]) == "message 21");
    pooled_buffer last = std::move(held[30]);
    held.clear();
    BOOST_TEST(pool.available() == 1u); // because of that one
    BOOST_TEST(text_of(last) == "message 30");
    last.reset();
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(long_ones_get_what_there_is)
{
    test::context ctx;
    buffer_pool pool(ctx, 4, 1000, in_parts);
    connection c(ctx);
    std::string sent;
    for (int i = 0; sent.size() < 300'000; ++i)
        sent += std::to_string(i) + ' ';
    std::string got;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            stream received(c.socket, pool);
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
    std::thread writer([&] {
        test::write_all(c.peer, sent);
        c.peer.reset();
    });
    test::run(ctx);
    writer.join();
    BOOST_TEST((got == sent));
    BOOST_TEST(pool.available() == 4u);
}

BOOST_AUTO_TEST_CASE(a_part_can_be_sent_on)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 64, in_parts);
    connection c(ctx);
    stream received(c.socket, pool);
    pooled_buffer kept = send(ctx, c, received, "before");
    proactor::async_write(c.socket, send(ctx, c, received, "echo"),
                          [&](error_code ec, std::size_t n, pooled_buffer b) {
                              BOOST_TEST(!ec);
                              BOOST_TEST(n == 4u);
                              BOOST_TEST(text_of(b) == "echo");
                          });
    test::run(ctx);
    BOOST_TEST(test::read_some(c.peer) == "echo");
    BOOST_TEST(text_of(kept) == "before");
    kept.reset();
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(they_outlive_stream_pool_and_context)
{
    std::vector<pooled_buffer> held;
    {
        test::context ctx;
        connection c(ctx);
        buffer_pool pool(ctx, 2, 24, in_parts);
        stream received(c.socket, pool, 2);
        for (int i = 0; i != 5; ++i)
            held.push_back(send(ctx, c, received, "kept " + std::to_string(i)));
        test::write_all(c.peer, "nobody takes this");
        ctx.restart();
        ctx.poll();
    }
    for (std::size_t const i : {2u, 0u, 4u, 1u, 3u})
    {
        BOOST_TEST(text_of(held[i]).starts_with("kept "));
        std::thread([&] { held[i].reset(); }).join();
    }
}

BOOST_AUTO_TEST_CASE(an_exhausted_pool_goes_on_with_the_last_part)
{
    test::context ctx;
    for (int i = 0; i != 6; ++i)
    {
        buffer_pool pool(ctx, 1, 12, in_parts);
        connection c(ctx);
        stream received(c.socket, pool);
        pooled_buffer first = send(ctx, c, received, "12345");
        pooled_buffer second = send(ctx, c, received, "67890");
        pooled_buffer third = send(ctx, c, received, "abcd");
        BOOST_TEST(text_of(first) + text_of(second) + text_of(third) == "1234567890ab");
        int calls = 0;
        received.async_next([&](error_code ec, std::optional<pooled_buffer> b) {
            BOOST_TEST(!ec);
            BOOST_TEST(text_of(b.value()) == "cd");
            ++calls;
        });
        int waits = 0;
        if (i % 2)
            pool.async_wait([&](error_code) { ++waits; });
        ctx.restart();
        ctx.poll();
        second.reset();
        std::thread([&] { first.reset(); }).join();
        ctx.poll();
        BOOST_TEST(calls == 0);
        BOOST_TEST(pool.available() == 0u);
        std::thread([&] { third.reset(); }).join();
        test::run(ctx);
        BOOST_TEST(calls == 1);
        BOOST_TEST(waits == i % 2);
        BOOST_TEST(pool.available() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(single_receives_and_others_have_the_same_pool)
{
    test::context ctx;
    buffer_pool pool(ctx, 3, 16, in_parts);
    connection c(ctx);
    connection other(ctx);
    stream received(c.socket, pool);
    pooled_buffer const part = send(ctx, c, received, "0123456789");
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
    messages.async_next([&](error_code, std::optional<pooled_buffer> b) { message = std::move(b); });
    test::run(ctx);
    BOOST_TEST(text_of(message.value()) == "fedcba9876543210");

    BOOST_TEST(pool.available() <= 1u);
    BOOST_TEST(text_of(part) == "0123456789");
}

BOOST_AUTO_TEST_SUITE_END()
