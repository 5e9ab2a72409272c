#ifndef PROACTOR_DETAIL_BLOCK_CACHE_HPP
#define PROACTOR_DETAIL_BLOCK_CACHE_HPP

#include <cstddef>
#include <memory>
#include <new>

namespace proactor::detail {

/// Memory for operations: each thread keeps the blocks it has let go of, and a block freed on another
/// thread finds its way back to the one that allocated it, so that a producer of posts stops
/// allocating once it is warm. Any thread; blocks are aligned as by `operator new`, and need no size
/// to be freed. Throws `std::bad_alloc`.
///
/// The caches of threads that have ended serve threads to come.
void* allocate_block(std::size_t size);
void free_block(void* block) noexcept;

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
