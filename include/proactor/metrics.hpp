#ifndef PROACTOR_METRICS_HPP
#define PROACTOR_METRICS_HPP

#include <cstdint>

namespace proactor {

/// What an `io_context` did since it was made.
struct metrics
{
    const char* driver = "";         ///< name of the driver in use
    std::uint64_t submissions = 0;   ///< operations handed to the system
    std::uint64_t system_calls = 0;  ///< of the driver, to submit, wait and reap
    std::uint64_t completions = 0;   ///< operations given back
    std::uint64_t resubmitted = 0;   ///< came back undone and were tried again
    std::uint64_t turns = 0;         ///< looks at the driver
    std::uint64_t handlers = 0;      ///< handlers run
    std::uint64_t sleeps = 0;        ///< times the loop lay down to sleep
    std::uint64_t wakes = 0;         ///< sleepers woken from user space
    std::uint64_t spins = 0;         ///< times the loop spun before it would have slept
    std::uint64_t spin_hits = 0;     ///< of these, those that found something
    std::uint64_t takeovers = 0;     ///< times another thread took over from one that ran alone
    std::uint64_t in_flight = 0;     ///< operations with the system now
};

} // namespace proactor

#endif
