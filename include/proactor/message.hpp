#ifndef PROACTOR_MESSAGE_HPP
#define PROACTOR_MESSAGE_HPP

#include <proactor/control_data.hpp>
#include <proactor/detail/message_ops.hpp>
#include <proactor/receive.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>

#include <cstddef>
#include <utility>

namespace proactor {

namespace detail {

template <typename Buffers>
concept borrowed_mutable = asio::is_mutable_buffer_sequence<Buffers>::value;
template <typename Buffers>
concept borrowed_const = asio::is_const_buffer_sequence<Buffers>::value;

template <typename Token>
concept not_flags = !std::convertible_to<Token, asio::socket_base::message_flags>;

template <typename Token, typename Socket>
concept only_token =
    not_flags<Token> && !std::same_as<std::remove_cvref_t<Token>, endpoint_of<Socket>>;

template <typename Control>
concept some_control = std::derived_from<std::remove_reference_t<Control>, control_messages>;

} // namespace detail

/// Receives one message with its control data: a datagram, a record, or what a stream has.
/// Descriptors that come belong to the control buffer, are closed by it unless somebody takes them,
/// and never pass through `exec`.
///
/// Completes with `void(error_code, std::size_t, message_info<endpoint>)`. A message or control
/// data that does not fit is cut, and `message_info` says so; `error::eof` is the end of a stream.
///
/// `buffers` and `control` are referred to, and must live until the handler is called or destroyed.
///
/// Cancellation: terminal, partial and total; a message that has been taken nevertheless is
/// delivered, with its descriptors.
///
/// @code
/// socket.set_option(proactor::receive_packet_info(true));
/// proactor::control_buffer_for<proactor::packet_info> control;
/// auto [n, info] = co_await proactor::async_receive_msg(socket, asio::buffer(bytes), control,
///                                                       asio::use_awaitable);
/// auto arrived = control.get<proactor::packet_info>();
/// @endcode
template <detail::a_socket Socket, detail::borrowed_mutable Buffers,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_receive_msg(
    Socket& socket, Buffers buffers, control_messages& control,
    asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    using memory = detail::borrowed_memory<asio::mutable_buffer, Buffers>;
    return detail::start_receive_msg<Token, memory>(
        socket, std::move(buffers), detail::borrowed_control{&control}, flags, token);
}

/// The same, and owns buffer and control buffer meanwhile: completes with
/// `void(error_code, std::size_t, Buffer, control_buffer<N>, message_info<endpoint>)`. Both always
/// come back. Nothing must outlive anything (a socket that is not of ours must live until it
/// completes).
template <detail::a_socket Socket, owned_mutable_buffer Buffer, std::size_t N,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_receive_msg(
    Socket& socket, Buffer buffer, control_buffer<N>&& control,
    asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    using memory = detail::owned_memory<asio::mutable_buffer, Buffer>;
    return detail::start_receive_msg<Token, memory>(
        socket, std::move(buffer), detail::owned_control<N>{std::move(control)}, flags, token);
}

/// Both, without flags.
template <
    detail::a_socket Socket, typename Buffers, detail::some_control Control,
    detail::not_flags Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_receive_msg(
    Socket& socket, Buffers buffers, Control&& control,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return proactor::async_receive_msg(socket, std::move(buffers), std::forward<Control>(control),
                                       0, std::forward<Token>(token));
}

/// Sends one message with control data, on a connected socket or to `receiver`, which is copied. `flags`
/// are those of the socket's `async_send`.
///
/// Completes with `void(error_code, std::size_t)`. A control buffer that has overflowed is
/// `error::no_buffer_space`, and nothing is sent.
///
/// `buffers`, `control` and descriptors in it must stay until the handler is called or destroyed.
///
/// Cancellation: terminal, partial and total.
///
/// @code
/// proactor::control_buffer_for<proactor::segment_size> control;
/// control.add(proactor::segment_size{1200}); // one call, many datagrams
/// co_await proactor::async_send_msg(socket, asio::buffer(bytes), control, receiver,
///                                   asio::use_awaitable);
/// @endcode
template <detail::a_socket Socket, detail::borrowed_const Buffers, detail::some_control Control,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send_msg(
    Socket& socket, Buffers buffers, Control& control, const detail::endpoint_of<Socket>& receiver,
    asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    using memory = detail::borrowed_memory<asio::const_buffer, Buffers>;
    return detail::start_send_msg<Token, memory>(
        socket, std::move(buffers), detail::borrowed_control{&control}, receiver, flags, token);
}
template <detail::a_socket Socket, detail::borrowed_const Buffers, detail::some_control Control,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send_msg(
    Socket& socket, Buffers buffers, Control& control, asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    using memory = detail::borrowed_memory<asio::const_buffer, Buffers>;
    return detail::start_send_msg<Token, memory>(socket, std::move(buffers),
                                                 detail::borrowed_control{&control},
                                                 detail::no_receiver(), flags, token);
}

/// The same, and owns buffer and control buffer meanwhile: completes with
/// `void(error_code, std::size_t, Buffer, control_buffer<N>)`.
template <detail::a_socket Socket, owned_buffer Buffer, std::size_t N,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send_msg(
    Socket& socket, Buffer buffer, control_buffer<N>&& control,
    const detail::endpoint_of<Socket>& receiver, asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    using memory = detail::owned_memory<asio::const_buffer, Buffer>;
    return detail::start_send_msg<Token, memory>(socket, std::move(buffer),
                                                 detail::owned_control<N>{std::move(control)},
                                                 receiver, flags, token);
}
template <detail::a_socket Socket, owned_buffer Buffer, std::size_t N,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send_msg(
    Socket& socket, Buffer buffer, control_buffer<N>&& control,
    asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    using memory = detail::owned_memory<asio::const_buffer, Buffer>;
    return detail::start_send_msg<Token, memory>(socket, std::move(buffer),
                                                 detail::owned_control<N>{std::move(control)},
                                                 detail::no_receiver(), flags, token);
}

/// All of them, without flags.
template <
    detail::a_socket Socket, typename Buffers, detail::some_control Control,
    detail::not_flags Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send_msg(
    Socket& socket, Buffers buffers, Control&& control, const detail::endpoint_of<Socket>& receiver,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return proactor::async_send_msg(socket, std::move(buffers), std::forward<Control>(control),
                                    receiver, 0, std::forward<Token>(token));
}
template <detail::a_socket Socket, typename Buffers, detail::some_control Control,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
requires detail::only_token<Token, Socket>
auto async_send_msg(
    Socket& socket, Buffers buffers, Control&& control,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return proactor::async_send_msg(socket, std::move(buffers), std::forward<Control>(control), 0,
                                    std::forward<Token>(token));
}

} // namespace proactor

#endif
