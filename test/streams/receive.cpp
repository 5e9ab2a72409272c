// Streams of what a socket receives.
#include <proactor/receive_stream.hpp>

#include "../support/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using stream = proactor::receive_stream<test::tcp_socket>;
using proactor::pooled_buffer;
using test::connection;

std::string text_of(pooled_buffer const& b)
{
    return {reinterpret_cast<char const*>(b.data()), b.size()};
}

// What a wait came to.
struct result
{
    int calls = 0;
    test::error_code ec;
    std::optional<pooled_buffer> buffer;

    auto handler()
    {
        return [this](test::error_code e, std::optional<pooled_buffer> b) {
            ++calls;
            ec = e;
            buffer = std::move(b);
        };
    }
    std::string text() const { return calls == 1 && !ec && buffer ? text_of(*buffer) : "?"; }
    bool ended() const { return calls == 1 && !ec && !buffer; }
    bool aborted() const { return calls == 1 && ec == asio::error::operation_aborted && !buffer; }
};

template <typename Stream>
result next(test::context& ctx, Stream& received)
{
    result r;
    received.async_next(r.handler());
    test::run(ctx);
    return r;
}

// Lets the loop look, though it has nothing to wait for.
void look(test::context& ctx)
{
    ctx.restart();
    auto const work = asio::make_work_guard(ctx);
    ctx.poll();
    ctx.poll();
}

} // namespace

BOOST_AUTO_TEST_SUITE(receive_streams)

BOOST_AUTO_TEST_CASE(a_loop_of_a_coroutine_ends_with_the_stream)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 8, 64);
    connection c(ctx);
    std::string sent, got;
    for (int i = 0; i < 5000; ++i)
        sent += std::to_string(i) + ' ';
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            proactor::receive_stream received(c.socket, pool);
            while (auto data = co_await received.async_next(asio::use_awaitable))
                got += text_of(*data);
            ended = true;
        },
        asio::detached);
    std::thread writer([&] {
        test::write_all(c.peer, sent);
        c.peer.reset();
    });
    test::run(ctx);
    writer.join();
    BOOST_TEST(ended);
    BOOST_TEST((got == sent));
    BOOST_TEST(pool.available() == 8u);
}

BOOST_AUTO_TEST_CASE(each_part_comes_once_and_in_order)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 4, 16);
    connection c(ctx);
    stream received(c.socket, pool);
    for (int i = 0; i < 300; ++i)
    {
        auto const word = std::to_string(i);
        if (i % 2)
            test::write_all(c.peer, word);
        result r;
        received.async_next(r.handler());
        if (i % 3 == 0)
            ctx.poll();
        if (i % 2 == 0)
            test::write_all(c.peer, word);
        test::run(ctx);
        BOOST_REQUIRE(r.text() == word);
    }
    c.peer.reset();
    BOOST_TEST(next(ctx, received).ended());
    BOOST_TEST(next(ctx, received).ended());
    BOOST_TEST(pool.available() == 4u);
}

BOOST_AUTO_TEST_CASE(any_token)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 4, 16);
    connection c(ctx);
    stream received(c.socket, pool);
    test::write_all(c.peer, "a");
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            auto [ec, data] = co_await received.async_next(asio::as_tuple(asio::use_awaitable));
            BOOST_TEST(!ec);
            BOOST_TEST(text_of(data.value()) == "a");
        },
        asio::detached);
    test::run(ctx);
    test::write_all(c.peer, "b");
    auto future = received.async_next(asio::use_future);
    test::run(ctx);
    BOOST_TEST(text_of(future.get().value()) == "b");
}

BOOST_AUTO_TEST_CASE(it_pauses_when_nobody_takes_and_goes_on)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 64, 1);
    connection c(ctx);
    stream received(c.socket, pool, 4);
    test::write_all(c.peer, "0");
    BOOST_TEST(next(ctx, received).text() == "0");
    std::string const digits = "123456789abcdefghijklmnopqrstuvwxyz";
    for (char const d : digits)
    {
        test::write_all(c.peer, std::string(1, d));
        look(ctx);
    }
    auto const held = pool.count() - pool.available();
    BOOST_TEST(held >= 4u);
    BOOST_TEST(held <= 6u);
    // The rest is with the system, some of it on its way.
    test::yield_until([&] { return c.socket.available() == digits.size() - held; });
    std::string got;
    while (got.size() != digits.size())
        got += next(ctx, received).text();
    BOOST_TEST(got == digits);
    test::write_all(c.peer, "!");
    BOOST_TEST(next(ctx, received).text() == "!");
}

