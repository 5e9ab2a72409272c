#ifndef PROACTOR_DETAIL_WAITABLE_HPP
#define PROACTOR_DETAIL_WAITABLE_HPP

namespace proactor::detail {

/// Whether the system tells when the handle becomes ready. Of regular files, folders and some devices
/// it does not: they count as ready always, and Asio's reactors refuse to wait for them.
bool is_waitable(int handle) noexcept;

} // namespace proactor::detail

#endif
