// The contract of a measured program: PROGRAM VARIANT MILLISECONDS prints lines "metric value" and
// exits with 0; the value is "-" where it cannot be told. What cannot be measured on this system is
// a line "skipped: reason" and status 77; anything else is a failure.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace perf {

struct assignment
{
    std::string variant;
    std::chrono::milliseconds window;
};

/// Thrown where this system lacks what the variant needs.
struct cannot_run : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

/// Throws with the message unless the condition holds: a program checks its own work.
void check(bool condition, const char* what);

void print_metric(std::string_view metric, double value);

/// Body of `main`: reads the command line, calls the program, turns exceptions into statuses.
int run_program(int argc, char** argv, void (*program)(const assignment&));

} // namespace perf
