// run, run_one, poll and their timed forms: what they run, what they return, when they stop.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using guard = asio::executor_work_guard<test::context::executor_type>;

BOOST_AUTO_TEST_SUITE(run_functions)

BOOST_AUTO_TEST_CASE(without_work_run_returns_zero_and_the_context_is_stopped)
{
    test::context ctx;
    BOOST_TEST(!ctx.stopped());
    BOOST_TEST(ctx.run() == 0u);
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(run_returns_the_number_of_handlers)
{
    test::context ctx;
    for (int i = 0; i < 3; ++i)
        asio::post(ctx, [] {});
    test::context::count_type const n = ctx.run();
    BOOST_TEST(n == 3u);
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(handlers_posted_by_handlers_are_counted)
{
    test::context ctx;
    asio::post(ctx, [&] { asio::post(ctx, [&] { asio::post(ctx, [] {}); }); });
    BOOST_TEST(ctx.run() == 3u);
}

BOOST_AUTO_TEST_CASE(posts_run_in_order)
{
    test::context ctx;
    std::vector<int> order;
    for (int i = 0; i < 100; ++i)
        asio::post(ctx, [&order, i] { order.push_back(i); });
    ctx.run();
    BOOST_REQUIRE(order.size() == 100u);
    for (int i = 0; i < 100; ++i)
        BOOST_TEST(order[static_cast<std::size_t>(i)] == i);
}

BOOST_AUTO_TEST_CASE(a_stopped_context_runs_nothing_until_restarted)
{
    test::context ctx;
    ctx.run();
    bool ran = false;
    asio::post(ctx, [&] { ran = true; });
    BOOST_TEST(ctx.run() == 0u);
    BOOST_TEST(ctx.poll() == 0u);
    BOOST_TEST(ctx.run_one() == 0u);
    BOOST_TEST(ctx.poll_one() == 0u);
    BOOST_TEST(ctx.run_for(1ms) == 0u);
    BOOST_TEST(!ran);
    ctx.restart();
    BOOST_TEST(!ctx.stopped());
    BOOST_TEST(ctx.run() == 1u);
    BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(stop_before_run_returns_zero_and_keeps_the_handlers)
{
    test::context ctx;
    asio::post(ctx, [] {});
    ctx.stop();
    BOOST_TEST(ctx.stopped());
    BOOST_TEST(ctx.run() == 0u);
    ctx.restart();
    BOOST_TEST(ctx.run() == 1u);
}

BOOST_AUTO_TEST_CASE(stop_in_a_handler_leaves_the_rest_for_the_next_run)
{
    test::context ctx;
    int ran = 0;
    asio::post(ctx, [&] {
        ++ran;
        ctx.stop();
    });
    asio::post(ctx, [&] { ++ran; });
    BOOST_TEST(ctx.run() == 1u);
    BOOST_TEST(ran == 1);
    ctx.restart();
    BOOST_TEST(ctx.run() == 1u);
    BOOST_TEST(ran == 2);
}

BOOST_AUTO_TEST_CASE(run_one_runs_one_handler)
{
    test::context ctx;
    int ran = 0;
    for (int i = 0; i < 2; ++i)
        asio::post(ctx, [&] { ++ran; });
    BOOST_TEST(ctx.run_one() == 1u);
    BOOST_TEST(ran == 1);
    BOOST_TEST(!ctx.stopped());
    BOOST_TEST(ctx.run_one() == 1u);
    BOOST_TEST(ran == 2);
    BOOST_TEST(ctx.run_one() == 0u);
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(run_one_waits_for_a_completion)
{
    test::context ctx;
    test::steady_timer timer(ctx, 2ms);
    bool fired = false;
    timer.async_wait([&](test::error_code ec) { fired = !ec; });
    BOOST_TEST(ctx.run_one() == 1u);
    BOOST_TEST(fired);
}

BOOST_AUTO_TEST_CASE(poll_runs_what_is_ready_and_does_not_wait)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1h);
    timer.async_wait([](test::error_code) {});
    int ran = 0;
    asio::post(ctx, [&] {
        ++ran;
        asio::post(ctx, [&] { ++ran; });
    });
    BOOST_TEST(ctx.poll() == 2u);
    BOOST_TEST(ran == 2);
    BOOST_TEST(ctx.poll() == 0u);
    BOOST_TEST(!ctx.stopped());
}

BOOST_AUTO_TEST_CASE(poll_one_runs_one_handler)
{
    test::context ctx;
    int ran = 0;
    for (int i = 0; i < 2; ++i)
        asio::post(ctx, [&] { ++ran; });
    BOOST_TEST(ctx.poll_one() == 1u);
    BOOST_TEST(ran == 1);
    BOOST_TEST(ctx.poll_one() == 1u);
    BOOST_TEST(ctx.poll_one() == 0u);
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(poll_sees_a_completion_that_has_happened)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    bool got = false;
    pair.b.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code ec, std::size_t n) { got = !ec && n == 1; });
    BOOST_TEST(ctx.poll() == 0u);
    pair.a.write_some(asio::buffer("x", 1));
    auto const deadline = clock_type::now() + test::limit;
    while (!got && clock_type::now() < deadline)
        ctx.poll();
    BOOST_TEST(got);
    BOOST_TEST(byte == 'x');
}

