#ifndef PROACTOR_SEND_ZC_HPP
#define PROACTOR_SEND_ZC_HPP

#include <proactor/detail/in_place_send.hpp>
#include <proactor/receive.hpp>

#include <type_traits>

namespace proactor {

/// When a send is worth the trouble of not copying.
struct zero_copy
{
    /// Bytes below which it copies: there the bookkeeping costs more.
    std::size_t at_least = 16 * 1024;
    /// Also on a connection where the system has had to copy before, as it always has on loopback.
    bool even_if_copied = false;
};

namespace detail {

template <bool Whole>
struct zero_copy_transfer : transfer_base<asio::const_buffer>
{
    static constexpr bool whole = Whole;
    static constexpr bool stays = true; // its wish does

    template <typename Buffer>
    using signature = void(error_code, std::size_t, Buffer, bool);

    explicit zero_copy_transfer(const zero_copy& z) noexcept
        : wish{z.at_least, z.even_if_copied}
    {
    }

    template <typename Socket, typename State, typename Op>
    void start(Socket& s, State& state, Op&& op)
    {
        const in_place_sequence buffers(state.rest(whole), wish);
        s.async_send(buffers, 0, std::move(op));
    }

    template <typename Buffer>
    std::tuple<error_code, std::size_t, Buffer, bool> results(error_code ec, std::size_t n,
                                                              Buffer&& b)
    {
        return {ec, n, std::move(b), wish.copied};
    }

    in_place_wish wish;
};

} // namespace detail

/// Sends on a connected socket what it takes at once, or one datagram, without copying it where the system
/// can, and owns the buffer meanwhile.
///
/// Completes with `void(error_code, std::size_t, Buffer, bool copied)` when the system reads the buffer no
/// more. Without copying that is when the peer's system has acknowledged the bytes, one round trip later at
/// the least: what is started meanwhile on the same socket does not wait for that, so keep several under way.
/// `copied` says that some of it was copied: the buffer was small (see `zero_copy`), or the driver (epoll),
/// the kernel (older than 6.2), the kind of socket or the path to the peer allow nothing else. On loopback
/// the kernel always copies, late and at a higher price; a socket on which it has done so once gets plain
/// sends from then on.
///
/// Lifetimes are those of `async_receive`. Cancellation ends what the system has not taken. Closing, releasing
/// or destroying the socket, or its context, while the system still reads the buffer resets the connection:
/// nothing else would make it let go of the buffer, if the peer does not read.
template <detail::a_socket Socket, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send_zc(Socket& socket, Buffer buffer, const zero_copy& when,
                   Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_owned<Token>(socket, detail::zero_copy_transfer<false>(when),
                                      std::move(buffer), token);
}
template <detail::a_socket Socket, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::same_as<std::remove_cvref_t<Token>, zero_copy>)
auto async_send_zc(Socket& socket, Buffer buffer,
                   Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_owned<Token>(socket, detail::zero_copy_transfer<false>({}),
                                      std::move(buffer), token);
}

/// As `async_send_zc`, until all of the buffer is sent or an error comes, beside which stand the bytes sent
/// before it. Cancellation is that of `async_write`.
template <detail::a_socket Socket, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_write_zc(
    Socket& socket, Buffer buffer, const zero_copy& when,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_owned<Token>(socket, detail::zero_copy_transfer<true>(when),
                                      std::move(buffer), token);
}
template <detail::a_socket Socket, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::same_as<std::remove_cvref_t<Token>, zero_copy>)
auto async_write_zc(
    Socket& socket, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_owned<Token>(socket, detail::zero_copy_transfer<true>({}),
                                      std::move(buffer), token);
}

} // namespace proactor

#endif
