#include <proactor/detail/engine.hpp>

#include <proactor/buffer_source.hpp>
#include <proactor/error.hpp>

#include "driver/handle.hpp"
#include "threads.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace proactor::detail {

namespace {

inline void pause_processor() noexcept
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

} // namespace

constinit thread_local engine::runner* engine::runner::innermost = nullptr;

engine::engine(std::unique_ptr<driver> d, const context_options& options)
    : at_fork(level::engine)
    , driver_(std::move(d))
    , max_runners_(options.threads)
    , spin_time_(options.spin)
{
    counts_.driver = driver_->name();
    hear_forks();
}

engine::~engine()
{
    shut_down();
    ignore_forks();
}

/// The run function of this engine next around the innermost one of this thread, or null.
[[gnu::cold]] engine::runner* engine::runner_around(const runner* innermost) const noexcept
{
    runner* r = innermost->up_;
    while (r && &r->engine_ != this)
        r = r->up_;
    return r;
}

/// This thread's innermost run function of this engine, or null.
inline engine::runner* engine::innermost_runner() const noexcept
{
    runner* r = runner::innermost;
    return !r || &r->engine_ == this ? r : runner_around(r);
}

bool engine::inside() const noexcept
{
    return innermost_runner();
}

void engine::work_started()
{
    if (inside())
    {
        section_guard held(section_);
        count_work(1);
    }
    else
        work_outside_.fetch_add(1, std::memory_order_relaxed);
}

void engine::work_finished()
{
    if (inside())
    {
        section_guard held(section_);
        work_finished_inside();
    }
    else
        work_finished_outside();
}

/// Whether it was the last is decided in the section. A look from outside can be late: then a thread
/// inside, which looks again before it waits or leaves, sees what was finished here. So it does, too,
/// if mail that lies here after the count was changed is still to be taken.
void engine::work_finished_outside()
{
    const auto outside = work_outside_.fetch_sub(1, std::memory_order_seq_cst) - 1;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (outside + work_inside_.load(std::memory_order_seq_cst) <= 0 && !mailbox_.filled())
    {
        section_guard held(section_);
        if (out_of_work())
            stop_all();
    }
}

/// In the section. What lies in the mailbox is counted when it is taken; whoever put it there and
/// then finished other work is seen to have done both.
inline bool engine::out_of_work() const noexcept
{
    return work_inside_.load(std::memory_order_relaxed)
            + work_outside_.load(std::memory_order_acquire)
        == 0
        && !mailbox_.filled();
}

inline void engine::work_finished_inside()
{
    count_work(-1);
    if (out_of_work())
        stop_all();
}

/// In the section, before a thread waits or leaves. Against somebody outside who finishes work now: he
/// sees what was counted here, or this thread sees what he has counted.
bool engine::stop_if_out_of_work()
{
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!out_of_work())
        return false;
    stop_all();
    return true;
}

inline void engine::take_mail() noexcept
{
    if (mailbox_.filled())
        count_work(mailbox_.take(ready_));
}

/// Alone in `run`, with an empty mailbox, an operation is only put behind the others.
inline bool engine::post_alone(operation& op) noexcept
{
    section::mark* self = section_.enter();
    if (!self) [[unlikely]]
        return false;
    assert(!followers_ && !leader_);
    const bool first_in_line = !mailbox_.filled();
    if (first_in_line) [[likely]]
    {
        count_work(1);
        ready_.push(op);
    }
    self->leave();
    return first_in_line;
}

void engine::post(operation& op)
{
    if (inside()) [[likely]]
    {
        if (!post_alone(op)) [[unlikely]]
            post_inside(op);
    }
    else
        post_outside(op);
}

[[gnu::noinline]] void engine::post_inside(operation& op)
{
    section_guard held(section_);
    count_work(1);
    take_mail(); // what was posted earlier stays ahead
    ready_.push(op);
    wake_another();
}

