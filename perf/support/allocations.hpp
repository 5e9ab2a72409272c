// Counts the heap allocations of the whole process: every malloc, whoever calls it, and so every
// operator new.
//
// If the environment names a file in PERF_COUNTERS, at least 8 bytes long, the count is a uint64_t
// at its beginning, updated with relaxed atomics: another process that maps the file reads along.
#pragma once

#include <cstdint>

namespace perf {

/// Heap allocations so far, on all threads.
std::uint64_t allocations() noexcept;

} // namespace perf
