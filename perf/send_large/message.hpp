// What the server sends, which the client knows.
#pragma once

#include <cstddef>

namespace perf {

inline constexpr std::size_t message_size = std::size_t{1} << 20;
inline constexpr char message_byte = 'm';

} // namespace perf
