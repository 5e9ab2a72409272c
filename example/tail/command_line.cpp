#include "command_line.hpp"

namespace tail {

std::string_view const usage = "usage: tail [--lines N] [--follow] FILE\n"
                               "  --lines N  prints so many lines of the end of FILE; 10\n"
                               "  --follow   goes on with what is appended, until SIGTERM or "
                               "SIGINT, or until FILE is removed\n";

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
        if (given.word() == "--follow")
            result.follow = true;
        else if (given.word() == "--lines")
            result.lines = given.number<std::uint64_t>();
        else if (given.word().starts_with("--"))
            given.unknown();
        else if (!result.file.empty() || given.word().empty())
            throw bad_arguments("one file, not '" + std::string(given.word()) + "'");
        else
            result.file = given.word();
    }
    if (result.file.empty())
        throw bad_arguments("a file is needed");
    return result;
}

} // namespace tail
