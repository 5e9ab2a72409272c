#ifndef PROACTOR_DETAIL_TIMER_SERVICE_HPP
#define PROACTOR_DETAIL_TIMER_SERVICE_HPP

#include <proactor/detail/async_op.hpp>
#include <proactor/detail/hand_over.hpp>
#include <proactor/detail/payloads.hpp>
#include <proactor/detail/timer_heap.hpp>
#include <proactor/io_context.hpp>

#include <boost/asio/detail/chrono_time_traits.hpp>
#include <boost/asio/wait_traits.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <limits>
#include <type_traits>
#include <utility>

namespace proactor::detail {

using steady_time_traits
    = asio::detail::chrono_time_traits<std::chrono::steady_clock,
                                       asio::wait_traits<std::chrono::steady_clock>>;

/// The timers of one clock: what `asio::basic_waitable_timer` and `basic_deadline_timer` call.
///
/// `Traits` are Asio's time traits, so that any clock and its `WaitTraits` work.
template <typename Traits>
class timer_service : public asio::detail::execution_context_service_base<timer_service<Traits>>,
                      public gives_objects<timer_service<Traits>>,
                      private timer_source
{
    using heap = timer_heap<Traits>;
    using node = typename heap::node;

    /// Whether the engine waits by the very clock. A time of its type may be another clock's.
    static constexpr bool is_engines_clock = std::is_same_v<Traits, steady_time_traits>;

public:
    using time_type = typename Traits::time_type;
    using duration_type = typename Traits::duration_type;

    struct implementation_type : given_implementation<timer_service, implementation_type>
    {
        time_type expiry{};
        node* waits = nullptr; ///< from the first asynchronous wait on
    };

    explicit timer_service(asio::execution_context& context)
        : asio::detail::execution_context_service_base<timer_service>(context)
        , engine_(static_cast<io_context&>(context).engine())
    {
        engine_.add(*this);
    }

    ~timer_service() { engine_.remove(*this); }

    void shutdown() override
    {
        operation_queue left;
        {
            section_guard held(engine_.exclusive());
            heap_.take_all(left);
            due_ = clock::time_point::max();
        }
        while (operation* op = left.pop())
            op->destroy();
    }

    void construct(implementation_type& t) { t = {}; }

    void destroy(implementation_type& t)
    {
        error_code ignored;
        cancel(t, ignored);
        if (t.waits)
        {
            section_guard held(engine_.exclusive());
            heap_.recycle(*std::exchange(t.waits, nullptr));
        }
    }

    void move_construct(implementation_type& t, implementation_type& other)
    {
        t.expiry = std::exchange(other.expiry, time_type());
        t.waits = std::exchange(other.waits, nullptr);
    }

    void move_assign(implementation_type& t, timer_service& /*other_service*/,
                     implementation_type& other)
    {
        destroy(t);
        move_construct(t, other);
    }

    /// Waits end as with `cancel`: only the time is handed over.
    template <typename Theirs>
    void give(implementation_type& t, Theirs& theirs, typename Theirs::implementation_type& to)
    {
        error_code ignored; // of cancelling what does not wait
        theirs.expires_at(to, std::exchange(t.expiry, time_type()), ignored);
        destroy(t);
    }

    std::size_t cancel(implementation_type& t, error_code& ec)
    {
        return cancel(t, std::numeric_limits<std::size_t>::max(), ec);
    }

    std::size_t cancel_one(implementation_type& t, error_code& ec) { return cancel(t, 1, ec); }

    time_type expiry(const implementation_type& t) const { return t.expiry; }
    time_type expires_at(const implementation_type& t) const { return t.expiry; }
    duration_type expires_from_now(const implementation_type& t) const
    {
        return Traits::subtract(expiry(t), Traits::now());
    }

    std::size_t expires_at(implementation_type& t, const time_type& at, error_code& ec)
    {
        const std::size_t n = cancel(t, ec);
        t.expiry = at;
        return n;
    }

    std::size_t expires_after(implementation_type& t, const duration_type& d, error_code& ec)
    {
        return expires_at(t, Traits::add(Traits::now(), d), ec);
    }

    std::size_t expires_from_now(implementation_type& t, const duration_type& d, error_code& ec)
    {
        return expires_after(t, d, ec);
    }

    void wait(implementation_type& t, error_code& ec)
    {
        engine_.flush();
        ec = {};
        for (auto now = Traits::now(); !ec && Traits::less_than(now, t.expiry); now = Traits::now())
        {
            const auto left = microseconds_to(t.expiry, now).count();
            const timespec sleep{left / 1'000'000, left % 1'000'000 * 1'000};
            if (::nanosleep(&sleep, nullptr) != 0)
                ec = make_error(errno); // a signal ends it, as in Asio
        }
    }

    template <typename Handler, typename IoExecutor>
    void async_wait(implementation_type& t, Handler& handler, const IoExecutor& io_ex)
    {
        auto slot = asio::get_associated_cancellation_slot(handler);
        node& n = node_of(t);
        const void* key = nullptr;
        if (slot.is_connected())
            key = &slot.template emplace<wait_cancellation>(*this, n);
        auto& op = async_op<plain<request::nothing>, Handler, IoExecutor>::create(
            engine_, handler, io_ex, request::nothing{});
        op.cancellation_key = key;
        engine_.work_started();
        section_guard held(engine_.exclusive());
        if (heap_.add(n, t.expiry, op) && renew_due())
            engine_.due_earlier();
    }

    /// The place of a wait that belongs to no timer object, and lives with its operation.
    using own_node = node;

    engine& get_engine() noexcept { return engine_; }

    /// In the engine's section. `op` is internal, or counts as work already.
    void start_wait(own_node& n, const time_type& at, operation& op)
    {
        if (heap_.add(n, at, op) && renew_due())
            engine_.due_earlier();
    }

    /// In the engine's section. False: the wait has expired.
    bool end_wait(own_node& n)
    {
        operation_queue ended;
        return heap_.cancel(n, 1, ended) != 0;
    }

private:
    /// Lives in a cancellation slot. Nodes are never freed before their service.
    class wait_cancellation
    {
    public:
        wait_cancellation(timer_service& s, node& n) noexcept
            : service_(s)
            , node_(n)
        {
        }
        void operator()(asio::cancellation_type_t type)
        {
            if (!asks_for_end(type))
                return;
            section_guard held(service_.engine_.exclusive());
            operation_queue cancelled;
            service_.heap_.cancel_key(node_, this, cancelled);
            service_.engine_.complete_later(cancelled);
        }

    private:
        timer_service& service_;
        node& node_;
    };

    std::size_t cancel(implementation_type& t, std::size_t most, error_code& ec)
    {
        ec = {};
        if (!t.waits)
            return 0;
        section_guard held(engine_.exclusive());
        operation_queue cancelled;
        const std::size_t n = heap_.cancel(*t.waits, most, cancelled);
        engine_.complete_later(cancelled);
        return n;
    }

    node& node_of(implementation_type& t)
    {
        if (!t.waits)
        {
            section_guard held(engine_.exclusive());
            t.waits = &heap_.make_node();
        }
        return *t.waits;
    }

    void collect_expired(operation_queue& ready) override
    {
        heap_.take_expired(Traits::now(), ready);
        renew_due();
    }

    /// True if the engine has to look earlier than it knew.
    bool renew_due()
    {
        const auto before = due_;
        due_ = heap_.empty() ? clock::time_point::max() : to_steady(heap_.earliest());
        return due_ < before;
    }

    static clock::time_point to_steady(const time_type& t)
    {
        if constexpr (is_engines_clock)
            return t;
        else
            return clock::now() + microseconds_to(t, Traits::now());
    }

    /// A second at most: a clock that can be set is looked at again now and then.
    static std::chrono::microseconds microseconds_to(const time_type& t, const time_type& now)
    {
        constexpr std::int64_t longest = 1'000'000;
        const std::int64_t us
            = Traits::to_posix_duration(Traits::subtract(t, now)).total_microseconds();
        return std::chrono::microseconds(us < 0 ? 0 : us < longest ? us + 1 : longest);
    }

    engine& engine_;
    heap heap_;
};

} // namespace proactor::detail

#endif
