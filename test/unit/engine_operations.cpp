#include <proactor/detail/engine.hpp>

#include "engine_loop.hpp"

#include <support/handles.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <thread>
#include <vector>

namespace {

using proactor::lane;
using test::loop;
using test::recorded;
using test::test_operation;

using order = std::vector<std::size_t>;

} // namespace

BOOST_AUTO_TEST_SUITE(engine_operations)

BOOST_AUTO_TEST_CASE(completions_of_one_look_run_in_their_order)
{
    loop l;
    recorded ops(3);
    auto& a = l.engine.attach(7);
    for (std::size_t i : {0, 1, 2})
        l.engine.start(ops[i], a, lane::none);
    l.driver.while_asleep = [&](auto) {
        for (std::size_t i : {1, 2, 0})
            l.driver.system_completes(ops[i]);
    };
    BOOST_TEST(l.run() == 3u);
    BOOST_TEST((ops.order == order{1, 2, 0}));
    BOOST_TEST(l.driver.counters().sleeps == 1u);
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(outside_a_run_the_system_is_asked_at_once)
{
    loop l;
    recorded ops(1);
    auto& a = l.engine.attach(7);
    l.engine.start(ops[0], a, lane::read);
    BOOST_TEST(l.driver.has_started(ops[0]));
    l.driver.system_completes(ops[0]);
    BOOST_TEST(!ops[0].done()); // not inside anything but a run
    BOOST_TEST(l.run() == 1u);
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(inside_a_handler_submissions_are_batched)
{
    loop l;
    recorded ops(4);
    auto& a = l.engine.attach(7);
    ops[0].when_completed = [&] {
        for (std::size_t i : {1, 2, 3})
            l.engine.start(ops[i], a, lane::none);
        BOOST_TEST(l.driver.started.empty());
    };
    l.driver.while_asleep = [&](auto) {
        BOOST_TEST(l.driver.started.size() == 3u);
        for (std::size_t i : {1, 2, 3})
            l.driver.system_completes(ops[i]);
    };
    l.engine.post(ops[0]);
    BOOST_TEST(l.run() == 4u);
    BOOST_TEST(l.driver.counters().system_calls == 1u);
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(flush_and_the_end_of_a_run_hand_over_what_was_batched)
{
    for (const bool throws : {false, true})
    {
        loop l;
        recorded ops(4);
        auto& a = l.engine.attach(7);
        ops[0].when_completed = [&] {
            l.engine.start(ops[1], a, lane::none);
            l.engine.flush();
            BOOST_TEST(l.driver.has_started(ops[1]));
            l.engine.start(ops[2], a, lane::none);
            BOOST_TEST(!l.driver.has_started(ops[2]));
            l.engine.stop();
            if (throws)
                throw 1;
        };
        l.engine.post(ops[0]);
        if (throws)
            BOOST_CHECK_THROW(l.run(), int);
        else
            BOOST_TEST(l.run() == 1u);
        BOOST_TEST(l.driver.has_started(ops[2]));
        l.engine.shut_down();
    }
}

BOOST_AUTO_TEST_CASE(internal_operations_are_neither_work_nor_handlers)
{
    loop l;
    test_operation internal;
    internal.internal = true;
    auto& a = l.engine.attach(7);
    l.engine.start(internal, a, lane::read);
    BOOST_TEST(l.run() == 0u);
    BOOST_TEST(l.engine.stopped());
    l.engine.restart();
    l.engine.work_started();
    l.driver.system_completes(internal);
    BOOST_TEST(l.poll() == 0u);
    BOOST_TEST(internal.done());
    BOOST_TEST(l.handlers() == 0u);
    BOOST_TEST(!l.engine.stopped());
    l.engine.work_finished();
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(an_internal_operation_may_start_itself_again_inside_its_end)
{
    loop l;
    test_operation internal;
    recorded ops(1);
    internal.internal = true;
    auto& a = l.engine.attach(7);
    int ends = 0;
    internal.when_completed = [&] {
        if (++ends != 3)
            l.engine.start(internal, a, lane::read);
        else
            l.engine.post(ops[0]);
    };
    l.engine.work_started();
    l.engine.start(internal, a, lane::read);
    l.driver.while_asleep = [&](auto) { l.driver.system_completes(internal); };
    BOOST_TEST(l.run_one());
    BOOST_TEST(ends == 3);
    BOOST_TEST(ops[0].done());
    BOOST_TEST(l.handlers() == 1u);
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(cancelling_by_key_reaches_what_carries_it)
{
    loop l;
    recorded ops(4);
    auto& a = l.engine.attach(7);
    for (std::size_t i : {0, 1, 2, 3})
    {
        ops[i].cancellation_key = i % 2 ? &ops : nullptr;
        l.engine.start(ops[i], a, lane::none);
    }
    l.engine.cancel_key(a, &l);
    BOOST_TEST(l.driver.stopped.empty());
    l.engine.cancel_key(a, &ops);
    BOOST_TEST(l.driver.stopped.size() == 2u);
    BOOST_TEST(ops[1].completed == 0);
    BOOST_TEST(l.poll() == 2u);
    BOOST_TEST(ops[1].error() == ECANCELED);
    BOOST_TEST(ops[3].error() == ECANCELED);
    l.driver.system_completes(ops[0]);
    l.driver.system_completes(ops[2]);
    BOOST_TEST(l.poll() == 2u);
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(cancelling_lets_what_is_complete_win)
{
    loop l;
    recorded ops(2);
    auto& a = l.engine.attach(7);
    l.engine.start(ops[0], a, lane::read);
    l.engine.start(ops[1], a, lane::read);
    l.driver.system_completes(ops[0], 0, 4);
    l.engine.cancel_all(a);
    BOOST_TEST((l.driver.stopped == std::vector<proactor::operation*>{&ops[1]}));
    BOOST_TEST(l.poll() == 2u);
    BOOST_TEST(ops[0].error() == 0);
    BOOST_TEST(ops[0].value() == 4u);
    BOOST_TEST(ops[1].error() == ECANCELED);
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(detaching_cancels_and_the_operations_still_complete)
{
    loop l;
    recorded ops(2);
    auto& a = l.engine.attach(7);
    l.engine.start(ops[0], a, lane::read);
    l.engine.start(ops[1], a, lane::read);
    l.detach(a);
    BOOST_TEST(ops[0].ends() == 0);
    BOOST_TEST(l.run() == 2u);
    BOOST_TEST((ops.order == order{0, 1}));
    BOOST_TEST(ops[1].error() == ECANCELED);
}

BOOST_AUTO_TEST_CASE(posts_elsewhere_ring_once_for_one_sleep)
{
    loop l;
    recorded ops(10);
    l.driver.while_asleep = [&](auto) {
        std::thread([&] {
            for (std::size_t i = 0; i != 10; ++i)
                l.engine.post(ops[i]);
        }).join();
    };
    l.engine.work_started();
    BOOST_TEST(l.run_one());
    BOOST_TEST(l.poll() == 9u);
    BOOST_TEST(l.driver.counters().sleeps == 1u);
    BOOST_TEST(l.driver.counters().wakes == 1u);
    l.engine.work_finished();
}

BOOST_AUTO_TEST_CASE(nobody_rings_for_a_loop_that_is_awake)
{
    loop l;
    recorded ops(11);
    ops[10].when_completed = [&] {
        std::thread([&] {
            for (std::size_t i = 0; i != 10; ++i)
                l.engine.post(ops[i]);
        }).join();
    };
    l.engine.post(ops[10]);
    BOOST_TEST(l.run() == 11u);
    BOOST_TEST(l.driver.counters().wakes == 0u);
}

BOOST_AUTO_TEST_CASE(metrics_are_of_the_driver_and_the_loop)
{
    loop l;
    recorded ops(1);
    auto& a = l.engine.attach(7);
    l.engine.start(ops[0], a, lane::read);
    auto m = l.engine.metrics();
    BOOST_TEST(m.driver == std::string("fake"));
    BOOST_TEST(m.in_flight == 1u);
    BOOST_TEST(m.submissions == 1u);
    l.driver.while_asleep = [&](auto) { l.driver.system_completes(ops[0]); };
    l.run();
    m = l.engine.metrics();
    BOOST_TEST(m.completions == 1u);
    BOOST_TEST(m.in_flight == 0u);
    BOOST_TEST(m.sleeps == 1u);
    BOOST_TEST(m.turns >= 1u);
    BOOST_TEST(m.spins == 0u);
    l.detach(a);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(engine_shut_down)

BOOST_AUTO_TEST_CASE(ends_everything_once_and_completes_nothing)
{
    recorded ops(5);
    {
        loop l;
        auto& a = l.engine.attach(7);
        l.engine.post(ops[0]); // in the mailbox
        l.engine.start(ops[1], a, lane::read);
        l.engine.start(ops[2], a, lane::read);
        l.engine.start(ops[3], a, lane::none);
        l.driver.system_completes(ops[3]);
        l.engine.cancel_all(a); // ends are in the ready queue
        l.engine.start(ops[4], a, lane::write);
        l.engine.shut_down();
        BOOST_TEST(ops.each_ended_once());
        l.engine.shut_down();
    }
    BOOST_TEST(ops.order.empty());
    BOOST_TEST(ops.each_ended_once());
}

BOOST_AUTO_TEST_CASE(nothing_is_destroyed_before_all_has_been_given_back)
{
    loop l;
    recorded ops(2);
    auto& a = l.engine.attach(7);
    l.engine.start(ops[0], a, lane::read);
    l.engine.post(ops[1]);
    bool too_early = false;
    l.driver.when_stopped = [](proactor::operation&) {};
    l.driver.while_asleep = [&](auto) {
        too_early |= ops[0].ends() + ops[1].ends() != 0;
        l.driver.system_completes(ops[0], ECANCELED);
    };
    l.engine.shut_down();
    BOOST_TEST(!too_early);
    BOOST_TEST(ops.each_ended_once());
}

BOOST_AUTO_TEST_CASE(an_accept_that_is_started_too_late_has_won_nothing)
{
    loop l;
    test_operation late(proactor::request::accept{});
    auto& a = l.engine.attach(7);
    l.engine.shut_down();
    const bool had_input = test::is_open(0);
    l.engine.start(late, a, lane::read);
    l.engine.shut_down();
    BOOST_TEST(late.destroyed == 1);
    BOOST_TEST(late.error() == ECANCELED);
    BOOST_TEST(test::is_open(0) == had_input); // 0 is a handle, and somebody else's
}

BOOST_AUTO_TEST_CASE(what_is_started_or_posted_while_handlers_are_destroyed_is_destroyed_too)
{
    loop l;
    recorded ops(4);
    auto& a = l.engine.attach(7);
    ops[0].when_destroyed = [&] {
        l.engine.post(ops[1]);
        l.engine.start(ops[2], a, lane::read);
    };
    ops[2].when_destroyed = [&] { l.engine.post(ops[3]); };
    l.engine.post(ops[0]);
    l.engine.shut_down();
    BOOST_TEST(ops.each_ended_once());
    BOOST_TEST(ops.order.empty());
    BOOST_TEST(!l.driver.has_started(ops[2]));
}

BOOST_AUTO_TEST_CASE(what_is_started_afterwards_is_destroyed)
{
    recorded ops(2);
    {
        loop l;
        auto& a = l.engine.attach(7);
        l.engine.shut_down();
        l.engine.start(ops[0], a, lane::read);
        l.engine.post(ops[1]);
        BOOST_TEST(!l.driver.has_started(ops[0]));
    }
    BOOST_TEST(ops.each_ended_once());
    BOOST_TEST(ops.order.empty());
}

BOOST_AUTO_TEST_CASE(a_handle_that_nobody_took_is_closed)
{
    loop l;
    test_operation op(proactor::request::accept{});
    test::handle won = test::any_handle();
    const int number = won.get();
    auto& a = l.engine.attach(7);
    l.engine.start(op, a, lane::read);
    l.driver.system_completes(op, 0, static_cast<std::uint64_t>(won.release()));
    l.engine.shut_down();
    BOOST_TEST(op.destroyed == 1);
    l.detach(a);
    BOOST_TEST(!test::is_open(number));
}

BOOST_AUTO_TEST_SUITE_END()
