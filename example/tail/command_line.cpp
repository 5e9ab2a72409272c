#include "command_line.hpp"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace tail {

std::string_view const usage = "usage: tail [--lines N] [--follow] FILE\n"
                               "  --lines N  prints so many lines of the end of FILE; 10\n"
                               "  --follow   goes on with what is appended, until SIGTERM or "
                               "SIGINT, or until FILE is removed\n";

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    for (std::size_t i = 0; i < arguments.size(); ++i)
    {
        auto const word = arguments[i];
        if (word == "--help")
        {
            result.help = true;
            return result;
        }
        if (word == "--follow")
            result.follow = true;
        else if (word == "--lines")
        {
            if (++i == arguments.size())
                throw bad_arguments("--lines: its value is missing");
            auto const text = arguments[i];
            auto const end = text.data() + text.size();
            auto const [stop, error] = std::from_chars(text.data(), end, result.lines);
            if (error != std::errc() || stop != end)
                throw bad_arguments("--lines: not such a number: '" + std::string(text) + "'");
        }
        else if (word.starts_with("--"))
            throw bad_arguments("unknown argument: '" + std::string(word) + "'");
        else if (!result.file.empty() || word.empty())
            throw bad_arguments("one file, not '" + std::string(word) + "'");
        else
            result.file = word;
    }
    if (result.file.empty())
        throw bad_arguments("a file is needed");
    return result;
}

} // namespace tail
