#include "pace.hpp"

#include <algorithm>

namespace perf {

pace::pace(milliseconds longest, std::optional<milliseconds> total, std::size_t runs)
    : longest_(longest), left_(runs)
{
    if (total)
        end_ = clock::now() + *total;
}

pace::milliseconds pace::window(clock::time_point now) const
{
    if (!end_ || left_ == 0)
        return longest_;
    constexpr milliseconds guess{150};
    const clock::duration beside =
        done_ ? beside_ / static_cast<clock::rep>(done_) : clock::duration(guess);
    const clock::duration share = (*end_ - now) / static_cast<clock::rep>(left_) - beside;
    return std::clamp(std::chrono::duration_cast<milliseconds>(share), shortest, longest_);
}

void pace::ran(milliseconds window, clock::duration took)
{
    beside_ += took - window;
    ++done_;
    if (left_ > 0)
        --left_;
}

} // namespace perf
