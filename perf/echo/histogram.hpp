#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace echo {

// Counts durations in buckets of a 64th of their size: exact enough for a percentile, and as cheap
// as a counter.
class histogram
{
public:
    void add(std::chrono::nanoseconds duration)
    {
        auto const ns = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
        ++counts_[bucket_of(ns)];
        ++total_;
    }

    void clear() { *this = {}; }

    std::uint64_t total() const { return total_; }

    // The duration that `share` of all, between 0 and 1, do not exceed; 0 if there are none.
    std::chrono::nanoseconds percentile(double share) const;

private:
    static constexpr unsigned fine_bits = 6;
    static constexpr std::size_t fine = 1 << fine_bits;

    static std::size_t bucket_of(std::uint64_t ns)
    {
        if (ns < fine)
            return ns;
        auto const shift = static_cast<unsigned>(std::bit_width(ns)) - fine_bits - 1;
        return (shift + 1) * fine + ((ns >> shift) - fine);
    }
    static std::uint64_t end_of(std::size_t bucket);

    std::array<std::uint64_t, (64 - fine_bits + 1) * fine> counts_{};
    std::uint64_t total_ = 0;
};

} // namespace echo
