// Pools, buffers, operations and contexts that go in any order.
#include "pooled.hpp"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using test::buffer_pool;
using test::connection;
using test::error_code;
using test::pooled_buffer;
using test::pooled_completion;
using test::text_of;

BOOST_AUTO_TEST_SUITE(pool_lifetimes)

BOOST_AUTO_TEST_CASE(a_buffer_outlives_pool_and_context)
{
    pooled_completion done[3];
    {
        test::context ctx;
        connection c(ctx);
        {
            buffer_pool pool(ctx, 4, 100);
            for (auto& d : done)
            {
                test::write_all(c.peer, "kept");
                proactor::async_receive(c.socket, pool, d.handler());
                test::run(ctx);
            }
        }
        done[0].buffer.reset();
        BOOST_TEST(done[1].text() == "kept");
    }
    BOOST_TEST(done[2].text() == "kept");
    std::thread([&] { done[1].buffer.reset(); }).join();
    done[2].buffer.bytes()[0] = std::byte('K');
    BOOST_TEST(done[2].text() == "Kept");
}

BOOST_AUTO_TEST_CASE(an_operation_outlives_its_pool)
{
    test::context ctx;
    std::optional<buffer_pool> pool(std::in_place, ctx, 2, 100);
    connection c(ctx);
    connection mailed(ctx);
    std::vector<pooled_completion> done(3);
    proactor::async_receive(c.socket, *pool, done[0].handler());
    proactor::async_receive(c.socket, *pool, done[1].handler());
    ctx.poll();
    proactor::async_receive(mailed.socket, *pool, done[2].handler());
    pool.reset();
    test::write_all(mailed.peer, "mailed");
    test::run_until(ctx, [&] { return done[2].calls == 1; });
    BOOST_TEST(done[2].text() == "mailed");
    done[2].buffer.reset();
    test::write_all(c.peer, "first");
    test::run_until(ctx, [&] { return done[0].calls == 1; });
    BOOST_TEST(done[0].text() == "first");
    test::write_all(c.peer, "second");
    test::run(ctx);
    BOOST_TEST(done[1].text() == "second");
}

// Each handler that is destroyed without having been called is counted, and its pool looked at.
BOOST_AUTO_TEST_CASE(a_context_that_goes_with_operations_in_flight_returns_all)
{
    for (int looks = 0; looks != 3; ++looks)
    {
        int called = 0;
        std::shared_ptr<int> alive = std::make_shared<int>();
        // Every state: waiting, behind others, complete and not delivered, not submitted.
        proactor::buffer_source* source = nullptr;
        {
            std::optional<test::context> ctx(std::in_place);
            std::optional<buffer_pool> pool(std::in_place, *ctx, 8, 100);
            source = &pool->source();
            source->acquire();
            std::vector<connection> connections;
            std::vector<test::handle> peers;
            auto const handler = [&called, alive](error_code, pooled_buffer) { ++called; };
            for (int i = 0; i != 6; ++i)
            {
                connection& c = connections.emplace_back(*ctx);
                if (i % 2)
                    test::write_all(c.peer, "data");
                proactor::async_receive(c.socket, *pool, handler);
                proactor::async_receive(c.socket, *pool, handler);
            }
            std::optional<test::udp_socket> datagrams(
                std::in_place, *ctx, test::udp::endpoint(asio::ip::address_v4::loopback(), 0));
            test::udp::endpoint from;
            proactor::async_receive_from(*datagrams, *pool, from, handler);
            std::optional<proactor::basic_random_access_file<test::executor>> file(
                std::in_place, *ctx, "/proc/self/exe", proactor::file_base::read_only);
            for (int i = 0; i != 4; ++i)
                proactor::async_read_some_at(*file, 1000 * i, *pool, handler);
            for (int i = 0; i != looks; ++i)
            {
                ctx->poll_one();
                for (auto& c : connections)
                    test::write_all(c.peer, "more");
            }
            for (auto& c : connections)
                peers.push_back(std::move(c.peer));
            pool.reset();
            auto const before = called;
            connections.clear();
            datagrams.reset();
            file.reset();
            ctx.reset();
            BOOST_TEST(called == before);
            for (auto& p : peers)
                ::send(p.get(), "late", 4, MSG_NOSIGNAL);
        }
        BOOST_TEST(alive.use_count() == 1);
        BOOST_TEST(source->available() == 8u);
        source->release();
    }
}

BOOST_AUTO_TEST_CASE(a_coroutine_that_owns_its_pool_goes_with_the_context)
{
    pooled_buffer kept;
    {
        test::context ctx;
        connection c(ctx);
        test::write_all(c.peer, "first");
        asio::co_spawn(
            ctx,
            [&]() -> test::awaitable<>
            {
                buffer_pool pool(co_await asio::this_coro::executor, 2, 100);
                kept = co_await proactor::async_receive(c.socket, pool, test::use_awaitable);
                pooled_buffer local
                    = co_await proactor::async_receive(c.socket, pool, test::use_awaitable);
                co_await pool.async_wait(test::use_awaitable);
            },
            asio::detached);
        test::run_until(ctx, [&] { return bool(kept); });
    }
    BOOST_TEST(text_of(kept) == "first");
}

BOOST_AUTO_TEST_CASE(a_cancelled_receive_brings_what_it_has_won)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 100);
    connection c(ctx);
    int won = 0;
    for (int i = 0; i != 200; ++i)
    {
        asio::cancellation_signal signal;
        pooled_completion done;
        proactor::async_receive(c.socket, pool,
                                asio::bind_cancellation_slot(signal.slot(), done.handler()));
        if (i % 3)
            ctx.poll();
        test::write_all(c.peer, "data");
        signal.emit(asio::cancellation_type::total);
        test::run(ctx);
        BOOST_TEST(done.calls == 1);
        if (!done.ec)
        {
            BOOST_TEST(done.text() == "data");
            ++won;
        }
        else
        {
            BOOST_TEST(done.ec == asio::error::operation_aborted);
            BOOST_TEST(!done.buffer);
            pooled_completion next;
            proactor::async_receive(c.socket, pool, next.handler());
            test::run(ctx);
            BOOST_TEST(next.text() == "data");
        }
        done.buffer.reset();
        BOOST_TEST(pool.available() == 2u);
    }
    BOOST_TEST(won > 0);
}

BOOST_AUTO_TEST_CASE(a_buffer_moves_and_comes_back_once)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 100);
    connection c(ctx);
    pooled_completion done;
    test::write_all(c.peer, "text");
    proactor::async_receive(c.socket, pool, done.handler());
    test::run(ctx);
    pooled_buffer a = std::move(done.buffer);
    BOOST_TEST(!done.buffer);
    BOOST_TEST(done.buffer.size() == 0u);
    pooled_buffer b;
    b = std::move(a);
    BOOST_TEST(text_of(b) == "text");
    auto& self = b;
    b = std::move(self);
    BOOST_TEST(text_of(b) == "text");
    b.resize(2);
    BOOST_TEST(text_of(b) == "te");
    b.resize(1000);
    BOOST_TEST(b.size() == 100u);
    BOOST_TEST(pool.available() == 1u);
    b.reset();
    b.reset();
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
