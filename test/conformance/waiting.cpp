#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <sys/prctl.h>
#include <thread>

namespace {

using namespace test;
using namespace std::chrono_literals;

using clock = driver_under_test::clock;

/// How long something takes.
template <typename F>
clock::duration duration_of(F f)
{
    const auto before = clock::now();
    f();
    return clock::now() - before;
}

} // namespace

BOOST_AUTO_TEST_SUITE(waiting)

CONFORMANCE_CASE(flushes_and_gives_back_what_completes, "[D18]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string out = "out";
    test_operation op(request::send{buffers(out), MSG_NOSIGNAL});
    d->submit(op, a, lane::write);
    d.wait();
    BOOST_TEST(op.done());
    BOOST_TEST(read_some(other) == "out");
    d->detach(a);
}

CONFORMANCE_CASE(a_deadline_ends_it_and_not_before, "[D18]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text)});
    d.start(op, a, lane::read);
    d.settle();
    for (const auto time : {1ms, 10ms, 30ms})
    {
        const auto deadline = clock::now() + time;
        while (clock::now() < deadline)
            d.wait(deadline);
        const auto late = clock::now() - deadline;
        BOOST_TEST((late < 2s)); // of a machine that is busy
        BOOST_TEST(!op.done());
    }
    // A wait that nothing disturbs is one sleep.
    const auto sleeps = d->counters().sleeps;
    const auto took = duration_of([&] { d.wait(clock::now() + 20ms); });
    BOOST_TEST((took >= 20ms));
    BOOST_TEST(d->counters().sleeps == sleeps + 1);
    d->cancel(op);
    BOOST_TEST(d.wait_for(op));
    d->detach(a);
}

CONFORMANCE_CASE(a_deadline_in_the_past_is_a_look, "[D18]")
{
    attachment& a = d->attach(invalid_handle);
    for (const auto deadline : {clock::time_point::min(), clock::now()})
    {
        const auto sleeps = d->counters().sleeps;
        d.wait(deadline);
        test_operation op;
        d->submit(op, a, lane::none);
        BOOST_TEST(yield_until([&] {
            d.wait(deadline);
            return op.done();
        }));
        BOOST_TEST(d->counters().sleeps == sleeps);
    }
    d->detach(a);
}

CONFORMANCE_CASE(it_does_not_sleep_over_something_to_give_back, "[D18]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(2, '.');
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != 2; ++i)
    {
        ops.emplace_back(request::receive{buffers(&text[i], 1)});
        d->submit(ops.back(), a, lane::read);
    }
    d->cancel(ops[1]); // ends without the system
    d.wait(clock::time_point::max());
    BOOST_TEST(ops[1].done());
    write_all(other, "x");
    d.wait();
    BOOST_TEST(d.wait_for(ops[0]));
    d->detach(a);
}

CONFORMANCE_CASE(a_wake_before_the_sleep_ends_it, "[D19] [D2]")
{
    // The first sleep of all, and then others.
    for (int i = 0; i != 5; ++i)
    {
        if (i % 2)
            std::thread([&] { d->wake(); }).join();
        else
            d->wake();
        BOOST_TEST((duration_of([&] { d.wait(clock::now() + patience); }) < patience / 2));
    }
    BOOST_TEST(d->counters().wakes == 5u);
    // And it ends one sleep, not all that follow.
    BOOST_TEST((duration_of([&] { d.wait(clock::now() + 20ms); }) >= 20ms));
}

CONFORMANCE_CASE(a_wake_that_a_look_has_met_ends_the_next_sleep, "[D19] [D20]")
{
    for (int i = 0; i != 5; ++i)
    {
        d->wake();
        d.settle();
        d->wake();
        for (int look = 0; look != 20; ++look)
            d.reap();
        BOOST_TEST((duration_of([&] { d.wait(clock::now() + patience); }) < patience / 2));
    }
}

CONFORMANCE_CASE(a_wake_before_the_sleep_of_another_thread_ends_it, "[D19] [D2]")
{
    // Whoever slept last, and whether that thread is still there.
    for (int i = 0; i != 5; ++i)
    {
        std::thread([&] {
            d->wake();
            BOOST_TEST((duration_of([&] { d.wait(clock::now() + patience); }) < patience / 2));
        }).join();
        d->wake();
        BOOST_TEST((duration_of([&] { d.wait(clock::now() + patience); }) < patience / 2));
    }
}

