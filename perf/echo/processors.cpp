#include "processors.hpp"

#include "check.hpp"

#include <cstddef>

namespace echo {

placement place_both_sides()
{
    cpu_set_t allowed;
    check(::sched_getaffinity(0, sizeof allowed, &allowed), "sched_getaffinity");
    if (CPU_COUNT(&allowed) < 2)
        return {allowed, allowed, allowed, false};

    placement result{};
    result.apart = true;
    result.server = allowed;
    CPU_ZERO(&result.server_start);
    CPU_ZERO(&result.client);
    std::size_t cpu = 0;
    while (!CPU_ISSET(cpu, &allowed))
        ++cpu;
    CPU_SET(cpu, &result.server_start);
    do
        ++cpu;
    while (!CPU_ISSET(cpu, &allowed));
    CPU_SET(cpu, &result.client);
    if (CPU_COUNT(&allowed) > 2)
        CPU_CLR(cpu, &result.server);
    return result;
}

void run_on(cpu_set_t const& where)
{
    check(::sched_setaffinity(0, sizeof where, &where), "sched_setaffinity");
}

} // namespace echo
