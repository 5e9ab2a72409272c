// Sends back whatever a TCP connection brings. The session is written three times, for three of
// Asio's completion tokens; none of them knows on which context it runs.

#include "command_line.hpp"
#include "context.hpp"
#include "server.hpp"

#include <exception>
#include <iostream>

namespace {

void serve(echo_server::command_line const& wanted)
{
    echo_server::context context;
    echo_server::server server(context, wanted.port, wanted.session);
    std::cout << "listening on 127.0.0.1:" << server.port() << std::endl;
    context.run();
    std::cout << "sessions served: " << server.sessions_served() << '\n'
              << "bytes served: " << server.bytes_served() << std::endl;
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        auto const wanted = echo_server::parse_command_line({argv + 1, argv + argc});
        if (wanted.help)
            std::cout << echo_server::usage;
        else
            serve(wanted);
        return 0;
    }
    catch (echo_server::bad_arguments const& error)
    {
        std::cerr << "echo_server: " << error.what() << '\n' << echo_server::usage;
        return 2;
    }
    catch (std::exception const& error)
    {
        std::cerr << "echo_server: " << error.what() << '\n';
        return 1;
    }
}
