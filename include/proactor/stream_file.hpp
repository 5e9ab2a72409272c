#ifndef PROACTOR_STREAM_FILE_HPP
#define PROACTOR_STREAM_FILE_HPP

#include <proactor/basic_file.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace proactor {

/// A file read and written as a stream, with the interface of `boost::asio::basic_stream_file`; see
/// `basic_file`. `boost::asio::async_read`, `async_write` and their kin work on it.
///
/// The position is the system's own, as in Asio: duplicates of the handle share it, `seek` moves it, and
/// with `append` every write goes to the end. Reads, writes and syncs are performed one after the other in
/// the order of their start, each read and write where the one before has ended; a pipe or a terminal,
/// which has no position, is read and written independently. `seek` and the synchronous functions do
/// not wait for operations in flight.
template <typename Executor = asio::any_io_executor>
class basic_stream_file : public basic_file<Executor>
{
    using base = basic_file<Executor>;
    using typename base::service;

    template <typename Executor1>
    using if_convertible = std::enable_if_t<std::is_convertible_v<Executor1, Executor>>;

public:
    using executor_type = Executor;

    template <typename Executor1>
    struct rebind_executor
    {
        using other = basic_stream_file<Executor1>;
    };

    using base::base;

    template <typename Executor1, typename = if_convertible<Executor1>>
    basic_stream_file(basic_stream_file<Executor1>&& other)
        : base(std::move(other))
    {
    }

    template <typename Executor1, typename = if_convertible<Executor1>>
    basic_stream_file& operator=(basic_stream_file<Executor1>&& other)
    {
        return *this = basic_stream_file(std::move(other));
    }

    /// Moves the position, and returns it from the beginning of the file.
    std::uint64_t seek(std::int64_t offset, file_base::seek_basis whence)
    {
        std::uint64_t position = 0;
        base::throwing("seek", [&](error_code& ec) { position = seek(offset, whence, ec); });
        return position;
    }
    std::uint64_t seek(std::int64_t offset, file_base::seek_basis whence, error_code& ec)
    {
        return this->get_service().seek(this->get_implementation(), offset, whence, ec);
    }

    template <typename Buffers>
    std::size_t read_some(const Buffers& buffers)
    {
        std::size_t n = 0;
        base::throwing("read_some", [&](error_code& ec) { n = read_some(buffers, ec); });
        return n;
    }
    template <typename Buffers>
    std::size_t read_some(const Buffers& buffers, error_code& ec)
    {
        return this->get_service().read_some(this->get_implementation(), buffers, ec);
    }

    template <typename Buffers>
    std::size_t write_some(const Buffers& buffers)
    {
        std::size_t n = 0;
        base::throwing("write_some", [&](error_code& ec) { n = write_some(buffers, ec); });
        return n;
    }
    template <typename Buffers>
    std::size_t write_some(const Buffers& buffers, error_code& ec)
    {
        return this->get_service().write_some(this->get_implementation(), buffers, ec);
    }

    /// Completes with `void(error_code, std::size_t)`; at the end of the file with `error::eof`.
    template <typename Buffers, typename Token = asio::default_completion_token_t<executor_type>>
    auto async_read_some(const Buffers& buffers,
                         Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return this->template start<void(error_code, std::size_t), Token>(
            token,
            [buffers](service& s, auto& f, auto& handler, const executor_type& ex)
            { s.async_read_some(f, buffers, handler, ex); });
    }

    /// Completes with `void(error_code, std::size_t)`.
    template <typename Buffers, typename Token = asio::default_completion_token_t<executor_type>>
    auto async_write_some(const Buffers& buffers,
                          Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return this->template start<void(error_code, std::size_t), Token>(
            token,
            [buffers](service& s, auto& f, auto& handler, const executor_type& ex)
            { s.async_write_some(f, buffers, handler, ex); });
    }
};

using stream_file = basic_stream_file<>;

} // namespace proactor

#endif
