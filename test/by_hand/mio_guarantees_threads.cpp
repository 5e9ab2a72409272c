// What mio 0.8 documents about threads: Waker and Registry are used from others while one polls.
#include <proactor/op/operations.hpp>

#include "slab_under_test.hpp"

#include <atomic>
#include <thread>

namespace {

using namespace test;

} // namespace

BOOST_AUTO_TEST_SUITE(mio_threads)

// "Waker": wakes a Poll from another thread.
BOOST_AUTO_TEST_CASE(a_waker_from_another_thread)
{
    slab_under_test s;
    op::waker w(s, 7);
    for (int i = 0; i != 50; ++i)
    {
        int said = 0;
        std::jthread other([&] {
            said = i; // seen by who gets the event
            w.wake();
        });
        BOOST_TEST(s.next(for_ever).token() == 7u);
        BOOST_TEST(said == i);
    }
}

// "Registry::try_clone": registrations from another thread while one polls are heard of.
BOOST_AUTO_TEST_CASE(a_registration_from_another_thread)
{
    slab_under_test s;
    for (std::uint64_t i = 0; i != 20; ++i)
    {
        const auto [one, other] = socket_pair();
        op::source at;
        op::ticket t;
        gate go_on;
        const auto sleeps = s.counters().sleeps;
        std::jthread registrar([&] {
            yield_until([&] { return s.counters().sleeps > sleeps; });
            at = s.attach(one);
            t = s.submit(at, op::poll{readiness::read, true}, i);
            write_all(other, "x");
            go_on.pass();
            // ... and its end: never reported after this has returned
            s.discard(t);
            s.detach(at);
            s.wake();
        });
        std::array<op::completion, 1> room;
        while (s.wait(for_ever, room).empty())
            ;
        BOOST_TEST(room[0].token() == i);
        BOOST_TEST(room[0].more());
        go_on.open();
        registrar.join();
        BOOST_TEST(s.quiet());
    }
}

// Events of sources registered by several threads at once all come.
BOOST_AUTO_TEST_CASE(registrations_from_four_threads)
{
    slab_under_test s;
    constexpr std::size_t each = 50;
    std::vector<handle_pair> pairs;
    for (std::size_t i = 0; i != 4 * each; ++i)
    {
        pairs.push_back(socket_pair());
        write_all(pairs.back().b, "x");
    }
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i != 4; ++i)
        threads.emplace_back([&, i] {
            for (std::size_t n = i * each; n != (i + 1) * each; ++n)
                s.submit(s.attach(pairs[n].a), op::poll{readiness::read, true}, n);
        });
    std::vector<bool> seen(4 * each);
    for (std::size_t n = 0; n != seen.size();)
    {
        const auto c = s.next();
        BOOST_TEST_REQUIRE(c.more());
        n += !seen[c.token()];
        seen[c.token()] = true;
    }
}

BOOST_AUTO_TEST_SUITE_END()
