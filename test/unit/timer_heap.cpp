#include <proactor/detail/timer_heap.hpp>

#include <support/test_operation.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <map>
#include <random>
#include <vector>

namespace {

/// A clock that stands still; time is a plain number.
struct manual_traits
{
    using time_type = long;
    static bool less_than(long a, long b) { return a < b; }
};

using heap = proactor::detail::timer_heap<manual_traits>;
using proactor::operation_queue;
using test::test_operation;

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

std::vector<proactor::operation*> drained(operation_queue& q)
{
    std::vector<proactor::operation*> ops;
    while (proactor::operation* op = q.pop())
        ops.push_back(op);
    return ops;
}

std::vector<proactor::operation*> expired(heap& h, long now)
{
    operation_queue ready;
    h.take_expired(now, ready);
    return drained(ready);
}

using operations = std::vector<proactor::operation*>;

} // namespace

BOOST_AUTO_TEST_SUITE(timer_heap)

BOOST_AUTO_TEST_CASE(expires_in_order_of_time_and_not_before)
{
    heap h;
    std::deque<test_operation> ops(5);
    const std::array<long, 5> times{50, 10, 40, 20, 30};
    for (std::size_t i = 0; i != 5; ++i)
        h.add(h.make_node(), times[i], ops[i]);
    BOOST_TEST(h.earliest() == 10);
    BOOST_TEST((expired(h, 9) == operations{}));
    BOOST_TEST((expired(h, 10) == operations{&ops[1]}));
    BOOST_TEST(h.earliest() == 20);
    BOOST_TEST((expired(h, 45) == operations{&ops[3], &ops[4], &ops[2]}));
    BOOST_TEST((expired(h, 100) == operations{&ops[0]}));
    BOOST_TEST(h.empty());
    for (auto& op : ops)
        BOOST_TEST(op.error() == 0);
}

/// Where ties are broken decides it; test/differential compares with Asio's.
BOOST_AUTO_TEST_CASE(equal_times_expire_in_an_order_that_programs_have_seen)
{
    heap h;
    std::deque<test_operation> ops(4);
    operations three, four;
    for (std::size_t count : {3, 4})
    {
        for (std::size_t i = 0; i != count; ++i)
            h.add(h.make_node(), 1, ops[i]);
        (count == 3 ? three : four) = expired(h, 1);
    }
    BOOST_TEST((three == operations{&ops[0], &ops[1], &ops[2]}));
    BOOST_TEST((four == operations{&ops[0], &ops[2], &ops[1], &ops[3]}));
}

BOOST_AUTO_TEST_CASE(add_says_whether_the_timer_is_the_earliest)
{
    heap h;
    std::deque<test_operation> ops(4);
    BOOST_TEST(h.add(h.make_node(), 20, ops[0]));
    BOOST_TEST(!h.add(h.make_node(), 30, ops[1]));
    BOOST_TEST(!h.add(h.make_node(), 20, ops[2]));
    BOOST_TEST(h.add(h.make_node(), 10, ops[3]));
}

BOOST_AUTO_TEST_CASE(the_waits_of_one_timer_end_together_oldest_first)
{
    heap h;
    std::deque<test_operation> ops(4);
    auto& one = h.make_node();
    auto& other = h.make_node();
    h.add(one, 10, ops[0]);
    h.add(other, 20, ops[1]);
    h.add(one, 10, ops[2]);
    h.add(one, 10, ops[3]);
    BOOST_TEST((expired(h, 30) == operations{&ops[0], &ops[2], &ops[3], &ops[1]}));
}

BOOST_AUTO_TEST_CASE(cancelling_a_timer_ends_all_its_waits_as_cancelled)
{
    heap h;
    std::deque<test_operation> ops(3);
    auto& n = h.make_node();
    h.add(n, 10, ops[0]);
    h.add(h.make_node(), 20, ops[1]);
    h.add(n, 10, ops[2]);
    operation_queue cancelled;
    BOOST_TEST(h.cancel(n, all, cancelled) == 2u);
    BOOST_TEST((drained(cancelled) == operations{&ops[0], &ops[2]}));
    BOOST_TEST(ops[0].error() == ECANCELED);
    BOOST_TEST(ops[2].error() == ECANCELED);
    BOOST_TEST(h.cancel(n, all, cancelled) == 0u);
    BOOST_TEST(h.earliest() == 20);
    BOOST_TEST((expired(h, 20) == operations{&ops[1]}));
}

BOOST_AUTO_TEST_CASE(cancelling_one_ends_the_oldest_and_the_others_stay)
{
    heap h;
    std::deque<test_operation> ops(3);
    auto& n = h.make_node();
    for (auto& op : ops)
        h.add(n, 10, op);
    operation_queue cancelled;
    BOOST_TEST(h.cancel(n, 1, cancelled) == 1u);
    BOOST_TEST((drained(cancelled) == operations{&ops[0]}));
    BOOST_TEST(h.cancel(n, 0, cancelled) == 0u);
    BOOST_TEST((expired(h, 10) == operations{&ops[1], &ops[2]}));
    BOOST_TEST(h.cancel(n, 1, cancelled) == 0u);
}

