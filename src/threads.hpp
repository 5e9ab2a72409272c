#ifndef PROACTOR_SRC_THREADS_HPP
#define PROACTOR_SRC_THREADS_HPP

/// What the threads of a process can do to each other, by the platform.
namespace proactor::detail {

/// Whether `fence_all_threads` works here.
bool can_fence_all_threads() noexcept;

/// Every thread of the process that runs executes a full memory barrier before this returns, on its
/// way through the kernel, where it also runs completions that were left to its next visit. Costs
/// microseconds; does nothing where it does not work.
void fence_all_threads() noexcept;

/// Between the two the owner, the first if there are several, may have the calling thread's sleeps end when
/// their time has come and not up to 50 us later; the second restores what the thread had.
void own_timer_slack(const void* owner) noexcept;
void disown_timer_slack(const void* owner) noexcept;
void lower_timer_slack(const void* owner) noexcept;

/// Processors that the calling thread may run on.
unsigned processors_of_thread() noexcept;

} // namespace proactor::detail

#endif
