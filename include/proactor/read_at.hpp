#ifndef PROACTOR_READ_AT_HPP
#define PROACTOR_READ_AT_HPP

#include <proactor/detail/owned_op.hpp>

#include <cstdint>

namespace proactor {

namespace detail {

template <bool Whole>
struct read_at_transfer : transfer_base<asio::mutable_buffer>
{
    static constexpr bool whole = Whole;
    using cancellation_filter = asio::enable_total_cancellation; // it can be done again

    explicit read_at_transfer(std::uint64_t o) noexcept
        : offset(o)
    {
    }

    template <typename Device, typename State, typename Op>
    void start(Device& d, State& state, Op&& op)
    {
        const auto rest = state.rest(whole);
        d.async_read_some_at(offset + state.moved(), rest, std::move(op));
    }

    std::uint64_t offset;
};

} // namespace detail

/// Reads from a position of a file until the buffer is full, and owns the buffer meanwhile. `file` is a
/// `proactor::random_access_file` or any other `AsyncRandomAccessReadDevice`.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, on error and
/// on cancellation too. The read fills up to the buffer's size, which never changes; a file that ends
/// earlier gives `error::eof` and the bytes before it.
///
/// Nothing must outlive anything: the coroutine, the file and the context may be destroyed while the
/// read is in flight. (A device that is not of ours must live until it completes.)
///
/// Cancellation: terminal, partial and total ask for the read's end; one that the device has taken may
/// still succeed.
///
/// @code
/// std::vector<char> buffer(4096);
/// auto [ec, n, filled] = co_await proactor::async_read_at(file, 0, std::move(buffer),
///                                                         as_tuple(use_awaitable));
/// @endcode
template <typename Device, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Device::executor_type>>
auto async_read_at(
    Device& file, std::uint64_t offset, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Device::executor_type>())
{
    return detail::start_owned<Token>(file, detail::read_at_transfer<true>(offset),
                                      std::move(buffer), token);
}

/// As `async_read_at`, but completes with what one read of the system gives.
template <typename Device, owned_mutable_buffer Buffer,
          typename Token = asio::default_completion_token_t<typename Device::executor_type>>
auto async_read_some_at(
    Device& file, std::uint64_t offset, Buffer buffer,
    Token&& token = asio::default_completion_token_t<typename Device::executor_type>())
{
    return detail::start_owned<Token>(file, detail::read_at_transfer<false>(offset),
                                      std::move(buffer), token);
}

} // namespace proactor

#endif
