#ifndef PROACTOR_POOLED_BUFFER_HPP
#define PROACTOR_POOLED_BUFFER_HPP

#include <proactor/buffer_source.hpp>
#include <proactor/buffer_traits.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace proactor {

/// A buffer out of a `buffer_pool`, with what an operation has put there. It goes back when it is destroyed,
/// on any thread; it may outlive the pool and the context, whose memory it then keeps.
///
/// It can be given to `async_write`, `async_send` and the others that own their buffer, and comes back from
/// them.
class pooled_buffer
{
public:
    pooled_buffer() = default;

    /// Takes over what a driver has told: see `buffer_source`.
    pooled_buffer(buffer_source& source, std::uint32_t number, std::size_t size) noexcept
        : source_(&source)
        , data_(static_cast<std::byte*>(source.data(number)))
        , size_(size)
        , number_(number)
    {
    }

    pooled_buffer(pooled_buffer&& other) noexcept
        : source_(std::exchange(other.source_, nullptr))
        , data_(std::exchange(other.data_, nullptr))
        , size_(std::exchange(other.size_, 0))
        , number_(std::exchange(other.number_, buffer_source::none))
    {
    }
    pooled_buffer& operator=(pooled_buffer&& other) noexcept
    {
        pooled_buffer taken(std::move(other));
        std::swap(source_, taken.source_);
        std::swap(data_, taken.data_);
        std::swap(size_, taken.size_);
        std::swap(number_, taken.number_);
        return *this;
    }
    ~pooled_buffer() { reset(); }

    std::byte* data() noexcept { return data_; }
    const std::byte* data() const noexcept { return data_; }

    /// Bytes that were received, or what `resize` has made of them.
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t capacity() const noexcept { return source_ ? source_->capacity(number_) : 0; }

    /// To write something else there. Cut to the capacity.
    void resize(std::size_t n) noexcept { size_ = std::min(n, capacity()); }

    std::span<std::byte> bytes() noexcept { return {data_, size_}; }
    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

    /// Whether it holds a buffer of a pool.
    explicit operator bool() const noexcept { return source_ != nullptr; }

    /// Gives it back now.
    void reset() noexcept
    {
        if (buffer_source* s = std::exchange(source_, nullptr))
            s->give_back(number_);
        data_ = nullptr;
        size_ = 0;
    }

private:
    buffer_source* source_ = nullptr;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::uint32_t number_ = buffer_source::none;
};

template <>
struct buffer_traits<pooled_buffer>
{
    static constexpr bool data_stays = true;
    static void* data(pooled_buffer& b) noexcept { return b.data(); }
    static std::size_t size(const pooled_buffer& b) noexcept { return b.size(); }
};

} // namespace proactor

#endif
