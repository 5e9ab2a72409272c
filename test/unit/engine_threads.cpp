#include <proactor/detail/engine.hpp>

#include "engine_loop.hpp"

#include <support/skip.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <deque>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace {

using proactor::lane;
using proactor::detail::section_guard;
using test::gate;
using test::loop;
using test::test_operation;
using namespace std::chrono_literals;

using runner = proactor::detail::engine::runner;

/// A thread that runs the loop until it is stopped.
class running
{
public:
    explicit running(loop& l)
        : thread_([&l] {
              runner r(l.engine);
              const auto limit = loop::clock::now() + 2 * test::patience;
              while (r.run_one(limit))
                  ;
          })
    {
    }
    ~running() { thread_.join(); }

private:
    std::thread thread_;
};

bool asleep(loop& l, unsigned sleepers = 1)
{
    return test::yield_until([&] { return l.driver.sleepers() == sleepers; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(engine_of_many_threads)

BOOST_AUTO_TEST_CASE(posts_are_all_run_and_ring_for_sleepers_only)
{
    constexpr std::size_t producers = 4;
    constexpr std::size_t each = 5000;
    loop l;
    std::atomic<std::size_t> ran = 0;
    gate finished;
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != producers * each; ++i)
        ops.emplace_back(std::function<void()>([&] {
            if (++ran == producers * each)
                finished.open();
        }));
    l.engine.work_started();
    {
        running thread(l);
        std::vector<std::thread> threads;
        for (std::size_t p = 0; p != producers; ++p)
            threads.emplace_back([&, p] {
                for (std::size_t i = 0; i != each; ++i)
                {
                    l.engine.post(ops[p * each + i]);
                    if (i % 100 == 0)
                        std::this_thread::yield();
                }
            });
        for (std::thread& t : threads)
            t.join();
        BOOST_TEST(finished.pass());
        const auto m = l.engine.metrics();
        BOOST_TEST(m.wakes <= m.sleeps);
        l.engine.stop();
    }
    BOOST_TEST(ran == producers * each);
}

BOOST_AUTO_TEST_CASE(a_second_runner_takes_over_while_the_first_is_in_a_handler)
{
    loop l;
    gate reached;
    gate second_ran;
    bool in_time = false;
    test_operation second([&] { second_ran.open(); });
    test_operation first([&] {
        l.engine.post(second); // behind this one, in the same queue
        reached.open();
        in_time = second_ran.pass();
    });
    l.engine.work_started();
    l.engine.post(first);
    {
        running a(l);
        BOOST_TEST(reached.pass());
        running b(l);
        BOOST_TEST(second_ran.pass());
        l.engine.stop();
    }
    BOOST_TEST(in_time);
}

BOOST_AUTO_TEST_CASE(a_handler_may_wait_for_a_completion_that_another_runner_finds)
{
    loop l;
    gate reached;
    gate completed;
    bool in_time = false;
    auto& a = l.engine.attach(7);
    test_operation op([&] { completed.open(); });
    test_operation first([&] {
        l.engine.start(op, a, lane::read); // not flushed
        reached.open();
        in_time = completed.pass();
    });
    l.engine.work_started();
    l.engine.post(first);
    {
        running one(l);
        BOOST_TEST(reached.pass());
        running other(l);
        BOOST_TEST(test::yield_until([&] {
            section_guard held(l.engine.exclusive());
            return l.driver.has_started(op);
        }));
        l.driver.system_completes(op);
        BOOST_TEST(completed.pass());
        l.engine.stop();
    }
    BOOST_TEST(in_time);
}

BOOST_AUTO_TEST_CASE(a_follower_leads_when_the_leader_gets_a_handler)
{
    loop l;
    gate first_runs;
    gate second_ran;
    bool in_time = false;
    auto& a = l.engine.attach(7);
    auto& b = l.engine.attach(8);
    test_operation first([&] {
        first_runs.open();
        in_time = second_ran.pass();
    });
    test_operation second([&] { second_ran.open(); });
    l.engine.work_started();
    l.engine.start(first, a, lane::read);
    l.engine.start(second, b, lane::read);
    {
        running one(l);
        BOOST_TEST(asleep(l));
        running other(l);
        l.driver.system_completes(first);
        BOOST_TEST(first_runs.pass());
        l.driver.system_completes(second);
        BOOST_TEST(second_ran.pass());
        l.engine.stop();
    }
    BOOST_TEST(in_time);
}

BOOST_AUTO_TEST_CASE(stopping_ends_the_run_of_all)
{
    for (int round = 0; round != 20; ++round)
    {
        loop l;
        l.engine.work_started();
        std::deque<running> threads;
        for (int i = 0; i != 3; ++i)
            threads.emplace_back(l);
        BOOST_TEST_REQUIRE(asleep(l));
        if (round % 2)
            l.engine.stop();
        else
            l.engine.work_finished();
        threads.clear();
        BOOST_TEST(l.engine.stopped());
    }
}

BOOST_AUTO_TEST_CASE(at_most_one_sleeps_over_the_driver)
{
    loop l;
    l.engine.work_started();
    std::atomic<int> left = 2000;
    std::atomic<unsigned> most = 0;
    gate finished;
    std::deque<test_operation> ops(4);
    for (auto& op : ops)
        op.when_completed = [&] {
            if (l.driver.sleepers() > most)
                most = l.driver.sleepers();
            const int now = --left;
            if (now > 3)
                l.engine.post(op);
            else if (now == 0)
                finished.open();
        };
    {
        running a(l);
        running b(l);
        running c(l);
        for (auto& op : ops)
            l.engine.post(op);
        BOOST_TEST(finished.pass());
        l.engine.stop();
    }
    BOOST_TEST(most <= 1u);
}

BOOST_AUTO_TEST_CASE(a_followers_deadline_holds_while_another_leads)
{
    loop l;
    l.engine.work_started();
    running leader(l);
    BOOST_TEST(asleep(l));
    const auto deadline = loop::clock::now() + 20ms;
    BOOST_TEST(!l.run_one(deadline));
    BOOST_TEST((loop::clock::now() >= deadline));
    BOOST_TEST((loop::clock::now() < deadline + 5s));
    l.engine.stop();
}

BOOST_AUTO_TEST_CASE(when_the_leader_leaves_a_follower_leads)
{
    loop l;
    auto& a = l.engine.attach(7);
    gate completed;
    test_operation op([&] { completed.open(); });
    l.engine.start(op, a, lane::read);
    std::thread leader([&] {
        runner r(l.engine);
        r.run_one(loop::clock::now() + 50ms);
    });
    BOOST_TEST(asleep(l));
    {
        running follower(l);
        leader.join();
        BOOST_TEST(asleep(l));
        l.driver.system_completes(op);
        BOOST_TEST(completed.pass());
    }
    BOOST_TEST(l.engine.stopped());
}

BOOST_AUTO_TEST_CASE(an_operation_started_elsewhere_reaches_the_system_while_the_loop_sleeps)
{
    loop l;
    auto& a = l.engine.attach(7);
    gate completed;
    test_operation op([&] { completed.open(); });
    l.engine.work_started();
    running thread(l);
    BOOST_TEST(asleep(l));
    l.engine.start(op, a, lane::none); // which nobody tries on the spot
    BOOST_TEST(test::yield_until([&] {
        section_guard held(l.engine.exclusive());
        return l.driver.has_started(op);
    }));
    l.driver.system_completes(op);
    BOOST_TEST(completed.pass());
    l.engine.stop();
}

BOOST_AUTO_TEST_CASE(threads_that_enter_and_leave_lose_nothing)
{
    constexpr std::size_t count = 4000;
    loop l;
    std::atomic<std::size_t> ran = 0;
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != count; ++i)
        ops.emplace_back(std::function<void()>([&] { ++ran; }));
    l.engine.work_started();
    std::vector<std::thread> threads;
    for (int t = 0; t != 3; ++t)
        threads.emplace_back([&] {
            while (!l.engine.stopped())
                l.run_one(loop::clock::now() + 1ms);
        });
    for (auto& op : ops)
        l.engine.post(op);
    BOOST_TEST(test::yield_until([&] { return ran == count; }));
    l.engine.stop();
    for (std::thread& t : threads)
        t.join();
}

BOOST_AUTO_TEST_CASE(of_many_runners_one_is_admitted_where_one_is_allowed)
{
    auto options = loop::without_spin();
    options.threads = 1;
    loop l(options);
    std::latch entered(4);
    std::atomic<int> admitted = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&] {
            runner r(l.engine);
            admitted += r.admitted();
            entered.arrive_and_wait();
        });
    for (std::thread& t : threads)
        t.join();
    BOOST_TEST(admitted == 1);
}

