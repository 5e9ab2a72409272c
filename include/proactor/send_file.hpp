#ifndef PROACTOR_SEND_FILE_HPP
#define PROACTOR_SEND_FILE_HPP

#include <proactor/detail/asio_hooks.hpp>
#include <proactor/detail/file_send.hpp>
#include <proactor/detail/file_to_stream.hpp>
#include <proactor/detail/kernel_copy.hpp>
#include <proactor/receive.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace proactor {

/// A file of an I/O object, or a handle of one.
template <typename File>
concept a_file = std::same_as<std::remove_cvref_t<File>, native_handle>
    || std::same_as<std::remove_cvref_t<File>, unique_handle> || requires(File& f) {
           {
               f.native_handle()
           } -> std::convertible_to<native_handle>;
       };

namespace detail {

template <a_file File>
native_handle handle_of_file(File& file)
{
    if constexpr (std::same_as<std::remove_cvref_t<File>, native_handle>)
        return file;
    else if constexpr (std::same_as<std::remove_cvref_t<File>, unique_handle>)
        return file.get();
    else
        return file.native_handle();
}

inline part_of_file part_of(native_handle file, std::uint64_t offset, std::uint64_t count)
{
    part_of_file part{unique_handle(), offset, count};
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        part.error = EINVAL;
    else if (const auto own = duplicate_file(file); own < 0)
        part.error = static_cast<int>(-own);
    else
        part.file.reset(static_cast<native_handle>(own));
    return part;
}

/// As Asio has it.
template <typename Stream>
concept async_write_stream = requires(Stream& s, asio::const_buffer b) {
    s.async_write_some(b, asio::detached);
};

template <typename Stream>
class initiate_send_file
{
public:
    using executor_type = typename Stream::executor_type;

    explicit initiate_send_file(Stream& s)
        : stream_(&s)
    {
    }
    executor_type get_executor() const noexcept { return stream_->get_executor(); }

    template <typename Handler>
    void operator()(Handler&& handler, part_of_file&& part) const
    {
        std::decay_t<Handler> h(std::forward<Handler>(handler));
        if constexpr (a_socket<Stream> && hosted_executor<executor_type>)
            if (our_context(stream_->get_executor()))
                return stream_->async_send(file_sequence{&part}, 0, std::move(h));
        if constexpr (async_write_stream<Stream>)
            asio::async_compose<std::decay_t<Handler>, void(error_code, std::size_t)>(
                file_to_stream<Stream>(*stream_, std::move(part)), h, *stream_);
        else
        {
            auto ex = asio::get_associated_executor(h, stream_->get_executor());
            asio::post(ex,
                       [h = std::move(h)]() mutable
                       { std::move(h)(error_code(asio::error::operation_not_supported), 0); });
        }
    }

private:
    Stream* stream_;
};

} // namespace detail

/// Sends `count` bytes of a file from `offset` on, on a socket without a copy of them in this process and in
/// the order of its other sends.
///
/// Completes with `void(error_code, std::size_t)`, once all is sent or with the bytes sent before an error or
/// a cancellation. A file that ends before is `error::eof`; with `to_end` as `count` it is what was asked
/// for. The position of the file does not move.
///
/// The file, an object or a handle of something in memory of the system's as files are, may be closed
/// as soon as this returns; what is written to it meanwhile may be sent or not. Lifetimes and
/// cancellation are those of the socket's `async_send`.
///
/// By `sendfile(2)` on both drivers: on the loop for what is in the system's memory, on the blocking pool for
/// what its device has to be asked for first. That is for sockets on a `proactor::io_context` (in typed width:
/// with its executor).
///
/// Any other stream (an `ssl::stream`, a pipe, a socket of another context) gets the file in pieces, by reads
/// and the stream's own writes, with the signal of a broken pipe where these raise it. It must live until the
/// completion, its cancellation is that of `async_write`. On a `proactor::io_context` what is not in the
/// system's memory is read on the blocking pool; on another context in its own thread, which then waits for
/// the device.
template <typename Stream, a_file File,
          typename Token = asio::default_completion_token_t<typename Stream::executor_type>>
auto async_send_file(
    Stream& stream, File&& file, std::uint64_t offset, std::uint64_t count,
    Token&& token = asio::default_completion_token_t<typename Stream::executor_type>())
{
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        detail::initiate_send_file<Stream>(stream), token,
        detail::part_of(detail::handle_of_file(file), offset, count));
}

} // namespace proactor

#endif
