// Events of a process that forks while another thread uses them.
#include <proactor/event.hpp>

#include "../support/context.hpp"
#include "../support/forked.hpp"
#include "../support/skip.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>

namespace {

using event = proactor::basic_event<test::executor>;

} // namespace

BOOST_AUTO_TEST_SUITE(events_and_forks)

// A lock that a thread held is held for ever in a child that has not the thread.
BOOST_AUTO_TEST_CASE(a_child_finds_none_of_their_locks_held)
{
    if (test::thread_sanitizer)
        return test::skipped("ThreadSanitizer does not hold its own locks over fork");
    test::context ctx;
    event e(ctx);
    auto const wait = [&] {
        e.async_wait([](test::error_code) {});
        e.notify();
        e.reset();
        ctx.restart();
        ctx.poll();
    };
    wait();
    std::atomic<bool> stop{false};
    std::atomic<int> rounds{0};
    std::thread other([&] {
        for (; !stop; ++rounds)
            wait();
    });
    test::yield_until([&] { return rounds > 100; }); // it allocates nothing any more
    for (int i = 0; i != 200; ++i)
    {
        test::forked child([&](test::findings& check) {
            e.notify();
            check(e.notified(), "it is notified");
            e.reset();
            e.async_wait([](test::error_code) {}); // the mutex of its context, too
            e.cancel();
        });
        if (int const status = child.end(); status != 0)
        {
            BOOST_TEST(status == 0);
            break;
        }
    }
    stop = true;
    other.join();
}

BOOST_AUTO_TEST_SUITE_END()
