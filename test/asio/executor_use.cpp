// What the executor does: inline or queued, dispatch, post and defer, strands over it.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <memory>
#include <vector>

namespace asio = boost::asio;
namespace execution = asio::execution;

BOOST_AUTO_TEST_SUITE(executor_use)

BOOST_AUTO_TEST_CASE(execute_runs_inline_inside_and_is_queued_outside)
{
    test::context ctx;
    auto const ex = ctx.get_executor();
    std::vector<int> order;
    ex.execute([&] {
        order.push_back(1);
        ex.execute([&] { order.push_back(2); });
        asio::require(ex, execution::blocking.never).execute([&] { order.push_back(4); });
        order.push_back(3);
    });
    BOOST_TEST(order.empty());
    BOOST_TEST(ctx.run() == 2u);
    std::vector<int> const expected{1, 2, 3, 4};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(inside_is_decided_per_context)
{
    test::context a;
    test::context b;
    bool inline_in_b = true;
    BOOST_TEST(!a.get_executor().running_in_this_thread());
    asio::post(a, [&] {
        BOOST_TEST(a.get_executor().running_in_this_thread());
        BOOST_TEST(!b.get_executor().running_in_this_thread());
        bool ran = false;
        auto const flag = std::make_shared<bool>(false);
        b.get_executor().execute([flag] { *flag = true; });
        ran = *flag;
        inline_in_b = ran;
    });
    a.run();
    BOOST_TEST(!inline_in_b);
    BOOST_TEST(b.run() == 1u);
}

BOOST_AUTO_TEST_CASE(defer_runs_after_what_is_queued)
{
    test::context ctx;
    std::vector<int> order;
    asio::post(ctx, [&] {
        asio::defer(ctx, [&] { order.push_back(1); });
        asio::post(ctx, [&] { order.push_back(2); });
        BOOST_TEST(order.empty());
    });
    BOOST_TEST(ctx.run() == 3u);
    BOOST_TEST(order.size() == 2u);
}

BOOST_AUTO_TEST_CASE(move_only_handlers)
{
    test::context ctx;
    int sum = 0;
    auto number = std::make_unique<int>(4);
    asio::post(ctx, [&, n = std::move(number)] { sum += *n; });
    asio::dispatch(ctx, [&, n = std::make_unique<int>(5)] { sum += *n; });
    asio::defer(ctx, [&, n = std::make_unique<int>(6)] { sum += *n; });
    test::run(ctx);
    BOOST_TEST(sum == 15);
}

BOOST_AUTO_TEST_CASE(large_and_overaligned_handlers)
{
    struct alignas(64) block
    {
        char bytes[4096] = {};
    };
    test::context ctx;
    bool aligned = false;
    asio::post(ctx, [&aligned, big = block()] {
        aligned = reinterpret_cast<std::uintptr_t>(&big) % 64 == 0 && big.bytes[4095] == 0;
    });
    test::run(ctx);
    BOOST_TEST(aligned);
}

BOOST_AUTO_TEST_CASE(post_with_use_future)
{
    test::context ctx;
    std::future<void> done = asio::post(ctx, asio::use_future);
    std::future<int> value = asio::post(ctx, asio::use_future([] { return 42; }));
    test::run(ctx);
    BOOST_REQUIRE(done.wait_for(test::limit) == std::future_status::ready);
    BOOST_REQUIRE(value.wait_for(test::limit) == std::future_status::ready);
    BOOST_TEST(value.get() == 42);
}

BOOST_AUTO_TEST_CASE(a_strand_serialises_and_keeps_order)
{
    test::context ctx;
    auto const strand = asio::make_strand(ctx);
    static_assert(
        std::is_same_v<decltype(strand), asio::strand<test::context::executor_type> const>);
    static_assert(
        std::is_same_v<decltype(asio::query(strand, execution::context)), test::context&>);
    std::vector<int> order;
    for (int i = 0; i < 10; ++i)
        asio::post(strand, [&, i] {
            BOOST_TEST(strand.running_in_this_thread());
            order.push_back(i);
        });
    asio::post(ctx, [&] { BOOST_TEST(!strand.running_in_this_thread()); });
    test::run(ctx);
    BOOST_REQUIRE(order.size() == 10u);
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(order[static_cast<std::size_t>(i)] == i);
}

BOOST_AUTO_TEST_CASE(dispatch_in_a_strand_is_inline)
{
    test::context ctx;
    auto const strand = asio::make_strand(test::executor(ctx.get_executor()));
    std::vector<int> order;
    asio::dispatch(strand, [&] {
        order.push_back(1);
        asio::dispatch(strand, [&] { order.push_back(2); });
        asio::post(strand, [&] { order.push_back(4); });
        order.push_back(3);
    });
    test::run(ctx);
    std::vector<int> const expected{1, 2, 3, 4};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(completions_arrive_on_the_strand_they_are_bound_to)
{
    test::context ctx;
    auto const strand = asio::make_strand(ctx);
    test::tcp_pair pair(ctx);
    char byte = 0;
    bool on_strand = false;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           asio::bind_executor(strand, [&](test::error_code, std::size_t) {
                               on_strand = strand.running_in_this_thread();
                           }));
    pair.b.write_some(asio::buffer("x", 1));
    test::run(ctx);
    BOOST_TEST(on_strand);
}

BOOST_AUTO_TEST_CASE(objects_on_a_strand_of_the_executor)
{
    test::context ctx;
    auto const strand = asio::make_strand(test::executor(ctx.get_executor()));
    using on_strand = asio::strand<test::executor>;
    asio::basic_socket_acceptor<test::tcp, on_strand> acceptor(strand, test::loopback());
    asio::basic_stream_socket<test::tcp, on_strand> client(strand);
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, on_strand>
        timer(strand, std::chrono::milliseconds(1));
    int inside = 0;
    client.async_connect(acceptor.local_endpoint(), [&](test::error_code ec) {
        inside += !ec && strand.running_in_this_thread();
    });
    acceptor.async_accept([&](test::error_code ec, auto peer) {
        inside += !ec && peer.is_open() && strand.running_in_this_thread();
    });
    timer.async_wait(
        [&](test::error_code ec) { inside += !ec && strand.running_in_this_thread(); });
    test::run(ctx);
    BOOST_TEST(inside == 3);
}

BOOST_AUTO_TEST_CASE(a_handler_bound_to_another_context_runs_there)
{
    test::context io;
    test::context elsewhere;
    test::tcp_pair pair(io);
    char byte = 0;
    bool there = false;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           asio::bind_executor(elsewhere, [&](test::error_code, std::size_t) {
                               there = elsewhere.get_executor().running_in_this_thread();
                           }));
    elsewhere.poll();
    BOOST_TEST(!elsewhere.stopped()); // the pending operation counts as work on both contexts
    pair.b.write_some(asio::buffer("x", 1));
    test::run(io);
    BOOST_TEST(!there);
    test::run(elsewhere);
    BOOST_TEST(there);
}

BOOST_AUTO_TEST_CASE(running_in_this_thread_is_false_on_other_threads)
{
    test::context ctx;
    bool elsewhere = true;
    asio::post(ctx, [&] {
        std::thread other([&] { elsewhere = ctx.get_executor().running_in_this_thread(); });
        other.join();
    });
    test::run(ctx);
    BOOST_TEST(!elsewhere);
}

BOOST_AUTO_TEST_CASE(work_guards_of_objects_and_executors)
{
    test::context ctx;
    auto a = asio::make_work_guard(asio::bind_executor(ctx, [] {}));
    auto b = asio::make_work_guard(ctx.get_executor());
    auto c = asio::make_work_guard(asio::any_io_executor(ctx.get_executor()));
    auto d = asio::make_work_guard(asio::make_strand(ctx));
    a.reset();
    b.reset();
    c.reset();
    ctx.poll();
    BOOST_TEST(!ctx.stopped());
    d.reset();
    ctx.poll();
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_SUITE_END()