[[gnu::noinline]] void engine::post_outside(operation& op)
{
    if (mailbox_.push(op))
        driver_->wake();
}

void engine::defer(operation& op)
{
    runner* r = defers_ ? innermost_runner() : nullptr;
    if (r)
        r->deferred_.push(op);
    else
        post(op);
}

void engine::post_counted(operation& op)
{
    if (inside())
        return complete_later(op);
    const bool asleep = mailbox_.push(op);
    work_finished_outside(); // from here on its place in the mailbox counts
    if (asleep)
        driver_->wake();
}

void engine::complete_later(operation& op)
{
    section_guard held(section_);
    take_mail();
    ready_.push(op);
    wake_another();
}

void engine::complete_later(operation_queue& ops)
{
    if (ops.empty())
        return;
    take_mail();
    ready_.splice(ops);
    wake_another();
}

/// Alone in `run`, an operation only goes to the driver.
inline bool engine::start_alone(operation& op, attachment& on, lane l)
{
    section::mark* self = section_.enter();
    if (!self) [[unlikely]]
        return false;
    assert(!leader_ && !shut_down_);
    struct leave // whatever the driver throws
    {
        section::mark* self;
        ~leave() { self->leave(); }
    } guard{self};
    count_work(!op.internal);
    driver_->submit(op, on, l);
    return true;
}

void engine::start(operation& op, attachment& on, lane l)
{
    const bool ours = inside();
    if (!ours || !start_alone(op, on, l)) [[unlikely]]
        start_shared(op, on, l, ours);
}

[[gnu::noinline]] void engine::start_shared(operation& op, attachment& on, lane l, bool ours)
{
    section_guard held(section_);
    if (!op.internal)
        count_work(1);
    if (shut_down_)
    {
        op.outcome.error = ECANCELED; // it never began, and has won no handle
        ready_.push(op);
        return;
    }
    if (ours)
    {
        driver_->submit(op, on, l);
        if (leader_)
            poke(); // it sleeps: its thread submits at once, and is there when it completes
    }
    else if (runners_ == 0)
    {
        driver_->submit(op, on, l);
        if (op.request.is<request::poll>()) [[unlikely]]
        {
            driver_->flush(); // ready or not, it stands behind what is posted before the loop turns
            park_ = park::sleeps; // nobody spins for what the driver has
        }
        else
            settle();
    }
    else if (driver_->attempt(op, on, l))
    {
        reap();
        wake_another();
    }
    else
    {
        driver_->submit(op, on, l);
        wake_another();
    }
}

void engine::cancel_key(attachment& a, const void* key)
{
    section_guard held(section_);
    settle();
    a.for_each(
        [&](operation& op)
        {
            if (op.cancellation_key == key)
                driver_->cancel(op);
        });
    settle();
    wake_another();
}

void engine::cancel_all(attachment& a)
{
    section_guard held(section_);
    settle();
    driver_->cancel_all(a);
    settle();
    wake_another();
}

void engine::flush()
{
    section_guard held(section_);
    if (driver_->unflushed())
    {
        settle();
        wake_another();
    }
}

attachment& engine::attach(native_handle handle)
{
    section_guard held(section_);
    return driver_->attach(handle);
}

void engine::detach(attachment& a, handle_then then)
{
    section_guard held(section_);
    settle();
    driver_->cancel_all(a);
    settle();
    if (a.busy() && then == handle_then::closed_by_caller)
    {
        driver_->await_release(a);
        reap();
    }
    driver_->detach(a, then == handle_then::closed_when_idle);
    wake_another();
}

void engine::give_back(attachment& a)
{
    section_guard held(section_);
    driver_->detach(a);
}

native_handle engine::take_kept(attachment& a)
{
    section_guard held(section_);
    return driver_->take_kept(a);
}

void engine::adopt(buffer_source& source)
{
    section_guard held(section_);
    driver_->adopt(source);
}

void engine::release(buffer_source& source)
{
    section_guard held(section_);
    driver_->release(source);
    reap();
    wake_another();
}

