#include <proactor/detail/mailbox.hpp>

#include <support/bounded.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace {

struct letter
{
    unsigned sender = 0;
    unsigned number = 0;
    letter* next = nullptr;
};

using mailbox = proactor::detail::mailbox<letter>;
using queue = proactor::detail::intrusive_queue<letter>;

constexpr unsigned senders = 4;

} // namespace

BOOST_AUTO_TEST_SUITE(mailbox_of_many_threads)

BOOST_AUTO_TEST_CASE(of_a_burst_to_a_sleeper_exactly_one_rings)
{
    constexpr unsigned bursts = 200;
    constexpr unsigned each = 20;
    mailbox m;
    std::vector<letter> letters(std::size_t(senders) * each);
    for (unsigned burst = 0; burst != bursts; ++burst)
    {
        BOOST_TEST_REQUIRE(m.sleep());
        std::atomic<unsigned> rings = 0;
        std::latch start(senders);
        std::vector<std::thread> threads;
        for (unsigned s = 0; s != senders; ++s)
            threads.emplace_back([&, s] {
                start.arrive_and_wait();
                for (unsigned i = 0; i != each; ++i)
                    if (m.push(letters[std::size_t(s) * each + i]))
                        ++rings;
            });
        for (std::thread& t : threads)
            t.join();
        BOOST_TEST_REQUIRE(rings == 1u);
        queue q;
        m.take(q);
        unsigned count = 0;
        while (q.pop())
            ++count;
        BOOST_TEST_REQUIRE(count == senders * each);
    }
}

BOOST_AUTO_TEST_CASE(each_sender_keeps_its_order_and_no_letter_is_lost_while_the_consumer_dozes)
{
    constexpr unsigned each = 20'000;
    mailbox m;
    std::atomic<unsigned> doorbell = 0; // counts rings
    std::vector<std::unique_ptr<letter[]>> letters;
    for (unsigned s = 0; s != senders; ++s)
        letters.push_back(std::make_unique<letter[]>(each));
    std::vector<std::thread> threads;
    for (unsigned s = 0; s != senders; ++s)
        threads.emplace_back([&, s] {
            for (unsigned i = 0; i != each; ++i)
            {
                letters[s][i].sender = s;
                letters[s][i].number = i;
                if (m.push(letters[s][i]))
                    ++doorbell;
            }
        });
    std::vector<unsigned> expected(senders);
    unsigned received = 0;
    unsigned sleeps = 0;
    unsigned out_of_order = 0;
    bool in_time = true;
    while (received != senders * each && in_time)
    {
        if (m.sleep())
        {
            ++sleeps;
            in_time = test::yield_until([&] { return doorbell == sleeps; });
        }
        queue q;
        m.take(q);
        while (letter* l = q.pop())
        {
            out_of_order += l->number != expected[l->sender];
            expected[l->sender] = l->number + 1;
            ++received;
        }
    }
    for (std::thread& t : threads)
        t.join();
    BOOST_TEST(in_time);
    BOOST_TEST(received == senders * each);
    BOOST_TEST(out_of_order == 0u);
    BOOST_TEST(doorbell == sleeps);
}

BOOST_AUTO_TEST_SUITE_END()
