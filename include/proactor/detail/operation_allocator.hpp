#ifndef PROACTOR_DETAIL_OPERATION_ALLOCATOR_HPP
#define PROACTOR_DETAIL_OPERATION_ALLOCATOR_HPP

#include <proactor/detail/block_cache.hpp>

#include <cstddef>
#include <memory>

namespace proactor::detail {

/// Memory of operations: the user's associated allocator, or the block cache where it is the default.
template <typename T, typename Allocator>
struct operation_allocator
{
    using type = typename std::allocator_traits<Allocator>::template rebind_alloc<T>;
    static type get(const Allocator& a) { return type(a); }
};

template <typename T, typename U>
struct operation_allocator<T, std::allocator<U>>
{
    using type = block_allocator<T>;
    static type get(const std::allocator<U>&) { return {}; }
};

/// Room for one operation out of the block cache, given back unless it is taken. No template: it is part of
/// every operation that a program compiles.
class cached_room
{
public:
    cached_room(const cached_room&) = delete;
    cached_room& operator=(const cached_room&) = delete;
    explicit cached_room(void* taken) noexcept
        : block_(taken)
    {
    }
    explicit cached_room(std::size_t size)
        : block_(allocate_block(size))
    {
    }
    ~cached_room()
    {
        if (block_)
            free_block(block_);
    }

    void* get() const noexcept { return block_; }
    void take() noexcept { block_ = nullptr; }

private:
    void* block_;
};

/// The same for a `T` from an allocator.
template <typename T, typename Allocator>
class allocated_room
{
    using memory = operation_allocator<T, Allocator>;
    using traits = std::allocator_traits<typename memory::type>;

public:
    allocated_room(const allocated_room&) = delete;
    allocated_room& operator=(const allocated_room&) = delete;
    allocated_room(const Allocator& a, T* taken) noexcept
        : allocator_(memory::get(a))
        , block_(taken)
    {
    }
    explicit allocated_room(const Allocator& a)
        : allocator_(memory::get(a))
        , block_(traits::allocate(allocator_, 1))
    {
    }
    ~allocated_room()
    {
        if (block_)
            traits::deallocate(allocator_, block_, 1);
    }

    void* get() const noexcept { return block_; }
    void take() noexcept { block_ = nullptr; }

private:
    typename memory::type allocator_;
    T* block_;
};

template <typename Allocator>
inline constexpr bool is_default_allocator = false;
template <typename U>
inline constexpr bool is_default_allocator<std::allocator<U>> = true;

/// Whether a `T` of this allocator stands in the block cache.
template <typename T, typename Allocator>
inline constexpr bool stands_in_cache
    = is_default_allocator<Allocator> && alignof(T) <= alignof(std::max_align_t);

} // namespace proactor::detail

#endif
