// What other threads may do while one waits.
#include <proactor/op/slab.hpp>

#include "slab_under_test.hpp"

#include <asio/child.hpp>

#include <atomic>
#include <thread>

namespace {

using namespace test;

/// Yields until the thread that waits has most likely gone to sleep: a hint for coverage, nothing
/// depends on it.
void let_it_sleep(const op::slab& s, std::uint64_t sleeps)
{
    yield_until([&] { return s.counters().sleeps > sleeps; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(other_threads)

BOOST_AUTO_TEST_CASE(a_wake_ends_a_wait)
{
    slab_under_test s;
    for (int i = 0; i != 20; ++i)
    {
        const auto sleeps = s.counters().sleeps;
        std::jthread other([&] {
            if (i % 2)
                let_it_sleep(s, sleeps);
            s.wake();
        });
        std::array<op::completion, 2> room;
        const auto limit = clock::now() + patience;
        BOOST_TEST(s.wait(limit, room).empty());
        BOOST_TEST((clock::now() < limit));
    }
}

BOOST_AUTO_TEST_CASE(bursts_of_rings_from_four_threads)
{
    slab_under_test s;
    constexpr int rings = 2000;
    std::atomic<int> rung[4] = {};
    std::vector<std::unique_ptr<op::waker>> wakers;
    for (std::uint64_t i = 0; i != 4; ++i)
        wakers.push_back(std::make_unique<op::waker>(s, i));
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i != 4; ++i)
        threads.emplace_back([&, i] {
            for (int n = 0; n != rings; ++n)
            {
                rung[i].store(n + 1, std::memory_order_relaxed); // ordered by the ring
                wakers[i]->wake();
                if (n % 64 == 0)
                    std::this_thread::yield();
            }
        });
    int seen[4] = {};
    std::array<op::completion, 3> room;
    const auto limit = clock::now() + patience;
    while (clock::now() < limit && (seen[0] + seen[1] + seen[2] + seen[3] != 4 * rings))
        for (auto& c : s.wait(limit, room))
            seen[c.token()] = rung[c.token()].load(std::memory_order_relaxed);
    for (int n : seen)
        BOOST_TEST(n == rings);
}

BOOST_AUTO_TEST_CASE(bursts_of_wakes_are_never_lost)
{
    slab_under_test s;
    constexpr int rounds = 2000;
    std::atomic<int> said{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i != 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n != rounds; ++n)
            {
                said.fetch_add(1, std::memory_order_relaxed);
                s.wake();
            }
        });
    std::array<op::completion, 2> room;
    const auto limit = clock::now() + patience;
    while (said.load(std::memory_order_relaxed) != 4 * rounds && clock::now() < limit)
        BOOST_TEST(s.wait(limit, room).empty());
    BOOST_TEST((clock::now() < limit));
}

BOOST_AUTO_TEST_CASE(what_others_submit_begins_at_once)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    for (std::uint64_t i = 0; i != 20; ++i)
    {
        const auto sleeps = s.counters().sleeps;
        std::jthread thread([&] {
            let_it_sleep(s, sleeps);
            s.submit(at, op::send{std::string("x")}, i);
        });
        auto c = s.next();
        BOOST_TEST(c.token() == i);
        BOOST_TEST(c.value() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_wait_goes_on_when_others_submit_what_does_not_end)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    const auto start = clock::now();
    std::jthread thread([&] {
        for (int i = 0; i != 50; ++i)
        {
            s.submit(at, op::poll{readiness::read}, 1);
            std::this_thread::yield();
        }
    });
    std::array<op::completion, 2> room;
    BOOST_TEST(s.wait(start + 50ms, room).empty());
    BOOST_TEST((clock::now() >= start + 50ms));
}

BOOST_AUTO_TEST_CASE(an_earlier_timeout_of_another_thread_comes_in_time)
{
    slab_under_test s;
    s.submit(op::timeout{clock::now() + 1h}, 1);
    const auto sleeps = s.counters().sleeps;
    std::jthread thread([&] {
        let_it_sleep(s, sleeps);
        s.submit(op::timeout{clock::now() + 2ms}, 2);
    });
    BOOST_TEST(s.next().token() == 2u);
}

BOOST_AUTO_TEST_CASE(others_cancel_and_discard_what_is_waited_for)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    for (std::uint64_t i = 0; i != 20; ++i)
    {
        const auto gone = s.submit(at, op::receive{std::string(4, '.')}, 99);
        const auto t = s.submit(at, op::receive{std::string(4, '.')}, i);
        const auto sleeps = s.counters().sleeps;
        bool asked = false;
        {
            std::jthread thread([&] {
                let_it_sleep(s, sleeps);
                asked = s.discard(gone) && s.cancel(t);
            });
            auto c = s.next();
            BOOST_TEST(c.token() == i);
            BOOST_TEST(cancelled(c));
        }
        BOOST_TEST(asked);
    }
}

BOOST_AUTO_TEST_CASE(a_thread_that_submits_may_end)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    for (const bool flushed : {false, true})
    {
        std::jthread([&] {
            s.submit(at, op::receive{std::string(4, '.')}, 1);
            if (flushed)
                s.flush();
        }).join();
        write_all(other, "data");
        BOOST_TEST(s.next().take<op::receive<std::string>>().buffer == "data");
    }
}

BOOST_AUTO_TEST_CASE(four_threads_submit_and_one_takes)
{
    slab_under_test s;
    constexpr std::uint64_t each = 500;
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i != 4; ++i)
        threads.emplace_back([&, i] {
            for (std::uint64_t n = 0; n != each; ++n)
            {
                const auto t = s.submit(op::nothing{}, i);
                if (n % 5 == 0)
                    s.cancel(t);
                if (n % 7 == 0)
                    s.submit(op::timeout{clock::now()}, 4);
            }
        });
    std::uint64_t seen[5] = {};
    for (std::uint64_t n = 0; n != 4 * (each + (each + 6) / 7); ++n)
        ++seen[s.next().token()];
    for (int i = 0; i != 4; ++i)
        BOOST_TEST(seen[i] == each);
    BOOST_TEST(s.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(the_waiting_thread_may_change)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    for (int i = 0; i != 10; ++i)
        std::jthread([&] {
            s.submit(at, op::receive{std::string(4, '.')}, 1);
            std::array<op::completion, 1> room;
            BOOST_TEST(s.wait(clock::now() + 1ms, room).empty());
            write_all(other, "data");
            auto c = s.next();
            BOOST_TEST(c.take<op::receive<std::string>>().buffer == "data");
        }).join();
}

BOOST_AUTO_TEST_CASE(completions_are_freed_on_any_thread)
{
    slab_under_test s;
    for (int i = 0; i != 100; ++i)
        s.submit(op::nothing{}, 1);
    std::vector<op::completion> all = s.next_several(100);
    std::jthread other(
        [half = std::vector<op::completion>(std::make_move_iterator(all.begin()),
                                            std::make_move_iterator(all.begin() + 50))]() mutable {
            half.clear();
        });
    all.clear();
}

BOOST_AUTO_TEST_CASE(two_waiting_threads_terminate)
{
    const auto end = in_child([] {
        slab_under_test s;
        const auto sleeps = s.counters().sleeps;
        std::jthread other([&] {
            std::array<op::completion, 1> room;
            s.wait(clock::now() + patience, room);
        });
        let_it_sleep(s, sleeps);
        std::array<op::completion, 1> room;
        s.wait(clock::now() + patience, room);
        return 0;
    });
    BOOST_TEST(end.status == SIGABRT);
    BOOST_TEST(end.said.find("another thread waits") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
