#ifndef PROACTOR_DETAIL_HOSTED_EXECUTOR_HPP
#define PROACTOR_DETAIL_HOSTED_EXECUTOR_HPP

#include <proactor/io_context.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/query.hpp>

#include <type_traits>

namespace proactor::detail {

/// The conversion stands first: some adapted executors, such as those of Asio's `as_single`, ask on the way
/// to it whether they are executors, and would not find the answer while it is sought.
template <typename Executor>
inline constexpr bool is_executor
    = (static_cast<void>(std::is_convertible_v<Executor, asio::any_io_executor>),
       asio::execution::is_executor<Executor>::value);

template <typename Executor>
    requires((is_executor<Executor>
              && asio::can_query_v<const Executor&, asio::execution::context_t>)
             || requires(const Executor& ex) { ex.context(); })
decltype(auto) context_of(const Executor& ex)
{
    if constexpr (is_executor<Executor>)
        return asio::query(ex, asio::execution::context);
    else
        return ex.context();
}

/// The context of an executor by its static type: `io_context` for ours, strands over it and users'
/// wrappers; `execution_context` where it is erased.
template <typename Executor>
using static_context = std::decay_t<decltype(context_of(std::declval<const Executor&>()))>;

template <typename Executor>
concept our_executor = std::is_same_v<static_context<Executor>, io_context>;

template <typename Executor>
concept erased_executor = std::is_same_v<static_context<Executor>, asio::execution_context>;

/// Our context if an erased executor, or a context, is of one, else null.
template <typename Executor>
io_context* our_context(const Executor& ex)
{
    if constexpr (std::is_same_v<Executor, asio::any_io_executor>)
        if (const auto* known = ex.template target<io_context::executor_type>())
            return &asio::query(*known, asio::execution::context);
    return find_io_context(context_of(ex));
}

/// Our context of any executor whatsoever, else null.
template <typename Executor>
io_context* hosted_context([[maybe_unused]] const Executor& ex)
{
    if constexpr (our_executor<Executor>)
        return &context_of(ex);
    else if constexpr (erased_executor<Executor>)
        return our_context(ex);
    else
        return nullptr;
}

} // namespace proactor::detail

#endif
