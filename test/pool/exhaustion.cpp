// Pools without a free buffer, and waits for one.
#include "pooled.hpp"

#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;
using test::buffer_pool;
using test::connection;
using test::error_code;
using test::pooled_buffer;
using test::pooled_completion;
using test::text_of;

namespace {

/// Takes a buffer out of the pool.
pooled_buffer take_one(test::context& ctx, buffer_pool& pool, connection& c, char const* text = "x")
{
    pooled_completion done;
    test::write_all(c.peer, text);
    proactor::async_receive(c.socket, pool, done.handler());
    test::run_until(ctx, [&] { return done.calls == 1; });
    BOOST_REQUIRE(!done.ec);
    return std::move(done.buffer);
}

struct wait_completion
{
    int calls = 0;
    error_code ec;

    auto handler()
    {
        return [this](error_code e) {
            ++calls;
            ec = e;
        };
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(pool_exhaustion)

BOOST_AUTO_TEST_CASE(without_a_free_buffer_it_is_an_error_and_the_data_stay)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 10);
    connection c(ctx);
    pooled_buffer first = take_one(ctx, pool, c, "1");
    pooled_buffer second = take_one(ctx, pool, c, "2");
    BOOST_TEST(pool.available() == 0u);
    test::write_all(c.peer, "3");
    for (int i = 0; i != 2; ++i)
    {
        pooled_completion none;
        proactor::async_receive(c.socket, pool, none.handler());
        test::run(ctx);
        BOOST_TEST(none.ec == asio::error::no_buffer_space);
        BOOST_TEST(!none.buffer);
    }
    first.reset();
    pooled_completion done;
    proactor::async_receive(c.socket, pool, done.handler());
    test::run(ctx);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.text() == "3");
}

BOOST_AUTO_TEST_CASE(a_buffer_that_came_back_while_it_waited_is_found)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 10);
    connection a(ctx);
    connection b(ctx);
    pooled_completion waiting;
    proactor::async_receive(b.socket, pool, waiting.handler());
    ctx.poll();
    for (int i = 0; i != 3; ++i)
        take_one(ctx, pool, a);
    {
        // It is gone while data come, and back before anybody looks.
        pooled_buffer held = take_one(ctx, pool, a);
        test::write_all(b.peer, "late");
    }
    test::run(ctx);
    BOOST_TEST(!waiting.ec);
    BOOST_TEST(waiting.text() == "late");
}

BOOST_AUTO_TEST_CASE(more_data_than_buffers_end_with_as_many_errors)
{
    test::context ctx;
    buffer_pool pool(ctx, 3, 10);
    std::vector<connection> connections;
    std::vector<pooled_completion> done(8);
    for (auto& d : done)
        proactor::async_receive(connections.emplace_back(ctx).socket, pool, d.handler());
    ctx.poll();
    for (auto& c : connections)
        test::write_all(c.peer, "data");
    test::run(ctx);
    int got = 0;
    for (auto& d : done)
    {
        BOOST_TEST(d.calls == 1);
        if (!d.ec)
            ++got;
        else
            BOOST_TEST(d.ec == asio::error::no_buffer_space);
    }
    BOOST_TEST(got == 3);
    BOOST_TEST(pool.available() == 0u);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_with_the_first_buffer_that_comes_back)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 10);
    connection c(ctx);
    std::optional first(take_one(ctx, pool, c));
    std::optional second(take_one(ctx, pool, c));
    std::array<wait_completion, 3> waits;
    for (auto& w : waits)
        pool.async_wait(w.handler());
    ctx.poll();
    for (auto& w : waits)
        BOOST_TEST(w.calls == 0);
    second.reset();
    test::run(ctx);
    for (auto& w : waits)
    {
        BOOST_TEST(w.calls == 1);
        BOOST_TEST(!w.ec);
    }
    // There is one: a wait ends at once, but not within its start.
    wait_completion at_once;
    pool.async_wait(at_once.handler());
    BOOST_TEST(at_once.calls == 0);
    test::run(ctx);
    BOOST_TEST(at_once.calls == 1);
}

BOOST_AUTO_TEST_CASE(a_wait_started_outside_of_run_ends_when_the_buffer_came_before_run)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 10);
    connection c(ctx);
    std::optional held(take_one(ctx, pool, c));
    wait_completion wait;
    pool.async_wait(wait.handler());
    held.reset();
    test::run(ctx);
    BOOST_TEST(wait.calls == 1);
    BOOST_TEST(!wait.ec);
}

BOOST_AUTO_TEST_CASE(a_wait_can_be_cancelled)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 10);
    connection c(ctx);
    pooled_buffer held = take_one(ctx, pool, c);
    asio::cancellation_signal signal;
    wait_completion cancelled;
    wait_completion other;
    pool.async_wait(asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    pool.async_wait(other.handler());
    ctx.poll();
    signal.emit(asio::cancellation_type::total);
    test::run_until(ctx, [&] { return cancelled.calls == 1; });
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    BOOST_TEST(other.calls == 0);
    held.reset();
    test::run(ctx);
    BOOST_TEST(other.calls == 1);
    BOOST_TEST(!other.ec);
}