BOOST_AUTO_TEST_CASE(a_loop_that_spins_hears_posts_too)
{
    proactor::context_options options;
    options.spin = 200us;
    loop l(options);
    l.engine.work_started();
    running thread(l);
    for (int i = 0; i != 500; ++i)
    {
        std::atomic<bool> ran = false;
        test_operation op([&] { ran = true; });
        l.engine.post(op);
        BOOST_TEST_REQUIRE(test::yield_until([&] { return ran.load(); }));
        section_guard held(l.engine.exclusive()); // its end is over
    }
    l.engine.stop();
}

BOOST_AUTO_TEST_CASE(spins_that_bring_connections_only_become_rare)
{
    constexpr std::size_t rounds = 200;
    const auto spins = [](const proactor::request::any& what) {
        proactor::context_options options;
        options.spin = 1s;
        loop l(options);
        l.engine.work_started();
        auto& a = l.engine.attach(7);
        std::deque<test_operation> ops;
        std::atomic<std::size_t> begun = 0;
        const auto begin = [&](std::size_t i) {
            l.engine.start(ops[i], a, lane::none);
            begun = i + 1;
        };
        for (std::size_t i = 0; i != rounds; ++i)
        {
            ops.emplace_back(what);
            if (i != rounds - 1)
                ops[i].when_completed = [&, i] { begin(i + 1); };
            else
                ops[i].when_completed = [&] { l.engine.stop(); };
        }
        begin(0);
        std::uint64_t seen = 0;
        {
            running thread(l);
            for (std::size_t i = 0; i != rounds; ++i)
            {
                BOOST_TEST_REQUIRE(test::yield_until([&] {
                    return begun > i && (l.engine.metrics().spins > seen || l.driver.sleepers() != 0);
                }));
                seen = l.engine.metrics().spins;
                l.driver.system_completes(ops[i]);
            }
        }
        l.detach(a);
        return l.engine.metrics().spins;
    };
    const auto with_data = spins(proactor::request::receive{});
    if (with_data == 0)
        return test::skipped("one processor: nobody spins");
    BOOST_TEST(with_data > rounds / 2);
    BOOST_TEST(spins(proactor::request::accept{}) < rounds / 4);
}

BOOST_AUTO_TEST_SUITE_END()
