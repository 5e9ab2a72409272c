#pragma once

#include "../arguments.hpp"

#include <cstdint>
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

using example::bad_arguments;

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace tail
