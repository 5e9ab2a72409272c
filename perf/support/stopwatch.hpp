// A warm-up and then the measured window, for a program that counts what it does.
#pragma once

#include <chrono>
#include <cstdint>

namespace perf {

/// What a process has used up, at one moment.
struct reading
{
    std::chrono::steady_clock::time_point wall;
    std::chrono::nanoseconds cpu; ///< of all threads, the kernel's workers among them
    std::uint64_t allocations;

    static reading now() noexcept;
};

/// Divides a run into a warm-up of a quarter of the window and the window itself.
class stopwatch
{
public:
    explicit stopwatch(std::chrono::milliseconds window);

    /// Whether there is time left. Call it every `interval` operations or so, with how many there
    /// were so far; its clock would show in the figures of operations as short as itself.
    bool running(std::uint64_t operations) noexcept;

    static constexpr std::uint64_t interval = 1024;

    // Of the window, when `running` has said that it is over. They throw if nothing was done in it.
    double wall_ns_per_operation() const;
    double cpu_ns_per_operation() const;
    double allocations_per_operation() const;
    double operations_per_second() const;

private:
    double per_operation(double total) const;

    std::chrono::milliseconds window_;
    std::chrono::steady_clock::time_point deadline_;
    bool measuring_ = false;
    reading first_{};
    reading last_{};
    std::uint64_t first_operations_ = 0;
    std::uint64_t last_operations_ = 0;
};

} // namespace perf
