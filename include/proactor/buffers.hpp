#ifndef PROACTOR_BUFFERS_HPP
#define PROACTOR_BUFFERS_HPP

#include <proactor/buffer_traits.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace proactor {

/// A part of a buffer, to be read into or written from; the rest stays untouched. The operation gives the
/// slice back, and the slice the whole buffer.
template <single_buffer Buffer>
class buffer_slice
{
public:
    using buffer_type = Buffer;

    /// `offset` and `size` are cut to what the buffer has.
    buffer_slice(Buffer buffer, std::size_t offset,
                 std::size_t size = static_cast<std::size_t>(-1))
        : buffer_(std::move(buffer))
        , offset_(std::min(offset, buffer_traits<Buffer>::size(buffer_)))
        , size_(std::min(size, buffer_traits<Buffer>::size(buffer_) - offset_))
    {
    }

    std::size_t offset() const noexcept { return offset_; }
    std::size_t size() const noexcept { return size_; }
    auto data() noexcept { return at(buffer_traits<Buffer>::data(buffer_)); }

    /// The whole buffer.
    Buffer& buffer() noexcept { return buffer_; }
    const Buffer& buffer() const noexcept { return buffer_; }
    Buffer release() && { return std::move(buffer_); }

private:
    void* at(void* p) const noexcept { return static_cast<std::byte*>(p) + offset_; }
    const void* at(const void* p) const noexcept
    {
        return static_cast<const std::byte*>(p) + offset_;
    }

    Buffer buffer_;
    std::size_t offset_;
    std::size_t size_;
};

/// Bytes that something else owns, with what keeps them alive, such as a `std::shared_ptr`. `const T` can
/// only be written from. The bytes must not move with the owner.
template <typename T, std::move_constructible Owner>
    requires byte_like<std::remove_const_t<T>>
class kept_span
{
public:
    kept_span(std::span<T> bytes, Owner owner)
        : bytes_(bytes)
        , owner_(std::move(owner))
    {
    }

    T* data() const noexcept { return bytes_.data(); }
    std::size_t size() const noexcept { return bytes_.size(); }
    std::span<T> bytes() const noexcept { return bytes_; }
    Owner& owner() noexcept { return owner_; }
    const Owner& owner() const noexcept { return owner_; }

private:
    std::span<T> bytes_;
    Owner owner_;
};

template <single_buffer Buffer>
struct buffer_traits<buffer_slice<Buffer>>
{
    static constexpr bool data_stays = requires { requires buffer_traits<Buffer>::data_stays; };
    static auto data(buffer_slice<Buffer>& b) noexcept { return b.data(); }
    static std::size_t size(const buffer_slice<Buffer>& b) noexcept { return b.size(); }
};

template <typename T, typename Owner>
struct buffer_traits<kept_span<T, Owner>>
{
    static constexpr bool data_stays = true;
    static auto data(kept_span<T, Owner>& b) noexcept
    {
        if constexpr (std::is_const_v<T>)
            return static_cast<const void*>(b.data());
        else
            return static_cast<void*>(b.data());
    }
    static std::size_t size(const kept_span<T, Owner>& b) noexcept { return b.size(); }
};

} // namespace proactor

#endif
