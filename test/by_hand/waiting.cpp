// Batches, deadlines, wakes and wakers, on one thread.
#include <proactor/op/slab.hpp>

#include "slab_under_test.hpp"

#include <csignal>
#include <optional>

namespace {

using namespace test;

} // namespace

BOOST_AUTO_TEST_SUITE(waiting)

BOOST_AUTO_TEST_CASE(a_batch_smaller_than_what_is_ready)
{
    slab_under_test s;
    constexpr std::uint64_t all = 50;
    for (std::uint64_t i = 0; i != all; ++i)
        s.submit(op::nothing{}, i);
    std::vector<bool> seen(all);
    std::array<op::completion, 7> room;
    std::size_t n = 0;
    while (n != all)
    {
        const auto some = s.wait(clock::now() + patience, room);
        BOOST_TEST_REQUIRE(!some.empty());
        BOOST_TEST(some.data() == room.data());
        for (auto& c : some)
        {
            BOOST_TEST_REQUIRE(c.token() < all);
            BOOST_TEST(!seen[c.token()]);
            seen[c.token()] = true;
            ++n;
        }
        BOOST_TEST(s.in_flight() == all - n);
    }
    BOOST_TEST(s.wait(at_once, room).empty());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_can_still_be_cancelled_where_nothing_is_lost)
{
    slab_under_test s;
    const handle listener = tcp_listener();
    const auto at = s.attach(listener);
    const auto t = s.submit(at, op::accept{}, 1);
    BOOST_TEST(s.quiet());
    const handle client = connect_to(listener);
    // Ready, and not handed out: an empty room takes nothing.
    BOOST_TEST(s.wait(clock::now() + patience, {}).empty());
    BOOST_TEST(s.in_flight() == 1u);
    BOOST_TEST(s.cancel(t));
    BOOST_TEST(!s.cancel(t)); // once
    BOOST_TEST(cancelled(s.next()));
    proactor::unique_handle server = s.take_kept(at);
    BOOST_TEST_REQUIRE(bool(server));
    BOOST_TEST(!s.take_kept(at));
    write_all(client, "x");
    const handle readable(server.release());
    BOOST_TEST(read_some(readable) == "x");
}

BOOST_AUTO_TEST_CASE(what_a_poll_has_found_is_dropped_with_it)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto t = s.submit(s.attach(one), op::poll{readiness::write, true}, 1);
    s.wait(clock::now() + patience, {}); // found, and in nobody's hands
    BOOST_TEST(s.cancel(t));
    auto c = s.next();
    BOOST_TEST(!c.more());
    BOOST_TEST(cancelled(c));
    BOOST_TEST(s.quiet());
}

BOOST_AUTO_TEST_CASE(an_empty_room)
{
    slab_under_test s;
    const auto start = clock::now();
    BOOST_TEST(s.wait(start + 10ms, {}).empty());
    BOOST_TEST((clock::now() >= start + 10ms));
    op::waker w(s, 3);
    w.wake();
    BOOST_TEST(s.wait(for_ever, {}).empty());
    s.submit(op::nothing{}, 4);
    BOOST_TEST(s.wait(for_ever, {}).empty());
    BOOST_TEST(s.next().token() == 3u);
    BOOST_TEST(s.next().token() == 4u);
}

BOOST_AUTO_TEST_CASE(old_contents_of_the_room_are_freed_first)
{
    slab_under_test s;
    temporary_file f;
    const auto before = open_descriptors();
    std::array<op::completion, 4> room;
    for (int i = 0; i != 10; ++i)
    {
        s.submit(op::open{f.path(), O_RDONLY}, 1);
        while (s.wait(clock::now() + patience, room).empty())
            ;
        BOOST_TEST(open_descriptors() == before + 1);
    }
    s.wait(at_once, room);
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_it_and_not_before)
{
    slab_under_test s;
    std::array<op::completion, 4> room;
    for (const auto time : {0ms, 1ms, 20ms})
    {
        const auto deadline = clock::now() + time;
        BOOST_TEST(s.wait(deadline, room).empty());
        BOOST_TEST((clock::now() >= deadline));
    }
    const auto sleeps = s.counters().sleeps;
    BOOST_TEST(s.wait(at_once, room).empty());
    BOOST_TEST(s.counters().sleeps == sleeps);
}

BOOST_AUTO_TEST_CASE(a_wake_before_the_wait_ends_it_once)
{
    slab_under_test s;
    std::array<op::completion, 4> room;
    for (int i = 0; i != 3; ++i)
    {
        s.wake();
        s.wake();
        BOOST_TEST(s.wait(for_ever, room).empty());
        const auto deadline = clock::now() + 10ms;
        BOOST_TEST(s.wait(deadline, room).empty());
        BOOST_TEST((clock::now() >= deadline));
    }
}

BOOST_AUTO_TEST_CASE(a_waker_s_rings_are_one_completion)
{
    slab_under_test s;
    op::waker one(s, 10);
    op::waker other(s, 20);
    for (int i = 0; i != 3; ++i)
        one.wake();
    auto c = s.next();
    BOOST_TEST(c.token() == 10u);
    BOOST_TEST(!c.error());
    BOOST_TEST(!c.holds<op::nothing>());
    BOOST_TEST(s.quiet());
    other.wake();
    one.wake();
    const auto both = s.next_several(2); // one at a time
    BOOST_TEST(both[0].token() + both[1].token() == 30u);
    BOOST_TEST(s.quiet());
    BOOST_TEST(s.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(a_waker_that_goes_takes_its_ring_along)
{
    slab_under_test s;
    {
        op::waker w(s, 1);
        w.wake();
    }
    BOOST_TEST(s.quiet());
}

BOOST_AUTO_TEST_CASE(a_waker_may_outlive_the_slab)
{
    std::optional<slab_under_test> s(std::in_place);
    op::waker w(*s, 1);
    s.reset();
    w.wake();
}

op::waker* rung_by_signal = nullptr;

BOOST_AUTO_TEST_CASE(a_signal_handler_may_ring)
{
    slab_under_test s;
    op::waker w(s, 8);
    rung_by_signal = &w;
    const auto before = std::signal(SIGUSR1, [](int) { rung_by_signal->wake(); });
    std::raise(SIGUSR1);
    BOOST_TEST(s.next().token() == 8u);
    std::signal(SIGUSR1, before);
}

BOOST_AUTO_TEST_CASE(a_flush_asks_the_system)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    s.submit(at, op::send{std::string("before")}, 1);
    s.flush();
    BOOST_TEST(read_some(other) == "before"); // nobody has waited
    BOOST_TEST(s.next().token() == 1u);
}

BOOST_AUTO_TEST_CASE(the_driver_has_a_name_and_counts)
{
    slab_under_test s;
    const auto before = s.counters().completions;
    s.submit(op::nothing{}, 1);
    (void)s.next();
    BOOST_TEST(s.counters().completions == before + 1);
    if (const char* asked = std::getenv("PROACTOR_DRIVER"))
        BOOST_TEST(s.name() == std::string(asked));
}

BOOST_AUTO_TEST_SUITE_END()
