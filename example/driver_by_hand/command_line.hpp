#pragma once

#include <cstddef>
#include <stdexcept>
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

// What is wrong with the arguments, in words for their author.
struct bad_arguments : std::invalid_argument
{
    using std::invalid_argument::invalid_argument;
};

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace driver_by_hand
