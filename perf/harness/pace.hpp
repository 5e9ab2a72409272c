// How long each run may measure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace perf {

/// The longest window, or less where a limit on the total time asks for it: what the runs so far
/// took beside their windows is taken to be what the others will.
class pace
{
public:
    using clock = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;

    pace(milliseconds longest, std::optional<milliseconds> total, std::size_t runs);

    /// The window of the run that starts now.
    milliseconds window(clock::time_point now) const;

    /// A run with that window took that long.
    void ran(milliseconds window, clock::duration took);

private:
    static constexpr milliseconds shortest{20};

    milliseconds longest_;
    std::optional<clock::time_point> end_;
    std::size_t left_;
    std::size_t done_ = 0;
    clock::duration beside_{0}; ///< of the runs that are done
};

} // namespace perf
