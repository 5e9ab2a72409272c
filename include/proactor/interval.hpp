#ifndef PROACTOR_INTERVAL_HPP
#define PROACTOR_INTERVAL_HPP

#include <proactor/detail/adapted_handler.hpp>
#include <proactor/detail/asio_hooks.hpp>
#include <proactor/detail/interval_schedule.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/detail/throw_error.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace proactor {

/// A timer that ticks again and again: at its start plus one period, plus two, and so on, without
/// drift.
///
/// What happens when its user comes late is the `missed_ticks` policy: `burst` (the default)
/// delivers what was missed without a pause, `delay` goes on a period after the late tick, `skip`
/// goes on with the first tick of the schedule that is still to come.
///
/// Threads: distinct objects are safe, one object is not; its handlers belong to the strand of the
/// object.
///
/// Errors: constructors and `period` throw `boost::system::system_error` with `invalid_argument`
/// for a period that is not positive.
template <typename Executor = asio::any_io_executor>
class basic_interval
{
    template <typename Context>
    using if_context = std::enable_if_t<std::is_convertible_v<Context&, asio::execution_context&>>;

public:
    using executor_type = Executor;
    using clock_type = std::chrono::steady_clock;
    using duration = clock_type::duration;
    using time_point = clock_type::time_point;

    template <typename Executor1>
    struct rebind_executor
    {
        using other = basic_interval<Executor1>;
    };

    /// Starts now: the first tick comes after one period.
    basic_interval(const executor_type& ex, duration period,
                   missed_ticks policy = missed_ticks::burst)
        : timer_(ex), schedule_(std::make_shared<detail::interval_schedule>(
                          detail::interval_schedule{clock_type::now(), positive(period), policy}))
    {
        schedule_->restart(clock_type::now());
    }

    template <typename Context, typename = if_context<Context>>
    basic_interval(Context& context, duration period, missed_ticks policy = missed_ticks::burst)
        : basic_interval(executor_type(context.get_executor()), period, policy)
    {
    }

    /// A wait in flight goes with the interval.
    basic_interval(basic_interval&&) = default;

    /// As the destructor, ends a wait of this interval with `operation_aborted`.
    basic_interval& operator=(basic_interval&&) = default;

    executor_type get_executor() noexcept { return timer_.get_executor(); }

    duration period() const noexcept { return schedule_->period; }

    /// The tick that is next stays where it is; those behind it follow in the new period.
    void period(duration p) { schedule_->period = positive(p); }

    missed_ticks policy() const noexcept { return schedule_->policy; }
    void policy(missed_ticks p) noexcept { schedule_->policy = p; }

    /// When the next tick is due.
    time_point next() const noexcept { return schedule_->next; }

    /// Starts anew: the next tick comes one period from now. Ends a wait with `operation_aborted`.
    void restart()
    {
        timer_.cancel();
        schedule_->restart(clock_type::now());
    }

    /// Ends a wait with `operation_aborted`; its tick is delivered to the next one.
    void cancel() { timer_.cancel(); }

    /// Waits for the next tick. Completes with `void(error_code, std::uint64_t)`: how many ticks of
    /// the schedule this one stands for, which is 1 but where the policy is `skip` and some were
    /// missed, and 0 with an error. A tick that is due completes at once, though never inside this
    /// call.
    ///
    /// One wait at a time: another one ends the first with `operation_aborted`. The interval may be
    /// destroyed meanwhile, which does too.
    ///
    /// Cancellation: terminal, partial and total; the tick is not lost.
    ///
    /// @code
    /// proactor::interval every_second(context, 1s, proactor::missed_ticks::skip);
    /// for (;;)
    ///     report(co_await every_second.async_next(use_awaitable));
    /// @endcode
    template <typename Token = asio::default_completion_token_t<executor_type>>
    auto async_next(Token&& token = asio::default_completion_token_t<executor_type>())
    {
        return asio::async_initiate<Token, void(error_code, std::uint64_t)>(initiate(*this), token);
    }

private:
    /// Has the schedule for itself: the interval may have gone.
    struct tick
    {
        std::shared_ptr<detail::interval_schedule> schedule;

        template <typename Handler>
        void operator()(Handler& handler, error_code ec)
        {
            const std::uint64_t ticks = ec ? 0 : schedule->deliver(clock_type::now());
            schedule.reset();
            std::move(handler)(ec, ticks);
        }
    };

    class initiate
    {
    public:
        using executor_type = Executor;

        explicit initiate(basic_interval& self) : self_(&self) {}
        executor_type get_executor() const noexcept { return self_->get_executor(); }

        template <typename Handler>
        void operator()(Handler&& handler) const
        {
            self_->timer_.expires_at(self_->schedule_->next);
            self_->timer_.async_wait(
                detail::adapt_handler(std::forward<Handler>(handler), tick{self_->schedule_}));
        }

    private:
        basic_interval* self_;
    };

    static duration positive(duration p)
    {
        if (p <= duration::zero())
            asio::detail::throw_error(asio::error::invalid_argument, "the period of an interval");
        return p;
    }

    asio::basic_waitable_timer<clock_type, asio::wait_traits<clock_type>, Executor> timer_;
    std::shared_ptr<detail::interval_schedule> schedule_;
};

using interval = basic_interval<>;

} // namespace proactor

#endif
