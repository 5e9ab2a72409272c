#ifndef PROACTOR_DETAIL_STREAM_STATE_HPP
#define PROACTOR_DETAIL_STREAM_STATE_HPP

#include <proactor/detail/asio_hooks.hpp>
#include <proactor/detail/async_op.hpp>

#include <boost/asio/detail/throw_error.hpp>
#include <boost/asio/error.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <utility>

namespace proactor::detail {

/// What a wait for the next item of a stream comes to. No item and no error is the stream's end.
template <typename Item>
struct stream_result
{
    Item item{};
    std::int32_t error = 0;
};

/// Such a wait, within its operation.
template <typename Item>
struct stream_waiter : stream_result<Item>
{
    operation* op = nullptr;
    const void* key = nullptr; ///< of its cancellation slot
};

/// A stream of completions apart from its user's object: the operation that goes on, and at most one wait
/// for what it brings. Items wait with whoever derives; `Item` says by its `bool` whether it is one.
///
/// A wait that waits has an operation under way, which keeps this object. All members are touched inside
/// the engine's section.
template <typename Item>
class stream_state : public multishot_operation,
                     public std::enable_shared_from_this<stream_state<Item>>
{
public:
    using waiter = stream_waiter<Item>;
    using result = stream_result<Item>;

    stream_state(const stream_state&) = delete;
    stream_state& operator=(const stream_state&) = delete;
    virtual ~stream_state() = default;

    engine& get_engine() noexcept { return engine_; }

    /// Takes what a wait would get at once. False: it has to wait.
    bool take(result& r)
    {
        bool starts = false;
        {
            section_guard held(engine_.exclusive());
            end_wait(ECANCELED);
            if (!settle(r))
                return false;
            wanted_ = true;
            starts = begin_if_due();
        }
        start_if(starts);
        return true;
    }

    /// Lets a wait begin that counts as work; one before it ends.
    void wait(waiter& w)
    {
        bool starts = false;
        {
            section_guard held(engine_.exclusive());
            end_wait(ECANCELED);
            wanted_ = true;
            waiter_.store(&w, std::memory_order_relaxed);
            if (settle(w))
                complete_wait();
            starts = begin_if_due();
        }
        start_if(starts);
    }

    /// Ends the wait that has this key.
    void cancel_key(const void* key)
    {
        // Without a wait the engine may have gone.
        if (!waiter_.load(std::memory_order_relaxed))
            return;
        section_guard held(engine_.exclusive());
        if (waiter* w = waiter_.load(std::memory_order_relaxed); w && w->key == key)
            end_wait(ECANCELED);
    }

    /// Ends the wait and stops, until the next wait.
    void cancel()
    {
        {
            section_guard held(engine_.exclusive());
            end_wait(ECANCELED);
        }
        stop();
    }

    /// The end of the stream; `error` is that of a wait.
    void close(std::int32_t error)
    {
        {
            section_guard held(engine_.exclusive());
            closed_ = true;
            end_wait(error);
            drop_items();
        }
        stop();
    }

protected:
    stream_state(const handle_facts& f, std::size_t bound)
        : multishot_operation(&stream_state::end, &stream_state::item)
        , engine_(*f.engine)
        , at_(*f.attached)
        , generation_(at_.generation)
        , bound_(bound ? bound : 1)
    {
        internal = true;
        cancellation_key = this;
    }

    /// Takes the oldest item that is kept, or none.
    virtual Item take_item() = 0;
    virtual std::size_t kept() const noexcept = 0;

    /// The driver has told of an item; while it reaps.
    virtual void keep_item(std::uint64_t) {}
    /// The stream is closed.
    virtual void drop_items() noexcept {}

    /// What becomes of the operation's end, which nobody has asked for: it begins again when it is due, there
    /// is nothing more to come, or it has failed.
    enum class after_end
    {
        goes_on,
        finished,
        failed
    };
    virtual after_end next_step(std::int32_t error)
    {
        return error ? after_end::failed : after_end::goes_on;
    }
    virtual proactor::lane lane_of() const noexcept { return proactor::lane::read; }

    bool closed() const noexcept { return closed_; }

    attachment& at() const noexcept { return at_; }
    /// Whether the handle is open that the stream was made for.
    bool usable() const noexcept { return at_.stands(generation_); }

private:
    bool settle(result& r)
    {
        if (closed_ || (r.item = take_item()))
            return true;
        r.error = std::exchange(error_, 0);
        if (!r.error && finished_)
            return true;
        if (!r.error && !usable())
            r.error = EBADF;
        return r.error != 0;
    }

    bool begin_if_due()
    {
        const bool lags = !waiter_.load(std::memory_order_relaxed) && kept() > bound_ / 2;
        if (!wanted_ || under_way_ || closed_ || finished_ || lags || !usable())
            return false;
        under_way_ = this->shared_from_this();
        enough = false;
        return true;
    }

    void start_if(bool starts)
    {
        if (!starts)
            return;
        const auto alive = this->shared_from_this();
        engine_.start(*this, at_, lane_of());
        bool stopped_meanwhile = false; // which found nothing to cancel
        {
            section_guard held(engine_.exclusive());
            stopped_meanwhile = stopping_ && under_way_;
        }
        if (stopped_meanwhile)
            engine_.cancel_key(at_, this);
    }

    void stop()
    {
        {
            section_guard held(engine_.exclusive());
            wanted_ = false;
            if (!under_way_)
                return;
            stopping_ = true;
        }
        engine_.cancel_key(at_, this);
    }

    waiter* take_waiter() noexcept { return waiter_.exchange(nullptr, std::memory_order_relaxed); }

    void end_wait(std::int32_t error)
    {
        if (waiter* w = waiter_.load(std::memory_order_relaxed))
        {
            w->error = error;
            complete_wait();
        }
    }

    void complete_wait()
    {
        waiter* w = take_waiter();
        w->op->outcome.error = w->error;
        operation_queue ended;
        ended.push(*w->op);
        engine_.complete_later(ended);
    }

    static void item(multishot_operation& base, std::uint64_t value)
    {
        auto& self = static_cast<stream_state&>(base);
        self.keep_item(value);
        self.engine_.note_reaped(self);
        if (waiter* w = self.waiter_.load(std::memory_order_relaxed))
            if ((w->item = self.take_item()))
                self.engine_.complete_reaped(*self.take_waiter()->op);
        self.enough = self.kept() >= self.bound_;
    }

    static void end(void* owner, operation& base)
    {
        auto& self = static_cast<stream_state&>(base);
        if (owner)
            return self.ended();
        std::shared_ptr<stream_state> alive; // the last thing to go, perhaps
        {
            section_guard held(self.engine_.exclusive());
            alive = std::move(self.under_way_);
        }
        if (waiter* w = self.take_waiter())
            w->op->destroy();
    }

    /// What the operation came to is looked at before anybody can begin it again.
    void ended()
    {
        std::shared_ptr<stream_state> alive;
        bool starts = false;
        {
            section_guard held(engine_.exclusive());
            alive = std::move(under_way_);
            const bool asked = std::exchange(stopping_, false);
            const std::int32_t error = outcome.error;
            const auto then = next_step(error);
            if (then == after_end::finished)
            {
                finished_ = true;
                end_wait(0);
            }
            else if (then == after_end::failed && !(asked && error == ECANCELED))
            {
                wanted_ = false;
                if (waiter_.load(std::memory_order_relaxed))
                    end_wait(error);
                else if (error != ECANCELED)
                    error_ = error;
            }
            starts = begin_if_due();
        }
        start_if(starts);
    }

    engine& engine_;
    attachment& at_; // never freed before its engine, see its class
    const std::uint32_t generation_;
    const std::size_t bound_;
    std::shared_ptr<stream_state> under_way_; ///< itself, while the driver has it
    std::atomic<waiter*> waiter_{nullptr};
    std::int32_t error_ = 0; ///< that nobody has heard of
    bool wanted_ = false;    ///< somebody has waited since it was stopped
    bool stopping_ = false;
    bool closed_ = false;
    bool finished_ = false;
};

/// Lives in a cancellation slot; its address is the wait's key.
template <typename Item>
class stream_cancellation
{
public:
    explicit stream_cancellation(std::shared_ptr<stream_state<Item>> s) noexcept
        : state_(std::move(s))
    {
    }

