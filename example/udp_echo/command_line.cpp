#include "command_line.hpp"

#include <charconv>
#include <cstddef>
#include <string>
#include <system_error>

namespace udp_echo {

std::string_view const usage =
    "usage: udp_echo [--address ADDRESS] [--port N] [--receives N] [--datagrams N]\n"
    "  --address ADDRESS  the address to listen on; by default any of version 4\n"
    "  --port N           the port to listen on; 0, the default, takes a free one\n"
    "  --receives N       operations in flight at once, 1 to 64; 4\n"
    "  --datagrams N      ends after so many; without it only SIGTERM or SIGINT ends it\n";

namespace {

template <typename Number>
Number parse_number(std::string_view name, std::string_view text)
{
    Number number = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end)
        throw bad_arguments(std::string(name) + ": not such a number: '" + std::string(text) + "'");
    return number;
}

} // namespace

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    for (std::size_t i = 0; i < arguments.size(); ++i)
    {
        auto const name = arguments[i];
        if (name == "--help")
        {
            result.help = true;
            return result;
        }
        if (name != "--address" && name != "--port" && name != "--receives"
            && name != "--datagrams")
            throw bad_arguments("unknown argument: '" + std::string(name) + "'");
        if (++i == arguments.size())
            throw bad_arguments(std::string(name) + ": its value is missing");
        auto const value = arguments[i];
        if (name == "--port")
            result.port = parse_number<unsigned short>(name, value);
        else if (name == "--receives")
            result.receives = parse_number<unsigned>(name, value);
        else if (name == "--datagrams")
            result.datagrams = parse_number<std::uint64_t>(name, value);
        else
        {
            boost::system::error_code ec;
            result.address = boost::asio::ip::make_address(std::string(value), ec);
            if (ec)
                throw bad_arguments("--address: not such an address: '" + std::string(value) + "'");
        }
    }
    if (result.datagrams == 0)
        throw bad_arguments("--datagrams: at least 1");
    if (result.receives == 0 || result.receives > 64)
        throw bad_arguments("--receives: 1 to 64");
    return result;
}

} // namespace udp_echo