CONFORMANCE_CASE(reaping_never_waits, "[D20]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text)});
    d->submit(op, a, lane::read);
    BOOST_TEST((duration_of([&] {
                    for (int i = 0; i != 100; ++i)
                        d.reap();
                })
                < patience / 2));
    BOOST_TEST(!op.done());
    BOOST_TEST(!d->unflushed()); // it flushes
    BOOST_TEST(d->counters().sleeps == 0u);
    write_all(other, "data");
    BOOST_TEST(yield_until([&] {
        d.reap();
        return op.done();
    }));
    BOOST_TEST(d->counters().sleeps == 0u);
    d->detach(a);
}

CONFORMANCE_CASE(submitting_never_waits, "[D4]")
{
    // More than any queue holds, and none of them can complete.
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::deque<test_operation> ops;
    const auto sleeps = d->counters().sleeps;
    for (int i = 0; i != 100; ++i)
    {
        ops.emplace_back(request::poll{request::readiness::read});
        d->submit(ops.back(), a, lane::none);
    }
    BOOST_TEST(d->counters().sleeps == sleeps);
    BOOST_TEST(d.given.empty());
    write_all(other, "x");
    BOOST_TEST(d.wait_for_all(ops));
    d->detach(a);
}

CONFORMANCE_CASE(ready_says_when_a_look_is_worth_it, "[D20]")
{
    BOOST_TEST(!d->ready());
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text)});
    d.start(op, a, lane::read);
    d.settle();
    BOOST_TEST(!d->ready());
    write_all(other, "data");
    BOOST_TEST(yield_until([&] { return d->ready(); }));
    BOOST_TEST(yield_until([&] {
        d.reap();
        return op.done();
    }));
    d->detach(a);
}

CONFORMANCE_CASE(hand_driven_threads_may_wait_often_without_saying_so, "[D1]")
{
    // More waits than any adaption needs, with and without thread_begin and thread_end, and then
    // another driver on the same thread.
    attachment& a = d->attach(invalid_handle);
    for (const bool announced : {false, true})
    {
        if (announced)
            d->thread_begin();
        for (int i = 0; i != 100; ++i)
        {
            test_operation op;
            d.start(op, a);
            BOOST_TEST_REQUIRE(d.wait_for(op));
            d->wake();
            d.wait(clock::now() + patience);
        }
        if (announced)
            d->thread_end();
    }
    d->detach(a);
}

CONFORMANCE_CASE(a_thread_keeps_its_timer_slack, "[D1]")
{
    // Whoever drives by hand announces nothing; whoever does has what it had after the end.
    const auto slack = [] { return ::prctl(PR_GET_TIMERSLACK); };
    const auto before = slack();
    d.wait(clock::now() + 1ms);
    BOOST_TEST(slack() == before);
    d->thread_begin();
    d.wait(clock::now() + 1ms);
    d.wait(clock::now() + 1ms);
    d->thread_end();
    BOOST_TEST(slack() == before);
}

BOOST_AUTO_TEST_CASE(drivers_that_follow_each_other_do_not_meet,
                     *boost::unit_test::description("[D1]"))
{
    for (int i = 0; i != 5; ++i)
    {
        driver_under_test d(8);
        attachment& a = d->attach(invalid_handle);
        for (int j = 0; j != 50; ++j)
        {
            d->wake();
            d.wait(clock::now() + patience);
            test_operation op;
            d.start(op, a);
            BOOST_TEST_REQUIRE(d.wait_for(op));
        }
        d->detach(a);
    }
}

BOOST_AUTO_TEST_CASE(a_name_that_nobody_answers_to_is_an_error)
{
    const auto opened = proactor::open_driver({.entries = 8, .name = "carrier pigeon"});
    BOOST_TEST(!opened.driver);
    BOOST_TEST(opened.error != 0);
    BOOST_TEST(opened.reason.find("carrier pigeon") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
