#ifndef PROACTOR_DETAIL_LONE_OPERATION_HPP
#define PROACTOR_DETAIL_LONE_OPERATION_HPP

#include <proactor/detail/async_op.hpp>
#include <proactor/detail/hosted_executor.hpp>
#include <proactor/detail/payloads.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/detail/throw_error.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/is_executor.hpp>

#include <type_traits>
#include <utility>

/// Operations that belong to no I/O object: free functions start them on an executor.
namespace proactor::detail {

/// The executor that an argument is, or has: a context or an I/O object.
template <typename Source>
auto executor_of(Source& source)
{
    if constexpr (asio::is_executor<Source>::value || asio::execution::is_executor<Source>::value)
        return source;
    else
        return source.get_executor();
}

template <typename Source>
using executor_of_t = decltype(executor_of(std::declval<std::remove_reference_t<Source>&>()));

template <typename Source>
using default_token_t = asio::default_completion_token_t<executor_of_t<Source>>;

template <typename Executor>
engine& engine_of(const Executor& ex)
{
    io_context* context = our_context(ex);
    if (!context)
        asio::detail::throw_error(asio::error::operation_not_supported,
                                  "an operation on a context that is no proactor::io_context");
    return context->engine();
}

/// An initiation that knows its executor, as those of Asio's objects do. Calls
/// `call(engine, handler, executor)`.
template <typename Executor, typename Call>
class lone_initiation
{
public:
    using executor_type = Executor;

    lone_initiation(const Executor& ex, Call call)
        : engine_(&engine_of(ex))
        , executor_(ex)
        , call_(std::move(call))
    {
    }

    const executor_type& get_executor() const noexcept { return executor_; }

    template <typename Handler>
    void operator()(Handler&& handler)
    {
        std::decay_t<Handler> h(std::forward<Handler>(handler));
        call_(*engine_, h, executor_);
    }

private:
    engine* engine_;
    Executor executor_;
    Call call_;
};

/// `Token` as it was deduced: one that is given as an lvalue is copied.
template <typename Token, typename Signature, typename Executor, typename Call>
auto initiate_lone(const Executor& ex, std::remove_reference_t<Token>& token, Call call)
{
    return asio::async_initiate<Token, Signature>(
        lone_initiation<Executor, Call>(ex, std::move(call)), token);
}

/// A payload whose operation has an attachment to itself, until it ends.
template <typename Payload>
class lone
{
public:
    template <typename... Args>
    lone(engine& e, attachment& at, Args&&... args)
        : engine_(e)
        , at_(at)
        , payload_(std::forward<Args>(args)...)
    {
    }

    void prepare(operation& op) { payload_.prepare(op); }

    auto finish(const outcome& o)
    {
        engine_.give_back(at_);
        return payload_.finish(o);
    }

private:
    engine& engine_;
    attachment& at_;
    Payload payload_;
};

/// Starts an operation on a handle that no object holds, or on none. Nothing else is in flight
/// beside it on its attachment, so that a cancellation finds it at once however many there are.
template <typename Payload, typename Handler, typename Executor, typename... Args>
void start_lone(engine& e, native_handle handle, lane l, Handler& handler, const Executor& ex,
                Args&&... args)
{
    attachment& at = e.attach(handle);
    try
    {
        start_operation<lone<Payload>>(e, at, l, handler, ex, e, at, std::forward<Args>(args)...);
    }
    catch (...)
    {
        e.give_back(at);
        throw;
    }
}

} // namespace proactor::detail

#endif