std::uint32_t engine::take(buffer_source& source)
{
    section_guard held(section_);
    return source.take();
}

void engine::register_memory(memory_region& m)
{
    section_guard held(section_);
    driver_->register_memory(m);
}

void engine::forget_memory(memory_region& m) noexcept
{
    section_guard held(section_);
    driver_->forget_memory(m);
}

int engine::memory_error(const memory_region& m)
{
    section_guard held(section_);
    return m.error;
}

/// Hands over everything, and takes what completes by itself, which may let others of its lane begin.
void engine::settle()
{
    do
    {
        ++counts_.turns;
        reap();
    } while (driver_->unflushed());
}

void engine::stop()
{
    section_guard held(section_);
    stop_all();
}

/// In the section.
void engine::stop_all()
{
    stopped_.store(true, std::memory_order_release);
    poke();
    followers_wake_.notify_all();
}

void engine::restart()
{
    section_guard held(section_);
    stopped_.store(false, std::memory_order_release);
}

bool engine::has_work()
{
    section_guard held(section_);
    if (!out_of_work())
        return true;
    stop_all();
    return false;
}

/// Inside the section: makes a leader that spins or sleeps look again.
void engine::poke()
{
    poked_.store(true, std::memory_order_relaxed);
    if (mailbox_.rouse())
        driver_->wake();
}

void engine::wake_follower_or_leader()
{
    if (followers_)
        followers_wake_.notify_one();
    else
        poke();
}

void engine::add(timer_source& source)
{
    section_guard held(section_);
    source.next = timers_;
    timers_ = &source;
}

void engine::remove(timer_source& source)
{
    section_guard held(section_);
    for (timer_source** s = &timers_; *s; s = &(*s)->next)
        if (*s == &source)
        {
            *s = source.next;
            return;
        }
}

engine::clock::time_point engine::timers_due() const noexcept
{
    auto due = clock::time_point::max();
    for (const timer_source* s = timers_; s; s = s->next)
        due = std::min(due, s->due());
    return due;
}

void engine::collect_timers()
{
    const auto due = timers_due();
    if (due == clock::time_point::max())
        return;
    const auto now = clock::now();
    if (now < due)
        return;
    for (timer_source* s = timers_; s; s = s->next)
        if (s->due() <= now)
            s->collect_expired(ready_);
}

/// What is ready and a user's, unless it is time to look at the driver.
inline operation* engine::take_ready()
{
    operation* op = ready_.front();
    if (!op || op->internal || stopped_.load(std::memory_order_relaxed)
        || (handlers_since_look_ >= fairness && !leader_))
        return nullptr;
    ready_.pop();
    driver_->deliver(*op);
    ++handlers_since_look_;
    return op;
}

void engine::complete_internal()
{
    while (ready_.front() && ready_.front()->internal)
    {
        operation* op = ready_.pop();
        driver_->deliver(*op);
        section_.unlock();
        struct relock // what it throws leaves the run function
        {
            section& s;
            ~relock() { s.lock(); }
        } guard{section_};
        op->complete(this);
    }
}

operation* engine::next(clock::time_point deadline, bool block)
{
    for (bool looked = false;;)
    {
        if (stopped_.load(std::memory_order_relaxed))
            return nullptr;
        complete_internal();
        if (operation* op = take_ready())
        {
            if (followers_ && (!ready_.empty() || !leader_))
                followers_wake_.notify_one();
            return op;
        }
        const bool may_wait = block
            && (!looked || deadline == clock::time_point::max() || clock::now() < deadline);
        if (may_wait && ready_.empty() && stop_if_out_of_work())
            return nullptr;
        if (!leader_)
        {
            if (looked && ready_.empty() && !may_wait)
                return nullptr;
            look(deadline, may_wait);
            looked = true;
        }
        else
        {
            if (!may_wait)
                return nullptr;
            if (driver_->unflushed() || driver_->between_parts())
                poke();
            ++followers_;
            if (deadline == clock::time_point::max())
                followers_wake_.wait(section_);
            else
                followers_wake_.wait_until(section_, deadline);
            --followers_;
            looked = true;
        }
    }
}

