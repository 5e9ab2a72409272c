#pragma once

#include "../arguments.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace proxy {

struct command_line
{
    bool help = false;
    boost::asio::ip::tcp::endpoint listen;
    boost::asio::ip::tcp::endpoint target;
    std::uint64_t connections = std::numeric_limits<std::uint64_t>::max();
};

extern std::string_view const usage;

using example::bad_arguments;

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace proxy
