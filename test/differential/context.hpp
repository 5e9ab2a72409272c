//
// The types that every body is written against.
//
// PROACTOR_TEST_ORACLE   1: boost::asio::io_context, plain Asio, nothing of the library under test.
// PROACTOR_TEST_DROP_IN  1: Asio's default, erased executors; 0: objects typed on the context's
// executor.
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_CONTEXT_HPP
#define PROACTOR_TEST_DIFFERENTIAL_CONTEXT_HPP

#ifndef PROACTOR_TEST_ORACLE
#define PROACTOR_TEST_ORACLE 0
#endif

#include <boost/asio.hpp>

#include <chrono>

#if !PROACTOR_TEST_ORACLE
#include "../support/declared_threads.hpp"
#endif

namespace differential {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using boost::system::system_error;

#if PROACTOR_TEST_ORACLE
using context = asio::io_context;
#else
using context = test::declared_threads_context;
#endif

/// The hint of a context that several threads run, whatever the environment declares.
inline constexpr int several_threads = BOOST_ASIO_CONCURRENCY_HINT_DEFAULT;

#if PROACTOR_TEST_DROP_IN
using executor = asio::any_io_executor;
#else
using executor = context::executor_type;
#endif

template <class Clock>
using timer_on = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, executor>;

using tcp_socket = asio::basic_stream_socket<tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<tcp, executor>;
using steady_timer = timer_on<std::chrono::steady_clock>;
using system_timer = timer_on<std::chrono::system_clock>;
using high_resolution_timer = timer_on<std::chrono::high_resolution_clock>;
using stream_descriptor = asio::posix::basic_stream_descriptor<executor>;
using tcp_resolver = asio::ip::basic_resolver<tcp, executor>;
using serial_port = asio::basic_serial_port<executor>;
using signal_set = asio::basic_signal_set<executor>;

template <class T = void>
using awaitable = asio::awaitable<T, executor>;
inline constexpr asio::use_awaitable_t<executor> use_awaitable{};

} // namespace differential

#endif
