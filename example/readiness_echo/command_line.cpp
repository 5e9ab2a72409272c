#include "command_line.hpp"

namespace readiness_echo {

std::string_view const usage =
    "usage: readiness_echo [--port N] [--connections N]\n"
    "  --port N         the port to listen on; 0, the default, takes a free one\n"
    "  --connections N  ends after so many; without it only SIGTERM or SIGINT ends it\n";

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    for (example::words given(arguments); given.next();)
    {
        if (given.word() == "--help")
        {
            result.help = true;
            return result;
        }
        if (given.word() == "--port")
            result.port = given.number<unsigned short>();
        else if (given.word() == "--connections")
            result.connections = given.number<std::uint64_t>(1);
        else
            given.unknown();
    }
    return result;
}

} // namespace readiness_echo
