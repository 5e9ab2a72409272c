#ifndef PROACTOR_RANDOM_ACCESS_FILE_HPP
#define PROACTOR_RANDOM_ACCESS_FILE_HPP

#include <proactor/basic_file.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace proactor {

/// A file read and written at positions, with the interface of
/// `boost::asio::basic_random_access_file`; see `basic_file`.
///
/// Any number of operations may be in flight at once; they end in no order. Buffers given by
/// reference must stay valid until the handler is called, in whatever way the operation ends;
/// `proactor::async_read_at` and its kin take buffers that need no such care.
template <typename Executor = asio::any_io_executor>
class basic_random_access_file : public basic_file<Executor>
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
        using other = basic_random_access_file<Executor1>;
    };

    using base::base;

    template <typename Executor1, typename = if_convertible<Executor1>>
    basic_random_access_file(basic_random_access_file<Executor1>&& other)
        : base(std::move(other))
    {
    }

    template <typename Executor1, typename = if_convertible<Executor1>>
    basic_random_access_file& operator=(basic_random_access_file<Executor1>&& other)
    {
        return *this = basic_random_access_file(std::move(other));
    }

    template <typename Buffers>
    std::size_t read_some_at(std::uint64_t offset, const Buffers& buffers)
    {
        std::size_t n = 0;
        base::throwing("read_some_at", [&](error_code& ec) { n = read_some_at(offset, buffers, ec); });
        return n;
    }
    template <typename Buffers>
    std::size_t read_some_at(std::uint64_t offset, const Buffers& buffers, error_code& ec)
    {
        return this->get_service().read_some_at(this->get_implementation(), offset, buffers, ec);
    }

    template <typename Buffers>
    std::size_t write_some_at(std::uint64_t offset, const Buffers& buffers)
    {
        std::size_t n = 0;
        base::throwing("write_some_at", [&](error_code& ec) { n = write_some_at(offset, buffers, ec); });
        return n;
    }
    template <typename Buffers>
    std::size_t write_some_at(std::uint64_t offset, const Buffers& buffers, error_code& ec)
    {
        return this->get_service().write_some_at(this->get_implementation(), offset, buffers, ec);
    }

    /// Completes with `void(error_code, std::size_t)`; at the end of the file with `error::eof`.
    template <typename Buffers, typename Token = asio::default_completion_token_t<executor_type>>
    auto async_read_some_at(std::uint64_t offset, const Buffers& buffers,
                            Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return this->template start<void(error_code, std::size_t), Token>(
            token,
            [offset, buffers](service& s, auto& f, auto& handler, const executor_type& ex)
            { s.async_read_some_at(f, offset, buffers, handler, ex); });
    }

    /// Completes with `void(error_code, std::size_t)`.
    template <typename Buffers, typename Token = asio::default_completion_token_t<executor_type>>
    auto async_write_some_at(std::uint64_t offset, const Buffers& buffers,
                             Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return this->template start<void(error_code, std::size_t), Token>(
            token,
            [offset, buffers](service& s, auto& f, auto& handler, const executor_type& ex)
            { s.async_write_some_at(f, offset, buffers, handler, ex); });
    }
};

using random_access_file = basic_random_access_file<>;

} // namespace proactor

#endif
