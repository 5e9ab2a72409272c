#pragma once

#include "measure.hpp"

#include <string>
#include <vector>

namespace perf {

/// Two tables for each scenario: the figures of the subject and of the other driver, and their
/// ratio to each peer's. What has no figures has no table.
std::string to_table(const std::vector<row>& rows);

} // namespace perf
