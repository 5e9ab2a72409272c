#include "command_line.hpp"

namespace driver_by_hand {

std::string_view const usage = "usage: driver_by_hand [--depth N] [--] FILE...\n"
                               "  --depth N  reads in flight, 1 to 1024; 16 is the default\n"
                               "Prints checksum, size and name of each FILE, as cksum(1) does.\n";

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    bool names_only = false;
    for (example::words given(arguments); given.next();)
    {
        auto const argument = given.word();
        if (names_only || !argument.starts_with("-"))
            result.files.push_back(argument);
        else if (argument == "--")
            names_only = true;
        else if (argument == "--help")
            result.help = true;
        else if (argument == "--depth")
            result.depth = given.number<std::size_t>(1, 1024);
        else
            given.unknown();
    }
    if (result.files.empty() && !result.help)
        throw bad_arguments("no file is named");
    return result;
}

} // namespace driver_by_hand
