#include "command_line.hpp"

#include <charconv>
#include <cstddef>
#include <string>
#include <system_error>

namespace readiness_echo {

std::string_view const usage =
    "usage: readiness_echo [--port N] [--connections N]\n"
    "  --port N         the port to listen on; 0, the default, takes a free one\n"
    "  --connections N  ends after so many; without it only SIGTERM or SIGINT ends it\n";

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
        if (name != "--port" && name != "--connections")
            throw bad_arguments("unknown argument: '" + std::string(name) + "'");
        if (++i == arguments.size())
            throw bad_arguments(std::string(name) + ": its value is missing");
        if (name == "--port")
            result.port = parse_number<unsigned short>(name, arguments[i]);
        else
            result.connections = parse_number<std::uint64_t>(name, arguments[i]);
    }
    if (result.connections == 0)
        throw bad_arguments("--connections: at least 1");
    return result;
}

} // namespace readiness_echo
