#ifndef PROACTOR_DETAIL_POOLED_OP_HPP
#define PROACTOR_DETAIL_POOLED_OP_HPP

#include <proactor/basic_file.hpp>
#include <proactor/detail/adapted_handler.hpp>
#include <proactor/detail/asio_hooks.hpp>
#include <proactor/detail/owned_op.hpp>
#include <proactor/detail/pooled_payloads.hpp>
#include <proactor/standard_streams.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_socket.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

// Enough to tell them; their headers cost every user compile time.
namespace boost::asio {

template <typename Executor>
class basic_readable_pipe;
template <typename Executor>
class basic_serial_port;
template <typename Executor>
class basic_file;

namespace posix {

template <typename Executor>
class basic_descriptor;

} // namespace posix

} // namespace boost::asio

/// Operations of any stream whose buffer comes out of a pool. An object of ours is asked with a
/// `pooled_sequence`, and its service calls the handler with a `pooled_buffer`. Any other gets the memory of
/// a buffer that is taken beforehand.
namespace proactor::detail {

// The objects whose services take a `pooled_sequence`, where they are ours.
template <typename Protocol, typename Executor>
Executor pooled_through(asio::basic_socket<Protocol, Executor>&);
template <typename Executor>
Executor pooled_through(asio::posix::basic_descriptor<Executor>&);
template <typename Executor>
Executor pooled_through(asio::basic_readable_pipe<Executor>&);
template <typename Executor>
Executor pooled_through(asio::basic_serial_port<Executor>&);
template <typename Executor>
Executor pooled_through(asio::basic_file<Executor>&);
// These have no other service.
template <typename Executor>
io_context::executor_type pooled_through(basic_file<Executor>&);
template <typename Executor>
io_context::executor_type pooled_through(standard_stream<Executor>&);

/// Whether a stream's type lets it be served here. Its context has the last word.
template <typename Stream>
concept may_take_pools = requires(Stream& s) {
    requires hosted_executor<decltype(pooled_through(s))>;
};

struct pooled_results
{
    template <typename Handler>
    void operator()(Handler& handler, error_code ec, pooled_buffer buffer)
    {
        std::move(handler)(ec, std::move(buffer));
    }

    /// Of a service of Asio's own, which is compiled beside ours and not asked.
    template <typename Handler>
    void operator()(Handler& handler, error_code ec, std::size_t)
    {
        std::move(handler)(ec, pooled_buffer());
    }
};

/// Into a buffer that was taken beforehand; without a byte it goes back.
template <typename Start>
struct taken_transfer : transfer_base<asio::mutable_buffer>
{
    template <typename Buffer>
    using signature = void(error_code, pooled_buffer);

    explicit taken_transfer(Start s)
        : start_(std::move(s))
    {
    }

    template <typename Stream, typename State, typename Op>
    void start(Stream& s, State& state, Op&& op)
    {
        const auto bytes = state.rest(false);
        start_(s, bytes, std::move(op));
    }

    std::tuple<error_code, pooled_buffer> results(error_code ec, std::size_t n, pooled_buffer&& b)
    {
        b.resize(n);
        return {ec, n == 0 ? pooled_buffer() : std::move(b)};
    }

private:
    Start start_;
};

/// Starts an operation by `start(stream, sequence, handler)`.
template <typename Stream, typename Pool, typename Start>
class initiate_pooled
{
public:
    using executor_type = typename Stream::executor_type;

    initiate_pooled(Stream& s, Pool& pool, Start start)
        : stream_(&s)
        , pool_(&pool)
        , start_(std::move(start))
    {
    }
    executor_type get_executor() const noexcept { return stream_->get_executor(); }

    template <typename Handler>
    void operator()(Handler&& handler)
    {
        if constexpr (may_take_pools<Stream>)
            if (hosted_context(stream_->get_executor()))
                return start_(*stream_, pooled_sequence(pool_->source()),
                              adapt_handler(std::forward<Handler>(handler), pooled_results{}));
        pooled_buffer taken = pool_->acquire();
        if (!taken)
            return asio::post(stream_->get_executor(),
                              asio::append(std::forward<Handler>(handler),
                                           error_code(asio::error::no_buffer_space),
                                           pooled_buffer()));
        using transfer = taken_transfer<Start>;
        owned_op<transfer, Stream, pooled_buffer, std::decay_t<Handler>>(
            transfer(std::move(start_)), *stream_, std::move(taken),
            std::forward<Handler>(handler))
            .start();
    }

private:
    Stream* stream_;
    Pool* pool_;
    Start start_;
};

template <typename Token, typename Stream, typename Pool, typename Start>
auto start_pooled(Stream& s, Pool& pool, std::remove_reference_t<Token>& token, Start start)
{
    return asio::async_initiate<Token, void(error_code, pooled_buffer)>(
        initiate_pooled<Stream, Pool, Start>(s, pool, std::move(start)), token);
}

} // namespace proactor::detail

#endif
