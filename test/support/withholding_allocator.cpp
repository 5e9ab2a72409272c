#include "withholding_allocator.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

namespace {

/// Stands before each block. Its size keeps the block aligned as malloc aligns.
struct alignas(alignof(std::max_align_t)) header
{
    void* memory; ///< what malloc gave
    std::size_t size;
    header* next = nullptr; ///< in the order of being freed
};

constexpr unsigned char pattern = 0xdb;
constexpr std::size_t most_bytes = 64u << 20;
constexpr std::size_t most_blocks = 100'000;

/// Constant initialised: blocks are freed before any constructor runs, and after any destructor.
class store
{
public:
    void withhold(header& h) noexcept
    {
        std::memset(static_cast<void*>(&h + 1), pattern, h.size);
        std::lock_guard held(mutex_);
        (last_ ? last_->next : first_) = &h;
        last_ = &h;
        ++blocks_;
        bytes_ += h.size;
        while (bytes_ > most_bytes || blocks_ > most_blocks)
        {
            written_to_ |= !intact(*first_);
            let_go();
        }
    }

    bool intact() noexcept
    {
        std::lock_guard held(mutex_);
        for (const header* h = first_; h && !written_to_; h = h->next)
            written_to_ = !intact(*h);
        return !written_to_;
    }

    std::size_t blocks() noexcept
    {
        std::lock_guard held(mutex_);
        return blocks_;
    }

    void forget() noexcept
    {
        std::lock_guard held(mutex_);
        while (first_)
            let_go();
        written_to_ = false;
    }

private:
    static bool intact(const header& h) noexcept
    {
        // All bytes are equal if the first is right and each equals the one before it.
        const auto* bytes = reinterpret_cast<const unsigned char*>(&h + 1);
        return h.size == 0
            || (bytes[0] == pattern && std::memcmp(bytes, bytes + 1, h.size - 1) == 0);
    }

    void let_go() noexcept
    {
        header* h = first_;
        first_ = h->next;
        if (!first_)
            last_ = nullptr;
        --blocks_;
        bytes_ -= h->size;
        std::free(h->memory);
    }

    std::mutex mutex_;
    header* first_ = nullptr;
    header* last_ = nullptr;
    std::size_t blocks_ = 0;
    std::size_t bytes_ = 0;
    bool written_to_ = false;
};

// Never destroyed, see its class.
union unending
{
    constexpr unending() noexcept : store() {}
    ~unending() {}
    class store store;
};
constinit unending withheld;

} // namespace

namespace test {

bool withheld_blocks_intact() noexcept
{
    return withheld.store.intact();
}

std::size_t withheld_blocks() noexcept
{
    return withheld.store.blocks();
}

void forget_withheld_blocks() noexcept
{
    withheld.store.forget();
}

} // namespace test

#if !PROACTOR_ASAN && !PROACTOR_TSAN

namespace {

void* allocate(std::size_t size, std::size_t alignment) noexcept
{
    const std::size_t room = sizeof(header) + alignment; // for any position of the aligned block
    if (size > static_cast<std::size_t>(-1) / 2 - room)
        return nullptr;
    void* const memory = std::malloc(room + size);
    if (!memory)
        return nullptr;
    const auto least = reinterpret_cast<std::uintptr_t>(memory) + sizeof(header);
    const auto block = (least + alignment - 1) / alignment * alignment;
    ::new (reinterpret_cast<void*>(block - sizeof(header))) header{memory, size};
    return reinterpret_cast<void*>(block);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment)
{
    if (void* const p = allocate(size, alignment))
        return p;
    throw std::bad_alloc();
}

void release(void* p) noexcept
{
    if (p)
        withheld.store.withhold(*(static_cast<header*>(p) - 1));
}

constexpr std::size_t usual = alignof(header);

std::size_t at_least_usual(std::align_val_t a) noexcept
{
    const auto n = static_cast<std::size_t>(a);
    return n < usual ? usual : n;
}

} // namespace

// The forms of arrays and of nothrow call these.

void* operator new(std::size_t size)
{
    return allocate_or_throw(size, usual);
}
void* operator new(std::size_t size, std::align_val_t a)
{
    return allocate_or_throw(size, at_least_usual(a));
}
void operator delete(void* p) noexcept
{
    release(p);
}
void operator delete(void* p, std::size_t) noexcept
{
    release(p);
}
void operator delete(void* p, std::align_val_t) noexcept
{
    release(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept
{
    release(p);
}

#endif
