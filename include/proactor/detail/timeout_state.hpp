#ifndef PROACTOR_DETAIL_TIMEOUT_STATE_HPP
#define PROACTOR_DETAIL_TIMEOUT_STATE_HPP

#include <proactor/detail/asio_hooks.hpp>
#include <proactor/detail/block_cache.hpp>
#include <proactor/detail/handler_work.hpp>
#include <proactor/detail/hosted_executor.hpp>
#include <proactor/detail/timer_service.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/system_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>
#include <variant>

namespace proactor::detail {

using steady_timer_service = timer_service<steady_time_traits>;

class timeout_control;

/// Lives in the slot of the handler behind a timeout, and passes on what is asked for there. Either
/// may go first.
class chained_cancellation
{
public:
    explicit chained_cancellation(timeout_control& c) noexcept;
    ~chained_cancellation();
    chained_cancellation(const chained_cancellation&) = delete;
    chained_cancellation& operator=(const chained_cancellation&) = delete;

    void operator()(asio::cancellation_type_t type);

private:
    friend class timeout_control;
    timeout_control* control_;
};

/// What a timeout knows without its executors: whether the operation or the time came first.
///
/// It is in a block of its own because an operation keeps the address of the slot, while handlers
/// move. The block is a recycled one of this library's: it can outlive the handler for a moment,
/// and so is none of the handler's allocator.
class timeout_control
{
public:
    timeout_control(const timeout_control&) = delete;
    timeout_control& operator=(const timeout_control&) = delete;

    asio::cancellation_slot slot() noexcept { return signal_.slot(); }

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release()
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            free_(*this);
    }

    /// The operation has ended, or was destroyed. True: the timeout made it end.
    bool end()
    {
        if (chain_)
            chain_->control_ = nullptr;
        chain_ = nullptr;
        const stage was = stage_.exchange(stage::done, std::memory_order_acq_rel);
        if (was == stage::armed)
            stop_(*this);
        return was == stage::fired && !asked_first_;
    }

    /// By the handler's slot.
    void pass_on(asio::cancellation_type_t type)
    {
        if ((type & asio::cancellation_type::terminal) != asio::cancellation_type::none
            && stage_.load(std::memory_order_acquire) != stage::fired)
            asked_first_ = true;
        retain(); // an operation may end inside
        signal_.emit(type);
        release();
    }

protected:
    using function = void (*)(timeout_control&);

    timeout_control(function free, function stop) noexcept : free_(free), stop_(stop) {}
    ~timeout_control() = default;

    enum class stage : std::uint8_t
    {
        unarmed, ///< the initiation is under way
        armed,   ///< the clock runs
        fired,
        done,
        orphaned ///< its context has gone, and the clock with it
    };

    bool change(stage from, stage to) noexcept
    {
        return stage_.compare_exchange_strong(from, to, std::memory_order_acq_rel);
    }

    /// The time has come. In the handler's executor.
    void fire()
    {
        if (change(stage::armed, stage::fired))
            signal_.emit(asio::cancellation_type::terminal);
    }

private:
    friend class chained_cancellation;

    asio::cancellation_signal signal_;
    chained_cancellation* chain_ = nullptr;
    const function free_;
    const function stop_;
    std::atomic<unsigned> references_{1};
    std::atomic<stage> stage_{stage::unarmed};
    std::atomic<bool> asked_first_{false}; ///< somebody else asked for the end before
};

inline chained_cancellation::chained_cancellation(timeout_control& c) noexcept : control_(&c)
{
    c.chain_ = this;
}

inline chained_cancellation::~chained_cancellation()
{
    if (control_)
        control_->chain_ = nullptr;
}

inline void chained_cancellation::operator()(asio::cancellation_type_t type)
{
    if (control_)
        control_->pass_on(type);
}

/// One of the owners of a `timeout_control`.
template <typename State>
class timeout_reference
{
public:
    explicit timeout_reference(State& adopted) noexcept : state_(&adopted) {}
    timeout_reference(timeout_reference&& other) noexcept
        : state_(std::exchange(other.state_, nullptr))
    {
    }
    ~timeout_reference()
    {
        if (state_)
            state_->release();
    }
    timeout_reference share() const noexcept
    {
        state_->retain();
        return timeout_reference(*state_);
    }

    explicit operator bool() const noexcept { return state_; }
    State* operator->() const noexcept { return state_; }
    State& operator*() const noexcept { return *state_; }

private:
    State* state_;
};

/// A timeout with its clock: a wait in the timers of the operation's own context, or of the
/// handler's; if neither is ours, a timer of Asio's.
template <typename Executor, typename TimerExecutor>
class timeout_state final : public timeout_control, private operation
{
    using reference = timeout_reference<timeout_state>;

