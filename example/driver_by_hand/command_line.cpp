#include "command_line.hpp"

#include <charconv>
#include <string>
#include <system_error>

namespace driver_by_hand {

std::string_view const usage = "usage: driver_by_hand [--depth N] [--] FILE...\n"
                               "  --depth N  reads in flight, 1 to 1024; 16 is the default\n"
                               "Prints checksum, size and name of each FILE, as cksum(1) does.\n";

namespace {

std::size_t parse_depth(std::string_view text)
{
    std::size_t depth = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, depth);
    if (error != std::errc() || stop != end || depth == 0 || depth > 1024)
        throw bad_arguments("--depth: a number from 1 to 1024, not '" + std::string(text) + "'");
    return depth;
}

} // namespace

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    bool names_only = false;
    for (std::size_t i = 0; i < arguments.size(); ++i)
    {
        auto const argument = arguments[i];
        if (names_only || !argument.starts_with("-"))
            result.files.push_back(argument);
        else if (argument == "--")
            names_only = true;
        else if (argument == "--help")
            result.help = true;
        else if (argument != "--depth")
            throw bad_arguments("unknown argument: '" + std::string(argument) + "'");
        else if (++i == arguments.size())
            throw bad_arguments("--depth: its value is missing");
        else
            result.depth = parse_depth(arguments[i]);
    }
    if (result.files.empty() && !result.help)
        throw bad_arguments("no file is named");
    return result;
}

} // namespace driver_by_hand
