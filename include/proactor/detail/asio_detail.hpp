#ifndef PROACTOR_DETAIL_ASIO_DETAIL_HPP
#define PROACTOR_DETAIL_ASIO_DETAIL_HPP

/// Everything of Asio's `detail` that is used, and the Boost releases that have it. All of it is
/// present, with the same names and meanings, from Boost 1.81 to 1.92:
///
/// - `thread_context`, `thread_info_base`, `call_stack`: the loop's thread state, by which coroutine
///   frames are recycled and exceptions carried out of nested functions.
/// - `execution_context_service_base`: services found by their type.
/// - `socket_ops`, `descriptor_ops`, `signal_blocker`: the synchronous half of the services; of the
///   first also `getaddrinfo`, `freeaddrinfo` and `sync_getnameinfo`, called on the pool, with
///   `addrinfo_type`.
/// - `buffer_sequence_adapter`: any buffer sequence as an array of `iovec`.
/// - `io_object_impl` and the service templates that the hook names: see `asio_hooks.hpp`.
/// - `throw_error`, and the macros for concurrency hints.
/// - `chrono_time_traits`: which of its clocks a timer has.
/// - `binder1`, `binder2`: a handler with its results, which its executor gets; `handler_` is public.
/// - `get_signal_state` and its `signal_handler`: see `asio_signals.hpp`.
///
/// From 1.82 on: `associated_immediate_executor`'s mark that it is not specialised.

#include <boost/asio/execution_context.hpp>

#include <boost/asio/detail/buffer_sequence_adapter.hpp>
#include <boost/asio/detail/call_stack.hpp>
#include <boost/asio/detail/socket_ops.hpp>
#include <boost/asio/detail/thread_context.hpp>
#include <boost/asio/detail/thread_info_base.hpp>
#include <boost/asio/detail/throw_error.hpp>
#include <boost/asio/detail/throw_exception.hpp>
#include <boost/asio/error.hpp>
#include <boost/version.hpp>

#include <type_traits>

/// Handlers with an executor for results that are there at once came with Boost 1.82.
#define PROACTOR_HAS_IMMEDIATE_EXECUTOR (BOOST_VERSION >= 108200)

/// And `signal_set_base`, with flags for a signal's action.
#define PROACTOR_HAS_SIGNAL_FLAGS (BOOST_VERSION >= 108200)

/// Contexts that are made with services in them, such as a configuration, came with Boost 1.87.
#define PROACTOR_HAS_SERVICE_MAKER (BOOST_VERSION >= 108700)

/// What stands outside of its namespaces has another prefix from Boost 1.92 on.
#if defined(BOOST_ASIO_VERSIONED_NAME)
#    define PROACTOR_ASIO_NAME(name) BOOST_ASIO_VERSIONED_NAME(name)
#else
#    define PROACTOR_ASIO_NAME(name) boost_asio_##name
#endif

namespace proactor {

namespace asio = boost::asio;
using boost::system::error_code;

namespace detail {

// Deprecated from Boost 1.90 on, and still a part of every service. To name the type of a parameter warns
// users; to ask for it does not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
template <typename Buffers>
concept no_buffers = std::is_same_v<Buffers, asio::null_buffers>;

inline const asio::null_buffers when_ready;
#pragma GCC diagnostic pop

/// For which operations Asio puts a handle into non-blocking mode: users see the mode, and rely on it in their
/// own calls on the native handle. Connects, accepts and what descriptors transfer need it in each release.
inline constexpr bool mode_is_for_waits = BOOST_VERSION < 108600;
#if defined(BOOST_ASIO_OS_DEF_MSG_DONTWAIT) // Boost 1.92
inline constexpr bool mode_is_for_sockets_transfers = false;
#else
inline constexpr bool mode_is_for_sockets_transfers = true;
#endif

/// An outcome's code as Asio spells it: positive is the system's, negative one of Asio's own.
inline error_code make_error(int code) noexcept
{
    if (code > 0)
        return {code, asio::error::get_system_category()};
    if (code < 0)
        return {-code, asio::error::get_misc_category()};
    return {};
}

/// The way back.
inline int outcome_code(const error_code& ec) noexcept
{
    return ec.category() == asio::error::get_misc_category() ? -ec.value() : ec.value();
}

} // namespace detail
} // namespace proactor

#endif
