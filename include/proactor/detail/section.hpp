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
/// between its first look at the bias and its store must not disturb the next one; and it outlives
/// the thread, whose bias may.
class section
{
public:
    section() = default;
    section(const section&) = delete;
    section& operator=(const section&) = delete;

    void lock()
    {
        mark* self = this_thread;
        assert(!self || !self->inside.load(std::memory_order_relaxed));
        if (self && biased_to_.load(std::memory_order_relaxed) == self) [[likely]]
        {
            self->inside.store(true, std::memory_order_relaxed);
            // Orders the two for the compiler; the barrier of `revoke` does it for the processor.
            std::atomic_signal_fence(std::memory_order_seq_cst);
            if (biased_to_.load(std::memory_order_relaxed) == self) [[likely]]
                return;
            self->inside.store(false, std::memory_order_release);
        }
        lock_mutex();
    }

    void unlock()
    {
        if (by_mutex_) [[unlikely]]
            unlock_mutex();
        else
            this_thread->inside.store(false, std::memory_order_release); // read by `revoke`
    }

    /// Inside, once a turn of a thread that is alone in `run`: biases the section to it after some
    /// turns in which no other thread has entered.
    void prefer_this_thread()
    {
        if (by_mutex_ && ++quiet_turns_ > turns_before_bias)
            bias();
    }

    /// As `lock`, and any number of sections by one thread. The child finds no bias to a thread that it
    /// does not have.
    void lock_over_fork();

    /// Inside: how often a bias was taken back.
    std::uint64_t revocations() const noexcept { return revocations_; }

private:
    /// Of a thread to which a section has been biased.
    struct mark
    {
        std::atomic<bool> inside{false};
    };
    static thread_local constinit mark* this_thread;

    void lock_mutex();
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
