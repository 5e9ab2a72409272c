#ifndef PROACTOR_DETAIL_EVENT_SERVICE_HPP
#define PROACTOR_DETAIL_EVENT_SERVICE_HPP

#include <proactor/detail/async_op.hpp>
#include <proactor/detail/at_fork.hpp>
#include <proactor/io_context.hpp>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>
#include <tuple>

namespace proactor::detail {

class event_state;
class event_service;
class event_cancellation;

struct in_event : list_hook
{
};
struct in_context : list_hook
{
};

/// A wait for an event. It stands in two lists, that of its event and that of its context, each
/// under its mutex; whoever takes it out of both ends it.
struct event_waiter : in_event, in_context
{
    operation* op = nullptr;
    event_state* event = nullptr;
    event_service* service = nullptr;
    event_cancellation* cancellation =
        nullptr; ///< in the handler's slot; under the context's mutex

    static event_waiter& of(in_event& h) noexcept { return static_cast<event_waiter&>(h); }
    static event_waiter& of(in_context& h) noexcept { return static_cast<event_waiter&>(h); }

    inline void unlink() noexcept;
};

/// The waits that a context has to end when it goes, whatever events they wait for. Each completes
/// through its own context, so that an event needs none of another's loop.
///
/// Mutexes: an event's before a context's. The other way round it is only tried.
class event_service : public asio::detail::execution_context_service_base<event_service>
{
public:
    explicit event_service(asio::execution_context& context)
        : asio::detail::execution_context_service_base<event_service>(context),
          engine_(static_cast<io_context&>(context).engine())
    {
    }

    engine& get_engine() noexcept { return engine_; }

    void shutdown() override
    {
        {
            std::lock_guard held(mutex_);
            shut_down_ = true;
        }
        // An event in the middle of a notification holds the mutex and needs the engine: it is
        // waited for here.
        operation_queue left;
        while (event_waiter* w = take_out([this] { return first(); }))
            left.push(*w->op);
        while (operation* op = left.pop())
            op->destroy();
    }

    /// Under the event's mutex. False: the context has gone.
    bool add(event_waiter& w)
    {
        std::lock_guard held(mutex_);
        if (shut_down_)
            return false;
        static_cast<in_context&>(w).link_before(waiters_);
        return true;
    }

    /// Under the event's mutex: takes a wait out of both lists and ends it. The context's mutex
    /// keeps the engine until it has been told.
    void end(event_waiter& w, int error)
    {
        std::lock_guard held(mutex_);
        w.unlink();
        w.op->outcome.error = error;
        engine_.post_counted(*w.op);
    }

    /// Takes the wait that `pick` finds out of both lists; null if it finds none.
    template <typename Pick>
    event_waiter* take_out(Pick pick);

    fork_safe_mutex& mutex() noexcept { return mutex_; }

private:
    event_waiter* first() noexcept
    {
        if (!waiters_.linked())
            return nullptr;
        return &event_waiter::of(static_cast<in_context&>(*waiters_.after));
    }

    engine& engine_;
    fork_safe_mutex mutex_;
    in_context waiters_;
    bool shut_down_ = false;
};

/// Lives in a cancellation slot, which may outlive the wait, the event and, unused, the context.
class event_cancellation
{
public:
    explicit event_cancellation(event_service& s) noexcept : service_(s) {}
    event_cancellation(const event_cancellation&) = delete;
    event_cancellation& operator=(const event_cancellation&) = delete;

    ~event_cancellation()
    {
        if (!waiter_)
            return;
        std::lock_guard held(service_.mutex());
        if (event_waiter* w = waiter_)
            w->cancellation = nullptr;
    }

    void operator()(asio::cancellation_type_t type)
    {
        if (!asks_for_end(type) || !waiter_)
            return;
        if (event_waiter* w = service_.take_out([this] { return waiter_.load(); }))
        {
            w->op->outcome.error = ECANCELED;
            service_.get_engine().post_counted(*w->op);
        }
    }

