#include "blocking_pool.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <functional>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <utility>

namespace proactor::detail {

namespace {

using clock = std::chrono::steady_clock;

/// A real-time signal that nobody has a handler for, with one of ours that does nothing: a system call
/// that it meets comes back with EINTR.
int interruption() noexcept
{
    static const int signal = []() noexcept
    {
        int s = SIGRTMAX;
        for (struct sigaction now = {}; s > SIGRTMIN; --s)
            if (::sigaction(s, nullptr, &now) == 0 && now.sa_handler == SIG_DFL)
                break;
        struct sigaction nothing = {};
        nothing.sa_handler = [](int) {};
        ::sigaction(s, &nothing, nullptr);
        return s;
    }();
    return signal;
}

/// A thread inherits its maker's mask, so that there is no moment at which it would take a signal.
/// Faults stay: they are the thread's own, and a crash reporter of the user's wants to see them.
class signals_blocked
{
public:
    signals_blocked() noexcept
    {
        sigset_t all;
        ::sigfillset(&all);
        for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
            ::sigdelset(&all, fault);
        ::sigdelset(&all, interruption());
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_;
};

void name_this_thread() noexcept
{
    ::pthread_setname_np(::pthread_self(), "proactor-pool");
}

/// Longer is for ever, and would overflow the clock.
constexpr std::chrono::hours longest_idle{24 * 365};

} // namespace

/// Belongs to its own thread, which gives it up by `leave`.
struct blocking_pool::worker : list_hook
{
    std::condition_variable roused;
    std::thread thread;
    const operation* busy_with = nullptr;
};

blocking_pool::blocking_pool(pool_limits limits, work w, void* owner) noexcept
    : limits_{limits.threads, std::min<std::chrono::milliseconds>(limits.idle, longest_idle)},
      work_(w), owner_(owner)
{
}

blocking_pool::~blocking_pool()
{
    std::unique_lock held(mutex_);
    assert(queued_ == 0);
    stopping_ = true;
    while (sleepers_.linked())
        rouse_worker();
    empty_.wait(held, [this] { return threads_ == 0; });
    const auto last = std::move(left_);
    held.unlock();
    if (last)
        last->thread.join(); // which has joined the one before it, and so on
}

int blocking_pool::submit(operation& op)
{
    auto& job = *::new (op.scratch) pool_job(op);
    std::lock_guard held(mutex_);
    job.link_before(queue_);
    ++queued_;
    // A thread that is not busy sleeps, or is on its way to the queue: one for each job is enough.
    if (queued_ <= threads_ - busy_)
        rouse_worker();
    else if (const int error = add_worker(); error && threads_ == 0)
    {
        job.unlink();
        --queued_;
        return error;
    }
    return 0;
}

bool blocking_pool::withdraw(operation& op)
{
    std::lock_guard held(mutex_);
    pool_job& job = pool_job::in(op);
    if (!job.linked())
        return false;
    job.unlink();
    --queued_;
    return true;
}

void blocking_pool::interrupt(operation& op)
{
    std::lock_guard held(mutex_);
    for (list_hook* h = workers_.after; h != &workers_; h = h->after)
        if (auto& w = static_cast<worker&>(*h); w.busy_with == &op)
            ::pthread_kill(w.thread.native_handle(), interruption());
}

unsigned blocking_pool::threads() const
{
    std::lock_guard held(mutex_);
    return threads_;
}

std::size_t blocking_pool::queued() const
{
    std::lock_guard held(mutex_);
    return queued_;
}

/// Holds the mutex over the making of a thread: it must not end before `thread` is there to be
/// joined.
int blocking_pool::add_worker()
{
    if (threads_ >= limits_.threads)
        return EAGAIN;
    try
    {
        auto w = std::make_unique<worker>();
        const signals_blocked during_creation;
        w->thread = std::thread(&blocking_pool::run, this, std::ref(*w));
        w.release();
    }
    catch (const std::system_error& e)
    {
        return e.code().value();
    }
    catch (const std::bad_alloc&)
    {
        return ENOMEM;
    }
    ++threads_;
    return 0;
}

void blocking_pool::rouse_worker()
{
    if (!sleepers_.linked())
        return;
    auto& w = static_cast<worker&>(*sleepers_.before);
    w.unlink();
    w.roused.notify_one(); // with the mutex: without, its time might run out, and it be gone
}

void blocking_pool::run(worker& self) noexcept
{
    name_this_thread();
    std::unique_lock held(mutex_);
    while (await_job(held, self))
    {
        auto& job = static_cast<pool_job&>(*queue_.after);
        job.unlink();
        --queued_;
        ++busy_;
        self.busy_with = &job.of;
        self.link_before(workers_);
        held.unlock();
        work_(owner_, job.of);
        held.lock();
        self.unlink();
        --busy_;
    }
    const auto predecessor = leave(self);
    held.unlock(); // from here on the destructor may run, up to its join
    if (predecessor)
        predecessor->thread.join();
}

/// False: no job came in time, or the pool ends.
bool blocking_pool::await_job(std::unique_lock<std::mutex>& held, worker& self)
{
    const auto deadline = clock::now() + limits_.idle;
    while (!queue_.linked())
    {
        if (stopping_)
            return false;
        self.link_before(sleepers_);
        self.roused.wait_until(held, deadline, [&self] { return !self.linked(); });
        if (self.linked())
        {
            self.unlink();
            return queue_.linked();
        }
    }
    return true;
}

std::unique_ptr<blocking_pool::worker> blocking_pool::leave(worker& self)
{
    if (--threads_ == 0)
        empty_.notify_all();
    return std::exchange(left_, std::unique_ptr<worker>(&self));
}

} // namespace proactor::detail
