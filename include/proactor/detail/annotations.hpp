#ifndef PROACTOR_DETAIL_ANNOTATIONS_HPP
#define PROACTOR_DETAIL_ANNOTATIONS_HPP

#include <proactor/config.hpp>

#include <cstddef>

/// What the sanitizers cannot see by themselves, said in one place.

#if PROACTOR_ASAN
extern "C" void __asan_poison_memory_region(const volatile void*, std::size_t);
extern "C" void __asan_unpoison_memory_region(const volatile void*, std::size_t);
#endif
#if PROACTOR_TSAN
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif

namespace proactor::detail {

/// A block lies in a cache: whoever touches it uses freed memory.
inline void annotate_cached([[maybe_unused]] void* block, [[maybe_unused]] std::size_t n) noexcept
{
#if PROACTOR_ASAN
    __asan_poison_memory_region(block, n);
#endif
}

inline void annotate_in_use([[maybe_unused]] void* block, [[maybe_unused]] std::size_t n) noexcept
{
#if PROACTOR_ASAN
    __asan_unpoison_memory_region(block, n);
#endif
}

/// The kernel hands what was written before a submission to whoever reaps its completion.
inline void annotate_submit([[maybe_unused]] void* operation) noexcept
{
#if PROACTOR_TSAN
    __tsan_release(operation);
#endif
}

inline void annotate_reap([[maybe_unused]] void* operation) noexcept
{
#if PROACTOR_TSAN
    __tsan_acquire(operation);
#endif
}

} // namespace proactor::detail

#endif
