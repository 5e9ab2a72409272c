#ifndef PROACTOR_OP_SLAB_HPP
#define PROACTOR_OP_SLAB_HPP

#include <proactor/driver.hpp>
#include <proactor/op/completion.hpp>
#include <proactor/unique_handle.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace proactor::op {

class waker;

/// One of the types of `<proactor/op/operations.hpp>`.
template <typename Op>
concept any_operation = std::move_constructible<Op> && requires
{
    {
        Op::on_source
        } -> std::convertible_to<bool>;
};

/// Drives operations by hand: holds them from their submission until the caller takes them back.
///
/// What the arguments must outlive: handles stay the caller's, who closes them after the last
/// operation on them has ended, or lets `detach` do so. Everything else an operation needs it owns.
///
/// Threads: all but `wait` may be called from any thread at any time; `wait` from one thread at a
/// time, two at once call `std::terminate`. What another thread submits while one waits begins at
/// once; what the waiting thread itself submits begins with its next `wait`, or with `flush`.
/// `wake` may be called in a signal handler. The waiting thread may change; what one thread has
/// begun by `wait` or `flush` can come late while that thread computes, without a call of the
/// system, and another waits.
///
/// Fork: what a child does with a slab that it inherits, destruction included, does nothing to the
/// parent's. Once the child waits, everything that was in flight is asked for anew, and completes in both.
///
/// Memory: places of operations are used again, by their size, and are freed with the slab. Nothing
/// is allocated once there are enough of them.
class slab
{
public:
    using clock = driver::clock;

    /// Takes over a driver that nobody else uses, see `open_driver`.
    explicit slab(std::unique_ptr<proactor::driver> driver);

    /// Cancels everything, waits until the system has let go of it, and frees it with its buffers.
    /// Handles that were attached stay open. No other thread may be in a call.
    ~slab();

    slab(const slab&) = delete;
    slab& operator=(const slab&) = delete;

    /// Takes up an open handle.
    source attach(native_handle handle);

    /// Forgets a handle. Its operations go on; with `close_handle` it is closed after the last of
    /// them, at once if there is none. False: the source was stale.
    bool detach(source s, bool close_handle = false);

    /// Starts an operation on a source, which its completion will name by `token`. On a stale
    /// source it ends with `EBADF`. Operations of one direction of one source are done in the order
    /// of their submission. Throws what the operation's move throws, and `std::bad_alloc`; then
    /// nothing begins.
    template <typename Op>
    requires any_operation<std::remove_cvref_t<Op>> &&(std::remove_cvref_t<Op>::on_source)ticket
        submit(source on, Op&& op, std::uint64_t token = 0)
    {
        detail::op_slot& s = make(std::forward<Op>(op));
        return start(s, &on, token);
    }

    /// Starts an operation that needs no source: `nothing`, `open`, `close`, `timeout`, a `call`, what goes
    /// by names.
    template <typename Op>
    requires any_operation<std::remove_cvref_t<Op>> &&(!std::remove_cvref_t<Op>::on_source)ticket
        submit(Op&& op, std::uint64_t token = 0)
    {
        detail::op_slot& s = make(std::forward<Op>(op));
        return start(s, nullptr, token);
    }

    /// Asks an operation to end. It still has its completion, with `operation_canceled` or with
    /// what it got before; what a poll has found and nobody has looked at is dropped. False: there
    /// is nothing to cancel any more.
    bool cancel(ticket t);

    /// Cancels all operations of a source, and says how many it has asked.
    std::size_t cancel_all(source s);

    /// Cancels an operation of which nobody wants to hear any more: it has no completion, and is
    /// freed when the system lets go of it. False: the ticket was stale.
    bool discard(ticket t);

    /// Takes a connection that an accept that goes on has taken, or a cancelled one; without it the next
    /// accept gets it, and the end of the source closes it.
    unique_handle take_kept(source s);

    /// Asks the system for everything submitted so far, without waiting: before a call of the
    /// program's own that depends on it.
    void flush();

    /// Waits until there is something to hand out, `wake` was called or the deadline has passed,
    /// and fills the beginning of `room`, whose old contents are freed first. What does not fit
    /// stays for the next call. A deadline in the past is a look, `clock::time_point::max()` is
    /// none.
    ///
    /// An empty result means nothing but that the wait is over.
    std::span<completion> wait(clock::time_point deadline, std::span<completion> room) noexcept;

    /// Ends the `wait` of another thread, or the next one.
    void wake() noexcept;

    /// Returns how many operations have been submitted, and their ends not handed out or discarded.
    std::size_t in_flight() const;

    /// Returns the driver's name.
    const char* name() const noexcept;

    driver_counters counters() const;

private:
    friend class waker;
    friend class buffer_pool;
    friend class registered_memory;

    template <typename Op>
    detail::op_slot& make(Op&& op)
    {
        using type = std::remove_cvref_t<Op>;
        static_assert(alignof(detail::op_payload<type>) <= alignof(std::max_align_t));
        detail::op_slot& s = reserve(detail::op_type_of<type>);
        // Outside of the slab's own section: moving a buffer and asking for its bytes is the user's
        // code.
        bool made = false;
        try
        {
            auto* p = ::new (s.payload()) detail::op_payload<type>(std::forward<Op>(op));
            made = true;
            detail::prepared asked = p->prepare();
            s.request = asked.request;
            s.lane = asked.lane;
            s.refused = asked.refused;
            if constexpr (detail::has_deadline<type>)
                s.deadline = p->op.deadline;
        }
        catch (...)
        {
            abandon(s, made);
            throw;
        }
        return s;
    }

    detail::op_slot& reserve(const detail::op_type& type);
    void abandon(detail::op_slot& s, bool made) noexcept;
    ticket start(detail::op_slot& s, const source* on, std::uint64_t token);

    detail::op_core* core_;
};

/// Rings a slab from other threads: `wait` hands out a completion with the waker's token. Several
/// rings before somebody looks are one.
///
/// Threads: any, at any time; `wake` may be called in a signal handler. May outlive the slab, and
/// does nothing then; it keeps the descriptors of the driver itself.
class waker
{
public:
    waker(slab& s, std::uint64_t token);

    /// Drops a ring that nobody has looked at.
    ~waker();

    waker(const waker&) = delete;
    waker& operator=(const waker&) = delete;

    void wake() const noexcept;

private:
    detail::op_core* core_;
    detail::op_waker* state_;
};

} // namespace proactor::op

#endif
