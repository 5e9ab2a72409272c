#include <proactor/detail/section.hpp>

#include <support/bounded.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace {

using proactor::detail::section;
using proactor::detail::section_guard;

/// Touched inside a section only: a sanitizer sees every gap, and the count sees lost steps.
struct guarded
{
    section s;
    unsigned long count = 0;
    unsigned length = 0; ///< of a stay

    /// Somebody else's step in between is lost.
    void increment()
    {
        const unsigned long before = count;
        for (unsigned i = 0; i != length; ++i)
            std::atomic_signal_fence(std::memory_order_seq_cst);
        count = before + 1;
    }

    void step()
    {
        section_guard held(s);
        increment();
    }

    /// What a thread alone in `run` does.
    void turn()
    {
        section_guard held(s);
        s.prefer_this_thread();
        increment();
    }

    /// Long enough for the section to be biased to the calling thread.
    void settle()
    {
        for (int i = 0; i != 64; ++i)
            turn();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(section_of_many_threads)

BOOST_AUTO_TEST_CASE(another_thread_takes_the_bias_while_its_owner_computes)
{
    guarded g;
    std::latch biased(1);
    std::latch entered(1);
    std::thread owner([&] {
        g.settle();
        biased.count_down();
        entered.wait(); // as a handler that waits for the other thread does
        g.step();
    });
    biased.wait();
    g.step();
    entered.count_down();
    owner.join();
    BOOST_TEST(g.count == 66u);
}

BOOST_AUTO_TEST_CASE(no_step_is_lost_between_an_owner_and_visitors)
{
    constexpr unsigned visitors = 3;
    constexpr unsigned visits = 2000;
    // Short stays show a missing barrier, long ones somebody who does not wait.
    for (const unsigned length : {0u, 200u})
    {
        guarded g;
        g.length = length;
        std::atomic<unsigned> left{visitors};
        unsigned long turns = 0;
        std::vector<std::thread> threads;
        for (unsigned v = 0; v != visitors; ++v)
            threads.emplace_back([&] {
                for (unsigned i = 0; i != visits; ++i)
                {
                    g.step();
                    if (i % 8 == 0) // now and then the owner is alone for long enough
                        std::this_thread::sleep_for(std::chrono::microseconds(20));
                }
                --left;
            });
        for (; left; ++turns)
            g.turn();
        for (std::thread& t : threads)
            t.join();
        BOOST_TEST(g.count == turns + visitors * visits);
    }
}

BOOST_AUTO_TEST_CASE(the_bias_goes_from_thread_to_thread_and_may_outlive_them)
{
    constexpr unsigned owners = 200;
    guarded g;
    std::atomic<bool> done{false};
    unsigned long visits = 0;
    std::thread visitor([&] {
        for (; !done; ++visits)
            g.step();
    });
    for (unsigned i = 0; i != owners; ++i)
        std::thread([&] { g.settle(); }).join();
    done = true;
    visitor.join();
    BOOST_TEST(g.count == visits + owners * 64u);
}

BOOST_AUTO_TEST_SUITE_END()
