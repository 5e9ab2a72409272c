#include "../threads.hpp"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace proactor::detail {

namespace {

bool membarrier(int command) noexcept
{
    return ::syscall(SYS_membarrier, command, 0, 0) == 0;
}

struct timer_slack
{
    const void* owner = nullptr;
    bool lowered = false;
    unsigned long before = 0;
};
thread_local timer_slack slack;

} // namespace

bool can_fence_all_threads() noexcept
{
    static const bool registered = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    return registered;
}

void fence_all_threads() noexcept
{
    // membarrier(2): the expedited command interrupts the processors that run this process; on the
    // way back to user space each runs the task work that IORING_SETUP_COOP_TASKRUN left to it.
    if (can_fence_all_threads())
        membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

void own_timer_slack(const void* owner) noexcept
{
    if (!slack.owner)
        slack.owner = owner;
}

void disown_timer_slack(const void* owner) noexcept
{
    if (slack.owner != owner)
        return;
    if (slack.lowered)
        ::prctl(PR_SET_TIMERSLACK, slack.before);
    slack = {};
}

void lower_timer_slack(const void* owner) noexcept
{
    if (slack.owner != owner || slack.lowered)
        return;
    slack.lowered = true;
    slack.before = static_cast<unsigned long>(::prctl(PR_GET_TIMERSLACK));
    ::prctl(PR_SET_TIMERSLACK, 1UL);
}

unsigned processors_of_thread() noexcept
{
    cpu_set_t set;
    return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set))
                                                         : 2;
}

} // namespace proactor::detail
