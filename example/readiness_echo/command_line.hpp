#pragma once

#include "../arguments.hpp"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace readiness_echo {

struct command_line
{
    bool help = false;
    unsigned short port = 0; // 0: one that is free
    std::uint64_t connections = std::numeric_limits<std::uint64_t>::max();
};

extern std::string_view const usage;

using example::bad_arguments;

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace readiness_echo
