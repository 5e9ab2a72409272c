#ifndef PROACTOR_WRITE_AT_HPP
#define PROACTOR_WRITE_AT_HPP

#include <proactor/detail/owned_payload.hpp>
#include <proactor/random_access_file.hpp>

namespace proactor {

/// Writes the whole buffer at a position of a file, and owns the buffer meanwhile.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, and beside an
/// error stand the bytes written before it. Lifetimes and cancellation are those of `async_read_at`.
template <typename Executor, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<Executor>>
auto async_write_at(basic_random_access_file<Executor>& file, std::uint64_t offset, Buffer buffer,
                    Token&& token = asio::default_completion_token_t<Executor>())
{
    return detail::start_owned_at(file, request::write_at{{}, offset, true}, std::move(buffer),
                                  detail::end_of_file::never, token);
}

/// As `async_write_at`, but completes with what one write of the system takes.
template <typename Executor, owned_buffer Buffer,
          typename Token = asio::default_completion_token_t<Executor>>
auto async_write_some_at(basic_random_access_file<Executor>& file, std::uint64_t offset,
                         Buffer buffer,
                         Token&& token = asio::default_completion_token_t<Executor>())
{
    return detail::start_owned_at(file, request::write_at{{}, offset, false}, std::move(buffer),
                                  detail::end_of_file::never, token);
}

} // namespace proactor

#endif
