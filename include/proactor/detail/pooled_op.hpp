#ifndef PROACTOR_DETAIL_POOLED_OP_HPP
#define PROACTOR_DETAIL_POOLED_OP_HPP

#include <proactor/detail/adapted_handler.hpp>
#include <proactor/detail/hosted_executor.hpp>
#include <proactor/detail/pooled_payloads.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

/// Operations of Asio's objects whose buffer comes out of a pool: the object's own function is called with
/// a `pooled_sequence`, and the handler that our services call with a `pooled_buffer`.
namespace proactor::detail {

struct pooled_results
{
    template <typename Handler>
    void operator()(Handler& handler, error_code ec, pooled_buffer buffer)
    {
        std::move(handler)(ec, std::move(buffer));
    }

    /// The object is served by Asio itself.
    template <typename Handler>
    void operator()(Handler& handler, error_code ec, std::size_t)
    {
        if (!ec)
            ec = asio::error::operation_not_supported;
        std::move(handler)(ec, pooled_buffer());
    }
};

/// Starts an operation by `start(stream, sequence, handler)`.
template <typename Stream, typename Start>
class initiate_pooled
{
public:
    using executor_type = typename Stream::executor_type;

    initiate_pooled(Stream& s, buffer_source& source, Start start)
        : stream_(&s)
        , source_(&source)
        , start_(std::move(start))
    {
    }
    executor_type get_executor() const noexcept { return stream_->get_executor(); }

    template <typename Handler>
    void operator()(Handler&& handler)
    {
        if (hosted_context(stream_->get_executor()))
            start_(*stream_, pooled_sequence(*source_),
                   adapt_handler(std::forward<Handler>(handler), pooled_results{}));
        else
            asio::post(stream_->get_executor(),
                       asio::append(std::forward<Handler>(handler),
                                    error_code(asio::error::operation_not_supported),
                                    pooled_buffer()));
    }

private:
    Stream* stream_;
    buffer_source* source_;
    Start start_;
};

template <typename Token, typename Stream, typename Start>
auto start_pooled(Stream& s, buffer_source& source, std::remove_reference_t<Token>& token,
                  Start start)
{
    return asio::async_initiate<Token, void(error_code, pooled_buffer)>(
        initiate_pooled<Stream, Start>(s, source, std::move(start)), token);
}

} // namespace proactor::detail

#endif
