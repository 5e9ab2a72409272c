#pragma once

#include "../arguments.hpp"

#include <boost/asio/ip/address.hpp>

#include <filesystem>
#include <string_view>
#include <vector>

namespace file_server {

struct command_line
{
    bool help = false;
    std::filesystem::path root;
    boost::asio::ip::address address;
    unsigned short port = 0; // 0: one that is free
    std::filesystem::path port_file;
    bool copy = false;
};

extern std::string_view const usage;

using example::bad_arguments;

// Reads the arguments without the program's name. Throws bad_arguments.
command_line parse_command_line(std::vector<std::string_view> const& arguments);

} // namespace file_server
