#ifndef PROACTOR_READ_HPP
#define PROACTOR_READ_HPP

#include <proactor/detail/owned_op.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>

#include <string>
#include <type_traits>

namespace proactor {

namespace detail {

template <bool Whole>
struct read_transfer : transfer_base<asio::mutable_buffer>
{
    static constexpr bool whole = Whole;

    template <typename Stream, typename State, typename Op>
    void start(Stream& s, State& state, Op&& op)
    {
        const auto rest = state.rest(whole);
        s.async_read_some(rest, std::move(op));
    }
};

/// The delimiter is what `asio::async_read_until` takes.
template <typename Delimiter>
struct read_until_transfer : transfer_base<asio::mutable_buffer>
{
    static constexpr bool stays = true; // the stream's operation refers to the buffer itself

    explicit read_until_transfer(Delimiter&& d)
        : delimiter(std::move(d))
    {
    }

    template <typename Stream, typename State, typename Op>
    void start(Stream& s, State& state, Op&& op)
    {
        asio::async_read_until(s, asio::dynamic_buffer(state.buffer()), delimiter, std::move(op));
    }

    Delimiter delimiter;
};

/// Text is kept as a string, whatever it was given as.
template <typename Delimiter>
using kept_delimiter = std::conditional_t<std::is_convertible_v<Delimiter, std::string>
                                              && !std::is_same_v<std::decay_t<Delimiter>, char>,
                                          std::string, std::decay_t<Delimiter>>;

/// What `async_read_until` appends to.
template <typename Buffer>
concept growing_buffer = single_buffer<Buffer> && requires(Buffer& b) { asio::dynamic_buffer(b); };

} // namespace detail

/// Reads from a stream what comes first, up to the buffer's size, and owns the buffer meanwhile.
///
/// `stream` is any `AsyncReadStream`: a socket, pipe, descriptor or file on our contexts, and also one of
/// Asio's own, an `ssl::stream` or a stream of Beast.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, on error and on
/// cancellation too, and its size never changes. The end of the stream is `error::eof`. Into an empty buffer
/// it completes as the stream's own read of nothing does.
///
/// The coroutine, the context and whoever started it may be destroyed meanwhile. The stream itself may be
/// where its own operations allow that, as those of Asio's sockets do.
///
/// Cancellation is that of the stream's own `async_read_some`. An operation that was cancelled and has
/// succeeded nevertheless gives its bytes.
///
/// @code
/// std::vector<char> buffer(4096);
/// auto [ec, n, filled] = co_await proactor::async_read_some(socket, std::move(buffer),
///                                                           as_tuple(use_awaitable));
/// @endcode
template <typename Stream, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Stream::executor_type>>
auto async_read_some(
    Stream& stream, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Stream::executor_type>())
{
    return detail::start_owned<Token>(stream, detail::read_transfer<false>{},
                                      std::move(buffer), token);
}

/// As `async_read_some`, until the buffer is full, an error comes or the stream ends: then with `error::eof`
/// and the bytes before it. On a stream of ours it is one operation, which needs the stream no longer once it
/// is started; on others it is composed, and needs the stream until it completes.
///
/// Cancellation: terminal and partial end it between or within parts, with `error::operation_aborted` and the
/// bytes moved before.
template <typename Stream, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Stream::executor_type>>
auto async_read(Stream& stream, Buffer buffer,
                Token&& token = asio::default_completion_token_t<typename Stream::executor_type>())
{
    return detail::start_owned<Token>(stream, detail::read_transfer<true>{},
                                      std::move(buffer), token);
}

/// Appends to a string or vector until it contains the delimiter, and owns it meanwhile. `delimiter` is what
/// `asio::async_read_until` takes: a character, text, a regular expression or a match condition.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the bytes up to and with the delimiter; more may
/// stand behind them. The stream must live until then.
template <typename Stream, detail::growing_buffer Buffer, typename Delimiter,
          typename Token = asio::default_completion_token_t<typename Stream::executor_type>>
auto async_read_until(
    Stream& stream, Buffer buffer, Delimiter delimiter,
    Token&& token = asio::default_completion_token_t<typename Stream::executor_type>())
{
    return detail::start_owned<Token>(
        stream,
        detail::read_until_transfer<detail::kept_delimiter<Delimiter>>(
            detail::kept_delimiter<Delimiter>(std::move(delimiter))),
        std::move(buffer), token);
}

} // namespace proactor

#endif
