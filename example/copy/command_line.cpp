#include "command_line.hpp"

namespace copy {

std::string_view const usage =
    "usage: copy [--jobs N] [--block BYTES] [--progress] SOURCE DESTINATION\n"
    "  --jobs N       blocks in flight at once, 1 to 256; 8\n"
    "  --block BYTES  the size of a block, up to 1 GiB; 1048576\n"
    "  --progress     tells on standard error how far it has come, ten times a second\n"
    "Copies a regular file. DESTINATION is emptied first; a new one that cannot be finished is "
    "removed.\n";

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    std::vector<std::string_view> names;
    for (example::words given(arguments); given.next();)
    {
        if (given.word() == "--help")
        {
            result.help = true;
            return result;
        }
        if (given.word() == "--progress")
            result.progress = true;
        else if (given.word() == "--jobs")
            result.jobs = given.number(1u, 256u);
        else if (given.word() == "--block")
            result.block = given.number<std::size_t>(1, std::size_t(1) << 30);
        else if (given.word().starts_with("--"))
            given.unknown();
        else
            names.push_back(given.word());
    }
    if (names.size() != 2)
        throw bad_arguments("a source and a destination are needed");
    result.source = names[0];
    result.destination = names[1];
    return result;
}

} // namespace copy
