#ifndef PROACTOR_CONTEXT_OPTIONS_HPP
#define PROACTOR_CONTEXT_OPTIONS_HPP

#include <chrono>
#include <string_view>

namespace proactor {

/// How an `io_context` is made. Each field's default suits a program that does not care.
struct context_options
{
    /// Entries of the driver's submission queue; completions have four times as many. Smaller ones
    /// cost system calls, larger ones 64 bytes an entry.
    unsigned entries = 256;

    /// Threads that may be inside a run function at a time: 0 is any number; 1 makes a second one an
    /// error.
    unsigned threads = 0;

    /// How long a loop with one thread inside `run` may look at its queues before it sleeps, where
    /// that has paid off of late. 0 forbids it.
    std::chrono::microseconds spin{50};

    /// The driver's name, "io_uring" or "epoll"; empty: `PROACTOR_DRIVER` of the environment, else the
    /// best that this system allows. One that was asked for and that it does not allow is an error.
    std::string_view driver{};

    /// Threads, at most, that the driver may have for what can only be done by blocking; they start on
    /// demand and end when idle. 0 makes such operations fail.
    unsigned pool_threads = 64;
};

} // namespace proactor

#endif
