#ifndef PROACTOR_ATTACHMENT_HPP
#define PROACTOR_ATTACHMENT_HPP

#include <proactor/operation.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace proactor {

/// What a driver has learned about a handle.
struct handle_notes
{
    enum class answer : std::uint8_t
    {
        unknown,
        no,
        yes
    };
    answer direct = answer::unknown;        ///< its transfers go past the system's memory
    answer tells_drained = answer::unknown; ///< a short receive has taken all there was
    answer waitable = answer::unknown;      ///< see `detail::is_waitable`
    answer sends_in_place = answer::unknown; ///< no: the system has had to copy
    bool prepared = false;                ///< for reads and writes of a stream
    bool drained = false;                 ///< and so it did, and no event has come since
    /// In a table of the system's, which it has once it is used often; negative without one.
    std::int16_t place = no_place;
    static constexpr std::int16_t no_place = -1;
    static constexpr std::int16_t refused = -2;
    std::uint8_t transfers = 0; ///< before it has one
    request::readiness watched = request::readiness::none; ///< for which events will come
    native_handle watched_by = invalid_handle; ///< a duplicate, where the handle is attached twice
};

/// A handle that a driver works on: its lanes of submitted operations, in order.
///
/// Made and recycled by its driver, which keeps the memory until the driver itself goes: a stale
/// pointer in a cancellation slot finds a valid attachment, and no operation with its key.
class attachment
{
public:
    attachment() = default;
    attachment(const attachment&) = delete;
    attachment& operator=(const attachment&) = delete;

    native_handle handle() const noexcept { return handle_; }

    /// Whether any operation is submitted and not completed.
    bool busy() const noexcept
    {
        for (const auto& l : lanes_)
            if (l.linked())
                return true;
        return false;
    }

    /// Whether an operation of this lane is submitted and not completed.
    bool busy(lane l) const noexcept { return lanes_[index(l)].linked(); }

    /// Calls `f(operation&)` for each that can still be cancelled: those that have succeeded in a
    /// revocable way and are not delivered, then by lane and submission. `f` may remove its argument.
    template <typename F>
    void for_each(F f)
    {
        visit(undelivered_, f);
        for_each_submitted(f);
    }

    /// Calls `f(operation&)` for each that has been submitted and not given back, by lane and submission.
    template <typename F>
    void for_each_submitted(F f)
    {
        for (auto& l : lanes_)
            visit(l, f);
    }

    /// Whether it stands for the same handle as when it had this generation, and for an open one.
    bool stands(std::uint32_t since) const noexcept { return generation == since && !detached_; }

    /// Connections that wait for their taker.
    std::size_t kept() const noexcept { return kept_.size(); }

    /// Takes the oldest of them, or `invalid_handle`.
    native_handle take_kept() noexcept
    {
        if (kept_.empty())
            return invalid_handle;
        const native_handle oldest = kept_.front();
        kept_.erase(kept_.begin());
        return oldest;
    }

    attachment* next = nullptr;   ///< of the driver's free list
    handle_notes notes;           ///< the driver's own
    std::uint32_t generation = 0; ///< handles that it has stood for before

private:
    friend class driver;

    template <typename F>
    static void visit(detail::list_hook& list, F& f)
    {
        for (auto* h = list.after; h != &list;)
        {
            auto* following = h->after;
            f(*static_cast<operation*>(h));
            h = following;
        }
    }

    static std::size_t index(lane l) noexcept { return static_cast<std::size_t>(l); }

    native_handle handle_ = invalid_handle;
    /// Connections that accepts won after their cancellation or ahead of time, oldest first: the next
    /// accepts'.
    std::vector<native_handle> kept_;
    /// Revocable successes that have been given back and are not delivered.
    detail::list_hook undelivered_;
    bool detached_ = false;
    bool close_when_idle_ = false;
    std::array<detail::list_hook, ordered_lanes + 1> lanes_;
};

} // namespace proactor

#endif
