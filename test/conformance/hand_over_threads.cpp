#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <atomic>
#include <thread>

namespace {

using namespace test;
using proactor::detail::section;
using proactor::detail::section_guard;

using clock = driver_under_test::clock;

} // namespace

BOOST_AUTO_TEST_SUITE(hand_over)

CONFORMANCE_CASE(a_wake_that_another_thread_meets_is_the_sleepers, "[D2] [D19]")
{
    // Whoever wakes looks at once, and is there before the sleeper has left the kernel.
    constexpr std::uint64_t rounds = 60;
    section exclusive;
    std::atomic<std::uint64_t> ended = 0;
    std::atomic<bool> in_time = true;
    std::thread sleeper([&] {
        for (std::uint64_t i = 0; i != rounds && in_time; ++i)
        {
            section_guard held(exclusive);
            operation_queue completed;
            const auto limit = clock::now() + patience;
            const auto sleeps = d->counters().sleeps;
            // What a look has met may end one early, and it has not slept then.
            while (d->counters().sleeps == sleeps && clock::now() < limit)
                d->wait(limit, completed, &exclusive);
            in_time = clock::now() < limit;
            ++ended;
        }
    });
    for (std::uint64_t i = 0; i != rounds && in_time; ++i)
    {
        bool woken = false; // once: a second wake would hide the loss of the first
        in_time = yield_until([&] {
            section_guard held(exclusive);
            if (!woken && d->counters().sleeps > i)
            {
                woken = true;
                d->wake();
                operation_queue completed;
                d->reap(completed);
            }
            return ended > i || !in_time;
        }) && in_time;
    }
    sleeper.join();
    BOOST_TEST(in_time.load());
}

CONFORMANCE_CASE(two_threads_submit_and_reap_in_turn, "[D1] [D5]")
{
    // Each operation is submitted by one thread and reaped by the other, which reads its buffer.
    constexpr int rounds = 300;
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    section exclusive;
    struct
    {
        std::unique_ptr<test_operation> op;
        std::string text;
        int number = 0;
    } shared; // inside the section
    bool failed[2] = {};
    const auto body = [&](int self) {
        const auto limit = clock::now() + patience;
        for (;;)
        {
            std::unique_lock held(exclusive);
            if (shared.number == rounds)
                return;
            if (clock::now() > limit)
            {
                failed[self] = true;
                shared.number = rounds;
                return;
            }
            if (shared.number % 2 != self)
            {
                held.unlock();
                std::this_thread::yield();
                continue;
            }
            if (shared.op)
            {
                if (!d.wait_for(*shared.op))
                    failed[self] = true;
                failed[self] |= shared.text != "data";
                shared.op.reset();
            }
            shared.text.assign(4, '.');
            shared.op = std::make_unique<test_operation>(request::receive{buffers(shared.text)});
            d.start(*shared.op, a, lane::read);
            write_all(other, "data");
            ++shared.number;
        }
    };
    std::thread first(body, 0);
    std::thread second(body, 1);
    first.join();
    second.join();
    BOOST_TEST(!failed[0]);
    BOOST_TEST(!failed[1]);
    if (shared.op)
        BOOST_TEST(d.wait_for(*shared.op));
    d->detach(a);
}

CONFORMANCE_CASE(a_sleeper_leaves_the_section_to_others, "[D18] [D1]")
{
    // What another thread submits meanwhile completes on the sleeper.
    section exclusive;
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text)});
    gate entered;
    bool woken = false; // inside the section
    std::thread sleeper([&] {
        section_guard held(exclusive);
        entered.open();
        const auto limit = clock::now() + patience;
        operation_queue q;
        while (!op.done() && clock::now() < limit)
        {
            d->wait(limit, q, &exclusive);
            while (proactor::operation* done = q.pop())
                done->complete(&d);
        }
        woken = true;
    });
    BOOST_TEST(entered.pass());
    {
        section_guard held(exclusive);
        BOOST_TEST(!woken);
        d.start(op, a, lane::read);
    }
    write_all(other, "data");
    d->wake(); // a computing submitter is no concern of this test
    BOOST_TEST(yield_until([&] {
        section_guard held(exclusive);
        if (!woken)
        {
            d->flush();
            d->wake();
        }
        return woken;
    }));
    sleeper.join();
    BOOST_TEST(op.done());
    BOOST_TEST(text == "data");
    d->detach(a);
}