/// One turn: a look at the driver with one system call at the most, after a spin or a sleep if
/// nothing is ready and it may.
void engine::look(clock::time_point deadline, bool block)
{
    ++counts_.turns;
    if (handlers_since_look_)
        park_ = park::undecided;
    counts_.handlers += std::exchange(handlers_since_look_, 0);
    if (runners_ == 1)
        section_.prefer_this_thread();
    take_mail();
    ready_.splice(early_);
    const bool reaped = block && ready_.empty() ? park_thread(deadline) : reap();
    // Timers stand behind what the driver had, so that an operation that ended in time is never
    // cancelled by the timer beside it.
    if (reaped)
        collect_timers();
    take_mail();
}

bool engine::reap()
{
    ready_.splice(early_);
    driver_->reap(ready_);
    return true;
}

/// Waits for something to do. True: the driver was flushed and reaped.
bool engine::park_thread(clock::time_point deadline)
{
    auto until = std::min(deadline, timers_due());
    if (park_ == park::undecided)
        park_ = may_spin() ? park::spins : park::sleeps;
    if (park_ == park::spins && (driver_->unflushed() || driver_->between_parts()))
        return reap(); // spins at the next turn, with everything under way

    const unsigned computing = runners_ - followers_ - 1;
    const bool watch = computing && driver_->completes_on_submitter() && driver_->in_flight();
    if (watch)
        until = std::min(until, clock::now() + computing_check);
    bool reaped = false;
    leader_ = true;
    if (park_ == park::spins)
    {
        const bool hit = spin(until);
        park_ = hit ? park::undecided : park::sleeps;
        connection_came_ = false;
        if (hit)
        {
            reaped = reap();
            if (const operation* first = ready_.front())
                note_reaped(*first);
        }
        spin_policy_.record(hit && !connection_came_);
    }
    else if (mailbox_.sleep())
    {
        ++counts_.sleeps;
        park_ = park::undecided;
        driver_->wait(until, ready_, &section_);
        reaped = true;
        mailbox_.rouse();
        if (watch && driver_->ready())
            fence_all_threads();
    }
    leader_ = false;
    return reaped;
}

bool engine::may_spin()
{
    if (spin_time_.count() == 0 || runners_ != 1 || !spin_policy_.worth_trying())
        return false;
    // Asked now and then: an affinity mask changes rarely, and a spin too many costs little.
    if (processors_asked_++ % 256 == 0)
        several_processors_ = processors_of_thread() > 1;
    return several_processors_;
}

/// Waits without a system call for something to do. False: nothing came.
bool engine::spin(clock::time_point until)
{
    ++counts_.spins;
    poked_.store(false, std::memory_order_relaxed);
    section_.unlock();
    bool hit = false;
    const auto limit = std::min(clock::now() + spin_time_, until);
    do
    {
        for (int i = 0; i != 16 && !hit; ++i)
        {
            pause_processor();
            hit = mailbox_.filled() || driver_->ready()
                || poked_.load(std::memory_order_relaxed);
        }
    } while (!hit && clock::now() < limit);
    section_.lock();
    if (hit)
        ++counts_.spin_hits;
    return hit;
}

std::size_t engine::occupancy()
{
    section_guard held(section_);
    return std::max(1u, runners_);
}

metrics engine::metrics()
{
    section_guard held(section_);
    proactor::metrics now = counts_;
    now.handlers += handlers_since_look_;
    const driver_counters d = driver_->counters();
    now.submissions = d.submissions;
    now.system_calls = d.system_calls;
    now.completions = d.completions;
    now.resubmitted = d.resubmitted;
    now.wakes = d.wakes;
    now.takeovers = section_.revocations();
    now.in_flight = driver_->in_flight();
    return now;
}