BOOST_AUTO_TEST_CASE(waits_end_with_their_pool)
{
    test::context ctx;
    std::optional<buffer_pool> pool(std::in_place, ctx, 1, 10);
    connection c(ctx);
    pooled_buffer held = take_one(ctx, *pool, c);
    wait_completion waiting;
    wait_completion not_asked_yet;
    pool->async_wait(waiting.handler());
    ctx.poll();
    pool->async_wait(not_asked_yet.handler());
    pool.reset();
    held.reset();
    test::run(ctx);
    BOOST_TEST(waiting.calls == 1);
    BOOST_TEST(waiting.ec == asio::error::operation_aborted);
    BOOST_TEST(not_asked_yet.calls == 1);
    BOOST_TEST(not_asked_yet.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_loop_that_waits_gets_everything)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 4);
    connection a(ctx);
    connection b(ctx);
    std::string const text = "a text that is longer than all buffers";
    test::write_all(a.peer, text);
    test::write_all(b.peer, text);
    a.peer.reset();
    b.peer.reset();
    constexpr auto token = asio::experimental::as_tuple(test::use_awaitable);
    const auto collect = [&](connection& c, std::string& into) -> test::awaitable<>
    {
        for (;;)
        {
            auto [ec, buffer] = co_await proactor::async_receive(c.socket, pool, token);
            if (ec == asio::error::no_buffer_space)
            {
                auto [waited] = co_await pool.async_wait(token);
                BOOST_TEST(!waited);
                continue;
            }
            if (ec)
            {
                BOOST_TEST(ec == asio::error::eof);
                co_return;
            }
            into += text_of(buffer);
            co_await asio::post(test::use_awaitable); // with the buffer
        }
    };
    std::string of_a;
    std::string of_b;
    asio::co_spawn(ctx, collect(a, of_a), asio::detached);
    asio::co_spawn(ctx, collect(b, of_b), asio::detached);
    test::run(ctx);
    BOOST_TEST(of_a == text);
    BOOST_TEST(of_b == text);
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(pools_do_not_know_of_each_other)
{
    test::context ctx;
    buffer_pool small(ctx, 1, 2);
    buffer_pool large(ctx, 3, 100); // no power of two
    connection a(ctx);
    connection b(ctx);
    for (int i = 0; i != 5; ++i)
    {
        pooled_buffer two = take_one(ctx, small, a, "abc");
        BOOST_TEST(text_of(two) == "ab");
        BOOST_TEST(text_of(take_one(ctx, large, a, "")) == "c");
        BOOST_TEST(text_of(take_one(ctx, large, b, "defg")) == "defg");
        BOOST_TEST(small.available() == 0u);
        BOOST_TEST(large.available() == 3u);
    }
    BOOST_TEST(small.available() == 1u);
}

BOOST_AUTO_TEST_CASE(many_pools_come_and_go)
{
    test::context ctx;
    connection c(ctx);
    pooled_buffer of_another;
    for (int i = 0; i != 100; ++i)
    {
        buffer_pool pool(ctx, 3, 10);
        for (int k = 0; k != 7; ++k)
            BOOST_TEST(text_of(take_one(ctx, pool, c, "ab")) == "ab");
        of_another = take_one(ctx, pool, c, "kept");
    }
    BOOST_TEST(text_of(of_another) == "kept");
}

BOOST_AUTO_TEST_CASE(a_pool_serves_its_own_context)
{
    test::context ctx;
    test::context other;
    buffer_pool pool(ctx, 1, 10);
    {
        connection c(ctx);
        take_one(ctx, pool, c);
    }
    connection c(other);
    pooled_completion done;
    proactor::async_receive(c.socket, pool, done.handler());
    test::run(other);
    BOOST_TEST(done.ec == asio::error::invalid_argument);
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(it_does_so_when_another_context_is_the_first_to_ask)
{
    test::context ctx;
    test::context other;
    buffer_pool pool(ctx, 1, 10);
    connection c(other);
    test::write_all(c.peer, "x");
    pooled_completion done;
    proactor::async_receive(c.socket, pool, done.handler());
    test::run(other);
    BOOST_TEST(done.ec == asio::error::invalid_argument);
    connection own(ctx);
    BOOST_TEST(text_of(take_one(ctx, pool, own)) == "x");
}

BOOST_AUTO_TEST_CASE(sizes_are_checked)
{
    test::context ctx;
    BOOST_CHECK_THROW(buffer_pool(ctx, 0, 10), std::invalid_argument);
    BOOST_CHECK_THROW(buffer_pool(ctx, 10, 0), std::invalid_argument);
    BOOST_CHECK_THROW(buffer_pool(ctx, buffer_pool::most + 1, 10), std::invalid_argument);
    asio::io_context foreign;
    BOOST_CHECK_THROW(buffer_pool(foreign, 1, 10), test::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
