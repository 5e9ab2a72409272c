#ifndef PROACTOR_DETAIL_SIGNAL_SET_SERVICE_HPP
#define PROACTOR_DETAIL_SIGNAL_SET_SERVICE_HPP

#include <proactor/detail/async_op.hpp>
#include <proactor/detail/asio_signals.hpp>
#include <proactor/detail/at_fork.hpp>
#include <proactor/detail/payloads.hpp>
#include <proactor/detail/signal_source.hpp>
#include <proactor/io_context.hpp>

#include <boost/asio/error.hpp>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

namespace proactor::detail {

/// What `asio::signal_set` calls. A signal that nobody waits for is kept for the next wait of each
/// set that has it, as in Asio.
class signal_set_service
    : public asio::detail::execution_context_service_base<signal_set_service>
{
    /// A number of a set, and how often it came while nobody waited.
    struct registration
    {
        int signal;
        unsigned undelivered = 0;
    };

    struct set
    {
        std::vector<registration> signals; // in order of number
        operation_queue waits;
        bool in_use = false;
    };

public:
    struct implementation_type
    {
        set* signals = nullptr;
    };

    explicit signal_set_service(asio::execution_context& context)
        : asio::detail::execution_context_service_base<signal_set_service>(context)
        , engine_(static_cast<io_context&>(context).engine())
        , listener_(*this)
    {
    }

    void shutdown() override
    {
        if (attached_)
            engine_.detach(*std::exchange(attached_, nullptr), engine::handle_then::closed_by_caller);
        operation_queue left;
        {
            std::lock_guard held(mutex_);
            for (set& s : sets_)
                left.splice(s.waits);
        }
        while (operation* op = left.pop())
            op->destroy();
    }

    void construct(implementation_type& i)
    {
        std::lock_guard held(mutex_);
        for (set& s : sets_)
            if (!s.in_use)
                i.signals = &s;
        if (!i.signals)
            i.signals = &sets_.emplace_back();
        i.signals->in_use = true;
    }

    void destroy(implementation_type& i)
    {
        error_code ignored;
        clear(i, ignored);
        cancel(i, ignored);
        std::lock_guard held(mutex_);
        i.signals->in_use = false;
    }

    error_code add(implementation_type& i, int signal, error_code& ec)
    {
        return add(i, signal, no_flags(), ec);
    }

    /// `Flags` is `signal_set_base::flags_t` where Boost has it, from 1.82 on.
    template <typename Flags>
    error_code add(implementation_type& i, int signal, Flags flags, error_code& ec)
    {
        ec = {};
        if (signal < 0 || signal >= signal_source::signal_limit)
            return ec = asio::error::invalid_argument;
        std::lock_guard held(mutex_);
        take_signals();
        auto& signals = i.signals->signals;
        auto place = signals.begin();
        while (place != signals.end() && place->signal < signal)
            ++place;
        if (place != signals.end() && place->signal == signal)
            return ec;
        if (const int error = source_.open())
            return ec = make_error(error);
        if (const int error = watch_signal(asio::detail::get_signal_state(), signal, flags))
            return ec = make_error(error);
        signals.insert(place, {signal});
        return ec;
    }

    error_code remove(implementation_type& i, int signal, error_code& ec)
    {
        ec = {};
        if (signal < 0 || signal >= signal_source::signal_limit)
            return ec = asio::error::invalid_argument;
        std::lock_guard held(mutex_);
        take_signals();
        auto& signals = i.signals->signals;
        for (auto r = signals.begin(); r != signals.end(); ++r)
            if (r->signal == signal)
            {
                if (const int error = unwatch_signal(asio::detail::get_signal_state(), signal))
                    return ec = make_error(error);
                signals.erase(r);
                break;
            }
        return ec;
    }

    error_code clear(implementation_type& i, error_code& ec)
    {
        ec = {};
        std::lock_guard held(mutex_);
        take_signals();
        for (const registration& r : i.signals->signals)
            if (const int error = unwatch_signal(asio::detail::get_signal_state(), r.signal))
                ec = make_error(error);
        i.signals->signals.clear();
        return ec;
    }

    error_code cancel(implementation_type& i, error_code& ec)
    {
        ec = {};
        std::lock_guard held(mutex_);
        take_signals();
        while (operation* op = i.signals->waits.pop())
            end(*op, ECANCELED, 0);
        stop_listening();
        return ec;
    }

    template <typename Handler, typename IoExecutor>
    void async_wait(implementation_type& i, Handler& handler, const IoExecutor& io_ex)
    {
        const void* key = nullptr;
        if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
            key = &slot.template emplace<wait_cancellation>(*this, *i.signals);
        auto& op
            = async_op<payload, Handler, IoExecutor>::create(engine_, handler, io_ex);
        op.cancellation_key = key;
        engine_.work_started();
        std::lock_guard held(mutex_);
        take_signals();
        for (registration& r : i.signals->signals)
            if (r.undelivered)
            {
                --r.undelivered;
                return end(op, 0, r.signal);
            }
        op.phase = operation::phase::queued;
        i.signals->waits.push(op);
        ++waiting_;
        listen();
    }

private:
    class payload
    {
    public:
        void prepare(operation& op) { op.ask(request::nothing{}); }
        std::tuple<error_code, int> finish(const outcome& o)
        {
            return {make_error(o.error), static_cast<int>(o.value)};
        }
    };

    /// Lives in a cancellation slot. Sets are never freed before their service.
    class wait_cancellation
    {
    public:
        wait_cancellation(signal_set_service& service, set& s) noexcept
            : service_(service)
            , set_(s)
        {
        }
        void operator()(asio::cancellation_type_t type)
        {
            if (asks_for_end(type))
                service_.cancel_key(set_, this);
        }

    private:
        signal_set_service& service_;
        set& set_;
    };

    /// Hears from the driver that signals have come. Not the user's: it counts as nothing.
    class listener final : public operation
    {
    public:
        explicit listener(signal_set_service& s) noexcept
            : operation(&listener::end)
            , service_(s)
        {
            internal = true;
            request = request::poll{request::readiness::read};
        }

    private:
        static void end(void* owner, operation& base)
        {
            if (owner)
                static_cast<listener&>(base).service_.heard();
        }
        signal_set_service& service_;
    };

#if PROACTOR_HAS_SIGNAL_FLAGS
    static asio::signal_set_base::flags_t no_flags()
    {
        return asio::signal_set_base::flags::dont_care;
    }
#else
    static int no_flags() { return 0; }
#endif

    void heard()
    {
        std::lock_guard held(mutex_);
        listening_ = false;
        take_signals();
        if (waiting_)
            listen();
    }

    void listen()
    {
        if (listening_ || source_.handle() == invalid_handle)
            return;
        if (!attached_)
            attached_ = &engine_.attach(source_.handle());
        listening_ = true;
        engine_.start(listener_, *attached_, lane::read);
    }

    void stop_listening()
    {
        if (listening_ && !waiting_)
            engine_.cancel_all(*attached_);
    }

    /// Hands out what has come so far. To be called before anything changes.
    void take_signals()
    {
        if (source_.handle() == invalid_handle)
            return;
        while (const int signal = source_.take())
            for (set& s : sets_)
                for (registration& r : s.signals)
                    if (r.signal == signal)
                    {
                        if (s.waits.empty())
                            ++r.undelivered;
                        while (operation* op = s.waits.pop())
                            end(*op, 0, signal);
                    }
        stop_listening();
    }

    void cancel_key(set& s, const void* key)
    {
        std::lock_guard held(mutex_);
        take_signals();
        operation_queue kept;
        while (operation* op = s.waits.pop())
            if (op->cancellation_key == key)
                end(*op, ECANCELED, 0);
            else
                kept.push(*op);
        s.waits.splice(kept);
        stop_listening();
    }

    void end(operation& op, int error, int signal)
    {
        if (op.phase == operation::phase::queued)
        {
            op.phase = operation::phase::idle;
            --waiting_;
        }
        op.outcome.error = error;
        op.outcome.value = static_cast<std::uint64_t>(signal);
        engine_.complete_later(op);
    }

    engine& engine_;
    fork_safe_mutex mutex_;
    signal_source source_;
    attachment* attached_ = nullptr;
    listener listener_;
    bool listening_ = false;
    std::size_t waiting_ = 0;
    std::deque<set> sets_;
};

} // namespace proactor::detail

#endif
