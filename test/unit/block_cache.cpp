#include <proactor/detail/block_cache.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

namespace {

using proactor::detail::allocate_block;
using proactor::detail::block_allocator;
using proactor::detail::free_block;

} // namespace

BOOST_AUTO_TEST_SUITE(block_cache)

BOOST_AUTO_TEST_CASE(what_was_freed_last_is_given_first)
{
    void* a = allocate_block(200);
    free_block(a);
    void* b = allocate_block(200);
    BOOST_TEST(a == b);
    void* c = allocate_block(200);
    BOOST_TEST(b != c);
    free_block(b);
    free_block(c);
    void* d = allocate_block(200);
    BOOST_TEST(d == c);
    free_block(d);
}

BOOST_AUTO_TEST_CASE(a_block_serves_every_size_of_its_class)
{
    void* a = allocate_block(129);
    free_block(a);
    void* b = allocate_block(192);
    BOOST_TEST(a == b);
    free_block(b);
}

BOOST_AUTO_TEST_CASE(sizes_do_not_meet_and_blocks_do_not_overlap)
{
    std::vector<std::pair<std::byte*, std::size_t>> blocks;
    for (std::size_t size : {0, 1, 63, 64, 65, 191, 192, 193, 500, 1000, 4223, 4224, 4225, 100'000})
        for (int i = 0; i != 3; ++i)
        {
            auto* p = static_cast<std::byte*>(allocate_block(size));
            std::memset(p, static_cast<int>(blocks.size()), size);
            blocks.emplace_back(p, size);
        }
    for (std::size_t i = 0; i != blocks.size(); ++i)
    {
        const auto [p, size] = blocks[i];
        BOOST_TEST(std::all_of(p, p + size, [i](std::byte b) { return b == std::byte(i); }));
        free_block(p);
    }
}

BOOST_AUTO_TEST_CASE(blocks_are_aligned_as_by_operator_new)
{
    std::vector<void*> blocks;
    for (std::size_t size = 1; size < 10'000; size += 97)
        blocks.push_back(allocate_block(size));
    for (void* p : blocks)
    {
        BOOST_TEST(reinterpret_cast<std::uintptr_t>(p) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0u);
        free_block(p);
    }
}

BOOST_AUTO_TEST_CASE(the_allocator_reuses_too)
{
    block_allocator<double> a;
    double* first = a.allocate(10);
    a.deallocate(first, 10);
    block_allocator<char> rebound(a);
    char* second = rebound.allocate(80);
    BOOST_TEST(static_cast<void*>(first) == static_cast<void*>(second));
    rebound.deallocate(second, 80);
    BOOST_TEST((block_allocator<char>() == rebound));
}

BOOST_AUTO_TEST_CASE(a_burst_is_kept_and_given_again)
{
    std::set<void*> first;
    for (int i = 0; i != 1000; ++i)
        first.insert(allocate_block(300));
    for (void* p : first)
        free_block(p);
    std::set<void*> second;
    for (int i = 0; i != 1000; ++i)
        second.insert(allocate_block(300));
    BOOST_TEST((first == second));
    for (void* p : second)
        free_block(p);
}

BOOST_AUTO_TEST_SUITE_END()