    void operator()(asio::cancellation_type_t type)
    {
        if (asks_for_end(type))
            state_->cancel_key(this);
    }

private:
    std::shared_ptr<stream_state<Item>> state_;
};

/// Starts a wait. The payload has a `waiter`, and takes what follows and, if there is one already, a result
/// in place of it.
template <typename Payload, typename Item, typename Handler, typename IoExecutor, typename... Args>
void start_stream_wait(const std::shared_ptr<stream_state<Item>>& s, Handler& handler,
                       const IoExecutor& io_ex, Args&&... args)
{
    engine& e = s->get_engine();
    stream_result<Item> at_once;
    if (s->take(at_once))
        return complete_at_once<Payload>(e, outcome{.error = at_once.error}, handler, io_ex,
                                         std::forward<Args>(args)..., std::move(at_once.item));
    const void* key = nullptr;
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
        key = &slot.template emplace<stream_cancellation<Item>>(s);
    auto& op = async_op<Payload, Handler, IoExecutor>::create(e, handler, io_ex,
                                                              std::forward<Args>(args)...);
    op.payload.waiter.key = key;
    e.work_started();
    s->wait(op.payload.waiter);
}

/// What the service of a socket or an acceptor knows of it. Throws if it is not open, or not served here.
template <typename Socket>
handle_facts facts_of(Socket& socket, const char* who)
{
    handle_facts facts;
    if constexpr (hosted_executor<typename Socket::executor_type>)
    {
        if (hosted_context(socket.get_executor()))
            socket.async_wait(Socket::wait_read, handle_inquiry{&facts});
        else
            facts.ec = asio::error::operation_not_supported;
    }
    else
        facts.ec = asio::error::operation_not_supported;
    asio::detail::throw_error(facts.ec, who);
    return facts;
}

} // namespace proactor::detail

#endif
