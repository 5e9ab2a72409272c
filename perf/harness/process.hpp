// Runs a measured program where it belongs and takes what it prints.
#pragma once

#include "scenarios.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace perf {

/// A program did not do what it is for; the message says which and what happened.
struct program_failure : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

struct ended_process
{
    int status; ///< what it exited with
    std::string output;
};

struct command
{
    std::vector<std::string> words;
    std::string setting; ///< NAME=VALUE, added to the environment; empty: nothing
};

/// As one would type it.
std::string to_string(const command& c);

/// The command's standard error is ours. Throws `program_failure` if it cannot be started, dies of
/// a signal or takes longer than the limit; no process of its group is left then.
ended_process run_process(const command& c, processors on, std::chrono::milliseconds limit);

} // namespace perf
