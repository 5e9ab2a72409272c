#include "command_line.hpp"

namespace udp_echo {

std::string_view const usage =
    "usage: udp_echo [--address ADDRESS] [--port N] [--receives N] [--datagrams N]\n"
    "                [--pool N]\n"
    "  --address ADDRESS  the address to listen on; by default any of version 4\n"
    "  --port N           the port to listen on; 0, the default, takes a free one\n"
    "  --receives N       operations in flight at once, 1 to 64; 4\n"
    "  --pool N           takes its buffers out of a pool of N, 1 to 1024: what waits holds none, and what\n"
    "                     comes has no control data\n"
    "  --datagrams N      ends after so many; without it only SIGTERM or SIGINT ends it\n";

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
        else if (given.word() == "--receives")
            result.receives = given.number(1u, 64u);
        else if (given.word() == "--pool")
            result.pool = given.number(1u, 1024u);
        else if (given.word() == "--datagrams")
            result.datagrams = given.number<std::uint64_t>(1);
        else if (given.word() == "--address")
        {
            boost::system::error_code ec;
            auto const value = given.value();
            result.address = boost::asio::ip::make_address(std::string(value), ec);
            if (ec)
                throw bad_arguments("--address", "not such an address", value);
        }
        else
            given.unknown();
    }
    return result;
}

} // namespace udp_echo
