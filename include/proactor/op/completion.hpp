#ifndef PROACTOR_OP_COMPLETION_HPP
#define PROACTOR_OP_COMPLETION_HPP

#include <proactor/detail/op_slot.hpp>
#include <proactor/error.hpp>
#include <proactor/pooled_buffer.hpp>

#include <cstdint>
#include <system_error>
#include <utility>

namespace proactor::op {

/// Names a handle that a slab works on, until it is detached. A stale or empty one is harmless.
struct source
{
    std::uint32_t index = 0;
    std::uint32_t generation = 0;

    friend bool operator==(const source&, const source&) = default;
};

/// Names an operation from its submission until its end is handed out. A stale or empty one is
/// harmless, and so is letting go of it.
struct ticket
{
    std::uint32_t index = 0;
    std::uint32_t generation = 0;

    friend bool operator==(const ticket&, const ticket&) = default;
};

/// What `slab::wait` hands out: the end of an operation, a result of one that goes on, or the ring
/// of a `waker`.
///
/// Owns the operation that has ended. What is not taken out is freed with the completion: buffer,
/// operation, and the handle that it has won. May outlive the slab, whose memory it keeps.
///
/// Threads: distinct completions are independent of each other.
class completion
{
public:
    completion() = default;
    completion(completion&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)), token_(other.token_), value_(other.value_),
          buffer_(std::move(other.buffer_)), error_(other.error_), more_(other.more_)
    {
    }
    completion& operator=(completion&& other) noexcept
    {
        if (this != &other)
        {
            reset();
            slot_ = std::exchange(other.slot_, nullptr);
            token_ = other.token_;
            value_ = other.value_;
            buffer_ = std::move(other.buffer_);
            error_ = other.error_;
            more_ = other.more_;
        }
        return *this;
    }
    ~completion() { reset(); }

    /// Returns what the operation was submitted with, or the waker made with.
    std::uint64_t token() const noexcept { return token_; }

    /// Returns what the system said; no error is success. A cancelled operation has
    /// `std::errc::operation_canceled`.
    std::error_code error() const noexcept { return {error_, std::system_category()}; }

    /// Returns bytes, or 0; see the operation.
    std::uint64_t value() const noexcept { return value_; }

    /// Returns what the handle of an `op::poll` is ready for.
    request::readiness ready() const noexcept { return static_cast<request::readiness>(value_); }

    /// What an operation that goes on has received into a pool, see `op::receive_many`.
    [[nodiscard]] pooled_buffer take_buffer() noexcept { return std::move(buffer_); }

    /// Returns whether the operation goes on: this is not its end, and there is nothing to take.
    bool more() const noexcept { return more_; }

    /// Returns whether `take<Op>` may be called.
    template <typename Op>
    bool holds() const noexcept
    {
        return slot_ && slot_->type == &detail::op_type_of<Op>;
    }

    /// Hands the operation over, with its buffer and what it has won. Of any but its own type, or
    /// twice, it is an error of the program and calls `std::terminate`.
    template <typename Op>
    [[nodiscard]] Op take()
    {
        if (!holds<Op>())
            detail::terminate_with("op::completion::take: it holds no operation of that type");
        Op op(std::move(slot_->payload_of<Op>().op));
        reset();
        return op;
    }

    /// Frees what was not taken.
    void reset() noexcept
    {
        if (slot_)
            detail::release(*std::exchange(slot_, nullptr));
        buffer_.reset();
    }

private:
    friend class detail::op_core;

    detail::op_slot* slot_ = nullptr;
    std::uint64_t token_ = 0;
    std::uint64_t value_ = 0;
    pooled_buffer buffer_;
    int error_ = 0;
    bool more_ = false;
};

} // namespace proactor::op

#endif
