#include "../../src/driver/blocking_pool.hpp"

#include <support/bounded.hpp>
#include <support/skip.hpp>
#include <support/test_operation.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <list>
#include <memory>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using proactor::operation;
using proactor::detail::blocking_pool;
using proactor::detail::pool_limits;
using test::test_operation;

/// A pool whose work is to complete operations where they are.
struct pool_of
{
    explicit pool_of(pool_limits limits) : pool(limits, &work, this) {}

    bool wait_for(unsigned n)
    {
        return test::yield_until([&] { return done == n; });
    }

    std::atomic<unsigned> done{0};
    blocking_pool pool; // last: ends before what its threads touch

private:
    static void work(void* owner, operation& op) noexcept
    {
        op.complete(owner);
        ++static_cast<pool_of*>(owner)->done;
    }
};

/// Operations that occupy their threads until the gate opens.
struct blockers
{
    explicit blockers(unsigned n)
    {
        while (n-- != 0)
            ops.emplace_back([this] {
                const unsigned inside = ++now;
                unsigned before = most;
                while (before < inside && !most.compare_exchange_weak(before, inside))
                    ;
                late = late || !gate.pass();
                --now;
            });
    }

    test::gate gate;
    std::atomic<unsigned> now{0};
    std::atomic<unsigned> most{0};
    std::atomic<bool> late{false};
    std::list<test_operation> ops;
};

std::chrono::microseconds cpu_of_this_process()
{
    rusage u;
    ::getrusage(RUSAGE_SELF, &u);
    const auto of = [](const timeval& t) {
        return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
    };
    return of(u.ru_utime) + of(u.ru_stime);
}

