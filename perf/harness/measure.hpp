// Runs the programs, round by round.
#pragma once

#include "scenarios.hpp"
#include "statistics.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perf {

struct plan
{
    std::string folder; ///< of the programs, and of the file that is read
    unsigned rounds;
    std::chrono::milliseconds window;               ///< of each run, at most
    std::optional<std::chrono::milliseconds> total; ///< of all runs together
};

/// One metric of one variant.
struct row
{
    const perf::scenario* scenario;
    const perf::variant* variant;
    const perf::metric* metric;
    std::vector<std::pair<std::string_view, summary>> results; ///< by peer, without those that skip
    std::optional<std::string> skipped; ///< the reason, where the subject skips
};

/// Measures the scenarios; every variant once a round, its peers next to each other in another
/// order each time. Progress goes to standard error. Throws `program_failure`.
std::vector<row> measure(const std::vector<const scenario*>& chosen, const plan& p);

} // namespace perf
