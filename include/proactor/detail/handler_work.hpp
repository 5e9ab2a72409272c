#ifndef PROACTOR_DETAIL_HANDLER_WORK_HPP
#define PROACTOR_DETAIL_HANDLER_WORK_HPP

#include <proactor/io_context.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/allocator.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace proactor::detail {

/// A handler with its arguments.
template <typename Handler, typename Results>
struct bound_handler
{
    Handler handler;
    Results results;

    void operator()() { std::apply(std::move(handler), std::move(results)); }
};

template <typename Executor, typename = void>
inline constexpr bool is_erased = false;
template <typename Executor>
inline constexpr bool
    is_erased<Executor, std::void_t<decltype(std::declval<const Executor&>()
                                                 .template target<io_context::executor_type>())>>
    = true;

/// Whether the loop of `e` may call a handler with this executor directly, being on the right thread.
template <typename Executor>
bool calls_directly([[maybe_unused]] const engine& e, [[maybe_unused]] const Executor& ex) noexcept
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

/// Where a handler runs: called by the loop itself if its associated executor is the loop's own, else
/// through that executor, whose work is counted until then. The operation itself counts as work of
/// the loop.
template <typename Handler, typename IoExecutor>
class handler_work
{
    using executor = asio::associated_executor_t<Handler, IoExecutor>;

    static auto track(const executor& ex)
    {
        if constexpr (asio::execution::is_executor<executor>::value)
            return asio::prefer(ex, asio::execution::outstanding_work.tracked);
        else
            return ex;
    }
    using tracked = decltype(track(std::declval<const executor&>()));
    static constexpr bool counts_by_hand = !asio::execution::is_executor<executor>::value;

public:
    handler_work(const engine& e, const Handler& handler, const IoExecutor& io_ex)
    {
        const auto& ex = asio::get_associated_executor(handler, io_ex);
        if (calls_directly(e, static_cast<const executor&>(ex)))
            return;
        elsewhere_.emplace(track(ex));
        if constexpr (counts_by_hand)
            elsewhere_->on_work_started();
    }

    handler_work(handler_work&& other) noexcept
        : elsewhere_(std::move(other.elsewhere_))
    {
        other.elsewhere_.reset();
    }

    ~handler_work()
    {
        if constexpr (counts_by_hand)
            if (elsewhere_)
                elsewhere_->on_work_finished();
    }

    /// Moves from both.
    template <typename Results>
    void complete(Handler& handler, Results results)
    {
        if (!elsewhere_)
            return std::apply(std::move(handler), std::move(results));
        const auto allocator = asio::get_associated_allocator(handler);
        bound_handler<Handler, Results> bound{std::move(handler), std::move(results)};
        if constexpr (counts_by_hand)
            elsewhere_->dispatch(std::move(bound), allocator);
        else
            asio::prefer(*elsewhere_, asio::execution::allocator(allocator))
                .execute(std::move(bound));
    }

private:
    std::optional<tracked> elsewhere_;
};

} // namespace proactor::detail

#endif
