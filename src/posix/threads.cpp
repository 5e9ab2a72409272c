#include "../threads.hpp"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace proactor::detail {

namespace {

bool membarrier(int command) noexcept
{
    return ::syscall(SYS_membarrier, command, 0, 0) == 0;
}

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

unsigned processors_of_thread() noexcept
{
    cpu_set_t set;
    return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set))
                                                         : 2;
}

} // namespace proactor::detail
