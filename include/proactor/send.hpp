#ifndef PROACTOR_SEND_HPP
#define PROACTOR_SEND_HPP

#include <proactor/receive.hpp>

namespace proactor {

namespace detail {

struct send_transfer : transfer_base<asio::const_buffer>
{
    explicit send_transfer(asio::socket_base::message_flags f) noexcept
        : flags(f)
    {
    }

    template <typename Socket, typename State, typename Op>
    void start(Socket& s, State& state, Op&& op)
    {
        const auto buffers = state.rest(false);
        s.async_send(buffers, flags, std::move(op));
    }

    asio::socket_base::message_flags flags;
};

template <typename Endpoint>
struct send_to_transfer : send_transfer
{
    send_to_transfer(const Endpoint& e, asio::socket_base::message_flags f)
        : send_transfer(f)
        , receiver(e)
    {
    }

    template <typename Socket, typename State, typename Op>
    void start(Socket& s, State& state, Op&& op)
    {
        const auto buffers = state.rest(false);
        const Endpoint to = receiver; // the transfer moves
        s.async_send_to(buffers, to, flags, std::move(op));
    }

    Endpoint receiver;
};

} // namespace detail

/// Sends on a connected socket what it takes at once, or one datagram, and owns the buffer meanwhile.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, unchanged.
/// Lifetimes and cancellation are those of `async_receive`.
template <detail::a_socket Socket, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send(Socket& socket, Buffer buffer, asio::socket_base::message_flags flags,
                Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_owned<Token>(socket, detail::send_transfer(flags),
                                      std::move(buffer), token);
}
template <detail::a_socket Socket, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::convertible_to<Token, asio::socket_base::message_flags>)
auto async_send(Socket& socket, Buffer buffer,
                Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return async_send(socket, std::move(buffer), 0, std::forward<Token>(token));
}

/// Sends one datagram to `receiver`, which is copied.
template <detail::a_socket Socket, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send_to(
    Socket& socket, Buffer buffer, const detail::endpoint_of<Socket>& receiver,
    asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_owned<Token>(
        socket, detail::send_to_transfer<detail::endpoint_of<Socket>>(receiver, flags),
        std::move(buffer), token);
}
template <detail::a_socket Socket, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::convertible_to<Token, asio::socket_base::message_flags>)
auto async_send_to(
    Socket& socket, Buffer buffer, const detail::endpoint_of<Socket>& receiver,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return async_send_to(socket, std::move(buffer), receiver, 0, std::forward<Token>(token));
}

} // namespace proactor

#endif
