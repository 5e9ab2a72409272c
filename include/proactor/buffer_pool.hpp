#ifndef PROACTOR_BUFFER_POOL_HPP
#define PROACTOR_BUFFER_POOL_HPP

#include <proactor/detail/lone_operation.hpp>
#include <proactor/detail/pooled_op.hpp>
#include <proactor/pooled_buffer.hpp>
#include <proactor/receive.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace proactor {

/// Buffers of one size for the operations of one context. A receive into it takes one when there is data, so
/// that what waits holds none: on io_uring the kernel itself takes it, on other drivers whoever tries.
///
/// A context may have several. Memory is touched as it is used; a buffer that comes back is the next to be
/// taken. An operation completes with `boost::asio::error::no_buffer_space` if it finds none, at its start or
/// when data comes, which stays where it is; `async_wait` tells when to try again.
///
/// Lifetimes: a pool is destroyed before its context. Buffers and operations in flight may outlive it.
///
/// Threads: distinct pools are safe; `available`, `acquire` and `async_wait` are on any thread. Buffers come
/// back on any thread.
///
/// Streams that are not served here (of Asio on another context, an `ssl::stream`, a stream of Beast) are
/// read through their own operations, whose buffer is taken out of the pool at the start.
///
/// Errors: the executor's context must be a `proactor::io_context`, or constructors throw
/// `boost::system::system_error` with `operation_not_supported`. Operations of our objects on another context
/// than the pool's complete with `invalid_argument`.
///
/// @code
/// proactor::buffer_pool pool(context, 64, 4096);
/// auto [ec, buffer] = co_await proactor::async_receive(socket, pool, as_tuple(use_awaitable));
/// if (!ec)
///     use(buffer.data(), buffer.size());
/// @endcode
class buffer_pool
{
public:
    using executor_type = asio::any_io_executor;

    /// The most buffers that a pool can have: what a kernel takes.
    static constexpr std::size_t most = buffer_source::most;

    /// `source` is an executor, a context or an I/O object. Throws `std::invalid_argument` unless
    /// 1 <= `count` <= `most` and 1 <= `size` < 2 GiB.
    template <typename Source>
        requires requires(Source& s) { asio::any_io_executor(detail::executor_of(s)); }
    buffer_pool(Source&& source, std::size_t count, std::size_t size, pool_options options = {})
        : executor_(detail::executor_of(source))
        , engine_(detail::engine_of(executor_))
        , source_(make(count, size, options))
    {
        engine_.adopt(*source_);
    }
    buffer_pool(const buffer_pool&) = delete;
    buffer_pool& operator=(const buffer_pool&) = delete;

    /// Waits for a buffer end with `operation_aborted`, operations in flight go on.
    ~buffer_pool() { engine_.release(*source_); }

    const executor_type& get_executor() const noexcept { return executor_; }

    std::size_t count() const noexcept { return source_->count(); }
    std::size_t buffer_size() const noexcept { return source_->size(); }

    /// How many buffers nobody has, or has a part of. While others take and return some, a hint.
    std::size_t available() const noexcept { return source_->available(); }

    /// Takes a buffer, of the full size, to be filled by the caller; one that holds none if none is available.
    /// On any thread. While the kernel has those that nobody has, it may be one beyond `count`.
    pooled_buffer acquire()
    {
        const std::uint32_t number = engine_.take(*source_);
        return number == buffer_source::none
            ? pooled_buffer()
            : pooled_buffer(*source_, number, source_->size());
    }

    /// Waits until a buffer is available. Completes with `void(error_code)`, never inside this call. A buffer
    /// that is free completes one wait, the oldest, and soon another one if nobody has taken it. It is not
    /// kept for anybody: whoever tries first gets it.
    ///
    /// Cancellation: terminal, partial and total.
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_wait(Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return detail::initiate_lone<Token, void(error_code)>(
            executor_, token,
            [source = source_.get()](detail::engine& e, auto& handler, const executor_type& ex)
            {
                detail::start_lone<detail::buffer_wait_payload>(e, invalid_handle, lane::none,
                                                                handler, ex, *source);
            });
    }

    /// For operations of this library.
    buffer_source& source() noexcept { return *source_; }

private:
    static detail::source_reference make(std::size_t count, std::size_t size, pool_options options)
    {
        if (count == 0 || count > most || size == 0 || size >> 31)
            throw std::invalid_argument("proactor::buffer_pool: count or size");
        return detail::source_reference(buffer_source::make(count, size, options));
    }

    executor_type executor_;
    detail::engine& engine_;
    detail::source_reference source_;
};

