#pragma once

#include "../arguments.hpp"

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

namespace copy {

struct command_line
{
    bool help = false;
    bool progress = false;
    unsigned jobs = 8;                        // blocks in flight at once
    std::size_t block = std::size_t(1) << 20; // bytes
    std::filesystem::path source;
    std::filesystem::path destination;
};

extern std::string_view const usage;

using example::bad_arguments;

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace copy
