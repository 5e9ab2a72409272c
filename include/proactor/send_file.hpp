#ifndef PROACTOR_SEND_FILE_HPP
#define PROACTOR_SEND_FILE_HPP

#include <proactor/detail/asio_hooks.hpp>
#include <proactor/detail/file_send.hpp>
#include <proactor/detail/kernel_copy.hpp>
#include <proactor/receive.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace proactor {

/// A file of an I/O object, or its handle.
template <typename File>
concept a_file = std::same_as<std::remove_cvref_t<File>, native_handle>
    || requires(File& f) {
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
    else
        return file.native_handle();
}

template <typename Socket>
class initiate_send_file
{
public:
    using executor_type = typename Socket::executor_type;

    explicit initiate_send_file(Socket& s)
        : socket_(&s)
    {
    }
    executor_type get_executor() const noexcept { return socket_->get_executor(); }

    template <typename Handler>
    void operator()(Handler&& handler, native_handle file, std::uint64_t offset,
                    std::uint64_t count) const
    {
        std::decay_t<Handler> h(std::forward<Handler>(handler));
        if constexpr (hosted_executor<executor_type>)
            if (our_context(socket_->get_executor()))
            {
                part_of_file part{unique_handle(), offset, count};
                if (offset > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                    part.error = EINVAL;
                else if (const auto own = duplicate_file(file); own < 0)
                    part.error = static_cast<int>(-own);
                else
                    part.file.reset(static_cast<native_handle>(own));
                return socket_->async_send(file_sequence{&part}, 0, std::move(h));
            }
        auto ex = asio::get_associated_executor(h, socket_->get_executor());
        asio::post(ex,
                   [h = std::move(h)]() mutable
                   { std::move(h)(error_code(asio::error::operation_not_supported), 0); });
    }

private:
    Socket* socket_;
};

} // namespace detail

/// Sends `count` bytes of a file from `offset` on, without a copy of them in this process, in the order of
/// the socket's other sends.
///
/// Completes with `void(error_code, std::size_t)`, once all is sent or with the bytes sent before an error or
/// a cancellation. A file that ends before is `error::eof`; with `to_end` as `count` it is what was asked
/// for. The position of the file does not move.
///
/// The file, an object or a native handle of something in memory of the system's as files are, may be closed
/// as soon as this returns; what is written to it meanwhile may be sent or not. Lifetimes and
/// cancellation are those of the socket's `async_send`.
///
/// By `sendfile(2)` on both drivers: on the loop for what is in the system's memory, on the blocking pool for
/// what its device has to be asked for first. Only for sockets on a `proactor::io_context` (in typed width:
/// with its executor); others get `error::operation_not_supported`.
template <detail::a_socket Socket, a_file File,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_send_file(
    Socket& socket, File&& file, std::uint64_t offset, std::uint64_t count,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        detail::initiate_send_file<Socket>(socket), token, detail::handle_of_file(file), offset,
        count);
}

} // namespace proactor

#endif
