// What a handler brings along is honoured: its allocator, its executor, its immediate executor.
#include "../support/context.hpp"
#include "../support/recording_allocator.hpp"
#include "../support/skip.hpp"

#include <boost/test/unit_test.hpp>
#if BOOST_VERSION >= 108200
#include <boost/asio/bind_immediate_executor.hpp>
#endif

#include <atomic>
#include <csignal>
#include <memory>
#include <optional>

#include <unistd.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(associators)

BOOST_AUTO_TEST_CASE(every_operation_uses_the_handler_s_allocator_and_returns_it_before_the_upcall)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket client(ctx);
    test::tcp_socket peer(ctx);
    test::steady_timer timer(ctx, 1ms);
    test::signal_set signals(ctx, SIGUSR1);
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    test::stream_descriptor reader(ctx, ends[0]);
    test::stream_descriptor writer(ctx, ends[1]);
    char a;
    char b;
    test::observed ops[12];
    pair.a.async_read_some(asio::buffer(&a, 1), ops[0].token());
    pair.b.async_write_some(asio::buffer("x", 1), ops[1].token());
    pair.b.async_wait(test::tcp_socket::wait_write, ops[2].token());
    acceptor.async_accept(peer, ops[3].token());
    client.async_connect(acceptor.local_endpoint(), ops[4].token());
    timer.async_wait(ops[5].token());
    signals.async_wait(ops[6].token());
    reader.async_read_some(asio::buffer(&b, 1), ops[7].token());
    writer.async_write_some(asio::buffer("x", 1), ops[8].token());
    asio::post(ctx, ops[9].token());
    asio::defer(ctx, ops[10].token());
    asio::dispatch(ctx, ops[11].token());
    std::raise(SIGUSR1);
    test::run(ctx);
    for (std::size_t i = 0; i < std::size(ops); ++i)
    {
        BOOST_TEST(ops[i].book.allocations == 1,
                   "operation " << i << " made " << ops[i].book.allocations);
        BOOST_TEST(ops[i].live_in_handler == 0, "operation " << i);
        BOOST_TEST(ops[i].book.live == 0, "operation " << i);
    }
}

BOOST_AUTO_TEST_CASE(memory_is_returned_when_the_handler_is_destroyed_uncalled)
{
    test::observed read;
    test::observed wait;
    test::observed posted;
    {
        test::context ctx;
        test::tcp_pair pair(ctx);
        test::steady_timer timer(ctx, 1h);
        char byte;
        pair.a.async_read_some(asio::buffer(&byte, 1), read.token());
        timer.async_wait(wait.token());
        asio::post(ctx, posted.token());
        ctx.run_one();
        asio::post(ctx, posted.token());
    }
    for (test::observed const* op : {&read, &wait, &posted})
        BOOST_TEST(op->book.live == 0);
    BOOST_TEST(read.live_in_handler == -1);
}

BOOST_AUTO_TEST_CASE(composed_operations_use_the_handler_s_allocator_for_every_step)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char data[6];
    test::observed op;
    asio::async_read(pair.a, asio::buffer(data), op.token());
    for (char const* part : {"ab", "cd", "ef"})
    {
        pair.b.write_some(asio::buffer(part, 2));
        ctx.poll();
    }
    test::run(ctx);
    BOOST_TEST(op.book.allocations >= 1);
    BOOST_TEST(op.live_in_handler == 0);
    BOOST_TEST(op.book.live == 0);
}

BOOST_AUTO_TEST_CASE(the_associated_executor_of_every_operation)
{
    test::context ctx;
    auto const strand = asio::make_strand(ctx);
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, 1ms);
    test::steady_timer cancelled(ctx, 1h);
    int on_strand = 0;
    auto token = asio::bind_executor(
        strand, [&](auto&&...) { on_strand += strand.running_in_this_thread(); });
    char byte;
    pair.a.async_read_some(asio::buffer(&byte, 1), token);
    pair.b.async_write_some(asio::buffer("x", 1), token);
    timer.async_wait(token);
    cancelled.async_wait(token);
    cancelled.cancel();
    test::tcp_socket closed(ctx);
    closed.async_read_some(asio::buffer(&byte, 1), token);
    test::run(ctx);
    BOOST_TEST(on_strand == 5);
}

BOOST_AUTO_TEST_CASE(an_operation_counts_as_work_of_the_handler_s_context)
{
    test::context io;
    test::context handlers;
    test::steady_timer timer(io, 1ms);
    bool called = false;
    timer.async_wait(asio::bind_executor(handlers, [&](test::error_code) { called = true; }));
    std::thread runner([&] { test::run(handlers); });
    test::run(io);
    runner.join();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(system_executor_and_thread_pool_as_associated_executors)
{
    test::context ctx;
    asio::thread_pool pool(1);
    test::steady_timer timer(ctx, 1ms);
    std::atomic<int> elsewhere = 0;
    auto const here = std::this_thread::get_id();
    timer.async_wait(asio::bind_executor(pool, [&](test::error_code ec) {
        elsewhere += !ec && std::this_thread::get_id() != here;
    }));
    test::run(ctx);
    pool.join();
    BOOST_TEST(elsewhere == 1);
}

BOOST_AUTO_TEST_CASE(nothing_completes_inside_its_own_initiating_function)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    pair.b.write_some(asio::buffer("ready", 5));
    pair.a.wait(test::tcp_socket::wait_read);
    asio::post(ctx, [&] {
        bool inside = true;
        int early = 0;
        char bytes[8];
        auto const note = [&early, &inside](auto&&...) { early += inside; };
        test::steady_timer timer(ctx, std::chrono::steady_clock::now() - 1s);
        pair.a.async_read_some(asio::buffer(bytes, 1), note);
        pair.a.async_read_some(asio::mutable_buffer(), note);
        pair.a.async_write_some(asio::buffer("x", 1), note);
        pair.a.async_wait(test::tcp_socket::wait_write, note);
        timer.async_wait(note);
        test::tcp_socket closed(ctx);
        closed.async_write_some(asio::buffer("x", 1), note);
        inside = false;
        ctx.poll();
        BOOST_TEST(early == 0);
        timer.cancel();
        pair.a.cancel();
        ctx.poll();
    });
    test::run(ctx);
}

BOOST_AUTO_TEST_CASE(immediate_completions_go_through_the_immediate_executor)
{
#if BOOST_VERSION >= 108200
    test::context ctx;
    test::tcp_socket closed(ctx);
    char byte;
    int calls = 0;
    auto const strand = asio::make_strand(ctx);
    closed.async_read_some(
        asio::buffer(&byte, 1),
        asio::bind_immediate_executor(strand, [&](test::error_code ec, std::size_t) {
            calls += ec == asio::error::bad_descriptor;
        }));
    test::run(ctx);
    BOOST_TEST(calls == 1);
    closed.async_read_some(
        asio::buffer(&byte, 1),
        asio::bind_immediate_executor(asio::system_executor(),
                                      [&](test::error_code, std::size_t) { ++calls; }));
    BOOST_TEST(calls == 2);
    test::run(ctx);
#else
    test::skipped("Boost before 1.82 has no immediate executor");
#endif
}

BOOST_AUTO_TEST_SUITE_END()
