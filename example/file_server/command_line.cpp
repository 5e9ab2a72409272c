#include "command_line.hpp"

#include <charconv>
#include <cstddef>
#include <string>
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

namespace {

unsigned short parse_port(std::string_view text)
{
    unsigned short port = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc() || stop != end)
        throw bad_arguments("--port: not a port number: '" + std::string(text) + "'");
    return port;
}

boost::asio::ip::address parse_address(std::string_view text)
{
    boost::system::error_code error;
    auto address = boost::asio::ip::make_address(std::string(text), error);
    if (error)
        throw bad_arguments("--address: not an IP address: '" + std::string(text) + "'");
    return address;
}

} // namespace

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    result.address = boost::asio::ip::address_v4::loopback();
    for (std::size_t i = 0; i < arguments.size(); ++i)
    {
        auto const name = arguments[i];
        if (name == "--help")
        {
            result.help = true;
            return result;
        }
        if (name == "--copy")
        {
            result.copy = true;
            continue;
        }
        if (name != "--root" && name != "--port" && name != "--address" && name != "--port-file")
            throw bad_arguments("unknown argument: '" + std::string(name) + "'");
        if (++i == arguments.size() || arguments[i].empty())
            throw bad_arguments(std::string(name) + ": its value is missing");
        auto const value = arguments[i];
        if (name == "--root")
            result.root = value;
        else if (name == "--port")
            result.port = parse_port(value);
        else if (name == "--address")
            result.address = parse_address(value);
        else
            result.port_file = value;
    }
    std::error_code error;
    if (result.root.empty())
        throw bad_arguments("--root is missing");
    if (!std::filesystem::is_directory(result.root, error))
        throw bad_arguments("--root: not a folder: '" + result.root.string() + "'");
    return result;
}

} // namespace file_server
