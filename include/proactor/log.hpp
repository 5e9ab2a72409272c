#ifndef PROACTOR_LOG_HPP
#define PROACTOR_LOG_HPP

#include <string_view>

namespace proactor {

/// Takes one line, without its end, that is of interest to whoever runs a program: which driver was
/// opened, and why. Called by any thread; must not throw.
using log_function = void (*)(std::string_view line);

/// Sets who is told, for the whole process, and returns who was told before. Null, as at the start: nobody.
log_function set_log_function(log_function f) noexcept;

} // namespace proactor

#endif
