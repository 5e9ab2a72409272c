#include <proactor/detail/block_cache.hpp>

#include <support/bounded.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace {

using proactor::detail::allocate_block;
using proactor::detail::free_block;

constexpr std::size_t size = 1234; // of this file's own class

std::vector<void*> allocated(std::size_t count)
{
    std::vector<void*> blocks(count);
    for (void*& p : blocks)
        p = allocate_block(size);
    return blocks;
}

void freed(const std::vector<void*>& blocks)
{
    for (void* p : blocks)
        free_block(p);
}

} // namespace

BOOST_AUTO_TEST_SUITE(block_cache_of_many_threads)

BOOST_AUTO_TEST_CASE(blocks_freed_elsewhere_find_their_way_back)
{
    const auto blocks = allocated(100);
    std::thread([&] { freed(blocks); }).join();
    const auto again = allocated(100);
    BOOST_TEST((std::set<void*>(blocks.begin(), blocks.end())
                == std::set<void*>(again.begin(), again.end())));
    freed(again);
}

BOOST_AUTO_TEST_CASE(a_producer_whose_blocks_others_free_needs_no_new_ones)
{
    constexpr int rounds = 2000;
    std::atomic<void*> slot = nullptr;
    std::thread consumer([&] {
        for (int i = 0; i != rounds; ++i)
        {
            if (!test::yield_until([&] { return slot.load() != nullptr; }))
                return;
            void* p = slot.load();
            free_block(p);
            slot = nullptr;
        }
    });
    std::set<void*> seen;
    bool in_time = true;
    for (int i = 0; i != rounds && in_time; ++i)
    {
        void* p = allocate_block(size);
        seen.insert(p);
        slot = p;
        in_time = test::yield_until([&] { return slot.load() == nullptr; });
    }
    consumer.join();
    BOOST_TEST(in_time);
    // Those of the case before lie in the cache as well; each was taken once at the most.
    BOOST_TEST(seen.size() <= 101u);
}

BOOST_AUTO_TEST_CASE(the_cache_of_an_ended_thread_serves_the_next)
{
    std::vector<void*> first;
    std::thread([&] { freed(first = allocated(50)); }).join();
    std::vector<void*> second;
    std::thread([&] { freed(second = allocated(50)); }).join();
    BOOST_TEST((std::set<void*>(first.begin(), first.end())
                == std::set<void*>(second.begin(), second.end())));
}

BOOST_AUTO_TEST_CASE(a_block_outlives_the_thread_that_allocated_it)
{
    std::vector<void*> blocks;
    std::thread([&] { blocks = allocated(50); }).join();
    for (void* p : blocks)
        *static_cast<char*>(p) = 'x';
    freed(blocks);
    std::vector<void*> again;
    std::thread([&] { freed(again = allocated(50)); }).join();
    BOOST_TEST((std::set<void*>(blocks.begin(), blocks.end())
                == std::set<void*>(again.begin(), again.end())));
}

BOOST_AUTO_TEST_CASE(the_last_destructors_of_a_thread_may_still_allocate_and_free)
{
    struct late
    {
        void* block = nullptr;
        ~late()
        {
            free_block(block);
            free_block(allocate_block(size));
        }
    };
    std::thread([] {
        thread_local late l; // made before the cache of this thread, so destroyed after it
        l.block = allocate_block(size);
    }).join();
}

BOOST_AUTO_TEST_CASE(all_threads_free_each_others_blocks)
{
    constexpr unsigned threads = 4;
    constexpr unsigned rounds = 5000;
    std::vector<std::atomic<void*>> exchange(64);
    std::vector<std::thread> pool;
    for (unsigned t = 0; t != threads; ++t)
        pool.emplace_back([&, t] {
            for (unsigned i = 0; i != rounds; ++i)
            {
                const std::size_t n = 1 + (i * 37 + t * 101) % 5000;
                auto* p = static_cast<unsigned char*>(allocate_block(n));
                p[0] = p[n - 1] = static_cast<unsigned char>(n);
                if (void* old = exchange[(i * 7 + t) % exchange.size()].exchange(p))
                    free_block(old);
            }
        });
    for (std::thread& t : pool)
        t.join();
    for (auto& left : exchange)
        if (left)
            free_block(left);
}

BOOST_AUTO_TEST_SUITE_END()
