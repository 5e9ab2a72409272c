#include "statistics.hpp"

#include <algorithm>
#include <cassert>

namespace perf {

summary summarise(std::vector<double> values)
{
    assert(!values.empty());
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    const double median = values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
    return {median, values.front(), values.back()};
}

} // namespace perf
