#ifndef PROACTOR_ATTACHMENT_HPP
#define PROACTOR_ATTACHMENT_HPP

#include <proactor/operation.hpp>

#include <array>
#include <vector>

namespace proactor {

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
        for (auto& l : lanes_)
            visit(l, f);
    }

    attachment* next = nullptr; ///< of the driver's free list

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
    /// Connections that accepts won after their cancellation, oldest first: the next accepts'.
    std::vector<native_handle> kept_;
    /// Revocable successes that have been given back and are not delivered.
    detail::list_hook undelivered_;
    bool detached_ = false;
    bool close_when_idle_ = false;
    std::array<detail::list_hook, ordered_lanes + 1> lanes_;
};

} // namespace proactor

#endif
