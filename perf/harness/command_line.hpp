#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace perf {

/// What the user asked for makes no sense; the message says what.
struct usage_error : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

struct options
{
    std::string json; ///< where the figures go
    std::string only; ///< one scenario; empty: all
    bool quick = false;
    unsigned rounds = 0;                 ///< 0: as many as the mode has
    std::chrono::milliseconds window{0}; ///< of each run; 0: as the mode has it
};

options parse_command_line(int argc, char** argv);

} // namespace perf
