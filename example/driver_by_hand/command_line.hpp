#pragma once

#include "../arguments.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace driver_by_hand {

struct command_line
{
    bool help = false;
    std::size_t depth = 16; // reads in flight
    std::vector<std::string_view> files;
};

extern std::string_view const usage;

using example::bad_arguments;

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace driver_by_hand
