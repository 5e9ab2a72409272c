#ifndef PROACTOR_BUFFER_TRAITS_HPP
#define PROACTOR_BUFFER_TRAITS_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

namespace proactor {

/// Element types that are bytes to the system.
template <typename T>
concept byte_like = sizeof(T) == 1 && std::is_trivially_copyable_v<T>;

/// How an operation that owns a buffer finds its memory. A specialisation has
///  - `static void* data(Buffer&)`: the first byte, valid until the buffer is moved or destroyed;
///  - `static std::size_t size(const Buffer&)`: bytes to read or write.
template <typename Buffer>
struct buffer_traits;

template <byte_like T, typename Allocator>
struct buffer_traits<std::vector<T, Allocator>>
{
    static void* data(std::vector<T, Allocator>& b) noexcept { return b.data(); }
    static std::size_t size(const std::vector<T, Allocator>& b) noexcept { return b.size(); }
};

template <byte_like T, typename Traits, typename Allocator>
struct buffer_traits<std::basic_string<T, Traits, Allocator>>
{
    static void* data(std::basic_string<T, Traits, Allocator>& b) noexcept { return b.data(); }
    static std::size_t size(const std::basic_string<T, Traits, Allocator>& b) noexcept
    {
        return b.size();
    }
};

/// An array's bytes are moved with it, into the operation and back out.
template <byte_like T, std::size_t N>
struct buffer_traits<std::array<T, N>>
{
    static void* data(std::array<T, N>& b) noexcept { return b.data(); }
    static std::size_t size(const std::array<T, N>&) noexcept { return N; }
};

/// A buffer that an operation can own: movable, and known to `buffer_traits`.
template <typename Buffer>
concept owned_buffer = std::move_constructible<Buffer>
    && requires(Buffer& b, const Buffer& c) {
           { buffer_traits<Buffer>::data(b) } -> std::convertible_to<void*>;
           { buffer_traits<Buffer>::size(c) } -> std::convertible_to<std::size_t>;
       };

} // namespace proactor

#endif
