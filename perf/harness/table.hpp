#pragma once

#include "measure.hpp"

#include <string>
#include <vector>

namespace perf {

/// A table for each scenario: the subject's figures, and their ratio to each peer's.
std::string to_table(const std::vector<row>& rows);

} // namespace perf
