#include "command_line.hpp"

#include <charconv>
#include <string>
#include <system_error>

namespace copy {

std::string_view const usage =
    "usage: copy [--jobs N] [--block BYTES] [--progress] SOURCE DESTINATION\n"
    "  --jobs N       blocks in flight at once, 1 to 256; 8\n"
    "  --block BYTES  the size of a block, up to 1 GiB; 1048576\n"
    "  --progress     tells on standard error how far it has come, ten times a second\n"
    "Copies a regular file. DESTINATION is emptied first; a new one that cannot be finished is "
    "removed.\n";

namespace {

template <typename Number>
Number parse_number(std::string_view name, std::string_view text, Number most)
{
    Number number = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number == 0 || number > most)
        throw bad_arguments(std::string(name) + ": not such a number: '" + std::string(text) + "'");
    return number;
}

} // namespace

command_line parse_command_line(std::vector<std::string_view> const& arguments)
{
    command_line result;
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < arguments.size(); ++i)
    {
        auto const word = arguments[i];
        if (word == "--help")
        {
            result.help = true;
            return result;
        }
        if (word == "--progress")
            result.progress = true;
        else if (word == "--jobs" || word == "--block")
        {
            if (++i == arguments.size())
                throw bad_arguments(std::string(word) + ": its value is missing");
            if (word == "--jobs")
                result.jobs = parse_number(word, arguments[i], 256u);
            else
                result.block = parse_number(word, arguments[i], std::size_t(1) << 30);
        }
        else if (word.starts_with("--"))
            throw bad_arguments("unknown argument: '" + std::string(word) + "'");
        else
            names.push_back(word);
    }
    if (names.size() != 2)
        throw bad_arguments("a source and a destination are needed");
    result.source = names[0];
    result.destination = names[1];
    return result;
}

} // namespace copy
