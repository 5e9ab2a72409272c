#ifndef PROACTOR_TO_END_HPP
#define PROACTOR_TO_END_HPP

#include <cstdint>

namespace proactor {

/// As many bytes as there are, where a count is asked for: the end is a success then.
inline constexpr std::uint64_t to_end = ~std::uint64_t(0);

} // namespace proactor

#endif
