#ifndef PROACTOR_FS_FILE_DATA_HPP
#define PROACTOR_FS_FILE_DATA_HPP

#include <proactor/basic_file.hpp>

#include <cstdint>
#include <fcntl.h>
#include <linux/falloc.h>
#include <type_traits>
#include <utility>

namespace proactor::detail {

/// Starts a request on a file; on a stream, behind the writes that were started before.
template <typename Token, typename Executor, typename Request>
auto async_on_file(basic_file<Executor>& file, std::remove_reference_t<Token>& token,
                   const Request& request)
{
    return file.template start<void(error_code), Token>(
        token,
        [request](auto& service, auto& f, auto& handler, const auto& ex)
        { service.template begin_behind_writes<plain<Request>>(f, handler, ex, request); });
}

} // namespace proactor::detail

/// Functions on open files. Each completes with `void(error_code)`; that of a stream follows the
/// writes that were started before. The file may be closed or destroyed meanwhile.
namespace proactor::fs {

/// Gives a file its size: what is beyond goes, what is missing becomes zeros.
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
auto async_truncate(basic_file<Executor>& file, std::uint64_t size, Token&& token = {})
{
    return detail::async_on_file<Token>(file, token, request::truncate{size});
}

/// What `async_allocate` does with a part of a file: `fallocate(2)`. Not every file system knows
/// each.
enum class allocation : int
{
    extend = 0,                        ///< there will be room for writes; the file may get longer
    keep_size = FALLOC_FL_KEEP_SIZE,   ///< as `extend`, but the size stays
    punch_hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, ///< its room is given back; zeros stay
    zero = FALLOC_FL_ZERO_RANGE        ///< it becomes zeros, with room
};

/// Allocates room to a part of a file, or takes it away.
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
auto async_allocate(basic_file<Executor>& file, std::uint64_t offset, std::uint64_t size,
                    allocation what, Token&& token = {})
{
    return detail::async_on_file<Token>(file, token,
                                 request::allocate{offset, size, static_cast<int>(what)});
}
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
    requires(!std::is_same_v<std::decay_t<Token>, allocation>)
auto async_allocate(basic_file<Executor>& file, std::uint64_t offset, std::uint64_t size,
                    Token&& token = {})
{
    return async_allocate(file, offset, size, allocation::extend, std::forward<Token>(token));
}

/// How a part of a file will be used: `posix_fadvise(3)`.
enum class advice : int
{
    normal = POSIX_FADV_NORMAL,
    sequential = POSIX_FADV_SEQUENTIAL,
    random = POSIX_FADV_RANDOM,
    will_need = POSIX_FADV_WILLNEED, ///< it is read into memory
    dont_need = POSIX_FADV_DONTNEED, ///< what is written leaves memory
    no_reuse = POSIX_FADV_NOREUSE
};

/// Tells the system how a part of a file will be used. Size 0 is all that follows.
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
auto async_advise(basic_file<Executor>& file, std::uint64_t offset, std::uint64_t size, advice how,
                  Token&& token = {})
{
    return detail::async_on_file<Token>(file, token,
                                 request::advise{offset, size, static_cast<int>(how)});
}

/// Writes a file's changes to its device: when it completes, they outlast a loss of power.
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
auto async_sync(basic_file<Executor>& file, Token&& token = {})
{
    return detail::async_on_file<Token>(file, token, request::sync{false});
}

/// As `async_sync`, but of what is known of the file only that without which its data cannot be
/// read.
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
auto async_sync_data(basic_file<Executor>& file, Token&& token = {})
{
    return detail::async_on_file<Token>(file, token, request::sync{true});
}

/// Writes a part of a file's data to its device, and waits for that: `sync_file_range(2)`. It keeps
/// what is unwritten small, and promises nothing about a loss of power. Size 0 is all that follows.
template <typename Executor, typename Token = asio::default_completion_token_t<Executor>>
auto async_sync_range(basic_file<Executor>& file, std::uint64_t offset, std::uint64_t size,
                      Token&& token = {})
{
    return detail::async_on_file<Token>(file, token,
                                 request::sync_range{offset, size,
                                                     SYNC_FILE_RANGE_WAIT_BEFORE
                                                         | SYNC_FILE_RANGE_WRITE
                                                         | SYNC_FILE_RANGE_WAIT_AFTER});
}

} // namespace proactor::fs

#endif
