#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tail {

struct command_line
{
    bool help = false;
    bool follow = false;
    std::uint64_t lines = 10;
    std::string file;
};

extern std::string_view const usage;

// What is wrong with the arguments, in words for their author.
struct bad_arguments : std::invalid_argument
{
    using std::invalid_argument::invalid_argument;
};

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace tail
