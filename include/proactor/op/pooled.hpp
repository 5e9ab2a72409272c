#ifndef PROACTOR_OP_POOLED_HPP
#define PROACTOR_OP_POOLED_HPP

#include <proactor/detail/item_queue.hpp>
#include <proactor/detail/op_slot.hpp>
#include <proactor/op/address.hpp>
#include <proactor/op/slab.hpp>
#include <proactor/pooled_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

/// Operations whose buffer comes out of a pool when there is something to put there: what waits holds none.
/// Without a free buffer they end with `no_buffer_space`, at their start or when data comes, which stays where
/// it is; `await_buffer` tells when to try again.
namespace proactor::op {

/// Buffers of one size for the operations of one slab; of another they end with `invalid_argument`.
///
/// Lifetimes: the pool, its slab, operations in flight and buffers may go in any order.
///
/// Threads: any, at any time, also for the ends of its buffers.
class buffer_pool
{
public:
    static constexpr std::size_t most = buffer_source::most;

    /// Throws `std::invalid_argument` unless 1 <= `count` <= `most` and 1 <= `size` < 2 GiB.
    buffer_pool(slab& s, std::size_t count, std::size_t size, pool_options options = {});

    /// Waits for a buffer are cancelled, other operations go on.
    ~buffer_pool();

    buffer_pool(const buffer_pool&) = delete;
    buffer_pool& operator=(const buffer_pool&) = delete;

    std::size_t count() const noexcept { return source_->count(); }
    std::size_t buffer_size() const noexcept { return source_->size(); }

    /// How many buffers nobody has, or has a part of. While others take and return some, a hint.
    std::size_t available() const noexcept { return source_->available(); }

    /// Takes a buffer, of the full size, to be filled by the caller; one that holds none if none is available.
    pooled_buffer acquire();

    /// For operations.
    buffer_source& source() noexcept { return *source_; }

private:
    detail::source_reference source_;
    detail::op_core* core_;
};

/// What the operations below share: a hold of their pool, and what they have won.
class from_pool
{
public:
    explicit from_pool(buffer_pool& p) noexcept : source_(detail::share(p.source())) {}

    pooled_buffer buffer; ///< won; holds none without data

    static constexpr bool on_source = true;
    void finish(const outcome& o) noexcept
    {
        if (o.flags != buffer_source::none)
            buffer = pooled_buffer(*source_, o.flags, o.value);
    }

protected:
    buffer_source* source() const noexcept { return source_.get(); }

private:
    detail::source_reference source_;
};

/// Receives on a connected socket. Value: bytes; from a stream, 0 is its end, and so is a datagram without
/// bytes. One that is larger than a buffer is cut.
struct receive_pooled : from_pool
{
    explicit receive_pooled(buffer_pool& p, int flags = 0) noexcept : from_pool(p), flags(flags) {}

    int flags;

    detail::prepared prepare()
    {
        return {request::receive_pooled{{source()}, nullptr, flags},
                detail::lane_of_receive(flags)};
    }
};

/// Receives a datagram and its sender's address. Value: bytes.
struct receive_from_pooled : from_pool
{
    explicit receive_from_pooled(buffer_pool& p, int flags = 0) noexcept
        : from_pool(p), flags(flags)
    {
    }

    int flags;
    address from; ///< filled

    detail::prepared prepare(detail::message& m)
    {
        m.bytes = {};
        from.size = address::capacity;
        detail::fill_header(m, from.bytes, from.size);
        return {request::receive_pooled{{source()}, &m.header, flags},
                detail::lane_of_receive(flags)};
    }
    void finish(const outcome& o, const detail::message& m) noexcept
    {
        from_pool::finish(o);
        from.size = o.error ? 0 : std::min(detail::address_size(m), address::capacity);
    }
};

/// Reads from a stream without a position. Value: bytes; 0 is its end.
struct read_pooled : from_pool
{
    using from_pool::from_pool;

    detail::prepared prepare() { return {request::read_pooled{{source()}}, lane::read}; }
};

/// Reads at a position of a file. Value: bytes; 0 is the file's end.
struct read_at_pooled : from_pool
{
    read_at_pooled(buffer_pool& p, std::uint64_t offset) noexcept : from_pool(p), offset(offset) {}

    std::uint64_t offset;

    detail::prepared prepare()
    {
        return {request::read_pooled_at{{source()}, offset}, lane::none};
    }
};

/// Receives on a connected socket until it is cancelled, the stream ends (success), or for want of a buffer
/// (`no_buffer_space`): each part or datagram is a completion with `more()`, whose `value` is the bytes and
/// `take_buffer` the buffer. None is lost: those that came before a cancellation stand before its completion.
///
/// `datagrams` says that it is no stream, whose end would be one without bytes.
class receive_many
{
public:
    explicit receive_many(buffer_pool& p, bool datagrams = false) noexcept
        : source_(detail::share(p.source())), stream_(!datagrams)
    {
    }
    receive_many(receive_many&&) noexcept = default;
    receive_many& operator=(receive_many&&) = delete;
    ~receive_many()
    {
        while (items_.size() != 0)
            (void)take_item();
    }

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        return {request::receive_pooled{{source_.get()}, nullptr, 0, stream_, true}, lane::read};
    }

    // For the slab.
    void keep(std::uint64_t item) { items_.push(item); }
    detail::op_item take_item() noexcept
    {
        const std::uint64_t item = items_.pop();
        const auto number = request::buffer_of(item);
        const auto bytes = request::bytes_of(item);
        if (number == buffer_source::none)
            return {bytes, {}};
        return {bytes, pooled_buffer(*source_, number, bytes)};
    }

private:
    detail::source_reference source_;
    detail::item_queue items_;
    bool stream_;
};

/// Waits until a buffer is free: each that comes back ends one such wait, the oldest. It is not kept for
/// anybody: whoever tries first gets it.
class await_buffer
{
public:
    explicit await_buffer(buffer_pool& p) noexcept : source_(detail::share(p.source())) {}

    static constexpr bool on_source = false;
    detail::prepared prepare() { return {request::await_buffer{source_.get()}, lane::none}; }

private:
    detail::source_reference source_;
};

} // namespace proactor::op

#endif
