#include "stopwatch.hpp"

#include "allocations.hpp"

#include <ctime>
#include <stdexcept>

namespace perf {

reading reading::now() noexcept
{
    timespec cpu{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return {std::chrono::steady_clock::now(),
            std::chrono::seconds(cpu.tv_sec) + std::chrono::nanoseconds(cpu.tv_nsec),
            perf::allocations()};
}

stopwatch::stopwatch(std::chrono::milliseconds window)
    : window_(window), deadline_(std::chrono::steady_clock::now() + window / 4)
{
}

bool stopwatch::running(std::uint64_t operations) noexcept
{
    if (std::chrono::steady_clock::now() < deadline_)
        return true;
    if (!measuring_)
    {
        measuring_ = true;
        first_operations_ = operations;
        first_ = reading::now();
        deadline_ = first_.wall + window_;
        return true;
    }
    last_ = reading::now();
    last_operations_ = operations;
    return false;
}

double stopwatch::wall_ns_per_operation() const
{
    return per_operation(
        std::chrono::duration<double, std::nano>(last_.wall - first_.wall).count());
}

double stopwatch::cpu_ns_per_operation() const
{
    return per_operation(std::chrono::duration<double, std::nano>(last_.cpu - first_.cpu).count());
}

double stopwatch::allocations_per_operation() const
{
    return per_operation(static_cast<double>(last_.allocations - first_.allocations));
}

double stopwatch::operations_per_second() const
{
    return 1e9 / wall_ns_per_operation();
}

double stopwatch::per_operation(double total) const
{
    if (last_operations_ <= first_operations_)
        throw std::runtime_error("no operation ended in the measured window");
    return total / static_cast<double>(last_operations_ - first_operations_);
}

} // namespace perf
