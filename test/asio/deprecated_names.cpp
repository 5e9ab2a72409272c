// Names that Asio keeps for old programs: they must exist, because such programs change one name
// and nothing else.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <vector>

namespace asio = boost::asio;

BOOST_AUTO_TEST_SUITE(deprecated_names)

#if !defined(BOOST_ASIO_NO_DEPRECATED) && BOOST_VERSION < 108700

BOOST_AUTO_TEST_CASE(work_keeps_the_context_running)
{
    test::context ctx;
    std::optional<test::context::work> work(std::in_place, ctx);
    BOOST_TEST(&work->get_io_context() == &ctx);
    std::optional<test::context::work> copy(*work);
    BOOST_TEST(ctx.poll() == 0u);
    BOOST_TEST(!ctx.stopped());
    work.reset();
    ctx.poll();
    BOOST_TEST(!ctx.stopped());
    copy.reset();
    ctx.poll();
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(members_post_and_dispatch)
{
    test::context ctx;
    std::vector<int> order;
    ctx.post([&] {
        order.push_back(1);
        ctx.dispatch([&] { order.push_back(2); });
        ctx.post([&] { order.push_back(4); });
        order.push_back(3);
    });
    ctx.dispatch([&] { order.push_back(10); });
    BOOST_TEST(order.empty());
    BOOST_TEST(ctx.run() == 3u);
    std::vector<int> const expected{1, 2, 3, 10, 4};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(wrap_dispatches_through_the_context)
{
    test::context ctx;
    int sum = 0;
    auto wrapped = ctx.wrap([&](int a, int b) { sum += a + b; });
    wrapped(1, 2);
    BOOST_TEST(sum == 0);
    BOOST_TEST(ctx.run() == 1u);
    BOOST_TEST(sum == 3);
}

BOOST_AUTO_TEST_CASE(reset_is_restart)
{
    test::context ctx;
    ctx.run();
    BOOST_TEST(ctx.stopped());
    ctx.reset();
    BOOST_TEST(!ctx.stopped());
}

BOOST_AUTO_TEST_CASE(run_functions_take_an_error_code)
{
    test::context ctx;
    test::error_code ec = asio::error::eof;
    for (int i = 0; i < 4; ++i)
        asio::post(ctx, [] {});
    BOOST_TEST(ctx.run_one(ec) == 1u);
    BOOST_TEST(!ec);
    BOOST_TEST(ctx.poll_one(ec) == 1u);
    BOOST_TEST(ctx.poll(ec) == 2u);
    ctx.restart();
    asio::post(ctx, [] {});
    ec = asio::error::eof;
    BOOST_TEST(ctx.run(ec) == 1u);
    BOOST_TEST(!ec);
}

BOOST_AUTO_TEST_CASE(the_nested_strand_serialises_and_wraps)
{
    test::context ctx;
    test::context::strand strand(ctx);
    BOOST_TEST(&strand.context() == &ctx);
    std::vector<int> order;
    strand.post([&] {
        order.push_back(1);
        BOOST_TEST(strand.running_in_this_thread());
        strand.dispatch([&] { order.push_back(2); });
        strand.post([&] { order.push_back(4); });
        order.push_back(3);
    });
    auto wrapped = strand.wrap([&](int value) { order.push_back(value); });
    asio::post(ctx, [&, wrapped]() mutable { wrapped(5); });
    test::run(ctx);
    BOOST_TEST(!strand.running_in_this_thread());
    BOOST_TEST(order.size() == 5u);
    std::vector<int> const first(order.begin(), order.begin() + 3);
    std::vector<int> const expected{1, 2, 3};
    BOOST_TEST(first == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_nested_strand_is_an_executor_for_handlers)
{
    test::context ctx;
    test::context::strand strand(ctx);
    test::context::strand same = strand;
    BOOST_TEST((strand == same));
    bool inside = false;
    test::steady_timer timer(ctx, std::chrono::milliseconds(1));
    timer.async_wait(asio::bind_executor(
        strand, [&](test::error_code) { inside = strand.running_in_this_thread(); }));
    test::run(ctx);
    BOOST_TEST(inside);
}

#endif

BOOST_AUTO_TEST_CASE(ts_executor_members_of_the_executor)
{
#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)
    test::context ctx;
    auto const ex = ctx.get_executor();
    std::allocator<void> const alloc;
    std::vector<int> order;
    BOOST_TEST(&ex.context() == &ctx);
    ex.on_work_started();
    ctx.poll();
    BOOST_TEST(!ctx.stopped());
    ex.post(
        [&] {
            order.push_back(1);
            ex.dispatch([&] { order.push_back(2); }, alloc);
            ex.defer([&] { order.push_back(4); }, alloc);
            order.push_back(3);
        },
        alloc);
    ctx.poll();
    BOOST_TEST(!ctx.stopped());
    ex.on_work_finished();
    ctx.poll();
    BOOST_TEST(ctx.stopped());
    std::vector<int> const expected{1, 2, 3, 4};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
#endif
}

BOOST_AUTO_TEST_SUITE_END()