/// Receives on a connected socket into a buffer of the pool.
///
/// Completes with `void(error_code, pooled_buffer)`: without an error with what was received. A datagram
/// without bytes brings no buffer; one that is larger than a buffer is cut. The end of a stream is
/// `error::eof`.
///
/// The socket and the pool may be destroyed meanwhile. Cancellation is that of the socket's own operation; one
/// that has succeeded nevertheless brings its buffer.
///
/// On a socket that Asio serves itself it holds a buffer from its start to its end. A socket of packets, whose
/// receives tell more, has none into a pool.
template <detail::a_socket Socket,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_receive(
    Socket& socket, buffer_pool& pool, asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_pooled<Token>(socket, pool, token,
                                       [flags](Socket& s, const auto& b, auto&& op)
                                       { s.async_receive(b, flags, std::move(op)); });
}
template <detail::a_socket Socket,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::convertible_to<Token, asio::socket_base::message_flags>)
auto async_receive(
    Socket& socket, buffer_pool& pool,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return async_receive(socket, pool, 0, std::forward<Token>(token));
}

/// Receives a datagram. `sender` must live until the completion; see `async_receive`.
template <detail::a_socket Socket,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
auto async_receive_from(
    Socket& socket, buffer_pool& pool, detail::endpoint_of<Socket>& sender,
    asio::socket_base::message_flags flags,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return detail::start_pooled<Token>(
        socket, pool, token, [&sender, flags](Socket& s, const auto& b, auto&& op)
        { s.async_receive_from(b, sender, flags, std::move(op)); });
}
template <detail::a_socket Socket,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::convertible_to<Token, asio::socket_base::message_flags>)
auto async_receive_from(
    Socket& socket, buffer_pool& pool, detail::endpoint_of<Socket>& sender,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    return async_receive_from(socket, pool, sender, 0, std::forward<Token>(token));
}

namespace detail {

/// An endpoint that a receive fills while its operation moves, and that goes to the handler.
template <typename Endpoint>
class sender_results
{
public:
    Endpoint& sender() noexcept { return *sender_; }

    template <typename Handler>
    void operator()(Handler& handler, error_code ec, pooled_buffer buffer)
    {
        const Endpoint from = *sender_;
        sender_.reset(); // before the handler, which may receive again
        std::move(handler)(ec, std::move(buffer), from);
    }

private:
    std::shared_ptr<Endpoint> sender_ = std::allocate_shared<Endpoint>(block_allocator<Endpoint>());
};

template <typename Socket>
class initiate_pooled_with_sender
{
public:
    using executor_type = typename Socket::executor_type;

    initiate_pooled_with_sender(Socket& s, buffer_pool& pool)
        : socket_(&s)
        , pool_(&pool)
    {
    }
    executor_type get_executor() const noexcept { return socket_->get_executor(); }

    template <typename Handler>
    void operator()(Handler&& handler) const
    {
        sender_results<endpoint_of<Socket>> results;
        auto& sender = results.sender();
        async_receive_from(*socket_, *pool_, sender, 0,
                           adapt_handler(std::forward<Handler>(handler), std::move(results)));
    }

private:
    Socket* socket_;
    buffer_pool* pool_;
};

} // namespace detail

/// The same, and owns the sender's address: completes with `void(error_code, pooled_buffer, endpoint)`.
template <detail::a_socket Socket,
          typename Token = asio::default_completion_token_t<typename Socket::executor_type>>
    requires(!std::same_as<std::remove_cvref_t<Token>, detail::endpoint_of<Socket>>)
auto async_receive_from(
    Socket& socket, buffer_pool& pool,
    Token&& token = asio::default_completion_token_t<typename Socket::executor_type>())
{
    using endpoint = detail::endpoint_of<Socket>;
    return asio::async_initiate<Token, void(error_code, pooled_buffer, endpoint)>(
        detail::initiate_pooled_with_sender<Socket>(socket, pool), token);
}

/// Reads from any `AsyncReadStream` what comes first. From a socket, pipe, descriptor or file of ours as
/// `async_receive`; others have a buffer from the start, and must live until the completion.
template <typename Stream,
          typename Token = asio::default_completion_token_t<typename Stream::executor_type>>
auto async_read_some(
    Stream& stream, buffer_pool& pool,
    Token&& token = asio::default_completion_token_t<typename Stream::executor_type>())
{
    return detail::start_pooled<Token>(stream, pool, token,
                                       [](Stream& s, const auto& b, auto&& op)
                                       { s.async_read_some(b, std::move(op)); });
}

/// Reads from a position of a file, with one read of the system. The end of the file is `error::eof`.
template <typename Device,
          typename Token = asio::default_completion_token_t<typename Device::executor_type>>
auto async_read_some_at(
    Device& file, std::uint64_t offset, buffer_pool& pool,
    Token&& token = asio::default_completion_token_t<typename Device::executor_type>())
{
    return detail::start_pooled<Token>(file, pool, token,
                                       [offset](Device& f, const auto& b, auto&& op)
                                       { f.async_read_some_at(offset, b, std::move(op)); });
}

} // namespace proactor

#endif