void engine::abandon(operation_queue& ops)
{
    while (operation* op = ops.pop())
    {
        driver_->deliver(*op);
        if (!op->outcome.error && request::wins_handle(op->request))
            close_handle(static_cast<native_handle>(op->outcome.value));
        op->destroy();
    }
}

void engine::shut_down()
{
    if (inside())
        terminate_with("an io_context is destroyed from inside one of its own handlers");
    operation_queue left;
    {
        section_guard held(section_);
        shut_down_ = true;
        ready_.splice(early_);
        driver_->shut_down(ready_);
        left.splice(ready_);
        mailbox_.take(left);
    }
    // Destroying a handler may destroy objects, and post.
    while (!left.empty())
    {
        abandon(left);
        section_guard held(section_);
        left.splice(ready_);
        mailbox_.take(left);
    }
}

engine::runner::runner(engine& e)
    : engine_(e)
    , up_(innermost)
{
    const bool nested = e.inside();
    innermost = this;
    section_guard held(e.section_);
    link_before(e.all_runners_);
    if (nested)
        return;
    if (e.max_runners_ && e.runners_ >= e.max_runners_)
    {
        admitted_ = false;
        return;
    }
    outermost_ = true;
    e.driver_->thread_begin();
    if (e.runners_++ != 0)
        e.poke(); // a leader that spins alone does so no longer
}

engine::runner::~runner()
{
    innermost = up_;
    engine& e = engine_;
    section_guard held(e.section_);
    unlink();
    if (!admitted_)
        return;
    end_deferral(); // of a handler that has thrown
    if (unfinished_)
        e.count_work(-1);
    if (!e.stopped_.load(std::memory_order_relaxed))
        e.stop_if_out_of_work();
    if (e.driver_->unflushed())
    {
        ++e.counts_.turns;
        e.driver_->flush();
    }
    if (outermost_)
    {
        --e.runners_;
        e.driver_->thread_end();
    }
    e.wake_another(); // to lead, or to run what this thread has left
}

bool engine::runner::run_one(clock::time_point deadline)
{
    return complete_alone() || complete_next(deadline, true);
}

bool engine::runner::poll_one()
{
    return complete_alone() || complete_next(clock::time_point::min(), false);
}

/// Completes what is ready while this thread is alone in `run`. That counts as work itself, so that
/// nobody misses what was counted for the operation before it.
inline bool engine::runner::complete_alone()
{
    section::mark* self = engine_.section_.enter();
    if (!self) [[unlikely]]
        return false;
    assert(!engine_.followers_ && !engine_.leader_);
    operation* op = engine_.take_ready();
    if (op) [[likely]]
        engine_.count_work(-std::int64_t{std::exchange(unfinished_, true)});
    self->leave();
    if (!op) [[unlikely]]
        return false;
    complete(*op);
    return true;
}

inline void engine::runner::complete(operation& op)
{
    op.complete(&engine_);
    if (!deferred_.empty()) [[unlikely]]
    {
        section_guard held(engine_.section_);
        end_deferral();
    }
}

/// In the section.
[[gnu::cold]] void engine::runner::end_deferral()
{
    if (deferred_.empty())
        return;
    engine_.take_mail(); // what was posted earlier stays ahead
    while (operation* op = deferred_.pop())
    {
        engine_.count_work(1);
        engine_.ready_.push(*op);
    }
    engine_.wake_another();
}

operation* engine::runner::take_next(clock::time_point deadline, bool block)
{
    section_guard held(engine_.section_);
    if (std::exchange(unfinished_, false))
        engine_.work_finished_inside();
    operation* op = engine_.next(deadline, block);
    unfinished_ = op != nullptr;
    return op;
}

[[gnu::noinline]] bool engine::runner::complete_next(clock::time_point deadline, bool block)
{
    operation* op = take_next(deadline, block);
    if (!op)
        return false;
    complete(*op);
    return true;
}

} // namespace proactor::detail
