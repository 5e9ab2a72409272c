#ifndef PROACTOR_DETAIL_TIMER_SOURCE_HPP
#define PROACTOR_DETAIL_TIMER_SOURCE_HPP

#include <proactor/operation.hpp>

#include <chrono>

namespace proactor::detail {

/// A queue of timers of some clock, as the engine sees it. Its calls happen inside the engine's
/// section.
class timer_source
{
public:
    using clock = std::chrono::steady_clock;

    timer_source() = default;
    timer_source(const timer_source&) = delete;
    timer_source& operator=(const timer_source&) = delete;

    /// When the engine has to look again, `time_point::max()` for never.
    clock::time_point due() const noexcept { return due_; }

    /// Moves the waits of all timers that have expired to `ready`, earliest first, and renews `due`.
    virtual void collect_expired(operation_queue& ready) = 0;

    timer_source* next = nullptr; ///< of the engine's list

protected:
    ~timer_source() = default;

    clock::time_point due_ = clock::time_point::max();
};

} // namespace proactor::detail

#endif
