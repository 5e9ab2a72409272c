#include "allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

using counter = std::atomic<std::uint64_t>;
static_assert(sizeof(counter) == 8 && counter::is_always_lock_free,
              "another process reads it as a plain uint64_t");

// Constant initialised: malloc is called before any constructor runs.
constinit counter own{0};
constinit std::atomic<counter*> current{&own};

void note() noexcept
{
    // A counter only; nothing is published through it.
    current.load(std::memory_order_relaxed)->fetch_add(1, std::memory_order_relaxed);
}

[[noreturn]] void refuse(const char* path)
{
    std::fprintf(stderr, "PERF_COUNTERS: cannot count in %s\n", path);
    std::_Exit(1);
}

// Before main and, by its priority, before the constructors of the program: one thread.
[[gnu::constructor(101)]] void publish()
{
    const char* const path = std::getenv("PERF_COUNTERS");
    if (!path || !*path)
        return;
    const int fd = ::open(path, O_RDWR | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || ::fstat(fd, &status) != 0 || status.st_size < static_cast<off_t>(sizeof(counter)))
        refuse(path);
    void* const page = ::mmap(nullptr, sizeof(counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (page == MAP_FAILED)
        refuse(path);
    // The file holds whatever its owner put there; lock-free atomics have no other representation.
    auto* const shared = static_cast<counter*>(page);
    shared->fetch_add(own.load(std::memory_order_relaxed), std::memory_order_relaxed);
    current.store(shared, std::memory_order_relaxed);
}

} // namespace

namespace perf {

std::uint64_t allocations() noexcept
{
    return current.load(std::memory_order_relaxed)->load(std::memory_order_relaxed);
}

} // namespace perf

// glibc's own entry points under their other names; defining the usual ones here takes their place
// everywhere. free stays glibc's, since the memory is. operator new needs no place of its own:
// libstdc++'s calls malloc and aligned_alloc, and would be counted twice.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

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
}