CONFORMANCE_CASE(wakes_race_sleeps_and_none_is_lost, "[D2] [D19]")
{
    // Ping-pong: each wake must end a sleep, else the next one never comes.
    constexpr int rounds = 300;
    std::atomic<int> asked = 0;
    std::atomic<int> answered = 0;
    std::atomic<bool> in_time = true;
    std::thread sleeper([&] {
        const auto limit = clock::now() + patience;
        while (answered != rounds && in_time)
        {
            d.wait(limit);
            answered = asked.load();
            if (clock::now() >= limit)
                in_time = false;
        }
    });
    for (int i = 1; i <= rounds && in_time; ++i)
    {
        asked = i;
        d->wake();
        if (!yield_until([&] { return answered == i || !in_time; }))
            in_time = false;
    }
    sleeper.join();
    BOOST_TEST(in_time);
    BOOST_TEST(d->counters().wakes == static_cast<std::uint64_t>(rounds));
}

CONFORMANCE_CASE(sleepers_that_take_turns_all_hear_wakes, "[D2] [D19] [D1]")
{
    // The doorbell follows whoever sleeps.
    section exclusive;
    constexpr int rounds = 60;
    for (int i = 0; i != rounds; ++i)
    {
        std::atomic<bool> asleep = false;
        std::atomic<bool> woken = false;
        std::thread sleeper([&] {
            section_guard held(exclusive);
            asleep = true;
            operation_queue q;
            d->wait(clock::now() + patience, q, &exclusive);
            woken = true;
        });
        BOOST_TEST_REQUIRE(yield_until([&] { return asleep.load(); }));
        if (i % 3)
        {
            section_guard held(exclusive); // it is in its sleep
        }
        const auto before = clock::now();
        d->wake();
        sleeper.join();
        BOOST_TEST_REQUIRE(woken);
        BOOST_TEST_REQUIRE((clock::now() - before < patience / 2));
    }
}

CONFORMANCE_CASE(a_handle_closes_at_once_while_the_thread_that_submitted_sleeps, "[D22] [D1]")
{
    // P4 of io_uring: without release the port stays taken and the peer hears nothing.
    section exclusive;
    auto [one, other] = tcp_pair();
    handle listener = tcp_listener();
    const auto port = ntohs(address_of(listener).sin_port);
    std::string text(4, '.');
    std::deque<test_operation> ops;
    ops.emplace_back(request::receive{buffers(text)});
    ops.emplace_back(request::accept{});
    attachment& a = d.attach(one);
    attachment& b = d.attach(listener);
    gate entered;
    bool over = false; // inside the section
    std::thread sleeper([&] {
        section_guard held(exclusive);
        d.start(ops[0], a, lane::read);
        d.start(ops[1], b, lane::read);
        entered.open();
        const auto limit = clock::now() + patience;
        operation_queue q;
        while (!over && clock::now() < limit)
            d->wait(limit, q, &exclusive);
        while (proactor::operation* op = q.pop())
            op->complete(&d);
    });
    BOOST_TEST(entered.pass());
    operation_queue q;
    {
        section_guard held(exclusive);
        for (attachment* at : {&a, &b})
        {
            d->cancel_all(*at);
            d->reap(q);
            d->await_release(*at);
            d->reap(q);
        }
        one.reset();
        listener.reset();
        BOOST_TEST(read_some(other) == "");
        const handle again = tcp_listener(port);
        const handle client = connect_to(again);
        handle server(checked(::accept(again.get(), nullptr, nullptr), "accept"));
        write_all(server, "mine");
        BOOST_TEST(read_some(client) == "mine");
        over = true;
        d->wake();
    }
    sleeper.join();
    while (proactor::operation* op = q.pop())
        op->complete(&d);
    BOOST_TEST(d.wait_for_all(ops));
    for (auto& op : ops)
        BOOST_TEST(op.error() == ECANCELED);
    d->detach(a);
    d->detach(b);
}

BOOST_AUTO_TEST_SUITE_END()
