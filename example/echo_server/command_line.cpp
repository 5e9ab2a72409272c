#include "command_line.hpp"

#include <charconv>
#include <cstddef>
#include <string>
#include <system_error>

namespace echo_server {

std::string_view const usage =
    "usage: echo_server [--port N] [--session KIND]\n"
    "  --port N        the port to listen on; 0, the default, takes a free one\n"
    "  --session KIND  how a session is written: coroutine (the default), callback or future\n";

namespace {

unsigned short parse_port(std::string_view text)
{
    unsigned short port = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc() || stop != end)
        throw bad_arguments("--port: not a port number: '" + std::string(text) + "'");
    return port;
}

session_kind parse_session(std::string_view text)
{
    if (text == "coroutine")
        return session_kind::coroutine;
    if (text == "callback")
        return session_kind::callback;
    if (text == "future")
        return session_kind::future;
    throw bad_arguments("--session: coroutine, callback or future, not '" + std::string(text)
                        + "'");
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
        if (name != "--port" && name != "--session")
            throw bad_arguments("unknown argument: '" + std::string(name) + "'");
        if (++i == arguments.size())
            throw bad_arguments(std::string(name) + ": its value is missing");
        if (name == "--port")
            result.port = parse_port(arguments[i]);
        else
            result.session = parse_session(arguments[i]);
    }
    return result;
}

} // namespace echo_server
