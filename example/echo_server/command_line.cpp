#include "command_line.hpp"

namespace echo_server {

std::string_view const usage =
    "usage: echo_server [--port N] [--session KIND]\n"
    "  --port N        the port to listen on; 0, the default, takes a free one\n"
    "  --session KIND  how a session is written: coroutine (the default), callback or future\n";

namespace {

session_kind parse_session(std::string_view text)
{
    if (text == "coroutine")
        return session_kind::coroutine;
    if (text == "callback")
        return session_kind::callback;
    if (text == "future")
        return session_kind::future;
    throw bad_arguments("--session", "not coroutine, callback or future", text);
}

} // namespace

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
        else if (given.word() == "--session")
            result.session = parse_session(given.value());
        else
            given.unknown();
    }
    return result;
}

} // namespace echo_server
