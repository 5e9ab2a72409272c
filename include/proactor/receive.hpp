#ifndef PROACTOR_RECEIVE_HPP
#define PROACTOR_RECEIVE_HPP

#include <proactor/detail/owned_op.hpp>

#include <boost/asio/socket_base.hpp>

namespace boost::asio {

template <typename Protocol, typename Executor>
class basic_seq_packet_socket; // its header costs every user compile time

} // namespace boost::asio

namespace proactor {

namespace detail {

struct receive_transfer : transfer_base<asio::mutable_buffer>
{
    explicit receive_transfer(asio::socket_base::message_flags f) noexcept
        : flags(f)
    {
    }

    template <typename Socket, typename State, typename Op>
    void start(Socket& s, State& state, Op&& op)
    {
        const auto buffers = state.rest(false);
        s.async_receive(buffers, flags, std::move(op));
    }

    asio::socket_base::message_flags flags;
};

/// On a socket of packets, whose receives tell flags, too; nobody has asked for them.
struct receive_packet_transfer : receive_transfer
{
    static constexpr bool stays = true;

    using receive_transfer::receive_transfer;

    template <typename Socket, typename State, typename Op>
    void start(Socket& s, State& state, Op&& op)
    {
        const auto buffers = state.rest(false);
        s.async_receive(buffers, flags, told, std::move(op));
    }

    asio::socket_base::message_flags told = 0;
};

/// Into an endpoint of the user's.
template <typename Endpoint>
struct receive_from_transfer : receive_transfer
{
    receive_from_transfer(Endpoint& e, asio::socket_base::message_flags f) noexcept
        : receive_transfer(f)
        , sender(&e)
    {
    }

    template <typename Socket, typename State, typename Op>
    void start(Socket& s, State& state, Op&& op)
    {
        const auto buffers = state.rest(false);
        s.async_receive_from(buffers, *sender, flags, std::move(op));
    }

    Endpoint* sender;
};

/// Into one that goes to the handler.
template <typename Endpoint>
struct receive_with_sender_transfer : receive_transfer
{
    static constexpr bool stays = true;

    template <typename Buffer>
    using signature = void(error_code, std::size_t, Buffer, Endpoint);

    using receive_transfer::receive_transfer;

    template <typename Socket, typename State, typename Op>
    void start(Socket& s, State& state, Op&& op)
    {
        const auto buffers = state.rest(false);
        s.async_receive_from(buffers, sender, flags, std::move(op));
    }

    template <typename Buffer>
    std::tuple<error_code, std::size_t, Buffer, Endpoint> results(error_code ec, std::size_t n,
                                                                  Buffer&& b)
    {
        return {ec, n, std::move(b), sender};
    }

    Endpoint sender;
};

template <typename Socket>
concept a_socket = requires { typename Socket::protocol_type::endpoint; };

template <a_socket Socket>
using endpoint_of = typename Socket::protocol_type::endpoint;

template <typename Protocol, typename Executor>
receive_packet_transfer receive_transfer_of(asio::basic_seq_packet_socket<Protocol, Executor>&);
receive_transfer receive_transfer_of(...);

} // namespace detail

/// Receives on a connected socket, and owns the buffer meanwhile; a datagram that is larger is cut.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, and its size never
/// changes. Lifetimes are those of `async_read_some`, cancellation is that of the socket's own operation.
template <detail::a_socket Socket, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_receive(
    Socket& socket, Buffer buffer, asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    using transfer = decltype(detail::receive_transfer_of(socket));
    return detail::start_owned<Token>(socket, transfer(flags), std::move(buffer), token);
}
template <detail::a_socket Socket, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::convertible_to<Token, asio::socket_base::message_flags>)
auto async_receive(
    Socket& socket, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return async_receive(socket, std::move(buffer), 0, std::forward<Token>(token));
}

/// Receives a datagram, and owns the buffer meanwhile. `sender` must live until the completion,
/// `void(error_code, std::size_t, Buffer)`.
template <detail::a_socket Socket, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_receive_from(
    Socket& socket, Buffer buffer, detail::endpoint_of<Socket>& sender,
    asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_owned<Token>(
        socket, detail::receive_from_transfer<detail::endpoint_of<Socket>>(sender, flags),
        std::move(buffer), token);
}
template <detail::a_socket Socket, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::convertible_to<Token, asio::socket_base::message_flags>)
auto async_receive_from(
    Socket& socket, Buffer buffer, detail::endpoint_of<Socket>& sender,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return async_receive_from(socket, std::move(buffer), sender, 0, std::forward<Token>(token));
}

/// The same, and owns the sender's address too: completes with
/// `void(error_code, std::size_t, Buffer, endpoint)`.
template <detail::a_socket Socket, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::same_as<std::remove_cvref_t<Token>, detail::endpoint_of<Socket>>)
auto async_receive_from(
    Socket& socket, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_owned<Token>(
        socket, detail::receive_with_sender_transfer<detail::endpoint_of<Socket>>(0),
        std::move(buffer), token);
}

} // namespace proactor

#endif