/// While this lives no thread can be made: its stack would be larger than the address space.
class no_more_threads
{
public:
    no_more_threads()
    {
        pthread_attr_t a;
        ::pthread_attr_init(&a);
        ::pthread_attr_getstacksize(&a, &usual_);
        set(std::size_t(1) << (sizeof(void*) == 8 ? 47 : 31));
        ::pthread_attr_destroy(&a);
    }
    ~no_more_threads() { set(usual_); }
    no_more_threads(const no_more_threads&) = delete;
    no_more_threads& operator=(const no_more_threads&) = delete;

private:
    static void set(std::size_t size)
    {
        pthread_attr_t a;
        ::pthread_attr_init(&a);
        ::pthread_attr_setstacksize(&a, size);
        ::pthread_setattr_default_np(&a);
        ::pthread_attr_destroy(&a);
    }
    std::size_t usual_ = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(blocking_pool_of_many_threads)

BOOST_AUTO_TEST_CASE(the_first_operation_makes_the_first_thread)
{
    pool_of p({.threads = 4});
    BOOST_TEST(p.pool.threads() == 0u);
    std::thread::id ran_on;
    test_operation op([&] { ran_on = std::this_thread::get_id(); });
    BOOST_TEST(p.pool.submit(op) == 0);
    BOOST_TEST_REQUIRE(p.wait_for(1));
    BOOST_TEST(p.pool.threads() == 1u);
    BOOST_TEST(op.completed == 1);
    BOOST_TEST((ran_on != std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(a_full_pool_queues_and_all_are_carried_out)
{
    blockers b(10);
    pool_of p({.threads = 3});
    for (test_operation& op : b.ops)
        BOOST_TEST(p.pool.submit(op) == 0);
    BOOST_TEST_REQUIRE(test::yield_until([&] { return b.now == 3; }));
    BOOST_TEST(p.pool.threads() == 3u);
    BOOST_TEST(p.pool.queued() == 7u);
    b.gate.open();
    BOOST_TEST_REQUIRE(p.wait_for(10));
    BOOST_TEST(p.pool.queued() == 0u);
    BOOST_TEST(b.most == 3u);
    BOOST_TEST(!b.late);
    for (const test_operation& op : b.ops)
        BOOST_TEST(op.completed == 1);
}

BOOST_AUTO_TEST_CASE(below_the_limit_no_operation_waits_for_another)
{
    // The second comes before the idle thread has woken up for the first, which needs the second.
    for (int i = 0; i != 200; ++i)
    {
        pool_of p({.threads = 2});
        test_operation first([] {});
        p.pool.submit(first);
        BOOST_TEST_REQUIRE(p.wait_for(1));
        test::gate g;
        bool passed = false;
        test_operation waits([&] { passed = g.pass(); });
        test_operation opens([&] { g.open(); });
        p.pool.submit(waits);
        p.pool.submit(opens);
        BOOST_TEST_REQUIRE(p.wait_for(3));
        BOOST_TEST_REQUIRE(passed);
    }
}

BOOST_AUTO_TEST_CASE(no_thread_is_added_while_one_is_on_its_way)
{
    unsigned withdrawn = 0;
    for (int i = 0; i != 200; ++i)
    {
        test_operation op([] {});
        pool_of p({.threads = 2});
        p.pool.submit(op);
        if (p.pool.withdraw(op)) // before its thread has come
        {
            ++withdrawn;
            p.pool.submit(op);
        }
        BOOST_TEST(p.pool.threads() == 1u);
        BOOST_TEST_REQUIRE(p.wait_for(1));
    }
    BOOST_TEST_MESSAGE(withdrawn << " of 200 withdrawn in time");
}

BOOST_AUTO_TEST_CASE(idle_threads_end_and_are_made_again)
{
    pool_of p({.threads = 4, .idle = 1ms});
    for (unsigned round = 1; round <= 20; ++round)
    {
        blockers b(4);
        for (test_operation& op : b.ops)
            BOOST_TEST_REQUIRE(p.pool.submit(op) == 0);
        BOOST_TEST_REQUIRE(test::yield_until([&] { return b.now == 4; }));
        b.gate.open();
        BOOST_TEST_REQUIRE(p.wait_for(4 * round));
        BOOST_TEST_REQUIRE(test::yield_until([&] { return p.pool.threads() == 0; }));
    }
}

BOOST_AUTO_TEST_CASE(operations_that_come_as_threads_end_are_carried_out)
{
    pool_of p({.threads = 2, .idle = 0ms});
    for (unsigned n = 1; n <= 2000; ++n)
    {
        test_operation op([] {});
        BOOST_TEST_REQUIRE(p.pool.submit(op) == 0);
        BOOST_TEST_REQUIRE(p.wait_for(n));
    }
}

BOOST_AUTO_TEST_CASE(what_has_not_begun_can_be_withdrawn)
{
    blockers b(1);
    pool_of p({.threads = 1});
    test_operation& running = b.ops.front();
    p.pool.submit(running);
    BOOST_TEST_REQUIRE(test::yield_until([&] { return b.now == 1; }));
    test_operation before([] {});
    test_operation op([] {});
    test_operation after([] {});
    for (test_operation* each : {&before, &op, &after})
        p.pool.submit(*each);
    BOOST_TEST(p.pool.withdraw(op));
    BOOST_TEST(!p.pool.withdraw(op));
    BOOST_TEST(!p.pool.withdraw(running));
    BOOST_TEST(p.pool.queued() == 2u);
    b.gate.open();
    BOOST_TEST_REQUIRE(p.wait_for(3));
    BOOST_TEST(op.ends() == 0);
    BOOST_TEST(!p.pool.withdraw(after));

    p.pool.submit(op); // it is as any other
    BOOST_TEST_REQUIRE(p.wait_for(4));
    BOOST_TEST(op.completed == 1);
}

BOOST_AUTO_TEST_CASE(each_operation_is_either_withdrawn_or_carried_out)
{
    constexpr unsigned count = 5000;
    pool_of p({.threads = 2});
    const auto ops = std::make_unique<test_operation[]>(count);
    std::vector<bool> withdrawn(count);
    for (unsigned i = 0; i != count; ++i)
    {
        p.pool.submit(ops[i]);
        if (i % 2) // now the one before, too, which has had more time to begin
        {
            withdrawn[i - 1] = p.pool.withdraw(ops[i - 1]);
            withdrawn[i] = p.pool.withdraw(ops[i]);
        }
    }
    const auto left = static_cast<unsigned>(std::count(withdrawn.begin(), withdrawn.end(), false));
    BOOST_TEST_REQUIRE(p.wait_for(left));
    BOOST_TEST_MESSAGE(left << " of " << count << " had begun");
    unsigned wrong = 0;
    for (unsigned i = 0; i != count; ++i)
        wrong += ops[i].ends() != !withdrawn[i];
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(a_pool_may_end_as_soon_as_its_last_operation_is_handed_back)
{
    for (int i = 0; i != 500; ++i)
    {
        test_operation ops[4];
        pool_of p({.threads = 4, .idle = i % 2 ? 0ms : 5000ms});
        for (test_operation& op : ops)
            p.pool.submit(op);
        BOOST_TEST_REQUIRE(p.wait_for(4));
    }
}

BOOST_AUTO_TEST_CASE(a_burst_of_many_threads_is_carried_out_once_each)
{
    constexpr unsigned senders = 4;
    constexpr unsigned each = 25'000;
    const auto ops = std::make_unique<test_operation[]>(std::size_t(senders) * each);
    pool_of p({.threads = 8});
    std::atomic<unsigned> refused{0};
    std::vector<std::thread> threads;
    for (unsigned s = 0; s != senders; ++s)
        threads.emplace_back([&, s] {
            for (unsigned i = 0; i != each; ++i)
                refused += p.pool.submit(ops[std::size_t(s) * each + i]) != 0;
        });
    for (std::thread& t : threads)
        t.join();
    BOOST_TEST_REQUIRE(p.wait_for(senders * each));
    BOOST_TEST(refused == 0u);
    BOOST_TEST(p.pool.threads() <= 8u);
    BOOST_TEST(p.pool.queued() == 0u);
    unsigned wrong = 0;
    for (unsigned i = 0; i != senders * each; ++i)
        wrong += ops[i].completed != 1;
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(a_pool_that_is_full_or_idle_does_not_compute)
{
    const auto spent_in_a_while = [] {
        const auto before = cpu_of_this_process();
        ::poll(nullptr, 0, 200); // what is measured is how little happens meanwhile
        return (cpu_of_this_process() - before).count();
    };
    blockers b(100);
    pool_of p({.threads = 8});
    for (test_operation& op : b.ops)
        p.pool.submit(op);
    BOOST_TEST_REQUIRE(test::yield_until([&] { return b.now == 8; }));
    BOOST_TEST(spent_in_a_while() < 20'000);
    b.gate.open();
    BOOST_TEST_REQUIRE(p.wait_for(100));
    BOOST_TEST(spent_in_a_while() < 20'000);
    BOOST_TEST(p.pool.threads() == 8u);
}

BOOST_AUTO_TEST_CASE(threads_take_no_signals_but_faults_and_have_a_name)
{
    pool_of p({.threads = 1});
    sigset_t inside;
    char name[16] = {};
    test_operation op([&] {
        ::pthread_sigmask(SIG_SETMASK, nullptr, &inside);
        ::pthread_getname_np(::pthread_self(), name, sizeof name);
    });
    sigset_t before;
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
    p.pool.submit(op);
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    BOOST_TEST_REQUIRE(p.wait_for(1));
    for (int s : {SIGINT, SIGTERM, SIGUSR1, SIGCHLD, SIGPIPE, SIGALRM})
    {
        BOOST_TEST(::sigismember(&inside, s) == 1);
        BOOST_TEST(::sigismember(&after, s) == ::sigismember(&before, s));
    }
    BOOST_TEST(::sigismember(&inside, SIGSEGV) == 0);
    BOOST_TEST(std::string(name) == "proactor-pool");
}

BOOST_AUTO_TEST_CASE(a_pool_without_threads_refuses)
{
    pool_of p({.threads = 0});
    test_operation op;
    BOOST_TEST(p.pool.submit(op) == EAGAIN);
    BOOST_TEST(p.pool.queued() == 0u);
    BOOST_TEST(!p.pool.withdraw(op));
    BOOST_TEST(op.ends() == 0);
}

BOOST_AUTO_TEST_CASE(where_no_thread_can_be_made_the_first_operation_is_refused_and_others_wait)
{
    blockers b(1);
    pool_of p({.threads = 2});
    test_operation op;
    {
        const no_more_threads here;
        const int error = p.pool.submit(op);
        if (error == 0)
        {
            test::skipped("a thread of that size can be made here");
            BOOST_TEST(p.wait_for(1));
            return;
        }
        BOOST_TEST(error == EAGAIN);
        BOOST_TEST(p.pool.threads() == 0u);
        BOOST_TEST(p.pool.queued() == 0u);
        BOOST_TEST(op.ends() == 0);
    }
    p.pool.submit(b.ops.front());
    BOOST_TEST_REQUIRE(test::yield_until([&] { return b.now == 1; }));
    {
        const no_more_threads here;
        BOOST_TEST(p.pool.submit(op) == 0);
        BOOST_TEST(p.pool.threads() == 1u);
        BOOST_TEST(p.pool.queued() == 1u);
    }
    b.gate.open();
    BOOST_TEST_REQUIRE(p.wait_for(2));
    BOOST_TEST(op.completed == 1);
}

BOOST_AUTO_TEST_SUITE_END()
