#pragma once

#include "measure.hpp"

#include <string>
#include <vector>

namespace perf {

/// {"scenarios": [...]}, one object a row.
std::string to_json(const std::vector<row>& rows);

} // namespace perf
