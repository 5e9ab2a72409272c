#ifndef PROACTOR_TIMEOUT_HPP
#define PROACTOR_TIMEOUT_HPP

#include <proactor/detail/adapted_handler.hpp>
#include <proactor/detail/timeout_state.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <tuple>
#include <type_traits>
#include <utility>

namespace proactor {

/// A completion token behind a limit of time: see `timeout`.
template <typename Limit, typename Token>
struct timeout_t
{
    Limit limit;
    Token token;
};

/// Gives an operation no more than a duration from its initiation; then it gets a terminal
/// cancellation.
///
/// Works on every operation that supports cancellation, of this library, of Asio's or composed, and
/// with every completion token. The operation completes as it would by itself, once it has ended,
/// except that `operation_aborted` becomes `boost::asio::error::timed_out` where the timeout made
/// it end. That holds for signatures whose first argument is an `error_code`, or a tuple that
/// begins with one; others, such as those with an exception pointer, are left as they are. What an
/// operation has won while the time ran out is delivered with success.
///
/// A duration of zero or less lets the operation begin and cancels it after the first look at the
/// system: what can be done at once is done.
///
/// Cancellation: a slot of `token` reaches the operation as before; an operation that a terminal
/// signal of it ended before the time completes with `operation_aborted`. A slot has to be bound
/// inside, as in `timeout(1s, bind_cancellation_slot(slot, token))`. Timeouts nest: the shorter one
/// counts.
///
/// Threads: the cancellation is emitted in the handler's associated executor. A single operation of
/// this library on a context that several threads run needs nothing more; a composed one has to run
/// in a strand there, as for every cancellation.
///
/// Memory: one recycled block beside the operation's own; nothing from the heap once warm, and
/// nothing from the handler's allocator. The time runs in the timers of the operation's context if
/// that is a `proactor::io_context`, and else of the handler's, and keeps no run function from
/// returning.
///
/// @code
/// auto [ec, n] = co_await socket.async_read_some(
///     buffer, proactor::timeout(5s, as_tuple(use_awaitable)));
/// if (ec == boost::asio::error::timed_out)
///     co_return;
/// @endcode
template <typename Rep, typename Period, typename Token>
timeout_t<std::chrono::duration<Rep, Period>, std::decay_t<Token>>
timeout(const std::chrono::duration<Rep, Period>& d, Token&& token)
{
    return {d, std::forward<Token>(token)};
}

/// As `timeout`, until a point in time. That of a clock other than `steady_clock` is looked up
/// once, when the operation begins: it does not follow a clock that is set meanwhile.
template <typename Clock, typename Duration, typename Token>
timeout_t<std::chrono::time_point<Clock, Duration>, std::decay_t<Token>>
timeout_at(const std::chrono::time_point<Clock, Duration>& t, Token&& token)
{
    return {t, std::forward<Token>(token)};
}

namespace detail {

/// When a duration from now ends, which is never where it exceeds the clock.
template <typename Rep, typename Period>
std::chrono::steady_clock::time_point time_limit(const std::chrono::duration<Rep, Period>& d)
{
    using clock = std::chrono::steady_clock;
    using limit = std::chrono::duration<Rep, Period>;
    const auto now = clock::now();
    if (d <= limit::zero())
        return now;
    // As floating-point numbers, whose conversions cannot overflow; less what they are too coarse
    // for.
    using seconds = std::chrono::duration<double>;
    if (seconds(d) >= seconds(clock::time_point::max() - now) - seconds(1))
        return clock::time_point::max();
    return now + std::chrono::ceil<clock::duration>(d);
}

template <typename Clock, typename Duration>
std::chrono::steady_clock::time_point time_limit(const std::chrono::time_point<Clock, Duration>& t)
{
    using clock = std::chrono::steady_clock;
    if constexpr (std::is_same_v<Clock, clock> && std::is_same_v<Duration, clock::duration>)
        return t;
    else
    {
        using seconds = std::chrono::duration<double>;
        return time_limit(seconds(t.time_since_epoch()) - seconds(Clock::now().time_since_epoch()));
    }
}

inline error_code timed_out_if(bool by_timeout, error_code ec)
{
    return by_timeout && ec == asio::error::operation_aborted ? asio::error::timed_out : ec;
}

template <typename T>
inline constexpr bool begins_with_error = false;
template <typename... Rest>
inline constexpr bool begins_with_error<std::tuple<error_code, Rest...>> = true;

template <typename State>
class timeout_adaptor
{
public:
    explicit timeout_adaptor(timeout_reference<State> s) noexcept : state_(std::move(s)) {}
    timeout_adaptor(timeout_adaptor&&) = default;
    ~timeout_adaptor()
    {
        if (state_)
            state_->end();
    }

    asio::cancellation_slot slot() const noexcept { return state_->slot(); }

    template <typename Handler>
    void operator()(Handler& handler)
    {
        finish();
        std::move(handler)();
    }

