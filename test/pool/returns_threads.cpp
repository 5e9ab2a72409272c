// Buffers that come back on other threads, and contexts with several runners.
#include "pooled.hpp"

#include "../threads/runners.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
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
using test::text_of;

namespace {

/// Destroys what it is given, on a thread of its own.
class destroyer
{
public:
    destroyer()
        : thread_([this] { run(); })
    {
    }
    ~destroyer() { end(); }

    void end()
    {
        if (!thread_.joinable())
            return;
        give({});
        thread_.join();
    }

    /// An empty one ends it.
    void give(pooled_buffer b)
    {
        {
            std::lock_guard held(mutex_);
            given_.push_back(std::move(b));
        }
        wake_.notify_one();
    }

private:
    void run()
    {
        for (;;)
        {
            std::unique_lock held(mutex_);
            wake_.wait(held, [this] { return !given_.empty(); });
            pooled_buffer b = std::move(given_.front());
            given_.pop_front();
            held.unlock();
            if (!b)
                return;
            b.bytes()[0] = std::byte{0}; // the last use of the memory is here
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<pooled_buffer> given_;
    std::thread thread_;
};

/// Takes all that a stream brings.
struct stream_collector
{
    proactor::receive_stream<test::tcp_socket> stream;
    asio::any_io_executor executor; ///< of the handlers
    std::function<void(pooled_buffer)> take;
    std::size_t bytes = 0;
    bool mixed_up = false;

    void next()
    {
        stream.async_next(asio::bind_executor(
            executor, [this](error_code ec, std::optional<pooled_buffer> b) {
                if (ec || !b)
                    return;
                for (std::byte const each : std::as_const(*b).bytes())
                    mixed_up = mixed_up || each != std::byte('x');
                bytes += b->size();
                take(std::move(*b));
                next();
            }));
    }
};

/// Receives all that comes into few buffers, which others return. Handlers, because Clang keeps the address
/// of a thread's variables over the suspension of a coroutine.
struct collector
{
    test::tcp_socket& socket;
    buffer_pool& pool;
    asio::any_io_executor executor; ///< of the handlers
    std::function<void(pooled_buffer)> take;
    std::size_t bytes = 0;
    bool over = false;

    void next()
    {
        proactor::async_receive(
            socket, pool,
            asio::bind_executor(executor, [this](error_code ec, pooled_buffer b)
                                { received(ec, std::move(b)); }));
    }

    void received(error_code ec, pooled_buffer b)
    {
        if (ec == asio::error::no_buffer_space)
            return pool.async_wait(asio::bind_executor(executor,
                                                       [this](error_code e)
                                                       {
                                                           if (!e)
                                                               next();
                                                       }));
        for (std::byte const each : std::as_const(b).bytes())
            over = over || each != std::byte('x');
        bytes += b.size();
        if (b)
            take(std::move(b));
        over = over || ec;
        if (!over)
            next();
    }
};

pooled_buffer receive_one(connection& c, buffer_pool& pool)
{
    for (;;)
        try
        {
            return proactor::async_receive(c.socket, pool, asio::use_future).get();
        }
        catch (test::system_error const& e)
        {
            if (e.code() != asio::error::no_buffer_space)
                throw;
            pool.async_wait(asio::use_future).get();
        }
}

constexpr std::size_t total = 200'000;

void send_all(connection& c)
{
    std::string const block(1000, 'x');
    for (std::size_t sent = 0; sent != total; sent += block.size())
        test::write_all(c.peer, block);
    c.peer.reset();
}

} // namespace

BOOST_AUTO_TEST_SUITE(pool_threads)

BOOST_AUTO_TEST_CASE(another_thread_returns_what_the_loop_receives)
{
    test::context ctx;
    buffer_pool pool(ctx, 3, 100);
    connection a(ctx);
    connection b(ctx);
    destroyer other;
    auto const take = [&](pooled_buffer buffer) { other.give(std::move(buffer)); };
    collector collectors[] = {{a.socket, pool, ctx.get_executor(), take},
                              {b.socket, pool, ctx.get_executor(), take}};
    {
        for (auto& each : collectors)
            each.next();
        std::thread sender(
            [&]
            {
                send_all(a);
                send_all(b);
            });
        test::run(ctx);
        sender.join();
    }
    for (auto& each : collectors)
        BOOST_TEST(each.bytes == total);
    other.end();
    BOOST_TEST(pool.available() == 3u);
}

// Of one buffer some parts are on their way back while the system fills others.
BOOST_AUTO_TEST_CASE(another_thread_returns_the_parts_of_streams)
{
    test::context ctx;
    buffer_pool pool(ctx, 3, 2500, {.in_parts = true});
    std::deque<destroyer> others(2);
    std::vector<std::unique_ptr<connection>> connections;
    std::deque<stream_collector> collectors;
    for (int i = 0; i != 3; ++i)
    {
        connections.push_back(std::make_unique<connection>(ctx));
        auto& c = *connections.back();
        collectors.push_back({proactor::receive_stream(c.socket, pool), ctx.get_executor(),
                              [&others, n = 0](pooled_buffer b) mutable
                              {
                                  if (++n % 3)
                                      others[n % 2].give(std::move(b));
                              }});
        collectors.back().next();
    }
    std::deque<std::thread> senders;
    for (auto& c : connections)
        senders.emplace_back([&] { send_all(*c); });
    test::run(ctx);
    for (auto& t : senders)
        t.join();
    for (auto& each : collectors)
    {
        BOOST_TEST(each.bytes == total);
        BOOST_TEST(!each.mixed_up);
    }
    for (auto& each : others)
        each.end();
    BOOST_TEST(pool.available() == 3u);
}

// The system gets them back in another order than that in which it has filled them.
BOOST_AUTO_TEST_CASE(other_threads_return_what_came_at_once)
{
    test::context ctx;
    buffer_pool pool(ctx, 32, 50, {.bundles = true});
    std::deque<destroyer> others(3);
    std::vector<std::unique_ptr<connection>> connections;
    std::deque<stream_collector> collectors;
    std::deque<std::string> got(3);
    for (std::size_t i = 0; i != got.size(); ++i)
    {
        connections.push_back(std::make_unique<connection>(ctx));
        auto& c = *connections.back();
        collectors.push_back({proactor::receive_stream(c.socket, pool), ctx.get_executor(),
                              [&others, &text = got[i], n = 0u](pooled_buffer b) mutable
                              {
                                  text += text_of(b);
                                  n = n * 5 + 3;
                                  if (n % 4)
                                      others[n % 4 - 1].give(std::move(b));
                              }});
        collectors.back().next();
    }
    std::string sent;
    for (int i = 0; sent.size() < total; ++i)
        sent += std::to_string(i);
    std::deque<std::thread> senders;
    for (auto& c : connections)
        senders.emplace_back(
            [&]
            {
                test::write_all(c->peer, sent);
                c->peer.reset();
            });
    test::run(ctx);
    for (auto& t : senders)
        t.join();
    for (auto const& text : got)
        BOOST_TEST((text == sent));
    for (auto& each : others)
        each.end();
    BOOST_TEST(pool.available() == 32u);
}

BOOST_AUTO_TEST_CASE(two_runners_share_a_pool)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 100);
    std::vector<std::unique_ptr<connection>> connections;
    std::deque<collector> collectors;
    for (int i = 0; i != 4; ++i)
    {
        connections.push_back(std::make_unique<connection>(ctx));
        collectors.push_back({connections.back()->socket, pool,
                              asio::make_strand(test::executor(ctx.get_executor())),
                              [](pooled_buffer) {}});
        collectors.back().next();
    }
    std::thread sender(
        [&]
        {
            for (auto& c : connections)
                send_all(*c);
        });
    {
        test::runners threads(ctx, 2);
        threads.join();
    }
    sender.join();
    for (auto& each : collectors)
        BOOST_TEST(each.bytes == total);
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(a_second_runner_comes_and_goes)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 100);
    connection c(ctx);
    collector all{c.socket, pool, asio::make_strand(test::executor(ctx.get_executor())),
                  [](pooled_buffer) {}};
    all.next();
    std::thread sender([&] { send_all(c); });
    std::atomic<bool> over{false};
    std::thread second(
        [&]
        {
            while (!over)
            {
                ctx.poll_one();
                std::this_thread::yield();
            }
        });
    test::run(ctx);
    over = true;
    second.join();
    sender.join();
    BOOST_TEST(all.bytes == total);
}

