// Counts the heap allocations of the whole process: every malloc, whoever calls it, and so every
// operator new.
#pragma once

#include "context.hpp"

#include <cstdint>

namespace test {

/// Heap allocations so far, on all threads. Stays 0 where a sanitizer has taken the place of
/// malloc.
std::uint64_t allocations() noexcept;

/// Whether `allocations` counts in this build.
inline constexpr bool counts_allocations = !PROACTOR_TEST_SANITIZED;

} // namespace test