BOOST_AUTO_TEST_CASE(the_timed_forms_return_at_their_deadline)
{
    test::context ctx;
    guard work(ctx.get_executor());
    auto const start = clock_type::now();
    BOOST_TEST(ctx.run_for(3ms) == 0u);
    BOOST_TEST(ctx.run_one_for(3ms) == 0u);
    BOOST_TEST(ctx.run_until(clock_type::now() + 3ms) == 0u);
    BOOST_TEST(ctx.run_one_until(clock_type::now() + 3ms) == 0u);
    auto const took = clock_type::now() - start;
    BOOST_TEST((took >= 12ms));
    BOOST_TEST((took < test::limit));
    BOOST_TEST(!ctx.stopped());
}

BOOST_AUTO_TEST_CASE(the_timed_forms_take_other_clocks)
{
    test::context ctx;
    guard work(ctx.get_executor());
    asio::post(ctx, [] {});
    BOOST_TEST(ctx.run_until(std::chrono::system_clock::now() + 5ms) == 1u);
    BOOST_TEST(ctx.run_one_until(std::chrono::high_resolution_clock::now() + 1ms) == 0u);
}

BOOST_AUTO_TEST_CASE(a_deadline_in_the_past_runs_nothing)
{
    test::context ctx;
    asio::post(ctx, [] {});
    BOOST_TEST(ctx.run_until(clock_type::now() - 1s) == 0u);
    BOOST_TEST(ctx.run_one_until(clock_type::now() - 1s) == 0u);
    BOOST_TEST(ctx.run_for(-1s) == 0u);
    BOOST_TEST(!ctx.stopped());
    BOOST_TEST(ctx.run() == 1u);
}

