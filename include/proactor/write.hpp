#ifndef PROACTOR_WRITE_HPP
#define PROACTOR_WRITE_HPP

#include <proactor/detail/owned_op.hpp>

namespace proactor {

namespace detail {

template <bool Whole>
struct write_transfer : transfer_base<asio::const_buffer>
{
    static constexpr bool whole = Whole;

    template <typename Stream, typename State, typename Op>
    void start(Stream& s, State& state, Op&& op)
    {
        const auto rest = state.rest(whole);
        s.async_write_some(rest, std::move(op));
    }
};

} // namespace detail

/// Writes to a stream what it takes at once, and owns the buffer meanwhile. Streams, lifetimes and
/// cancellation are those of `async_read_some`.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, unchanged.
template <typename Stream, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Stream::executor_type>>
auto async_write_some(
    Stream& stream, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Stream::executor_type>())
{
    return detail::start_owned<Token>(stream, detail::write_transfer<false>{},
                                      std::move(buffer), token);
}

/// As `async_write_some`, until all of the buffer is written or an error comes, beside which stand the bytes
/// written before it. Lifetimes and cancellation are those of `async_read`.
template <typename Stream, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Stream::executor_type>>
auto async_write(Stream& stream, Buffer buffer,
                 Token&& token = asio::default_completion_token_t<typename Stream::executor_type>())
{
    return detail::start_owned<Token>(stream, detail::write_transfer<true>{},
                                      std::move(buffer), token);
}

} // namespace proactor

#endif
