#ifndef PROACTOR_DETAIL_SPIN_POLICY_HPP
#define PROACTOR_DETAIL_SPIN_POLICY_HPP

#include <cstdint>

namespace proactor::detail {

/// Decides whether a loop that has nothing to do spins before it sleeps.
///
/// It goes by how often spinning found something, not by how long the last gaps were: a gap that was
/// slept through contains the sleep's own cost, so that a window judged by gaps never opens.
class spin_policy
{
public:
    /// To be asked at each park.
    bool worth_trying() noexcept
    {
        ++parks_;
        return rate_ >= worth || parks_ % trial_every == 0;
    }

    void record(bool hit) noexcept
    {
        rate_ += ((hit ? full : 0) - rate_) / 8;
    }

private:
    static constexpr std::int32_t full = 1024;
    static constexpr std::int32_t worth = full / 4;
    static constexpr std::uint32_t trial_every = 32;

    std::int32_t rate_ = full / 2; ///< share of spins that found something, of `full`
    std::uint32_t parks_ = 0;
};

} // namespace proactor::detail

#endif
