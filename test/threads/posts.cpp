// Posts from other threads: none is lost, whoever sleeps is woken, order per producer holds.
#include "runners.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// A number that threads wait for, with a bound.
class progress
{
public:
    void add()
    {
        std::lock_guard const lock(mutex_);
        ++value_;
        changed_.notify_all();
    }

    bool wait_for(int value)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, test::limit, [&] { return value_ >= value; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int value_ = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(posts)

BOOST_AUTO_TEST_CASE(a_million_posts_in_bursts_from_eight_threads_to_one_sleeping_loop)
{
    constexpr int producers = 8;
    constexpr int burst = 1'000;
    constexpr int bursts = PROACTOR_TEST_SANITIZED ? 25 : 125;
    test::context ctx;
    progress finished;
    std::vector<int> last(producers, -1);
    int ran = 0; // touched by the loop's thread only
    int out_of_order = 0;
    std::atomic<bool> in_time = true;
    {
        test::runners loop(ctx, 1);
        std::vector<std::thread> threads;
        for (int p = 0; p < producers; ++p)
            threads.emplace_back([&, p] {
                for (int b = 0; b < bursts && in_time; ++b)
                {
                    for (int i = 0; i < burst; ++i)
                        asio::post(ctx, [&, p, number = b * burst + i] {
                            out_of_order += number != last[static_cast<std::size_t>(p)] + 1;
                            last[static_cast<std::size_t>(p)] = number;
                            if (++ran % (producers * burst) == 0)
                                finished.add();
                        });
                    // Everybody waits until the loop has nothing left, and so goes to sleep.
                    if (!finished.wait_for(b + 1))
                        in_time = false;
                }
            });
        for (std::thread& thread : threads)
            thread.join();
        loop.join();
    }
    BOOST_TEST(in_time.load());
    BOOST_TEST(ran == producers * burst * bursts);
    BOOST_TEST(out_of_order == 0);
}

BOOST_AUTO_TEST_CASE(after_a_million_posts_at_once_the_loop_rests)
{
    constexpr int producers = 8;
    constexpr int each = PROACTOR_TEST_SANITIZED ? 25'000 : 125'000;
    test::context ctx;
    progress finished;
    std::atomic<int> ran = 0;
    test::runners loop(ctx, 1);
    {
        std::vector<std::thread> threads;
        for (int p = 0; p < producers; ++p)
            threads.emplace_back([&] {
                for (int i = 0; i < each; ++i)
                    asio::post(ctx, [&] {
                        if (++ran == producers * each)
                            finished.add();
                    });
            });
        for (std::thread& thread : threads)
            thread.join();
    }
    BOOST_TEST(finished.wait_for(1));
    auto const cpu = [] {
        timespec t{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
    };
    // Whoever would spin, or wake up over and over, does it in this time.
    auto const before = cpu();
    std::this_thread::sleep_for(std::chrono::seconds(2));
    std::chrono::duration<double, std::milli> const used = cpu() - before;
    BOOST_TEST(used.count() < (PROACTOR_TEST_SANITIZED ? 50 : 5));
    loop.join();
    BOOST_TEST(ran == producers * each);
}

BOOST_AUTO_TEST_CASE(single_posts_to_a_sleeper_ten_thousand_times)
{
    test::context ctx;
    test::runners loop(ctx, 1);
    bool all = true;
    for (int i = 0; i < 10'000 && all; ++i)
    {
        std::promise<void> promise;
        auto future = promise.get_future();
        asio::post(ctx, [&promise] { promise.set_value(); });
        all = future.wait_for(test::limit) == std::future_status::ready;
    }
    BOOST_TEST(all);
    loop.join();
}

BOOST_AUTO_TEST_CASE(posts_race_the_end_of_run)
{
    // A post that finds the loop about to return is either run or still there for the next run.
    test::context ctx;
    std::atomic<int> ran = 0;
    std::atomic<bool> posting = true;
    std::thread producer([&] {
        for (int i = 0; i < 20'000; ++i)
            asio::post(ctx, [&] { ++ran; });
        posting = false;
    });
    auto const deadline = std::chrono::steady_clock::now() + test::limit;
    while ((posting || ran < 20'000) && std::chrono::steady_clock::now() < deadline)
    {
        ctx.run();
        ctx.restart();
    }
    producer.join();
    BOOST_TEST(ran == 20'000);
}

BOOST_AUTO_TEST_CASE(many_producers_and_many_runners)
{
    test::context ctx;
    std::atomic<int> ran = 0;
    {
        test::runners threads(ctx, 4);
        std::vector<std::thread> producers;
        for (int p = 0; p < 4; ++p)
            producers.emplace_back([&] {
                for (int i = 0; i < 20'000; ++i)
                    asio::post(ctx, [&] {
                        if (++ran % 3 == 0)
                            asio::dispatch(ctx, [] {});
                    });
            });
        for (std::thread& producer : producers)
            producer.join();
        threads.join();
    }
    BOOST_TEST(ran == 80'000);
}

BOOST_AUTO_TEST_CASE(two_contexts_post_to_each_other)
{
    test::context a;
    test::context b;
    std::atomic<int> hops = 0;
    std::promise<void> finished;
    struct hop
    {
        test::context& here;
        test::context& there;
        std::atomic<int>& hops;
        std::promise<void>& finished;

        void operator()() const
        {
            if (++hops == 20'000)
                finished.set_value();
            else
                asio::post(there, hop{there, here, hops, finished});
        }
    };
    test::runners of_a(a, 1);
    test::runners of_b(b, 1);
    asio::post(a, hop{a, b, hops, finished});
    BOOST_TEST((finished.get_future().wait_for(test::limit) == std::future_status::ready));
    BOOST_TEST(hops == 20'000);
}

BOOST_AUTO_TEST_SUITE_END()
