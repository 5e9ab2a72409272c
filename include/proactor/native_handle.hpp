#ifndef PROACTOR_NATIVE_HANDLE_HPP
#define PROACTOR_NATIVE_HANDLE_HPP

#include <proactor/config.hpp>

#include <cstdint>

namespace proactor {

/// What the operating system calls an open file, socket or pipe.
#if PROACTOR_WINDOWS
using native_handle = std::uintptr_t;
#else
using native_handle = int;
#endif

inline constexpr native_handle invalid_handle = static_cast<native_handle>(-1);

/// Stands for the working directory where a name may be relative to an open one.
inline constexpr native_handle working_directory = static_cast<native_handle>(-100);

} // namespace proactor

#endif
