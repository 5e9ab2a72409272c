#ifndef PROACTOR_WRITE_AT_HPP
#define PROACTOR_WRITE_AT_HPP

#include <proactor/detail/owned_op.hpp>

#include <cstdint>

namespace proactor {

namespace detail {

template <bool Whole>
struct write_at_transfer : transfer_base<asio::const_buffer>
{
    static constexpr bool whole = Whole;
    using cancellation_filter = asio::enable_total_cancellation; // it can be done again

    explicit write_at_transfer(std::uint64_t o) noexcept
        : offset(o)
    {
    }

    template <typename Device, typename State, typename Op>
    void start(Device& d, State& state, Op&& op)
    {
        const auto rest = state.rest(whole);
        d.async_write_some_at(offset + state.moved(), rest, std::move(op));
    }

    std::uint64_t offset;
};

} // namespace detail

/// Writes the whole buffer at a position of a file, and owns the buffer meanwhile.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, and beside an
/// error stand the bytes written before it. Lifetimes and cancellation are those of `async_read_at`.
template <typename Device, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Device::executor_type>>
auto async_write_at(
    Device& file, std::uint64_t offset, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Device::executor_type>())
{
    return detail::start_owned<Token>(file, detail::write_at_transfer<true>(offset),
                                      std::move(buffer), token);
}

/// As `async_write_at`, but completes with what one write of the system takes.
template <typename Device, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Device::executor_type>>
auto async_write_some_at(
    Device& file, std::uint64_t offset, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Device::executor_type>())
{
    return detail::start_owned<Token>(file, detail::write_at_transfer<false>(offset),
                                      std::move(buffer), token);
}

} // namespace proactor

#endif