BOOST_AUTO_TEST_CASE(the_timed_forms_return_early_when_the_work_is_done)
{
    test::context ctx;
    asio::post(ctx, [] {});
    auto const start = clock_type::now();
    BOOST_TEST(ctx.run_for(1h) == 1u);
    BOOST_TEST((clock_type::now() - start < test::limit));
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(run_one_for_returns_after_one_handler)
{
    test::context ctx;
    guard work(ctx.get_executor());
    int ran = 0;
    for (int i = 0; i < 2; ++i)
        asio::post(ctx, [&] { ++ran; });
    BOOST_TEST(ctx.run_one_for(1h) == 1u);
    BOOST_TEST(ran == 1);
}

BOOST_AUTO_TEST_CASE(a_work_guard_keeps_the_context_running_until_reset)
{
    test::context ctx;
    auto work = asio::make_work_guard(ctx);
    BOOST_TEST(work.owns_work());
    BOOST_TEST(ctx.poll() == 0u);
    BOOST_TEST(!ctx.stopped());
    asio::post(ctx, [&] { work.reset(); });
    BOOST_TEST(ctx.run_for(test::limit) == 1u);
    BOOST_TEST(ctx.stopped());
    BOOST_TEST(!work.owns_work());
}

BOOST_AUTO_TEST_CASE(copied_and_moved_work_guards_count_separately)
{
    test::context ctx;
    guard first(ctx.get_executor());
    {
        guard second(first);
        guard third(std::move(first));
        second.reset();
        ctx.poll();
        BOOST_TEST(!ctx.stopped());
    }
    ctx.poll();
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(handlers_may_call_poll_and_run_one)
{
    test::context ctx;
    std::vector<int> order;
    std::size_t polled = 0;
    std::size_t one = 0;
    asio::post(ctx, [&] {
        order.push_back(1);
        one = ctx.run_one();
        polled = ctx.poll();
        order.push_back(5);
    });
    asio::post(ctx, [&] { order.push_back(2); });
    asio::post(ctx, [&] { order.push_back(3); });
    asio::post(ctx, [&] { order.push_back(4); });
    ctx.run();
    BOOST_TEST(one == 1u);
    BOOST_TEST(polled == 2u);
    std::vector<int> const expected{1, 2, 3, 4, 5};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_nested_run_for_waits_for_completions)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    bool inside = false;
    asio::post(ctx, [&] {
        bool got = false;
        pair.a.async_read_some(asio::buffer(&byte, 1),
                               [&](test::error_code ec, std::size_t) { got = !ec; });
        pair.b.async_write_some(asio::buffer("n", 1), [](test::error_code, std::size_t) {});
        test::run_until(ctx, [&] { return got; });
        inside = got;
    });
    test::run(ctx);
    BOOST_TEST(inside);
    BOOST_TEST(byte == 'n');
}

BOOST_AUTO_TEST_CASE(nested_runs_go_several_levels_deep)
{
    test::context ctx;
    int depth = 0;
    auto const dive = [&](auto self) -> void {
        if (++depth < 20)
        {
            asio::post(ctx, [self] { self(self); });
            ctx.run_one();
        }
    };
    asio::post(ctx, [&] { dive(dive); });
    ctx.run();
    BOOST_TEST(depth == 20);
}

BOOST_AUTO_TEST_CASE(one_context_may_run_inside_a_handler_of_another)
{
    test::context outer;
    test::context inner;
    std::vector<int> order;
    asio::post(outer, [&] {
        asio::post(inner, [&] {
            order.push_back(1);
            asio::dispatch(outer, [&] { order.push_back(2); });
            asio::post(outer, [&] { order.push_back(4); });
        });
        inner.run();
        order.push_back(3);
    });
    outer.run();
    std::vector<int> const expected{1, 2, 3, 4};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_chain_of_posts_starves_neither_timers_nor_sockets)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, 1ms);
    bool timer_fired = false;
    bool read_done = false;
    char byte = 0;
    timer.async_wait([&](test::error_code) { timer_fired = true; });
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code, std::size_t) { read_done = true; });
    pair.b.write_some(asio::buffer("x", 1));
    auto const deadline = clock_type::now() + test::limit;
    bool late = false;
    auto const again = [&](auto self) -> void {
        late = clock_type::now() > deadline;
        if (!(timer_fired && read_done) && !late)
            asio::post(ctx, [self] { self(self); });
    };
    asio::post(ctx, [&] { again(again); });
    test::run(ctx);
    BOOST_TEST(!late);
    BOOST_TEST(timer_fired);
    BOOST_TEST(read_done);
}

BOOST_AUTO_TEST_CASE(constructors_take_a_concurrency_hint)
{
    test::context one(1);
    test::context unsafe(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
    test::context unsafe_io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO);
    test::context safe(BOOST_ASIO_CONCURRENCY_HINT_SAFE);
    for (test::context* ctx : {&one, &unsafe, &unsafe_io, &safe})
    {
        test::steady_timer timer(*ctx, 1ms);
        int ran = 0;
        timer.async_wait([&](test::error_code ec) { ran += !ec; });
        asio::post(*ctx, [&] { ++ran; });
        BOOST_TEST(test::run(*ctx) == 2u);
        BOOST_TEST(ran == 2);
    }
}

BOOST_AUTO_TEST_CASE(a_context_is_an_execution_context_and_neither_copies_nor_moves)
{
    static_assert(std::is_base_of_v<asio::execution_context, test::context>);
    static_assert(!std::is_copy_constructible_v<test::context>);
    static_assert(!std::is_move_constructible_v<test::context>);
    static_assert(std::is_same_v<test::context::count_type, std::size_t>);
    test::context ctx;
    asio::execution_context& base = ctx;
    BOOST_TEST(&ctx.get_executor().context() == &ctx);
    BOOST_TEST(&base == &asio::query(ctx.get_executor(), asio::execution::context));
}

BOOST_AUTO_TEST_SUITE_END()
