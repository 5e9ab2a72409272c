#ifndef PROACTOR_DETAIL_HANDLER_WORK_HPP
#define PROACTOR_DETAIL_HANDLER_WORK_HPP

#include <proactor/detail/invoke_hook.hpp>
#include <proactor/io_context.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/detail/bind_handler.hpp>
#include <boost/asio/execution/allocator.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace proactor::detail {

/// A handler with its arguments.
template <typename Handler, typename Results>
struct bound_handler
{
    Handler handler_;
    Results results_;

    void operator()() { std::apply(std::move(handler_), std::move(results_)); }
};

template <typename Handler, typename... Results>
bound_handler<Handler, std::tuple<Results...>> bind_results(Handler& handler,
                                                            std::tuple<Results...>&& results)
{
    return {std::move(handler), std::move(results)};
}

// The results of most operations in a type of Asio's own: what an executor makes of it is compiled once for
// its operations and ours.

template <typename Handler>
asio::detail::binder1<Handler, error_code> bind_results(Handler& handler,
                                                        std::tuple<error_code>&& results)
{
    return {handler, std::get<0>(results)};
}

template <typename Handler>
asio::detail::binder2<Handler, error_code, std::size_t>
bind_results(Handler& handler, std::tuple<error_code, std::size_t>&& results)
{
    return {handler, std::get<0>(results), std::get<1>(results)};
}

#if PROACTOR_HAS_INVOKE_HOOK
template <typename Function, typename Handler, typename Results>
void asio_handler_invoke(Function& function, bound_handler<Handler, Results>* bound)
{
    invoke_for(bound->handler_, function);
}
#endif

template <typename Executor, typename = void>
inline constexpr bool is_erased = false;
template <typename Executor>
inline constexpr bool
    is_erased<Executor,
              std::void_t<decltype(std::declval<const Executor&>()
                                       .template target<io_context::executor_type>())>> = true;

/// Whether the loop of `e` may call a handler with this executor directly, being on the right
/// thread.
template <typename Executor>
inline bool calls_directly([[maybe_unused]] const engine& e,
                           [[maybe_unused]] const Executor& ex) noexcept
{
    if constexpr (std::is_same_v<Executor, io_context::executor_type>)
        return ex.direct_for(e);
    else if constexpr (is_erased<Executor>)
    {
        const auto* ours = ex.template target<io_context::executor_type>();
        return ours && ours->direct_for(e);
    }
    else
        return false;
}

/// An executor other than the loop's, whose work is counted until the handler has been handed to
/// it.
template <typename Executor>
class other_executor
{
    static auto track(const Executor& ex)
    {
        if constexpr (asio::execution::is_executor<Executor>::value)
            return asio::prefer(ex, asio::execution::outstanding_work.tracked);
        else
            return ex;
    }
    using tracked = decltype(track(std::declval<const Executor&>()));
    static constexpr bool counts_by_hand = !asio::execution::is_executor<Executor>::value;

public:
    explicit other_executor(const Executor& ex) : executor_(track(ex))
    {
        if constexpr (counts_by_hand)
            executor_.on_work_started();
    }

    /// What counts for itself is moved; work that is counted by hand ends with `other`.
    other_executor(other_executor&& other)
        : executor_(static_cast<std::conditional_t<counts_by_hand, const tracked&, tracked&&>>(
            other.executor_))
    {
        if constexpr (counts_by_hand)
            executor_.on_work_started();
    }

    ~other_executor()
    {
        if constexpr (counts_by_hand)
            executor_.on_work_finished();
    }

    /// Moves from a handler with its results.
    template <typename Bound>
    void complete(Bound& bound)
    {
        const auto allocator = asio::get_associated_allocator(bound.handler_);
        if constexpr (counts_by_hand)
            executor_.dispatch(std::move(bound), allocator);
        else
            asio::prefer(executor_, asio::execution::allocator(allocator))
                .execute(std::move(bound));
    }

private:
    tracked executor_;
};

/// Where a handler runs: called by the loop itself if its associated executor is the loop's own,
/// which is none here, else through that executor. The operation itself counts as work of the loop.
template <typename Handler, typename IoExecutor>
using handler_work =
    std::optional<other_executor<asio::associated_executor_t<Handler, IoExecutor>>>;

template <typename Handler, typename IoExecutor>
handler_work<Handler, IoExecutor> work_for(const engine& e, const Handler& handler,
                                           const IoExecutor& io_ex)
{
    using executor = asio::associated_executor_t<Handler, IoExecutor>;
    const auto& ex = asio::get_associated_executor(handler, io_ex);
    if (calls_directly(e, static_cast<const executor&>(ex)))
        return std::nullopt;
    return std::make_optional<other_executor<executor>>(ex);
}

} // namespace proactor::detail

#endif
