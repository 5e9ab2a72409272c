// Warm a program up, run it again and count what it took from the heap.
#pragma once

#include "../support/context.hpp"
#include "../support/counting_new.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>

namespace test {

/// Heap allocations of the last of three equal runs of the body.
template <typename Body>
std::uint64_t allocations_when_warm(Body body)
{
    body();
    body();
    std::uint64_t const before = allocations();
    body();
    return allocations() - before;
}

} // namespace test

// The promise is ours; plain Asio, whose block recycler has holes, only has to run the same
// program.
#if PROACTOR_TEST_ORACLE
#define PROACTOR_TEST_NO_ALLOCATIONS(count) BOOST_TEST_MESSAGE("allocations: " << (count))
#else
#define PROACTOR_TEST_NO_ALLOCATIONS(count) BOOST_TEST((count) == 0u)
#endif
