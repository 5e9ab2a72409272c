#ifndef PROACTOR_DETAIL_INTERVAL_SCHEDULE_HPP
#define PROACTOR_DETAIL_INTERVAL_SCHEDULE_HPP

#include <chrono>
#include <cstdint>

namespace proactor {

/// What an interval does about ticks that it missed: when one is delivered, those of the schedule
/// that have come after it.
enum class missed_ticks
{
    burst, ///< delivers each of them, without a pause, until the schedule is caught up with
    delay, ///< delivers one; the schedule moves, and goes on a period after it
    skip   ///< delivers one, with their number; the schedule stays, and goes on with its next tick
};

namespace detail {

/// When the ticks of an interval come.
struct interval_schedule
{
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    time_point next;
    duration period; ///< positive
    missed_ticks policy;

    void restart(time_point now) noexcept { next = after(now, period); }

    /// The tick that was next is delivered, `now` being no earlier. Returns how many it stands for.
    std::uint64_t deliver(time_point now) noexcept
    {
        const duration late = now - next;
        if (late < period || policy == missed_ticks::burst)
        {
            next = after(next, period);
            return 1;
        }
        if (policy == missed_ticks::delay)
        {
            next = after(now, period);
            return 1;
        }
        const auto missed = late / period;
        next = after(next + missed * period, period);
        return static_cast<std::uint64_t>(missed) + 1;
    }

private:
    /// Never, where the clock would overflow.
    static time_point after(time_point t, duration d) noexcept
    {
        return t > time_point::max() - d ? time_point::max() : t + d;
    }
};

} // namespace detail
} // namespace proactor

#endif
