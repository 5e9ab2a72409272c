#ifndef PROACTOR_ERROR_HPP
#define PROACTOR_ERROR_HPP

namespace proactor::detail {

/// Throws `std::system_error` in the system category; `what` names the call that failed.
///
/// The only place of the compiled library that throws. Errors on the data path are values.
[[noreturn]] void throw_system_error(int error, const char* what);

/// Writes `message` to standard error and calls `std::terminate`: a misuse that cannot go on.
[[noreturn]] void terminate_with(const char* message) noexcept;

} // namespace proactor::detail

#endif