    template <typename Handler, typename First, typename... Rest>
    void operator()(Handler& handler, First&& first, Rest&&... rest)
    {
        using type = std::decay_t<First>;
        const bool by_timeout = finish();
        if constexpr (std::is_same_v<type, error_code>)
            std::move(handler)(timed_out_if(by_timeout, first), std::forward<Rest>(rest)...);
        else if constexpr (begins_with_error<type>)
        {
            type results(std::forward<First>(first));
            std::get<0>(results) = timed_out_if(by_timeout, std::get<0>(results));
            std::move(handler)(std::move(results), std::forward<Rest>(rest)...);
        }
        else
            std::move(handler)(std::forward<First>(first), std::forward<Rest>(rest)...);
    }

private:
    /// Gives the block back before the handler is called.
    bool finish()
    {
        timeout_reference<State> s(std::move(state_));
        return s->end();
    }

    timeout_reference<State> state_;
};

/// An initiation knows its executor if the one behind it does.
template <typename Initiation>
class initiation_executor
{
public:
    explicit initiation_executor(const Initiation&) noexcept {}
};

template <typename Initiation>
requires requires(const Initiation& i)
{
    i.get_executor();
}
class initiation_executor<Initiation>
{
public:
    using executor_type = std::decay_t<decltype(std::declval<const Initiation&>().get_executor())>;

    explicit initiation_executor(const Initiation& i) noexcept : executor_(i.get_executor()) {}
    executor_type get_executor() const noexcept { return executor_; }

private:
    executor_type executor_;
};

template <typename Initiation, typename Limit>
class timeout_initiation : public initiation_executor<Initiation>
{
    using with_executor = initiation_executor<Initiation>;

public:
    template <typename I>
    timeout_initiation(I&& initiation, const Limit& limit)
        : with_executor(initiation), initiation_(std::forward<I>(initiation)), limit_(limit)
    {
    }

    template <typename Handler, typename... Args>
    void operator()(Handler&& handler, Args&&... args)
    {
        start(std::move(initiation_), std::forward<Handler>(handler), std::forward<Args>(args)...);
    }
    template <typename Handler, typename... Args>
    void operator()(Handler&& handler, Args&&... args) const
    {
        start(initiation_, std::forward<Handler>(handler), std::forward<Args>(args)...);
    }

private:
    template <typename I, typename Handler, typename... Args>
    void start(I&& initiation, Handler&& handler, Args&&... args) const
    {
        const auto at = time_limit(limit_);
        const auto operation_ex = executor_of_operation(handler);
        const auto ex = asio::get_associated_executor(handler, operation_ex);
        using state =
            timeout_state<std::decay_t<decltype(ex)>, std::decay_t<decltype(operation_ex)>>;

        auto owner = state::create(ex, operation_ex);
        if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
            slot.template emplace<chained_cancellation>(*owner);
        std::forward<I>(initiation)(
            adapt_handler(std::forward<Handler>(handler), timeout_adaptor<state>(owner.share())),
            std::forward<Args>(args)...);
        // After the initiation, so that no other thread cancels in the middle of it.
        owner->arm(at);
    }

    /// What has no context gets a timer of the system's.
    template <typename Handler>
    auto executor_of_operation([[maybe_unused]] const Handler& handler) const
    {
        if constexpr (requires(const with_executor& i) { context_of(i.get_executor()); })
            return this->get_executor();
        else if constexpr (requires { context_of(asio::get_associated_executor(handler)); })
            return asio::get_associated_executor(handler);
        else
            return asio::system_executor();
    }

    Initiation initiation_;
    Limit limit_;
};

} // namespace detail
} // namespace proactor

namespace boost::asio {

template <typename Handler, typename State, typename Slot>
struct associated_cancellation_slot<
    proactor::detail::adapted_handler<Handler, proactor::detail::timeout_adaptor<State>>, Slot>
{
    using type = cancellation_slot;
    using handler =
        proactor::detail::adapted_handler<Handler, proactor::detail::timeout_adaptor<State>>;

    static type get(const handler& h, const Slot& = Slot()) noexcept { return h.adaptor().slot(); }
};

template <typename Limit, typename Token, typename... Signatures>
class async_result<proactor::timeout_t<Limit, Token>, Signatures...>
    : public async_result<Token, Signatures...>
{
public:
    template <typename Initiation, typename Timeout, typename... Args>
    static decltype(auto) initiate(Initiation&& initiation, Timeout&& timeout, Args&&... args)
    {
        using token = std::conditional_t<std::is_const_v<std::remove_reference_t<Timeout>>,
                                         const Token, Token>;
        using behind = std::conditional_t<std::is_lvalue_reference_v<Timeout>, token&, token>;
        using limited = proactor::detail::timeout_initiation<std::decay_t<Initiation>, Limit>;
        return async_initiate<behind, Signatures...>(
            limited(std::forward<Initiation>(initiation), timeout.limit), timeout.token,
            std::forward<Args>(args)...);
    }
};

} // namespace boost::asio

#endif