    /// Null: its wait has ended. Changed under the context's mutex, or before the wait stands in a
    /// list.
    void set(event_waiter* w) noexcept { waiter_ = w; }

private:
    event_service& service_;
    std::atomic<event_waiter*> waiter_{nullptr};
};

inline void event_waiter::unlink() noexcept
{
    in_event::unlink();
    in_context::unlink();
    if (cancellation)
        cancellation->set(nullptr);
    cancellation = nullptr;
}

/// What an event is apart from its executor.
class event_state
{
public:
    explicit event_state(bool automatic) noexcept : automatic_(automatic) {}

    ~event_state() { end_all(ECANCELED); }

    void notify()
    {
        std::lock_guard held(mutex_);
        if (automatic_)
        {
            if (event_waiter* w = first())
                return w->service->end(*w, 0);
            notified_ = true;
        }
        else
        {
            notified_ = true;
            end_all_held(0);
        }
    }

    void reset()
    {
        std::lock_guard held(mutex_);
        notified_ = false;
    }

    bool notified() const
    {
        std::lock_guard held(mutex_);
        return notified_;
    }

    void end_all(int error)
    {
        std::lock_guard held(mutex_);
        end_all_held(error);
    }

    /// Whether a wait ends at once; an automatic event is then reset.
    bool take()
    {
        std::lock_guard held(mutex_);
        return take_held();
    }

    /// Lets a wait begin that counts as work, or ends it.
    void wait(event_waiter& w)
    {
        bool taken = false;
        {
            std::lock_guard held(mutex_);
            taken = take_held();
            if (!taken && w.service->add(w))
                return static_cast<in_event&>(w).link_before(waiters_);
        }
        w.op->outcome.error = taken ? 0 : ECANCELED;
        w.service->get_engine().post_counted(*w.op);
    }

private:
    friend class event_service;

    event_waiter* first() noexcept
    {
        if (!waiters_.linked())
            return nullptr;
        return &event_waiter::of(static_cast<in_event&>(*waiters_.after));
    }

    bool take_held() noexcept
    {
        const bool was = notified_;
        if (automatic_)
            notified_ = false;
        return was;
    }

    void end_all_held(int error)
    {
        while (event_waiter* w = first())
            w->service->end(*w, error);
    }

    mutable fork_safe_mutex mutex_{fork_safe_mutex::level::event};
    in_event waiters_;
    const bool automatic_;
    bool notified_ = false;
};

template <typename Pick>
event_waiter* event_service::take_out(Pick pick)
{
    for (;; std::this_thread::yield())
    {
        std::lock_guard held(mutex_);
        event_waiter* w = pick();
        if (!w)
            return nullptr;
        // The event lives as long as a wait of its stands in a list here.
        if (std::unique_lock event(w->event->mutex_, std::try_to_lock); event)
        {
            w->unlink();
            return w;
        }
    }
}

/// The payload of a wait: see `async_op`.
class event_wait
{
public:
    void prepare(operation& op)
    {
        op.ask(request::nothing{});
        waiter.op = &op;
    }
    std::tuple<error_code> finish(const outcome& o) { return {make_error(o.error)}; }

    event_waiter waiter;
};

template <typename Handler, typename IoExecutor>
void start_event_wait(event_state& event, event_service& service, Handler& handler,
                      const IoExecutor& io_ex)
{
    engine& e = service.get_engine();
    if (event.take())
        return complete_at_once<event_wait>(e, outcome{}, handler, io_ex);
    event_cancellation* cancellation = nullptr;
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
        cancellation = &slot.template emplace<event_cancellation>(service);
    auto& op = async_op<event_wait, Handler, IoExecutor>::create(e, handler, io_ex);
    event_waiter& w = op.payload.waiter;
    w.event = &event;
    w.service = &service;
    w.cancellation = cancellation;
    if (cancellation)
        cancellation->set(&w);
    e.work_started();
    event.wait(w);
}

} // namespace proactor::detail

#endif
