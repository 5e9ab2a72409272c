#ifndef PROACTOR_ERROR_HPP
#define PROACTOR_ERROR_HPP

namespace proactor::detail {

/// Writes `message` to standard error and calls `std::terminate`: a misuse that cannot go on.
///
/// The compiled library throws nothing of its own: what the system refuses is a value there, and an
/// exception of Boost's from the context on.
[[noreturn]] void terminate_with(const char* message) noexcept;

} // namespace proactor::detail

#endif
