#include "command_line.hpp"

#include <charconv>
#include <system_error>

namespace proxy {

using boost::asio::ip::tcp;

std::string_view const usage =
    "usage: proxy --target ADDRESS:PORT [--listen ADDRESS:PORT] [--connections N]\n"
    "  --target ADDRESS:PORT  where connections are taken to; [::1]:80 for IPv6\n"
    "  --listen ADDRESS:PORT  where they come from; by default 127.0.0.1:0, a free port\n"
    "  --connections N        ends after so many; without it only SIGTERM or SIGINT ends it\n";

namespace {

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
    auto const end = text.data() + text.size();
    auto const read = std::from_chars(colon == text.npos ? end : text.data() + colon + 1, end, port);
    if (error || parsed.is_v6() != in_brackets || read.ec != std::errc() || read.ptr != end)
        throw bad_arguments(name, "not an IP address and a port", text);
    return {parsed, port};
}

} // namespace

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    result.listen.address(boost::asio::ip::address_v4::loopback());
    bool has_target = false;
    for (example::words given(arguments); given.next();)
    {
        if (given.word() == "--help")
        {
            result.help = true;
            return result;
        }
        auto const name = given.word();
        if (name == "--listen")
            result.listen = parse_endpoint(name, given.value());
        else if (name == "--connections")
            result.connections = given.number<std::uint64_t>(1);
        else if (name == "--target")
        {
            result.target = parse_endpoint(name, given.value());
            if (result.target.port() == 0)
                throw bad_arguments("--target: port 0 is none");
            has_target = true;
        }
        else
            given.unknown();
    }
    if (!has_target)
        throw bad_arguments("--target is missing");
    return result;
}

} // namespace proxy
