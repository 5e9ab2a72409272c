#include <proactor/detail/timer_source.hpp>

#include "engine_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <thread>
#include <vector>

namespace {

using proactor::lane;
using test::loop;
using test::recorded;
using test::test_operation;
using namespace std::chrono_literals;

using order = std::vector<std::size_t>;

/// Timers that expire when the test says so.
class manual_timers final : public proactor::detail::timer_source
{
public:
    explicit manual_timers(proactor::detail::engine& e) : engine_(e) { engine_.add(*this); }
    ~manual_timers() { engine_.remove(*this); }

    /// Waits, as a service does it.
    void wait(proactor::operation& op, clock::time_point at)
    {
        engine_.work_started();
        proactor::detail::section_guard held(engine_.exclusive());
        waits_.emplace(at, &op);
        if (renew())
            engine_.due_earlier();
    }

    /// The clock jumps: all that wait are due.
    void expire_all()
    {
        proactor::detail::section_guard held(engine_.exclusive());
        std::multimap<clock::time_point, proactor::operation*> due;
        for (auto& [at, op] : waits_)
            due.emplace(clock::time_point::min(), op);
        waits_.swap(due);
        renew();
    }

    unsigned looks = 0;

private:
    void collect_expired(proactor::operation_queue& ready) override
    {
        ++looks;
        const auto now = clock::now();
        while (!waits_.empty() && waits_.begin()->first <= now)
        {
            ready.push(*waits_.begin()->second);
            waits_.erase(waits_.begin());
        }
        renew();
    }

    bool renew()
    {
        const auto before = due_;
        due_ = waits_.empty() ? clock::time_point::max() : waits_.begin()->first;
        return due_ < before;
    }

    proactor::detail::engine& engine_;
    std::multimap<clock::time_point, proactor::operation*> waits_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(engine_timers)

BOOST_AUTO_TEST_CASE(the_earliest_of_all_sources_bounds_the_sleep)
{
    loop l;
    manual_timers one(l.engine);
    manual_timers other(l.engine);
    recorded ops(2);
    const auto now = loop::clock::now();
    one.wait(ops[0], now + 2h);
    other.wait(ops[1], now + 1h);
    std::vector<loop::clock::time_point> deadlines;
    l.driver.while_asleep = [&](auto d) {
        deadlines.push_back(d);
        (deadlines.size() == 1 ? other : one).expire_all();
    };
    proactor::detail::engine::runner r(l.engine);
    BOOST_TEST(r.run_one(loop::clock::time_point::max()));
    BOOST_TEST(r.run_one(loop::clock::time_point::max()));
    BOOST_TEST((ops.order == order{1, 0}));
    BOOST_TEST((deadlines == std::vector{now + 1h, now + 2h}));
}

BOOST_AUTO_TEST_CASE(expired_ones_queue_behind_the_completions_of_the_same_look)
{
    loop l;
    manual_timers timers(l.engine);
    recorded ops(3);
    auto& a = l.engine.attach(7);
    timers.wait(ops[0], loop::clock::now() + 1h);
    l.engine.start(ops[1], a, lane::read);
    l.engine.start(ops[2], a, lane::write);
    l.driver.while_asleep = [&](auto) {
        timers.expire_all();
        l.driver.system_completes(ops[1]);
        l.driver.system_completes(ops[2]);
    };
    BOOST_TEST(l.run() == 3u);
    BOOST_TEST((ops.order == order{1, 2, 0}));
    l.detach(a);
}

BOOST_AUTO_TEST_CASE(polling_runs_what_has_expired)
{
    loop l;
    manual_timers timers(l.engine);
    recorded ops(2);
    timers.wait(ops[0], loop::clock::now() - 1s);
    timers.wait(ops[1], loop::clock::now() + 1h);
    BOOST_TEST(l.poll() == 1u);
    BOOST_TEST(l.poll() == 0u);
    timers.expire_all();
    BOOST_TEST(l.poll() == 1u);
    BOOST_TEST(l.engine.stopped());
}

BOOST_AUTO_TEST_CASE(an_expired_one_waits_for_the_next_look)
{
    loop l;
    manual_timers timers(l.engine);
    recorded ops(4);
    ops[0].when_completed = [&] {
        ops.order.push_back(0);
        timers.wait(ops[3], loop::clock::time_point::min());
        BOOST_TEST(timers.looks == 0u);
    };
    for (std::size_t i : {0, 1, 2})
        l.engine.post(ops[i]);
    BOOST_TEST(l.run() == 4u);
    BOOST_TEST((ops.order == order{0, 1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_chain_of_posts_does_not_starve_them)
{
    loop l;
    manual_timers timers(l.engine);
    int links = 0;
    int at_expiry = -1;
    test_operation chain;
    test_operation wait([&] { at_expiry = links; });
    chain.when_completed = [&] {
        if (++links != 1000)
            l.engine.post(chain);
    };
    l.engine.post(chain);
    timers.wait(wait, loop::clock::time_point::min());
    BOOST_TEST(l.run() == 1001u);
    BOOST_TEST(at_expiry < 130);
}

BOOST_AUTO_TEST_CASE(an_earlier_one_from_another_thread_ends_the_sleep)
{
    loop l;
    manual_timers timers(l.engine);
    recorded ops(2);
    timers.wait(ops[0], loop::clock::now() + 1h);
    int sleeps = 0;
    l.driver.while_asleep = [&](auto) {
        if (++sleeps == 1)
            std::thread([&] { timers.wait(ops[1], loop::clock::time_point::min()); }).join();
        else
            timers.expire_all();
    };
    BOOST_TEST(l.run_one());
    BOOST_TEST((ops.order == order{1}));
    BOOST_TEST(l.driver.counters().wakes == 1u);
    BOOST_TEST(l.run() == 1u);
}

BOOST_AUTO_TEST_CASE(cancelled_ones_run_behind_what_was_posted_before)
{
    loop l;
    recorded ops(3);
    l.engine.work_started();
    l.engine.work_started();
    l.engine.post(ops[0]);
    {
        proactor::detail::section_guard held(l.engine.exclusive());
        proactor::operation_queue q;
        q.push(ops[1]);
        q.push(ops[2]);
        l.engine.complete_later(q);
        BOOST_TEST(q.empty());
    }
    BOOST_TEST(l.run() == 3u);
    BOOST_TEST((ops.order == order{0, 1, 2}));
}

BOOST_AUTO_TEST_CASE(a_source_that_left_is_not_asked)
{
    loop l;
    recorded ops(1);
    manual_timers kept(l.engine);
    {
        manual_timers gone(l.engine);
        manual_timers also_gone(l.engine);
    }
    kept.wait(ops[0], loop::clock::time_point::min());
    BOOST_TEST(l.run() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
