#ifndef PROACTOR_DETAIL_STANDARD_HANDLE_HPP
#define PROACTOR_DETAIL_STANDARD_HANDLE_HPP

#include <proactor/unique_handle.hpp>

namespace proactor::detail {

/// A handle of our own for a stream that other processes share, that can be read or written without
/// changing the mode that they see. Without one: invalid, and `errno` says why.
unique_handle private_handle(native_handle shared) noexcept;

} // namespace proactor::detail

#endif
