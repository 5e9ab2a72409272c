#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <limits>
#include <stdexcept>
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

// What is wrong with the arguments, in words for their author.
struct bad_arguments : std::invalid_argument
{
    using std::invalid_argument::invalid_argument;
};

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace proxy
