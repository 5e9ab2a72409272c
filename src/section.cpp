#include <proactor/detail/section.hpp>

#include "recycled.hpp"
#include "threads.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace proactor::detail {

void section::lock_mutex()
{
    mutex_.lock();
    if (mark* m = biased_to_.load(std::memory_order_relaxed))
        revoke(*m);
    by_mutex_ = true;
    if (const auto self = std::this_thread::get_id(); last_ != self)
    {
        last_ = self;
        quiet_turns_ = 0;
    }
}

void section::unlock_mutex()
{
    by_mutex_ = false;
    mutex_.unlock();
}

void section::revoke(mark& from)
{
    ++revocations_;
    biased_to_.store(nullptr, std::memory_order_relaxed);
    fence_all_threads();
    for (int round = 0; from.inside_.load(std::memory_order_acquire); ++round)
        if (round < 64)
            std::this_thread::yield();
        else // it has been suspended inside
            std::this_thread::sleep_for(std::chrono::microseconds(50));
}

void section::bias()
{
    struct guard
    {
        ~guard() { recycled<mark>::put_back(*std::exchange(this_thread, nullptr)); }
    };
    if (!can_fence_all_threads())
        return;
    if (!this_thread)
    {
        this_thread = &recycled<mark>::take();
        thread_local guard g; // at the thread's end: a later thread gets the mark, and the bias with it
        (void)g;
    }
    biased_to_.store(this_thread, std::memory_order_relaxed);
}

} // namespace proactor::detail
