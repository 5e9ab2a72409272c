#include "command_line.hpp"

#include <charconv>
#include <cstddef>
#include <string>
#include <system_error>

namespace proxy {

using boost::asio::ip::tcp;

std::string_view const usage =
    "usage: proxy --target ADDRESS:PORT [--listen ADDRESS:PORT] [--connections N]\n"
    "  --target ADDRESS:PORT  where connections are taken to; [::1]:80 for IPv6\n"
    "  --listen ADDRESS:PORT  where they come from; by default 127.0.0.1:0, a free port\n"
    "  --connections N        ends after so many; without it only SIGTERM or SIGINT ends it\n";

namespace {

template <typename Number>
bool read_number(std::string_view text, Number& number)
{
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stop == end;
}

tcp::endpoint parse_endpoint(std::string_view name, std::string_view text)
{
    auto const colon = text.rfind(':');
    auto address = text.substr(0, colon);
    bool const in_brackets = address.starts_with('[') && address.ends_with(']');
    if (in_brackets)
        address = address.substr(1, address.size() - 2);
    unsigned short port = 0;
    boost::system::error_code error;
    auto const parsed = boost::asio::ip::make_address(std::string(address), error);
    if (colon == text.npos || error || parsed.is_v6() != in_brackets
        || !read_number(text.substr(colon + 1), port))
        throw bad_arguments(std::string(name) + ": not an IP address and a port: '"
                            + std::string(text) + "'");
    return {parsed, port};
}

} // namespace

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    result.listen.address(boost::asio::ip::address_v4::loopback());
    bool has_target = false;
    for (std::size_t i = 0; i < arguments.size(); ++i)
    {
        auto const name = arguments[i];
        if (name == "--help")
        {
            result.help = true;
            return result;
        }
        if (name != "--target" && name != "--listen" && name != "--connections")
            throw bad_arguments("unknown argument: '" + std::string(name) + "'");
        if (++i == arguments.size())
            throw bad_arguments(std::string(name) + ": its value is missing");
        auto const value = arguments[i];
        if (name == "--listen")
            result.listen = parse_endpoint(name, value);
        else if (name == "--connections")
        {
            if (!read_number(value, result.connections) || result.connections == 0)
                throw bad_arguments("--connections: not a number from 1 on: '" + std::string(value)
                                    + "'");
        }
        else
        {
            result.target = parse_endpoint(name, value);
            if (result.target.port() == 0)
                throw bad_arguments("--target: port 0 is none");
            has_target = true;
        }
    }
    if (!has_target)
        throw bad_arguments("--target is missing");
    return result;
}

} // namespace proxy
