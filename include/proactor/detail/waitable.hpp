#ifndef PROACTOR_DETAIL_WAITABLE_HPP
#define PROACTOR_DETAIL_WAITABLE_HPP

#include <proactor/attachment.hpp>

namespace proactor::detail {

/// Whether the system tells when the handle becomes ready. Of regular files, folders and some devices
/// it does not: they count as ready always, and Asio's reactors refuse to wait for them. The system is
/// asked once. No two threads may ask of one attachment.
bool is_waitable(attachment& a) noexcept;

} // namespace proactor::detail

#endif
