#include <proactor/detail/engine.hpp>

#include "engine_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using proactor::lane;
using test::loop;
using test::recorded;
using test::test_operation;
using namespace std::chrono_literals;

using order = std::vector<std::size_t>;
using runner = proactor::detail::engine::runner;

void on_another_thread(const std::function<void()>& f)
{
    std::thread(f).join();
}

} // namespace

BOOST_AUTO_TEST_SUITE(engine_runs)

BOOST_AUTO_TEST_CASE(posts_in_their_order_from_outside_and_inside)
{
    loop l;
    recorded ops(6);
    ops[0].when_completed = [&] {
        ops.order.push_back(0);
        l.engine.post(ops[4]);
        l.engine.post(ops[5]);
    };
    for (std::size_t i : {0, 1, 2, 3})
        l.engine.post(ops[i]);
    BOOST_TEST(l.run() == 6u);
    BOOST_TEST((ops.order == order{0, 1, 2, 3, 4, 5}));
    BOOST_TEST(l.handlers() == 6u);
    BOOST_TEST(ops[0].owner == &l.engine);
    BOOST_TEST(l.driver.counters().sleeps == 0u);
    BOOST_TEST(l.driver.counters().wakes == 0u);
}

BOOST_AUTO_TEST_CASE(what_was_posted_elsewhere_earlier_stays_ahead)
{
    loop l;
    recorded ops(3);
    ops[0].when_completed = [&] {
        ops.order.push_back(0);
        on_another_thread([&] { l.engine.post(ops[1]); });
        l.engine.post(ops[2]);
    };
    l.engine.post(ops[0]);
    BOOST_TEST(l.run() == 3u);
    BOOST_TEST((ops.order == order{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(what_was_posted_elsewhere_stays_ahead_of_a_thread_that_has_long_been_alone)
{
    loop l;
    recorded before(100);
    l.engine.work_started();
    for (std::size_t i = 0; i != before.size(); ++i)
    {
        l.engine.post(before[i]);
        l.poll();
    }
    recorded ops(3);
    ops[0].when_completed = [&] {
        ops.order.push_back(0);
        on_another_thread([&] { l.engine.post(ops[1]); });
        l.engine.post(ops[2]);
    };
    l.engine.post(ops[0]);
    BOOST_TEST(l.poll() == 3u);
    BOOST_TEST((ops.order == order{0, 1, 2}));
    on_another_thread([&] { BOOST_TEST(l.engine.metrics().takeovers == 1u); });
    l.engine.work_finished();
}

BOOST_AUTO_TEST_CASE(nothing_to_do_ends_a_run_at_once)
{
    loop l;
    BOOST_TEST(l.run() == 0u);
    BOOST_TEST(l.engine.stopped());
}

BOOST_AUTO_TEST_CASE(work_keeps_a_run_alive_and_its_end_ends_it)
{
    loop l;
    int sleeps = 0;
    l.engine.work_started();
    l.driver.while_asleep = [&](auto) {
        if (++sleeps == 3)
            on_another_thread([&] { l.engine.work_finished(); });
    };
    BOOST_TEST(l.run() == 0u);
    BOOST_TEST(sleeps == 3);
    BOOST_TEST(l.engine.stopped());
}

BOOST_AUTO_TEST_CASE(stopping_leaves_what_is_ready_for_the_next_run)
{
    loop l;
    recorded ops(3);
    ops[1].when_completed = [&] {
        ops.order.push_back(1);
        l.engine.stop();
    };
    for (std::size_t i : {0, 1, 2})
        l.engine.post(ops[i]);
    BOOST_TEST(l.run() == 2u);
    BOOST_TEST(l.engine.stopped());
    BOOST_TEST(l.run() == 0u);
    BOOST_TEST(l.poll() == 0u);
    l.engine.restart();
    BOOST_TEST(!l.engine.stopped());
    BOOST_TEST(l.run() == 1u);
    BOOST_TEST((ops.order == order{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(polling_does_not_block)
{
    loop l;
    recorded ops(2);
    l.engine.work_started();
    BOOST_TEST(l.poll() == 0u);
    BOOST_TEST(!l.engine.stopped());
    l.engine.post(ops[0]);
    l.engine.post(ops[1]);
    BOOST_TEST(l.poll() == 2u);
    BOOST_TEST(l.driver.counters().sleeps == 0u);
    l.engine.work_finished();
    BOOST_TEST(l.engine.stopped());
}

BOOST_AUTO_TEST_CASE(polling_finds_what_the_system_has_completed)
{
    loop l;
    recorded ops(1);
    auto& a = l.engine.attach(7);
    l.engine.start(ops[0], a, lane::read);
    BOOST_TEST(l.poll() == 0u);
    l.driver.system_completes(ops[0]);
    BOOST_TEST(l.poll() == 1u);
    BOOST_TEST(l.engine.stopped());
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(a_deadline_reaches_the_driver_and_ends_the_wait)
{
    loop l;
    l.engine.work_started();
    const auto deadline = loop::clock::now() + 20ms;
    std::vector<loop::clock::time_point> seen;
    l.driver.while_asleep = [&](auto d) {
        seen.push_back(d);
        std::this_thread::yield();
    };
    BOOST_TEST(!l.run_one(deadline));
    BOOST_TEST(!l.engine.stopped());
    BOOST_TEST((loop::clock::now() >= deadline));
    BOOST_TEST(!seen.empty());
    BOOST_TEST(std::all_of(seen.begin(), seen.end(), [&](auto d) { return d == deadline; }));
    l.engine.work_finished();
}

BOOST_AUTO_TEST_CASE(a_deadline_in_the_past_still_runs_what_is_ready)
{
    loop l;
    recorded ops(2);
    l.engine.post(ops[0]);
    l.engine.post(ops[1]);
    BOOST_TEST(l.run_one(loop::clock::now() - 1s));
    BOOST_TEST(l.run_one(loop::clock::time_point::min()));
    BOOST_TEST(l.driver.counters().sleeps == 0u);
}

BOOST_AUTO_TEST_CASE(a_chain_of_posts_does_not_starve_completions)
{
    loop l;
    constexpr int length = 2000;
    int links = 0;
    int most_between_looks = 0;
    int at_last_look = 0;
    int at_completion = -1;
    test_operation chain;
    chain.when_completed = [&] {
        if (++links != length)
            l.engine.post(chain);
    };
    test_operation op([&] { at_completion = links; });
    auto& a = l.engine.attach(7);
    l.driver.when_looked_at = [&] {
        most_between_looks = std::max(most_between_looks, links - at_last_look);
        at_last_look = links;
        if (links > 500 && op.phase == proactor::operation::phase::in_flight)
            l.driver.system_completes(op);
    };
    l.engine.start(op, a, lane::read);
    l.engine.post(chain);
    BOOST_TEST(l.run() == length + 1u);
    BOOST_TEST(most_between_looks <= 64);
    BOOST_TEST(at_completion >= 500);
    BOOST_TEST(at_completion < 700);
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(an_exception_passes_and_leaves_the_engine_in_order)
{
    loop l;
    recorded ops(3);
    ops[0].when_completed = [] { throw std::runtime_error("of a handler"); };
    for (std::size_t i : {0, 1, 2})
        l.engine.post(ops[i]);
    BOOST_CHECK_THROW(l.run(), std::runtime_error);
    BOOST_TEST(!l.engine.stopped());
    BOOST_TEST(!l.engine.inside());
    BOOST_TEST(l.run() == 2u);
    BOOST_TEST((ops.order == order{1, 2}));
    BOOST_TEST(ops.each_ended_once());
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_last_handler_leaves_no_work)
{
    loop l;
    test_operation op([] { throw 1; });
    l.engine.post(op);
    BOOST_CHECK_THROW(l.run(), int);
    BOOST_TEST(l.engine.stopped());
    BOOST_TEST(l.run() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_deferred_comes_behind_what_is_posted_before_the_handler_ends)
{
    loop l;
    recorded ops(6);
    ops[0].when_completed = [&] {
        ops.order.push_back(0);
        l.engine.defer(ops[3]);
        l.engine.post(ops[1]);
        l.engine.defer(ops[4]);
        BOOST_TEST(l.poll() == 1u); // others inside do not get to see them
        l.engine.post(ops[2]);
    };
    ops[4].when_completed = [&] {
        ops.order.push_back(4);
        l.engine.defer(ops[5]);
        throw 1; // and it is not lost
    };
    l.engine.defer(ops[0]);
    BOOST_CHECK_THROW(l.run(), int);
    BOOST_TEST(!l.engine.stopped());
    BOOST_TEST(l.run() == 1u);
    BOOST_TEST((ops.order == order{0, 1, 2, 3, 4, 5}));
    BOOST_TEST(ops.each_ended_once());
    BOOST_TEST(l.engine.stopped());
}

BOOST_AUTO_TEST_CASE(deferred_as_posted_it_keeps_its_place)
{
    loop l;
    recorded ops(3);
    l.engine.defer_as_post();
    ops[0].when_completed = [&] {
        ops.order.push_back(0);
        l.engine.defer(ops[1]);
        l.engine.post(ops[2]);
    };
    l.engine.post(ops[0]);
    BOOST_TEST(l.run() == 3u);
    BOOST_TEST((ops.order == order{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(handlers_may_run_others_inside)
{
    loop l;
    recorded ops(4);
    ops[0].when_completed = [&] {
        ops.order.push_back(0);
        BOOST_TEST(l.run_one());
        BOOST_TEST(l.poll() == 2u);
        BOOST_TEST(l.engine.inside());
        ops.order.push_back(9);
    };
    for (std::size_t i : {0, 1, 2, 3})
        l.engine.post(ops[i]);
    BOOST_TEST(l.run() == 1u);
    BOOST_TEST((ops.order == order{0, 1, 2, 3, 9}));
    BOOST_TEST(l.driver.thread_begins == 1u);
    BOOST_TEST(l.driver.thread_ends == 1u);
}

BOOST_AUTO_TEST_CASE(engines_nest_in_each_other_on_one_thread)
{
    loop outer;
    loop inner;
    recorded ops(3);
    ops[0].when_completed = [&] {
        BOOST_TEST(outer.engine.inside());
        BOOST_TEST(!inner.engine.inside());
        ops.order.push_back(0);
        BOOST_TEST(inner.run() == 1u);
        BOOST_TEST(!inner.engine.inside());
    };
    ops[1].when_completed = [&] {
        BOOST_TEST(outer.engine.inside());
        BOOST_TEST(inner.engine.inside());
        ops.order.push_back(1);
        BOOST_TEST(outer.poll() == 1u);
    };
    outer.engine.post(ops[0]);
    inner.engine.post(ops[1]);
    outer.engine.post(ops[2]);
    BOOST_TEST(outer.run() == 1u);
    BOOST_TEST((ops.order == order{0, 1, 2}));
    BOOST_TEST(!outer.engine.inside());
}

BOOST_AUTO_TEST_CASE(a_second_runner_is_refused_where_one_is_allowed)
{
    auto options = loop::without_spin();
    options.threads = 1;
    loop l(options);
    recorded ops(2);
    ops[0].when_completed = [&] {
        on_another_thread([&] {
            runner second(l.engine);
            BOOST_TEST(!second.admitted());
        });
        runner nested(l.engine);
        BOOST_TEST(nested.admitted());
        BOOST_TEST(nested.poll_one());
    };
    l.engine.post(ops[0]);
    l.engine.post(ops[1]);
    BOOST_TEST(l.run() == 1u);
    on_another_thread([&] {
        runner later(l.engine);
        BOOST_TEST(later.admitted());
    });
}

BOOST_AUTO_TEST_SUITE_END()
