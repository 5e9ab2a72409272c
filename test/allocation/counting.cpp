// The counter itself: it must see what it is there to see.
#include "steady_state.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <string>

BOOST_AUTO_TEST_SUITE(counting)

BOOST_AUTO_TEST_CASE(every_way_to_the_heap_is_seen)
{
    if (!test::counts_allocations)
        return;
    auto const seen = [](auto allocate) {
        auto const before = test::allocations();
        allocate();
        return test::allocations() - before;
    };
    void* volatile kept = nullptr;
    BOOST_TEST(seen([&] { kept = std::malloc(10); }) == 1u);
    BOOST_TEST(seen([&] { kept = std::realloc(kept, 10'000); }) == 1u);
    std::free(kept);
    BOOST_TEST(seen([&] { kept = std::calloc(2, 10); }) == 1u);
    std::free(kept);
    BOOST_TEST(seen([&] { kept = std::aligned_alloc(64, 64); }) == 1u);
    std::free(kept);
    BOOST_TEST(seen([&] { kept = ::operator new(10); }) == 1u);
    ::operator delete(kept);
    BOOST_TEST(seen([&] { kept = ::operator new(64, std::align_val_t(64)); }) == 1u);
    ::operator delete(kept, std::align_val_t(64));
    BOOST_TEST(seen([&] { kept = new (std::nothrow) char[10]; }) == 1u);
    delete[] static_cast<char*>(kept);
    BOOST_TEST(seen([] { std::string(100, 'x').c_str(); }) == 1u);
    BOOST_TEST(seen([] {}) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
