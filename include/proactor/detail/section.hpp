#ifndef PROACTOR_DETAIL_SECTION_HPP
#define PROACTOR_DETAIL_SECTION_HPP

#include <mutex>

namespace proactor::detail {

/// The right to touch an engine's state and its driver. Held for moments, never by a thread that
/// sleeps or runs a user's code; whoever waits for it waits for no handler.
class section
{
public:
    void enter() { mutex_.lock(); }
    void leave() { mutex_.unlock(); }

    // BasicLockable, for guards and condition variables
    void lock() { enter(); }
    void unlock() { leave(); }

private:
    std::mutex mutex_;
};

using section_guard = std::unique_lock<section>;

} // namespace proactor::detail

#endif
