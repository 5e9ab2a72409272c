// What a measured program printed: the other side of support/program.hpp.
#pragma once

#include "process.hpp"
#include "scenarios.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perf {

struct figures
{
    /// In the order of the metrics, if it could run; none where it cannot tell.
    std::vector<std::optional<double>> values;
    std::optional<std::string> skipped; ///< else the reason
};

/// Throws `program_failure` unless the program kept the contract and gave every metric.
figures read_output(const ended_process& ended, const std::vector<metric>& metrics);

} // namespace perf
