#ifndef PROACTOR_EVENT_HPP
#define PROACTOR_EVENT_HPP

#include <proactor/detail/event_service.hpp>
#include <proactor/detail/hosted_executor.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/detail/throw_error.hpp>

#include <cerrno>
#include <type_traits>
#include <utility>

namespace proactor {

/// What becomes of an event that has been notified.
enum class event_reset
{
    manual,   ///< it stays notified, and lets all waits through, until `reset`
    automatic ///< each notification lets one wait through, the oldest
};

/// Lets asynchronous waits through when some thread says so.
///
/// A notification of a `manual` event ends all waits, and those to come until `reset`. One of an
/// `automatic` event ends the oldest wait; without any it is kept for the next one, once: any
/// number of notifications that nobody waits for let one wait through.
///
/// A wait completes through the context of its handler's associated executor if that is a
/// `proactor::io_context`, and does not pass through another one; else through that of the event's
/// executor. The event itself needs no loop and may be used after its executor's context has gone
/// by handlers of others.
///
/// Threads: all members but the constructors and the destructor are safe on any thread, also on one
/// that runs no context. What happened before `notify` is seen by the handler that it lets through.
/// A handler that was let through may destroy the event while `notify` has not yet returned.
///
/// Errors: the executor's context must be a `proactor::io_context`, or constructors throw
/// `boost::system::system_error` with `operation_not_supported`.
template <typename Executor = asio::any_io_executor>
class basic_event
{
    template <typename Context>
    using if_context = std::enable_if_t<std::is_convertible_v<Context&, asio::execution_context&>>;

public:
    using executor_type = Executor;

    template <typename Executor1>
    struct rebind_executor
    {
        using other = basic_event<Executor1>;
    };

    explicit basic_event(const executor_type& ex, event_reset r = event_reset::manual)
        : service_(service_of(ex)), executor_(ex), state_(r == event_reset::automatic)
    {
        if (!service_)
            asio::detail::throw_error(asio::error::operation_not_supported,
                                      "an event on a context that is no proactor::io_context");
    }

    template <typename Context, typename = if_context<Context>>
    explicit basic_event(Context& context, event_reset r = event_reset::manual)
        : basic_event(executor_type(context.get_executor()), r)
    {
    }

    /// Waits that are left end with `operation_aborted`.
    ~basic_event() = default;

    basic_event(const basic_event&) = delete;
    basic_event& operator=(const basic_event&) = delete;

    const executor_type& get_executor() noexcept { return executor_; }

    /// Never runs a handler itself.
    void notify() { state_.notify(); }

    /// Takes a notification back that has let nobody through, or goes on to.
    void reset() { state_.reset(); }

    /// Whether a wait would end at once.
    bool notified() const { return state_.notified(); }

    /// Ends all waits with `operation_aborted`, and leaves the event as it is.
    void cancel() { state_.end_all(ECANCELED); }

    /// Waits for a notification. Completes with `void(error_code)`, never inside this call.
    ///
    /// The event may be destroyed meanwhile.
    ///
    /// Cancellation: terminal, partial and total end this wait, from any thread. A notification
    /// that came first is not lost: the wait then succeeds.
    ///
    /// @code
    /// proactor::event ready(context, proactor::event_reset::automatic);
    /// std::thread producer([&] { produce(); ready.notify(); });
    /// co_await ready.async_wait(use_awaitable);
    /// @endcode
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_wait(Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return asio::async_initiate<Token, void(error_code)>(initiate(*this), token);
    }

private:
    using service = detail::event_service;

    class initiate
    {
    public:
        using executor_type = Executor;

        explicit initiate(basic_event& self) : self_(&self) {}
        const executor_type& get_executor() const noexcept { return self_->get_executor(); }

        template <typename Handler>
        void operator()(Handler&& handler) const
        {
            std::decay_t<Handler> h(std::forward<Handler>(handler));
            detail::start_event_wait(self_->state_, self_->service_for(h), h, self_->executor_);
        }

    private:
        basic_event* self_;
    };

    template <typename Handler>
    service& service_for(const Handler& handler)
    {
        using associated = asio::associated_executor_t<Handler, Executor>;
        const associated ex = asio::get_associated_executor(handler, executor_);
        if constexpr (std::is_same_v<associated, Executor>)
            if (ex == executor_)
                return *service_;
        service* other = service_of(ex);
        return other ? *other : *service_;
    }

    template <typename Ex>
    static service* service_of(const Ex& ex)
    {
        io_context* context = detail::hosted_context(ex);
        if (!context)
            return nullptr;
        return &asio::use_service<service>(static_cast<asio::execution_context&>(*context));
    }

    service* service_;
    executor_type executor_;
    detail::event_state state_;
};

using event = basic_event<>;

} // namespace proactor

#endif
