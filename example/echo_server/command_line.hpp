#pragma once

#include "../arguments.hpp"

#include "session.hpp"

#include <string_view>
#include <vector>

namespace echo_server {

struct command_line
{
    bool help = false;
    unsigned short port = 0; // 0: one that is free
    session_kind session = session_kind::coroutine;
};

extern std::string_view const usage;

using example::bad_arguments;

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace echo_server
