#ifndef PROACTOR_DETAIL_BLOCK_CACHE_HPP
#define PROACTOR_DETAIL_BLOCK_CACHE_HPP

#include <proactor/detail/annotations.hpp>
#include <proactor/detail/mailbox.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <new>

namespace proactor::detail {

/// Memory for operations: each thread keeps the blocks it has let go of, and a block freed on another
/// thread finds its way back to the one that allocated it, so that a producer of posts stops
/// allocating once it is warm.
///
/// The caches of threads that have ended serve threads to come.
class block_cache
{
public:
    block_cache() noexcept
    {
        for (std::size_t i = 0; i != classes; ++i)
            bins_[i].room = kept / size_of(i);
    }
    block_cache(const block_cache&) = delete;
    block_cache& operator=(const block_cache&) = delete;

    /// The calling thread's cache, which is made when it first allocates; null before, and after the
    /// thread's own objects have gone, when destructors of others may still free blocks.
    static block_cache* of_this_thread() noexcept { return this_thread_; }

    void* allocate(std::size_t size)
    {
        const std::size_t size_class = class_of(size);
        if (size_class < classes)
            if (bin& b = bins_[size_class]; b.head)
                return take(b);
        return allocate_elsewhere(size);
    }

    /// Any thread.
    static void free(void* block) noexcept
    {
        header* h = header_of(block);
        if (h->owner && h->owner == this_thread_)
            if (bin& b = h->owner->bins_[h->size_class]; b.room)
                return keep(h, b);
        free_elsewhere(h);
    }

    /// What `allocate` does where there is no block to take. Null is no cache.
    static void* allocate_elsewhere(std::size_t size);

private:
    /// Stands before each block.
    struct alignas(std::max_align_t) header
    {
        block_cache* owner; ///< null: too large to be kept
        std::size_t size_class;
        header* next; ///< while free
    };

    struct bin
    {
        header* head = nullptr;
        std::size_t room = 0; ///< blocks that may still be kept
    };

    /// Coarse, so that what comes and goes in turn shares its blocks and needs no more when one kind has
    /// its most in use: a connection's receives and sends take 208 to 304 bytes with ordinary handlers.
    static constexpr std::size_t granule = 192;
    static constexpr std::size_t classes = 22; ///< up to 4 KiB
    static constexpr std::size_t kept = 1 << 20; ///< bytes of one class

    static std::size_t class_of(std::size_t size) noexcept { return size ? (size - 1) / granule : 0; }
    static std::size_t size_of(std::size_t size_class) noexcept { return (size_class + 1) * granule; }
    static header* header_of(void* block) noexcept { return static_cast<header*>(block) - 1; }
    static header* new_header(std::size_t size);

    static void* take(bin& b) noexcept
    {
        header* h = b.head;
        b.head = h->next;
        ++b.room;
        annotate_in_use(h + 1, size_of(h->size_class));
        return h + 1;
    }

    static void keep(header* h, bin& b) noexcept
    {
        annotate_cached(h + 1, size_of(h->size_class));
        h->next = b.head;
        b.head = h;
        --b.room;
    }

    static block_cache* make_for_this_thread();
    static void free_elsewhere(header* h) noexcept;
    void take_returned() noexcept;

    static thread_local constinit block_cache* this_thread_;

    std::array<bin, classes> bins_{};
    /// Where other threads put the blocks of this cache; away from what the owner writes.
    alignas(64) mailbox<header> returned_;
};

inline thread_local constinit block_cache* block_cache::this_thread_ = nullptr;

/// A block aligned as by `operator new`, which needs no size to be freed. Any thread. Throws
/// `std::bad_alloc`.
inline void* allocate_block(std::size_t size)
{
    if (block_cache* c = block_cache::of_this_thread())
        return c->allocate(size);
    return block_cache::allocate_elsewhere(size);
}

inline void free_block(void* block) noexcept
{
    block_cache::free(block);
}

/// An allocator over `allocate_block`.
template <typename T>
struct block_allocator
{
    using value_type = T;

    block_allocator() = default;
    template <typename U>
    block_allocator(const block_allocator<U>&) noexcept
    {
    }

    T* allocate(std::size_t n)
    {
        if constexpr (over_aligned())
            return std::allocator<T>().allocate(n);
        if (n > static_cast<std::size_t>(-1) / sizeof(T))
            throw std::bad_array_new_length();
        return static_cast<T*>(allocate_block(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t n) noexcept
    {
        if constexpr (over_aligned())
            std::allocator<T>().deallocate(p, n);
        else
            free_block(p);
    }

    friend bool operator==(block_allocator, block_allocator) noexcept { return true; }

private:
    static constexpr bool over_aligned() { return alignof(T) > alignof(std::max_align_t); }
};

} // namespace proactor::detail

#endif
