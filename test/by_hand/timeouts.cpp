#include <proactor/op/operations.hpp>

#include "slab_under_test.hpp"

namespace {

using namespace test;

} // namespace

BOOST_AUTO_TEST_SUITE(timeouts)

BOOST_AUTO_TEST_CASE(come_at_their_time_and_not_before)
{
    slab_under_test s;
    for (const auto time : {0ms, 1ms, 5ms, 30ms})
    {
        const auto deadline = clock::now() + time;
        s.submit(op::timeout{deadline}, 1);
        auto c = s.next(for_ever);
        BOOST_TEST((clock::now() >= deadline));
        BOOST_TEST(!c.error());
        BOOST_TEST((c.take<op::timeout>().deadline == deadline));
    }
    s.submit(op::timeout{clock::time_point::min()}, 2);
    BOOST_TEST(s.next(for_ever).token() == 2u);
}

BOOST_AUTO_TEST_CASE(come_in_the_order_of_their_times)
{
    slab_under_test s;
    const auto start = clock::now();
    constexpr std::uint64_t all = 200;
    for (std::uint64_t i = 0; i != all; ++i)
        s.submit(op::timeout{start + std::chrono::microseconds(100 * (i * 83 % all))},
                 i * 83 % all);
    BOOST_TEST(s.in_flight() == all);
    for (std::uint64_t i = 0; i != all; ++i)
        BOOST_TEST(s.next(for_ever).token() == i);
    BOOST_TEST(s.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(can_be_cancelled)
{
    slab_under_test s;
    const auto far = clock::now() + 1h;
    std::vector<op::ticket> tickets;
    for (std::uint64_t i = 0; i != 50; ++i)
        tickets.push_back(s.submit(op::timeout{far + std::chrono::seconds(i * 7 % 50)}, i));
    for (std::uint64_t i = 0; i != 50; i += 2)
    {
        BOOST_TEST(s.cancel(tickets[i]));
        BOOST_TEST(!s.cancel(tickets[i]));
        auto c = s.next();
        BOOST_TEST(c.token() == i);
        BOOST_TEST(cancelled(c));
    }
    for (std::uint64_t i = 1; i < 50; i += 2)
        BOOST_TEST(s.discard(tickets[i]));
    BOOST_TEST(s.in_flight() == 0u);
    BOOST_TEST(s.quiet());
}

BOOST_AUTO_TEST_CASE(one_that_has_come_cannot_be_cancelled)
{
    slab_under_test s;
    const auto t = s.submit(op::timeout{clock::now()}, 1);
    s.wait(for_ever, {});
    BOOST_TEST(!s.cancel(t));
    BOOST_TEST(!s.next().error());
    BOOST_TEST(!s.cancel(t));
}

BOOST_AUTO_TEST_CASE(do_not_hold_up_others)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    s.submit(op::timeout{clock::now() + 1h}, 1);
    s.submit(at, op::poll{readiness::write}, 2);
    BOOST_TEST(s.next().token() == 2u);
    s.submit(at, op::receive{std::string(1, '.')}, 3);
    s.submit(op::timeout{clock::now() + 5ms}, 4);
    BOOST_TEST(s.next().token() == 4u);
}

BOOST_AUTO_TEST_CASE(an_early_deadline_of_the_wait_comes_first)
{
    slab_under_test s;
    s.submit(op::timeout{clock::now() + 1h}, 1);
    std::array<op::completion, 1> room;
    BOOST_TEST(s.wait(clock::now() + 5ms, room).empty());
}

BOOST_AUTO_TEST_SUITE_END()
