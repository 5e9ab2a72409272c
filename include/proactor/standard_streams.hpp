#ifndef PROACTOR_STANDARD_STREAMS_HPP
#define PROACTOR_STANDARD_STREAMS_HPP

#include <proactor/detail/standard_handle.hpp>
#include <proactor/stream_file.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cerrno>
#include <type_traits>
#include <unistd.h>
#include <utility>

namespace proactor {

/// What the standard streams have in common: a handle of their own for what the process was given,
/// be it a pipe, a terminal, a socket or a file, whose mode they never change. A shell or a parent
/// that shares it finds it as it was.
///
/// A terminal is opened a second time; a constructor that may not do so throws
/// `boost::system::system_error`. The destructor ends what is in flight, and leaves the process's
/// own handle open.
template <typename Executor>
class standard_stream
{
public:
    using executor_type = Executor;

    executor_type get_executor() noexcept { return file_.get_executor(); }

    /// Ends what is in flight.
    void cancel() { file_.cancel(); }

    proactor::native_handle native_handle() { return file_.native_handle(); }

protected:
    standard_stream(const Executor& ex, proactor::native_handle shared)
        : file_(ex)
    {
        unique_handle own = detail::private_handle(shared);
        if (!own)
            asio::detail::throw_error(detail::make_error(errno), "a standard stream");
        file_.assign(own.get());
        (void)own.release();
    }
    ~standard_stream() = default;
    standard_stream(standard_stream&&) = default;
    standard_stream& operator=(standard_stream&&) = default;

    basic_stream_file<Executor> file_;
};

/// Standard input, an `AsyncReadStream`.
template <typename Executor = asio::any_io_executor>
class basic_stdin_stream : public standard_stream<Executor>
{
public:
    explicit basic_stdin_stream(const Executor& ex, proactor::native_handle shared = STDIN_FILENO)
        : standard_stream<Executor>(ex, shared)
    {
    }
    template <typename Context>
        requires std::is_convertible_v<Context&, asio::execution_context&>
    explicit basic_stdin_stream(Context& context, proactor::native_handle shared = STDIN_FILENO)
        : basic_stdin_stream(Executor(context.get_executor()), shared)
    {
    }

    /// Completes with `void(error_code, std::size_t)`; at the end of the input with `error::eof`.
    template <typename Buffers, typename Token = asio::default_completion_token_t<Executor>>
    auto async_read_some(const Buffers& buffers, Token&& token = {})
    {
        return this->file_.async_read_some(buffers, std::forward<Token>(token));
    }
};

/// Standard output, or with `STDERR_FILENO` standard error, an `AsyncWriteStream`.
template <typename Executor = asio::any_io_executor>
class basic_stdout_stream : public standard_stream<Executor>
{
public:
    explicit basic_stdout_stream(const Executor& ex, proactor::native_handle shared = STDOUT_FILENO)
        : standard_stream<Executor>(ex, shared)
    {
    }
    template <typename Context>
        requires std::is_convertible_v<Context&, asio::execution_context&>
    explicit basic_stdout_stream(Context& context, proactor::native_handle shared = STDOUT_FILENO)
        : basic_stdout_stream(Executor(context.get_executor()), shared)
    {
    }

    /// Completes with `void(error_code, std::size_t)`.
    template <typename Buffers, typename Token = asio::default_completion_token_t<Executor>>
    auto async_write_some(const Buffers& buffers, Token&& token = {})
    {
        return this->file_.async_write_some(buffers, std::forward<Token>(token));
    }
};

using stdin_stream = basic_stdin_stream<>;
using stdout_stream = basic_stdout_stream<>;

} // namespace proactor

#endif