BOOST_AUTO_TEST_CASE(an_exhausted_pool_pauses_it_until_a_buffer_is_back)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 2, 1);
    connection c(ctx);
    stream received(c.socket, pool);
    test::write_all(c.peer, "abcde");
    result a = next(ctx, received), b = next(ctx, received);
    BOOST_TEST(a.text() + b.text() == "ab");
    result later;
    received.async_next(later.handler());
    ctx.restart();
    ctx.poll();
    // It waits, and asks nobody again and again.
    auto const before = ctx.metrics().submissions;
    for (int i = 0; i < 20; ++i)
        ctx.poll();
    ctx.run_for(20ms);
    BOOST_TEST(ctx.metrics().submissions - before < 5u);
    BOOST_TEST(later.calls == 0);
    std::thread([&] { a.buffer.reset(); }).join();
    test::run(ctx);
    BOOST_TEST(later.text() == "c");
    later.buffer.reset();
    BOOST_TEST(next(ctx, received).text() == "d");
    b.buffer.reset();
    BOOST_TEST(next(ctx, received).text() == "e");
}

BOOST_AUTO_TEST_CASE(many_streams_share_a_small_pool)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 2, 4);
    constexpr int count = 16;
    std::vector<std::unique_ptr<connection>> connections;
    int ended = 0;
    std::vector<std::string> got(count);
    for (int i = 0; i < count; ++i)
        connections.push_back(std::make_unique<connection>(ctx));
    for (int i = 0; i < count; ++i)
        asio::co_spawn(
            ctx,
            [&, i]() -> asio::awaitable<void> {
                proactor::receive_stream received(connections[static_cast<std::size_t>(i)]->socket,
                                                  pool, 2);
                while (auto data = co_await received.async_next(asio::use_awaitable))
                    got[static_cast<std::size_t>(i)] += text_of(*data);
                ++ended;
            },
            asio::detached);
    for (auto& c : connections)
    {
        test::write_all(c->peer, "0123456789");
        ctx.poll();
    }
    for (auto& c : connections)
        c->peer.reset();
    test::run(ctx);
    BOOST_TEST(ended == count);
    for (auto const& text : got)
        BOOST_TEST(text == "0123456789");
    BOOST_TEST(pool.available() == 2u);
}

// Who gets the few buffers takes turns, and the others do not try in vain meanwhile.
BOOST_AUTO_TEST_CASE(an_exhausted_pool_is_asked_no_more_often_than_it_gives)
{
    constexpr std::size_t count = 40, parts = 8, size = 16;
    test::context ctx;
    proactor::buffer_pool pool(ctx, 2, size);
    std::deque<connection> all;
    std::deque<stream> streams;
    std::vector<std::size_t> got(count);
    std::size_t items = 0;
    std::function<void(std::size_t)> receive = [&](std::size_t i) {
        streams[i].async_next([&, i](test::error_code ec, std::optional<pooled_buffer> b) {
            BOOST_TEST_REQUIRE(!ec);
            if (!b)
                return;
            ++items;
            got[i] += b->size();
            b.reset();
            receive(i);
        });
    };
    for (std::size_t i = 0; i < count; ++i)
    {
        auto& c = all.emplace_back(ctx);
        test::write_all(c.peer, std::string(parts * size, 'p'));
        c.peer.reset();
        streams.emplace_back(c.socket, pool);
        receive(i);
    }
    test::run(ctx);
    for (std::size_t const bytes : got)
        BOOST_TEST(bytes == parts * size);
    auto const m = ctx.metrics();
    BOOST_TEST(m.submissions < 3 * items);
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_loses_nothing)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 8, 16);
    connection c(ctx);
    stream received(c.socket, pool);
    for (int round = 0; round < 200; ++round)
    {
        asio::cancellation_signal signal;
        result r;
        received.async_next(asio::bind_cancellation_slot(signal.slot(), r.handler()));
        if (round & 1)
            ctx.poll();
        if (round & 2)
            signal.emit(asio::cancellation_type::terminal);
        if (round & 16)
            received.cancel();
        auto const word = std::to_string(round);
        test::write_all(c.peer, word);
        if (round & 4)
            ctx.poll();
        if (round & 8)
            signal.emit(asio::cancellation_type::total);
        test::run(ctx);
        BOOST_REQUIRE((r.text() == word || r.aborted()));
        if (r.aborted())
            BOOST_REQUIRE(next(ctx, received).text() == word);
    }
}

BOOST_AUTO_TEST_CASE(another_wait_a_close_or_the_destructor_ends_a_wait)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 8, 16);
    connection c(ctx);
    std::optional<stream> received(std::in_place, c.socket, pool);
    result first, second, third;
    received->async_next(first.handler());
    received->async_next(second.handler());
    ctx.poll();
    BOOST_TEST(first.aborted());
    received->close();
    test::run(ctx);
    BOOST_TEST(second.ended());
    BOOST_TEST(next(ctx, *received).ended());
    received.emplace(c.socket, pool);
    received->async_next(third.handler());
    received.reset();
    test::run(ctx);
    BOOST_TEST(third.aborted());
    // The socket goes on.
    test::write_all(c.peer, "x");
    char byte = 0;
    c.socket.async_read_some(asio::buffer(&byte, 1), [](auto...) {});
    test::run(ctx);
    BOOST_TEST(byte == 'x');
    BOOST_TEST(pool.available() == 8u);
}

