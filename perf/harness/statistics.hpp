#pragma once

#include <vector>

namespace perf {

struct summary
{
    double median;
    double min;
    double max;
};

/// Of at least one value.
summary summarise(std::vector<double> values);

} // namespace perf
