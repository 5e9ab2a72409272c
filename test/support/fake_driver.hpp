#ifndef PROACTOR_TEST_SUPPORT_FAKE_DRIVER_HPP
#define PROACTOR_TEST_SUPPORT_FAKE_DRIVER_HPP

#include <proactor/driver.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace test {

/// A driver without a kernel: the test says when and how each operation completes, and what happens
/// while the loop sleeps.
///
/// `system_completes` may be called by any thread at any time, as a kernel does; the rest has the
/// contract's own rule of exclusive access.
class fake_driver final : public proactor::driver
{
public:
    // What the test does.

    /// The system ends an operation that it has been given: the next look gives it back.
    void system_completes(proactor::operation& op, int error = 0, std::uint64_t value = 0)
    {
        std::lock_guard held(mutex_);
        completions_.push_back({&op, error, value});
        ready_.store(true, std::memory_order_release);
        changed_.notify_all();
    }

    /// Called in place of a sleep, outside the section, with its deadline. Without it the thread
    /// really sleeps, until a completion, a `wake` or the deadline.
    std::function<void(clock::time_point deadline)> while_asleep;

    /// What `stop` does; by default the system ends the operation with ECANCELED, if it has not
    /// completed it already.
    std::function<void(proactor::operation&)> when_stopped = [this](proactor::operation& op) {
        if (!has_completed(op))
            system_completes(op, ECANCELED);
    };

    /// Called at each look, before completions are taken.
    std::function<void()> when_looked_at;

    // What the test asks.

    std::vector<proactor::operation*> prepared; ///< started, and not flushed yet
    std::vector<proactor::operation*> started;  ///< handed to the system, in order, for good
    std::vector<proactor::operation*> stopped;  ///< asked to end, in order, for good
    unsigned looks = 0;
    unsigned thread_begins = 0;
    unsigned thread_ends = 0;

    bool has_started(const proactor::operation& op) const
    {
        return std::find(started.begin(), started.end(), &op) != started.end();
    }
    bool has_stopped(const proactor::operation& op) const
    {
        return std::find(stopped.begin(), stopped.end(), &op) != stopped.end();
    }

    /// Any thread: how many threads sleep now.
    unsigned sleepers() const noexcept { return sleepers_.load(); }

    // driver

    const char* name() const noexcept override { return "fake"; }
    proactor::means serves(const proactor::request::any&) const noexcept override
    {
        return proactor::means::system;
    }
    bool completes_on_submitter() const noexcept override { return true; }
    bool unflushed() const noexcept override { return !prepared.empty(); }
    void flush() override
    {
        if (prepared.empty())
            return;
        ++counters_.system_calls;
        started.insert(started.end(), prepared.begin(), prepared.end());
        prepared.clear();
    }
    bool ready() const noexcept override { return ready_.load(std::memory_order_acquire); }
    void wake() noexcept override
    {
        wakes_.fetch_add(1);
        std::lock_guard held(mutex_);
        rung_ = true;
        changed_.notify_all();
    }
    void thread_begin() override { ++thread_begins; }
    void thread_end() noexcept override { ++thread_ends; }

protected:
    void start(proactor::operation& op) override
    {
        ++counters_.submissions;
        prepared.push_back(&op);
    }

    void stop(proactor::operation& op) override
    {
        stopped.push_back(&op);
        when_stopped(op);
    }

    void collect(bool enter) override
    {
        ++looks;
        if (when_looked_at)
            when_looked_at();
        if (enter)
            flush();
        std::vector<completion> now;
        {
            std::lock_guard held(mutex_);
            now.swap(completions_);
            ready_.store(false, std::memory_order_relaxed);
        }
        for (const completion& c : now)
            finish(*c.op, c.error, c.value);
    }

    void sleep(clock::time_point deadline, proactor::detail::section* held) override
    {
        flush();
        {
            std::lock_guard lock(mutex_);
            if (!completions_.empty())
                return;
            if (std::exchange(rung_, false))
                return;
        }
        if (deadline != clock::time_point::max() && deadline <= clock::now())
            return;
        ++counters_.sleeps;
        if (held)
            held->unlock();
        if (while_asleep)
            while_asleep(deadline);
        else
            really_sleep(deadline);
        {
            std::lock_guard lock(mutex_);
            rung_ = false;
        }
        if (held)
            held->lock();
    }

private:
    struct completion
    {
        proactor::operation* op;
        int error;
        std::uint64_t value;
    };

    bool has_completed(const proactor::operation& op)
    {
        std::lock_guard held(mutex_);
        return std::any_of(completions_.begin(), completions_.end(),
                           [&](const completion& c) { return c.op == &op; });
    }

    void really_sleep(clock::time_point deadline)
    {
        ++sleepers_;
        std::unique_lock lock(mutex_);
        const auto over = [this] { return rung_ || !completions_.empty(); };
        // Bounded in any case: a wake that got lost is a failure, not a test that hangs.
        const auto longest = clock::now() + std::chrono::seconds(20);
        changed_.wait_until(lock, std::min(deadline, longest), over);
        --sleepers_;
    }

    std::mutex mutex_; // completions_, rung_
    std::condition_variable changed_;
    std::vector<completion> completions_;
    bool rung_ = false;
    std::atomic<bool> ready_{false};
    std::atomic<unsigned> sleepers_{0};
};

} // namespace test

#endif
