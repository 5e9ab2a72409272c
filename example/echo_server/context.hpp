#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

// The only lines that know what the server runs on. ECHO_ASIO: on Asio's own context. ECHO_TYPED:
// with I/O objects whose executor type names the context, in place of the type-erased one.
#if defined(ECHO_ASIO)
#include <boost/asio/io_context.hpp>
#else
#include <proactor.hpp>
#endif

namespace echo_server {

#if defined(ECHO_ASIO)
using context = boost::asio::io_context;
#else
using context = proactor::io_context;
#endif

#if defined(ECHO_TYPED)
using executor = context::executor_type;
#else
using executor = boost::asio::any_io_executor;
#endif

// An I/O object of Asio's with that executor; with any_io_executor it is Asio's plain type.
template <typename Object>
using with_executor = typename Object::template rebind_executor<executor>::other;

using tcp_socket = with_executor<boost::asio::ip::tcp::socket>;

} // namespace echo_server
