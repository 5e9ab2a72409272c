#ifndef PROACTOR_DETAIL_OPERATION_ALLOCATOR_HPP
#define PROACTOR_DETAIL_OPERATION_ALLOCATOR_HPP

#include <proactor/detail/block_cache.hpp>

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

} // namespace proactor::detail

#endif
