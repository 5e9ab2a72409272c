#pragma once

#include <string>

namespace perf {

/// The file that is read at random, made if it is not there yet. Throws `std::system_error`.
void provide_read_file(const std::string& path);

} // namespace perf
