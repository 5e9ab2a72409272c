#include "counting_new.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

// Constant initialised: malloc is called before any constructor runs.
constinit std::atomic<std::uint64_t> count{0};

[[maybe_unused]] void note() noexcept
{
    // A counter only: the test orders itself with the operations that it measures.
    count.fetch_add(1, std::memory_order_relaxed);
}

} // namespace

namespace test {

std::uint64_t allocations() noexcept
{
    return count.load(std::memory_order_relaxed);
}

} // namespace test

#if !PROACTOR_TEST_SANITIZED

// glibc's own entry points under their other names; defining the usual ones here takes their place
// everywhere.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size)
{
    note();
    return __libc_malloc(size);
}

void* calloc(std::size_t n, std::size_t size)
{
    note();
    return __libc_calloc(n, size);
}

void* realloc(void* p, std::size_t size)
{
    note();
    return __libc_realloc(p, size);
}

void* memalign(std::size_t alignment, std::size_t size)
{
    note();
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** p, std::size_t alignment, std::size_t size)
{
    note();
    *p = __libc_memalign(alignment, size);
    return *p ? 0 : ENOMEM;
}

void free(void* p)
{
    __libc_free(p);
}
}

// Replaced, so that no inlined or cached path of the standard library escapes the count.
void* operator new(std::size_t size)
{
    if (void* const p = malloc(size ? size : 1))
        return p;
    throw std::bad_alloc();
}

void* operator new(std::size_t size, std::align_val_t alignment)
{
    if (void* const p = memalign(static_cast<std::size_t>(alignment), size ? size : 1))
        return p;
    throw std::bad_alloc();
}

void* operator new[](std::size_t size)
{
    return ::operator new(size);
}
void* operator new[](std::size_t size, std::align_val_t a)
{
    return ::operator new(size, a);
}
void operator delete(void* p) noexcept
{
    free(p);
}
void operator delete(void* p, std::size_t) noexcept
{
    free(p);
}
void operator delete(void* p, std::align_val_t) noexcept
{
    free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept
{
    free(p);
}
void operator delete[](void* p) noexcept
{
    free(p);
}
void operator delete[](void* p, std::size_t) noexcept
{
    free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept
{
    free(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept
{
    free(p);
}

#endif