BOOST_AUTO_TEST_CASE(cancelling_by_key_ends_what_carries_it_and_keeps_order)
{
    heap h;
    std::deque<test_operation> ops(5);
    const int key = 0;
    auto& n = h.make_node();
    for (auto& op : ops)
        h.add(n, 10, op);
    ops[1].cancellation_key = ops[3].cancellation_key = &key;
    operation_queue cancelled;
    h.cancel_key(n, &h, cancelled);
    BOOST_TEST(cancelled.empty());
    h.cancel_key(n, &key, cancelled);
    BOOST_TEST((drained(cancelled) == operations{&ops[1], &ops[3]}));
    BOOST_TEST((expired(h, 10) == operations{&ops[0], &ops[2], &ops[4]}));
    h.cancel_key(n, &key, cancelled);
    BOOST_TEST(cancelled.empty());
}

BOOST_AUTO_TEST_CASE(a_timer_that_lost_its_last_wait_by_key_has_left)
{
    heap h;
    test_operation a;
    test_operation b;
    a.cancellation_key = &a;
    auto& n = h.make_node();
    h.add(n, 10, a);
    operation_queue cancelled;
    h.cancel_key(n, &a, cancelled);
    BOOST_TEST(h.empty());
    BOOST_TEST(h.add(n, 5, b)); // another time for the same timer
    BOOST_TEST(h.earliest() == 5);
}

BOOST_AUTO_TEST_CASE(a_recycled_node_serves_again)
{
    heap h;
    auto& n = h.make_node();
    h.recycle(n);
    BOOST_TEST(&h.make_node() == &n);
    BOOST_TEST(&h.make_node() != &n);
}

BOOST_AUTO_TEST_CASE(taking_all_empties_it)
{
    heap h;
    std::deque<test_operation> ops(20);
    auto& n = h.make_node();
    for (std::size_t i = 0; i != ops.size(); ++i)
        h.add(i % 3 ? h.make_node() : n, static_cast<long>(i), ops[i]);
    operation_queue left;
    h.take_all(left);
    BOOST_TEST(drained(left).size() == ops.size());
    BOOST_TEST(h.empty());
    test_operation later;
    BOOST_TEST(h.add(n, 7, later));
    BOOST_TEST((expired(h, 7) == operations{&later}));
}

BOOST_AUTO_TEST_CASE(many_random_operations_agree_with_a_sorted_map)
{
    struct timer
    {
        heap::node* node = nullptr;
        long time = 0;
        std::vector<test_operation*> waits;
    };
    heap h;
    std::deque<test_operation> ops;
    std::deque<timer> timers(100);
    std::multimap<long, timer*> reference; // timers with waits
    for (timer& t : timers)
        t.node = &h.make_node();
    std::mt19937 random(20250101);
    const auto below = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
    };
    const auto leave = [&](timer& t) {
        const auto [first, last] = reference.equal_range(t.time);
        reference.erase(std::find_if(first, last, [&](auto& e) { return e.second == &t; }));
    };
    long now = 0;
    for (int step = 0; step != 20'000; ++step)
    {
        timer& t = timers[below(timers.size())];
        switch (below(5))
        {
        case 0:
        case 1: {
            test_operation& op = ops.emplace_back();
            if (t.waits.empty())
            {
                t.time = now + static_cast<long>(below(500));
                reference.emplace(t.time, &t);
            }
            t.waits.push_back(&op);
            op.cancellation_key = &op;
            h.add(*t.node, t.time, op);
            break;
        }
        case 2: {
            const std::size_t most = below(2) ? all : 1;
            operation_queue cancelled;
            const std::size_t n = std::min(most, t.waits.size());
            BOOST_TEST_REQUIRE(h.cancel(*t.node, most, cancelled) == n);
            for (std::size_t i = 0; i != n; ++i)
                BOOST_TEST_REQUIRE(cancelled.pop() == t.waits[i]);
            BOOST_TEST_REQUIRE(cancelled.empty());
            t.waits.erase(t.waits.begin(), t.waits.begin() + static_cast<std::ptrdiff_t>(n));
            if (n && t.waits.empty())
                leave(t);
            break;
        }
        case 3:
            if (!t.waits.empty())
            {
                const std::size_t which = below(t.waits.size());
                operation_queue cancelled;
                h.cancel_key(*t.node, t.waits[which], cancelled);
                BOOST_TEST_REQUIRE(cancelled.pop() == t.waits[which]);
                BOOST_TEST_REQUIRE(cancelled.empty());
                t.waits.erase(t.waits.begin() + static_cast<std::ptrdiff_t>(which));
                if (t.waits.empty())
                    leave(t);
            }
            break;
        default: {
            now += static_cast<long>(below(20));
            std::multimap<long, proactor::operation*> due; // equal times in any order
            std::size_t count = 0;
            while (!reference.empty() && reference.begin()->first <= now)
            {
                timer& first = *reference.begin()->second;
                for (test_operation* w : first.waits)
                    due.emplace(first.time, w);
                count += first.waits.size();
                first.waits.clear();
                reference.erase(reference.begin());
            }
            const auto got = expired(h, now);
            BOOST_TEST_REQUIRE(got.size() == count);
            auto expect = due.begin();
            for (auto* op : got)
            {
                const auto [first, last] = due.equal_range(expect->first);
                const auto found =
                    std::find_if(first, last, [op](auto& e) { return e.second == op; });
                BOOST_TEST_REQUIRE((found != last));
                if (found == expect)
                    ++expect;
                else
                    std::swap(found->second, expect->second), ++expect;
            }
            break;
        }
        }
        BOOST_TEST_REQUIRE(h.empty() == reference.empty());
        if (!h.empty())
            BOOST_TEST_REQUIRE(h.earliest() == reference.begin()->first);
    }
}

BOOST_AUTO_TEST_SUITE_END()
