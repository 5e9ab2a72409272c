#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace perf {

/// Why no context can be had under that setting, or nothing if one can. A program that is measured
/// fails alike for that and for its own faults, which nobody may skip; so this asks another one.
/// Throws `program_failure` if that gives neither answer.
std::optional<std::string> refusal(const std::string& folder, std::string_view setting);

} // namespace perf
