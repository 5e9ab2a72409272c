#ifndef PROACTOR_READ_AT_HPP
#define PROACTOR_READ_AT_HPP

#include <proactor/detail/owned_payload.hpp>
#include <proactor/random_access_file.hpp>

namespace proactor {

/// Reads from a position of a file until the buffer is full, and owns the buffer meanwhile.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, on error and
/// on cancellation too. The read fills up to the buffer's size, which never changes; a file that ends
/// earlier gives `error::eof` and the bytes before it.
///
/// Nothing must outlive anything: the coroutine, the file and the context may be destroyed while the
/// read is in flight.
///
/// Cancellation: terminal, partial and total ask for the read's end; one that the device has taken
/// may still succeed.
///
/// @code
/// std::vector<char> buffer(4096);
/// auto [ec, n, filled] = co_await proactor::async_read_at(file, 0, std::move(buffer),
///                                                         as_tuple(use_awaitable));
/// @endcode
template <typename Executor, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<Executor>>
auto async_read_at(basic_random_access_file<Executor>& file, std::uint64_t offset, Buffer buffer,
                   Token&& token = asio::default_completion_token_t<Executor>())
{
    return detail::start_owned_at(file, request::read_at{{}, offset, true}, std::move(buffer),
                                  detail::end_of_file::at_zero, token);
}

/// As `async_read_at`, but completes with what one read of the system gives.
template <typename Executor, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<Executor>>
auto async_read_some_at(basic_random_access_file<Executor>& file, std::uint64_t offset,
                        Buffer buffer,
                        Token&& token = asio::default_completion_token_t<Executor>())
{
    return detail::start_owned_at(file, request::read_at{{}, offset, false}, std::move(buffer),
                                  detail::end_of_file::at_zero, token);
}

} // namespace proactor

#endif