    static constexpr bool may_be_foreign = !our_executor<Executor> && !our_executor<TimerExecutor>;

    struct foreign_clock
    {
        explicit foreign_clock(const TimerExecutor& ex) : timer(ex) {}
        std::mutex mutex; // the operation may end on one thread while another arms
        asio::basic_waitable_timer<std::chrono::steady_clock,
                                   asio::wait_traits<std::chrono::steady_clock>, TimerExecutor>
            timer;
    };
    struct foreign_clock_delete
    {
        void operator()(foreign_clock* c) const noexcept
        {
            std::destroy_at(c);
            free_block(c);
        }
    };

    /// In a block of its own: most operations have no use for one.
    void make_foreign_clock(const TimerExecutor& ex)
    {
        static_assert(alignof(foreign_clock) <= alignof(std::max_align_t));
        void* block = allocate_block(sizeof(foreign_clock));
        try
        {
            foreign_.reset(::new (block) foreign_clock(ex));
        }
        catch (...)
        {
            free_block(block);
            throw;
        }
    }

public:
    static reference create(const Executor& ex, const TimerExecutor& timer_ex)
    {
        void* block = block_allocator<timeout_state>().allocate(1);
        try
        {
            return reference(*::new (block) timeout_state(ex, timer_ex));
        }
        catch (...)
        {
            block_allocator<timeout_state>().deallocate(static_cast<timeout_state*>(block), 1);
            throw;
        }
    }

    /// Starts the clock, unless the operation has ended.
    void arm(std::chrono::steady_clock::time_point at)
    {
        if (service_)
        {
            section_guard held(service_->get_engine().exclusive());
            if (!change(stage::unarmed, stage::armed))
                return;
            service_->start_wait(node_, at, *this);
            retain();
        }
        else if constexpr (may_be_foreign)
        {
            std::lock_guard held(foreign_->mutex);
            if (!change(stage::unarmed, stage::armed))
                return;
            retain();
            foreign_->timer.expires_at(at);
            foreign_->timer.async_wait(asio::bind_executor(executor_, expiry{reference(*this)}));
        }
    }

private:
    /// What runs in the handler's executor.
    struct expiry
    {
        using allocator_type = block_allocator<char>;
        allocator_type get_allocator() const noexcept { return {}; }

        void operator()(error_code ec = {})
        {
            if (!ec)
                state->fire();
        }
        reference state;
    };

    timeout_state(const Executor& ex, const TimerExecutor& timer_ex)
        : timeout_control(&timeout_state::free, &timeout_state::stop),
          operation(&timeout_state::expired), executor_(ex)
    {
        internal = true; // no handler of a user's, and no work: that is the operation itself
        io_context* context = hosted_context(timer_ex);
        if (!context)
            context = hosted_context(ex);
        if (context)
            service_ = std::addressof(asio::use_service<steady_timer_service>(
                static_cast<asio::execution_context&>(*context)));
        else if constexpr (may_be_foreign)
            make_foreign_clock(timer_ex);
    }
    ~timeout_state() = default;

    static void free(timeout_control& base)
    {
        auto& self = static_cast<timeout_state&>(base);
        self.~timeout_state();
        block_allocator<timeout_state>().deallocate(&self, 1);
    }

    /// While armed, which it no longer is when its context has gone.
    static void stop(timeout_control& base)
    {
        auto& self = static_cast<timeout_state&>(base);
        if (self.service_)
        {
            bool ended = false;
            {
                section_guard held(self.service_->get_engine().exclusive());
                ended = self.service_->end_wait(self.node_);
            }
            if (ended)
                self.release();
        }
        else if constexpr (may_be_foreign)
        {
            std::lock_guard held(self.foreign_->mutex);
            self.foreign_->timer.cancel();
        }
    }

    static void expired(void* owner, operation& base)
    {
        reference self(static_cast<timeout_state&>(base));
        if (!owner)
            self->change(stage::armed, stage::orphaned);
        else if (calls_directly(self->service_->get_engine(), self->executor_))
            self->fire();
        else
        {
            const Executor ex = self->executor_;
            asio::dispatch(ex, expiry{std::move(self)});
        }
    }

    Executor executor_;
    steady_timer_service* service_ = nullptr;
    steady_timer_service::own_node node_;
    std::conditional_t<may_be_foreign, std::unique_ptr<foreign_clock, foreign_clock_delete>,
                       std::monostate>
        foreign_;
};

} // namespace proactor::detail

#endif
