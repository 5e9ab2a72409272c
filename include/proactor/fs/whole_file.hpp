#ifndef PROACTOR_FS_WHOLE_FILE_HPP
#define PROACTOR_FS_WHOLE_FILE_HPP

#include <proactor/detail/whole_file_ops.hpp>

#include <boost/asio/compose.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace proactor::fs {

/// A buffer that can take a file of any size: a vector or a string of bytes.
template <typename Buffer>
concept growing_buffer = owned_buffer<Buffer> && std::default_initializable<Buffer>
    && requires(Buffer& b, std::size_t n) { b.resize(n); };

/// Reads a whole file, which must be one that is read at positions.
///
/// Completes with `void(error_code, Buffer)`, a `std::string` unless the template's argument says
/// otherwise; beside an error stand the bytes before it. What does not fit into memory is `ENOMEM`.
///
/// @code
/// std::string text = co_await proactor::fs::async_read_file(context, "/etc/hosts", use_awaitable);
/// @endcode
template <growing_buffer Buffer = std::string, typename Source,
          typename Token = detail::default_token_t<Source>>
auto async_read_file(Source&& source, location where, Token&& token = {})
{
    const auto ex = detail::executor_of(source);
    detail::engine_of(ex); // throws, if at all, here
    using op = detail::read_file_op<Buffer, std::decay_t<decltype(ex)>>;
    return asio::async_compose<Token, void(error_code, Buffer)>(op(ex, std::move(where)), token,
                                                                ex);
}

/// How `async_write_file` goes about it.
struct write_options
{
    /// Until the new content is complete and on its device, the old one keeps the name; then it has
    /// the name in one step. What fails or is cancelled before leaves the old content, and nothing
    /// else.
    ///
    /// It is another file that gets the name: it belongs to this process's user, has the old one's
    /// permissions but no set-user-ID, and none of its other names. A symbolic link is replaced by
    /// it, not followed; what is no regular file is left alone, with `EISDIR` or `EINVAL`.
    bool replace_atomically = false;

    permissions mode = {}; ///< of a file that did not exist
};

/// Writes a whole file, and owns the buffer meanwhile. What was in the file before goes.
///
/// Completes with `void(error_code, std::size_t, Buffer)`: the buffer always comes back, and beside
/// an error stand the bytes written before it. A file that is not replaced atomically may then have
/// any part of the new content.
///
/// An atomic replacement makes its temporary file in the same directory, `.proactor-` and sixteen
/// digits. It is removed, by a call that blocks, when the operation fails, is cancelled or is
/// destroyed with its context; a process that is killed leaves it.
template <typename Source, owned_buffer Buffer, typename Token = detail::default_token_t<Source>>
auto async_write_file(Source&& source, location where, Buffer buffer, write_options how,
                      Token&& token = {})
{
    const auto ex = detail::executor_of(source);
    detail::engine_of(ex);
    using op = detail::write_file_op<Buffer, std::decay_t<decltype(ex)>>;
    return asio::async_compose<Token, void(error_code, std::size_t, Buffer)>(
        op(ex, std::move(where), std::move(buffer), how.replace_atomically, how.mode), token, ex);
}
template <typename Source, owned_buffer Buffer, typename Token = detail::default_token_t<Source>>
    requires(!std::is_same_v<std::decay_t<Token>, write_options>)
auto async_write_file(Source&& source, location where, Buffer buffer, Token&& token = {})
{
    return async_write_file(source, std::move(where), std::move(buffer), write_options{},
                            std::forward<Token>(token));
}

} // namespace proactor::fs

#endif
