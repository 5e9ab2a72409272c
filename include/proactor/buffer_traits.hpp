#ifndef PROACTOR_BUFFER_TRAITS_HPP
#define PROACTOR_BUFFER_TRAITS_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace proactor {

/// Element types that are bytes to the system.
template <typename T>
concept byte_like
    = sizeof(T) == 1 && std::is_trivially_copyable_v<T> && !std::same_as<std::remove_cv_t<T>, bool>;

/// How an operation that owns a buffer finds its memory. A specialisation has
///  - `static void* data(Buffer&)`: the first byte, valid until the buffer is moved or destroyed; a
///    `const void*` if it may only be written from;
///  - `static std::size_t size(const Buffer&)`: bytes to read or write;
///  - if it can promise it, `static constexpr bool data_stays = true`: moving the buffer does not move its
///    bytes. An operation then needs no block of its own for it.
template <typename Buffer>
struct buffer_traits;

template <byte_like T, typename Allocator>
struct buffer_traits<std::vector<T, Allocator>>
{
    static constexpr bool data_stays = true;
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

/// Memory with its size, where a vector would write to it first: `{std::make_unique_for_overwrite<T[]>(n), n}`.
template <byte_like T, typename Deleter>
struct buffer_traits<std::pair<std::unique_ptr<T[], Deleter>, std::size_t>>
{
    using buffer = std::pair<std::unique_ptr<T[], Deleter>, std::size_t>;
    static constexpr bool data_stays = true;
    static auto data(buffer& b) noexcept { return to_void(b.first.get()); }
    static std::size_t size(const buffer& b) noexcept { return b.second; }

private:
    static void* to_void(void* p) noexcept { return p; }
    static const void* to_void(const void* p) noexcept { return p; }
};

/// Names its memory by a specialisation of `buffer_traits` with `data` and `size`.
template <typename Buffer>
concept has_buffer_traits = requires(Buffer& b, const Buffer& c) {
    { buffer_traits<Buffer>::data(b) } -> std::convertible_to<const void*>;
    { buffer_traits<Buffer>::size(c) } -> std::convertible_to<std::size_t>;
};

/// One piece of memory that an operation can own: movable, and known to `buffer_traits`.
template <typename Buffer>
concept single_buffer = std::move_constructible<Buffer> && has_buffer_traits<Buffer>;

namespace detail {

template <typename Buffer>
inline constexpr bool is_buffer_list = false;
template <single_buffer Buffer, std::size_t N>
inline constexpr bool is_buffer_list<std::array<Buffer, N>> = true;
template <single_buffer Buffer, typename Allocator>
inline constexpr bool is_buffer_list<std::vector<Buffer, Allocator>> = true;
template <single_buffer... Buffers>
inline constexpr bool is_buffer_list<std::tuple<Buffers...>> = sizeof...(Buffers) != 0;

/// What a list of buffers has in the place of `buffer_traits`. Not called.
struct list_traits
{
    static void* data(auto&) noexcept;
    static std::size_t size(const auto&) noexcept;
};
template <typename Buffer>
using list_or_buffer_traits
    = std::conditional_t<is_buffer_list<Buffer>, list_traits, buffer_traits<Buffer>>;

template <typename Buffer>
inline constexpr bool is_writable = false;
template <has_buffer_traits Buffer>
inline constexpr bool is_writable<Buffer>
    = requires(Buffer& b) { { buffer_traits<Buffer>::data(b) } -> std::convertible_to<void*>; };
template <single_buffer Buffer, std::size_t N>
inline constexpr bool is_writable<std::array<Buffer, N>> = is_writable<Buffer>;
template <single_buffer Buffer, typename Allocator>
inline constexpr bool is_writable<std::vector<Buffer, Allocator>> = is_writable<Buffer>;
template <single_buffer... Buffers>
inline constexpr bool is_writable<std::tuple<Buffers...>> = (is_writable<Buffers> && ...);

} // namespace detail

/// Several: an array, a vector or a tuple of them, filled or emptied one after the other.
template <typename Buffer>
concept buffer_list_like = std::move_constructible<Buffer> && detail::is_buffer_list<Buffer>;

/// What an operation can own: a single buffer or a list of them. Written out, so that the first lines of a
/// compiler's message name what a buffer lacks.
template <typename Buffer>
concept owned_buffer = std::move_constructible<Buffer> && requires(Buffer& b, const Buffer& c) {
    { detail::list_or_buffer_traits<Buffer>::data(b) } -> std::convertible_to<const void*>;
    { detail::list_or_buffer_traits<Buffer>::size(c) } -> std::convertible_to<std::size_t>;
};

/// The same, to read into.
template <typename Buffer>
concept owned_mutable_buffer = owned_buffer<Buffer> && detail::is_writable<Buffer>;

} // namespace proactor

#endif
