#pragma once

#include "../arguments.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace udp_echo {

struct command_line
{
    bool help = false;
    boost::asio::ip::address address = boost::asio::ip::address_v4::any();
    unsigned short port = 0; // 0: one that is free
    unsigned receives = 4;   // in flight at once
    unsigned pool = 0;       // buffers of a pool; 0: each receive has its own
    std::uint64_t datagrams = std::numeric_limits<std::uint64_t>::max();
};

extern std::string_view const usage;

using example::bad_arguments;

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace udp_echo
