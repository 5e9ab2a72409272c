#include "histogram.hpp"

#include <cmath>

namespace echo {

std::chrono::nanoseconds histogram::percentile(double share) const
{
    auto const wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket != counts_.size() && total_; ++bucket)
        if ((seen += counts_[bucket]) >= wanted)
            return std::chrono::nanoseconds(end_of(bucket));
    return {};
}

std::uint64_t histogram::end_of(std::size_t bucket)
{
    if (bucket < fine)
        return bucket;
    auto const shift = bucket / fine - 1;
    return ((bucket % fine + fine + 1) << shift) - 1;
}

} // namespace echo