BOOST_AUTO_TEST_CASE(what_nobody_took_goes_back_to_the_pool)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 8, 1);
    connection c(ctx);
    for (bool const closed : {false, true})
    {
        stream received(c.socket, pool);
        test::write_all(c.peer, "abc");
        BOOST_TEST(next(ctx, received).calls == 1);
        look(ctx);
        if (closed)
            received.close();
    }
    look(ctx);
    BOOST_TEST(pool.available() == 8u);
}

BOOST_AUTO_TEST_CASE(the_socket_is_closed_beneath_a_wait)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 8, 1);
    connection c(ctx);
    stream received(c.socket, pool);
    test::write_all(c.peer, "ab");
    BOOST_TEST(next(ctx, received).text() == "a");
    look(ctx);
    result r;
    c.socket.close();
    BOOST_TEST(next(ctx, received).text() == "b"); // it was received before
    BOOST_TEST(next(ctx, received).ec == asio::error::bad_descriptor);
    connection other(ctx);
    stream again(other.socket, pool);
    again.async_next(r.handler());
    ctx.restart();
    ctx.poll();
    other.socket.close();
    test::run(ctx);
    BOOST_TEST(r.aborted());
}

BOOST_AUTO_TEST_CASE(a_reset_is_an_error_behind_what_came_before)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 8, 16);
    connection c(ctx);
    stream received(c.socket, pool);
    test::write_all(c.peer, "last");
    BOOST_TEST(next(ctx, received).text() == "last");
    linger const hard{1, 0};
    test::checked(::setsockopt(c.peer.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard), "linger");
    c.peer.reset();
    BOOST_TEST(next(ctx, received).ec == asio::error::connection_reset);
}

BOOST_AUTO_TEST_CASE(datagrams)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 8, 16);
    test::udp_socket socket(ctx, test::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    test::udp_socket sender(ctx, test::udp::v4());
    sender.connect(socket.local_endpoint());
    proactor::receive_stream received(socket, pool, 4);
    for (char const* text : {"one", "", "two", "", "", "a longer one than fits", "three"})
        sender.send(asio::buffer(std::string(text)));
    for (char const* text : {"one", "", "two", "", "", "a longer one tha", "three"})
    {
        auto const r = next(ctx, received);
        BOOST_TEST(r.text() == text);
        BOOST_TEST(r.buffer.has_value());
        BOOST_TEST(static_cast<bool>(*r.buffer) == (*text != 0));
    }
    BOOST_TEST(pool.available() == 8u);
}

BOOST_AUTO_TEST_CASE(the_pool_goes_first)
{
    test::context ctx;
    std::optional<proactor::buffer_pool> pool(std::in_place, ctx, 1, 4);
    connection c(ctx);
    stream received(c.socket, *pool);
    test::write_all(c.peer, "data");
    result held = next(ctx, received);
    result r;
    received.async_next(r.handler());
    ctx.restart();
    ctx.poll();
    test::write_all(c.peer, "more");
    ctx.poll();
    pool.reset();
    test::run(ctx);
    BOOST_TEST(r.aborted());
    BOOST_TEST(held.text() == "data");
}

BOOST_AUTO_TEST_CASE(it_outlives_the_thread_that_waited)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 8, 16);
    connection c(ctx);
    stream received(c.socket, pool);
    result r;
    std::thread([&] {
        received.async_next(r.handler());
        ctx.poll();
    }).join();
    test::write_all(c.peer, "one");
    test::run(ctx);
    BOOST_TEST(r.text() == "one");
    test::write_all(c.peer, "two");
    BOOST_TEST(next(ctx, received).text() == "two");
}

BOOST_AUTO_TEST_CASE(the_context_goes_with_everything_in_flight)
{
    for (int v = 0; v < 8; ++v)
    {
        std::optional<test::context> ctx(std::in_place);
        auto pool = std::make_shared<proactor::buffer_pool>(*ctx, 2, 4);
        auto c = std::make_shared<connection>(*ctx);
        auto received = std::make_shared<stream>(c->socket, *pool);
        auto const peer = test::duplicate(c->peer);
        if (v & 1)
            test::write_all(peer, "0123456789abcdef");
        if (v & 2)
        {
            received->async_next([](auto&&...) {});
            ctx->poll();
        }
        received->async_next([=](auto&&...) {});
        if (v & 4)
        {
            ctx->restart();
            received->async_next([=](auto&&...) {});
            test::write_all(peer, "0123456789abcdef");
        }
        received.reset();
        c.reset();
        pool.reset();
        ctx.reset();
    }
}

BOOST_AUTO_TEST_CASE(the_pool_of_another_context)
{
    test::context ctx, other;
    proactor::buffer_pool pool(other, 2, 4);
    connection theirs(other), ours(ctx);
    stream right(theirs.socket, pool), wrong(ours.socket, pool);
    test::write_all(theirs.peer, "x");
    BOOST_TEST(next(other, right).text() == "x");
    BOOST_TEST(next(ctx, wrong).ec == asio::error::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
