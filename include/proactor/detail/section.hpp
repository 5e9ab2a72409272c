#ifndef PROACTOR_DETAIL_SECTION_HPP
#define PROACTOR_DETAIL_SECTION_HPP

#include <atomic>
#include <cassert>
#include <cstdint>
#include <mutex>
#include <thread>

namespace proactor::detail {

/// The right to touch an engine's state and its driver. Held for moments, never by a thread that
/// sleeps or runs a user's code; whoever waits for it waits for no handler. A thread holds one at a
/// time.
///
/// It can be biased to one thread, which then enters and leaves by plain loads and stores. Another
/// thread that wants in takes the bias back: it says so, has the system put a barrier into every
/// running thread, and waits until the biased one is seen outside. From then on all lock a mutex,
/// until a thread has it for itself again.
///
/// Why that is enough: the biased thread stores "inside" and then loads whose the bias is; the other
/// one stores "nobody's", has the barrier run, and then loads "inside". If the barrier came before
/// the first store of the biased thread, that thread finds the bias gone; else the other thread sees
/// it inside. "Inside" belongs to the thread and not to the section, because a thread that is held up
/// before its store must not disturb the next one; and it outlives the thread, whose bias may.
class section
{
public:
    section() = default;
    section(const section&) = delete;
    section& operator=(const section&) = delete;

    /// Of a thread to which a section has been biased.
    class mark
    {
    public:
        void leave() noexcept { inside_.store(false, std::memory_order_release); } // read by `revoke`

    private:
        friend class section;
        std::atomic<bool> inside_{false};
    };

    /// Enters if it is biased to this thread, which leaves by the mark; else null. Then no other thread
    /// has been inside since this one was alone in `run`.
    mark* enter() noexcept
    {
        mark* self = this_thread;
        if (!self) [[unlikely]]
            return nullptr;
        assert(!self->inside_.load(std::memory_order_relaxed));
        self->inside_.store(true, std::memory_order_relaxed);
        // Orders the two for the compiler; the barrier of `revoke` does it for the processor.
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (biased_to_.load(std::memory_order_relaxed) == self) [[likely]]
            return self;
        self->leave();
        return nullptr;
    }

    void lock()
    {
        if (!enter())
            lock_mutex();
    }

    void unlock()
    {
        if (by_mutex_) [[unlikely]]
            unlock_mutex();
        else
            this_thread->leave();
    }

    /// Inside, once a turn of a thread that is alone in `run`: biases the section to it after some
    /// turns in which no other thread has entered.
    void prefer_this_thread()
    {
        if (by_mutex_ && ++quiet_turns_ > turns_before_bias)
            bias();
    }

    /// As `lock`, without a bias from then on; so it is done before a fork, whose child has not the
    /// thread, and with any number of sections by one thread.
    void lock_mutex();

    /// Inside: how often a bias was taken back.
    std::uint64_t revocations() const noexcept { return revocations_; }

private:
    static thread_local constinit mark* this_thread;

    void unlock_mutex();
    void revoke(mark& from);
    void bias();

    /// A revocation costs microseconds, a mutex some nanoseconds each time.
    static constexpr unsigned turns_before_bias = 16;

    std::atomic<mark*> biased_to_{nullptr}; ///< set by that thread alone, and inside
    bool by_mutex_ = false;                 ///< whoever is inside has the mutex
    std::thread::id last_;                  ///< to have the mutex
    unsigned quiet_turns_ = 0;
    std::uint64_t revocations_ = 0;
    std::mutex mutex_;
};

inline thread_local constinit section::mark* section::this_thread = nullptr;

using section_guard = std::lock_guard<section>;

} // namespace proactor::detail

#endif
