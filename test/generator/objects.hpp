//
// The I/O objects of a program: one variant, and the calls whose names differ between the classes.
//
// IO_CONTEXT             the context under test, Asio's if not defined
// IO_CONTEXT_HEADER      where it is declared
// PROACTOR_TEST_DROP_IN  0: objects typed on the context's executor; else Asio's default executor
//

#ifndef PROACTOR_TEST_GENERATOR_OBJECTS_HPP
#define PROACTOR_TEST_GENERATOR_OBJECTS_HPP

#include <boost/asio.hpp>

#ifdef IO_CONTEXT_HEADER
#include IO_CONTEXT_HEADER
#endif
#ifndef IO_CONTEXT
#define IO_CONTEXT boost::asio::io_context
#endif
#ifndef PROACTOR_TEST_DROP_IN
#define PROACTOR_TEST_DROP_IN 1
#endif

#include <string>
#include <type_traits>
#include <variant>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace generator {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

using context = IO_CONTEXT;
#if PROACTOR_TEST_DROP_IN
using executor = asio::any_io_executor;
#else
using executor = context::executor_type;
#endif

using tcp_socket = asio::basic_stream_socket<tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<tcp, executor>;
using udp_socket = asio::basic_datagram_socket<udp, executor>;
using local_stream = asio::basic_stream_socket<asio::local::stream_protocol, executor>;
using local_datagram = asio::basic_datagram_socket<asio::local::datagram_protocol, executor>;
using readable_pipe = asio::basic_readable_pipe<executor>;
using writable_pipe = asio::basic_writable_pipe<executor>;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, executor>;
using strand = asio::strand<executor>;

using any_object = std::variant<tcp_socket, tcp_acceptor, udp_socket, local_stream, local_datagram,
                                readable_pipe, writable_pipe, timer>;

template <class T>
concept readable =
    !std::is_same_v<T,
                    tcp_acceptor> && !std::is_same_v<T, writable_pipe> && !std::is_same_v<T, timer>;
template <class T>
concept writable =
    !std::is_same_v<T,
                    tcp_acceptor> && !std::is_same_v<T, readable_pipe> && !std::is_same_v<T, timer>;
template <class T>
concept byte_stream = std::is_same_v<T, tcp_socket> || std::is_same_v<
    T, local_stream> || std::is_same_v<T, readable_pipe> || std::is_same_v<T, writable_pipe>;
template <class T>
concept pipe_end = std::is_same_v<T, readable_pipe> || std::is_same_v<T, writable_pipe>;
template <class T>
concept socket_like = !pipe_end<T> && !std::is_same_v<T, timer>;
template <class T>
concept plain_socket = socket_like<T> && !std::is_same_v<T, tcp_acceptor>;

inline asio::ip::address loopback()
{
    return asio::ip::address_v4::loopback();
}

/// The handle, or -1 if there is none.
inline int handle_of(any_object& object)
{
    return std::visit(
        [](auto& self) -> int {
            if constexpr (std::is_same_v<std::decay_t<decltype(self)>, timer>)
                return -1;
            else
                return self.is_open() ? self.native_handle() : -1;
        },
        object);
}

/// Whether the system says that an operation would not have to wait.
inline bool ready(int handle, short events)
{
    pollfd poller{handle, events, 0};
    return ::poll(&poller, 1, 0) > 0;
}

template <readable T>
std::size_t receive_now(T& object, asio::mutable_buffer into, error_code& ec)
{
    if constexpr (std::is_same_v<T, udp_socket>)
    {
        udp::endpoint from;
        return object.receive_from(into, from, 0, ec);
    }
    else if constexpr (pipe_end<T>)
        return object.read_some(into, ec);
    else
        return object.receive(into, 0, ec);
}

template <writable T>
std::size_t send_now(T& object, asio::const_buffer data, const udp::endpoint& to, error_code& ec)
{
    if constexpr (std::is_same_v<T, udp_socket>)
        return to.port() ? object.send_to(data, to, 0, ec) : object.send(data, 0, ec);
    else if constexpr (pipe_end<T>)
        return object.write_some(data, ec);
    else
        return object.send(data, 0, ec);
}

template <readable T, class Handler>
void start_receive(T& object, asio::mutable_buffer into, udp::endpoint& from, Handler handler)
{
    if constexpr (std::is_same_v<T, udp_socket>)
        object.async_receive_from(into, from, std::move(handler));
    else if constexpr (pipe_end<T>)
        object.async_read_some(into, std::move(handler));
    else
        object.async_receive(into, std::move(handler));
}

template <writable T, class Handler>
void start_send(T& object, asio::const_buffer data, const udp::endpoint& to, Handler handler)
{
    if constexpr (std::is_same_v<T, udp_socket>)
    {
        if (to.port())
            object.async_send_to(data, to, std::move(handler));
        else
            object.async_send(data, std::move(handler));
    }
    else if constexpr (pipe_end<T>)
        object.async_write_some(data, std::move(handler));
    else
        object.async_send(data, std::move(handler));
}

} // namespace generator

#endif
