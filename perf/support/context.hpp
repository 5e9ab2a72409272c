// The context under measurement and Asio's I/O objects on it, named once: one source is compiled
// for every peer.
//
// PERF_ASIO   1: boost::asio::io_context, nothing of the library.
// PERF_TYPED  1: the objects' executor is the context's own type; 0: Asio's default,
// any_io_executor.
#pragma once

#ifndef PERF_ASIO
#define PERF_ASIO 0
#endif
#ifndef PERF_TYPED
#define PERF_TYPED 0
#endif

#if PERF_ASIO
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#else
#include <proactor.hpp>
#endif

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>

namespace perf {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

#if PERF_ASIO
using context = asio::io_context;
#else
using context = proactor::io_context;
#endif

#if PERF_TYPED
using executor = context::executor_type;
#else
using executor = asio::any_io_executor;
#endif

using tcp_socket = asio::basic_stream_socket<tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<tcp, executor>;
using steady_timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, executor>;

} // namespace perf
