#include "command_line.hpp"

#include <system_error>

namespace file_server {

std::string_view const usage =
    "usage: file_server --root DIR [--port N] [--address A] [--port-file FILE]\n"
    "                   [--copy]\n"
    "  --root DIR        the folder to serve\n"
    "  --port N          the port to listen on; 0, the default, takes a free one\n"
    "  --address A       the address to listen on; 127.0.0.1 by default\n"
    "  --port-file FILE  where to write the port once the server listens\n"
    "  --copy            read files and send what was read; else the kernel sends them\n";

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    result.address = boost::asio::ip::address_v4::loopback();
    for (example::words given(arguments); given.next();)
    {
        if (given.word() == "--help")
        {
            result.help = true;
            return result;
        }
        if (given.word() == "--copy")
            result.copy = true;
        else if (given.word() == "--root")
            result.root = given.value();
        else if (given.word() == "--port")
            result.port = given.number<unsigned short>();
        else if (given.word() == "--port-file")
            result.port_file = given.value();
        else if (given.word() == "--address")
        {
            boost::system::error_code ec;
            auto const value = given.value();
            result.address = boost::asio::ip::make_address(std::string(value), ec);
            if (ec)
                throw bad_arguments("--address", "not an IP address", value);
        }
        else
            given.unknown();
    }
    std::error_code error;
    if (result.root.empty())
        throw bad_arguments("--root is missing");
    if (!std::filesystem::is_directory(result.root, error))
        throw bad_arguments("--root", "not a folder", result.root.string());
    return result;
}

} // namespace file_server