BOOST_AUTO_TEST_CASE(buffers_come_back_while_their_pool_and_context_go)
{
    for (int round = 0; round != 30; ++round)
    {
        std::vector<std::thread> threads;
        std::atomic<int> ready{0};
        {
            test::context ctx;
            connection c(ctx);
            buffer_pool pool(ctx, 4, 8);
            for (int i = 0; i != 4; ++i)
            {
                test::write_all(c.peer, "12345678");
                proactor::async_receive(c.socket, pool,
                                        [&](error_code, pooled_buffer b)
                                        {
                                            threads.emplace_back(
                                                [&ready, held = std::move(b)]() mutable
                                                {
                                                    ++ready;
                                                    while (ready < 5)
                                                        std::this_thread::yield();
                                                    held.reset();
                                                });
                                        });
                test::run(ctx);
            }
            if (round % 2)
            {
                pool.async_wait([](error_code) {});
                ctx.poll();
            }
            BOOST_REQUIRE(threads.size() == 4u);
            ++ready;
        }
        for (auto& t : threads)
            t.join();
    }
}

// Nobody but the other threads starts anything, so that all of it is mailed.
BOOST_AUTO_TEST_CASE(waits_and_receives_are_started_from_outside)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 8);
    std::vector<std::unique_ptr<connection>> connections;
    for (int i = 0; i != 2; ++i)
        connections.push_back(std::make_unique<connection>(ctx));
    test::runners threads(ctx, 1);
    std::vector<std::thread> outside;
    std::atomic<int> got{0};
    for (auto& c : connections)
        outside.emplace_back(
            [&]
            {
                for (int i = 0; i != 200; ++i)
                {
                    test::write_all(c->peer, "1234");
                    got += text_of(receive_one(*c, pool)) == "1234";
                }
            });
    for (auto& t : outside)
        t.join();
    threads.join();
    BOOST_TEST(got == 400);
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(buffers_are_acquired_beside_receives)
{
    test::context ctx;
    buffer_pool pool(ctx, 4, 8);
    connection c(ctx);
    test::runners loop(ctx, 1);
    std::atomic<bool> end{false};
    std::atomic<int> mixed_up{0};
    std::vector<std::thread> outside;
    for (int id = 1; id != 3; ++id)
        outside.emplace_back(
            [&, mark = std::byte(id)]
            {
                while (!end)
                    if (pooled_buffer b = pool.acquire())
                    {
                        b.data()[0] = mark;
                        std::this_thread::yield();
                        mixed_up += b.data()[0] != mark;
                    }
            });
    for (int i = 0; i != 300; ++i)
    {
        test::write_all(c.peer, "1234");
        mixed_up += text_of(receive_one(c, pool)) != "1234";
    }
    end = true;
    for (auto& t : outside)
        t.join();
    loop.join();
    BOOST_TEST(mixed_up == 0);
    BOOST_TEST(pool.available() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
