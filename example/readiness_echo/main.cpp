// Sends back whatever a TCP connection brings, by readiness: a program over mio in C++, on
// whichever driver the system has. Compare example/echo_server, which does so by completions and
// Asio.

#include "command_line.hpp"
#include "server.hpp"

#include <proactor/op.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <system_error>
#include <utility>

namespace {

readiness_echo::server* stopped_by_signal = nullptr;

void serve(readiness_echo::command_line const& wanted)
{
    auto opened = proactor::open_driver();
    if (!opened.driver)
        throw std::system_error(opened.error, std::system_category(), opened.reason);
    proactor::op::slab slab(std::move(opened.driver));
    readiness_echo::server server(slab, wanted.port, wanted.connections);

    stopped_by_signal = &server;
    for (int const number : {SIGTERM, SIGINT})
        std::signal(number, [](int) { stopped_by_signal->stop(); });
    std::cout << "listening on 127.0.0.1:" << server.port() << std::endl;
    server.run();
    for (int const number : {SIGTERM, SIGINT})
        std::signal(number, SIG_DFL);
    std::cout << "connections served: " << server.connections_served() << '\n'
              << "bytes echoed: " << server.bytes_echoed() << std::endl;
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        auto const wanted = readiness_echo::parse_command_line({argv + 1, argv + argc});
        if (wanted.help)
            std::cout << readiness_echo::usage;
        else
            serve(wanted);
        return 0;
    }
    catch (readiness_echo::bad_arguments const& error)
    {
        std::cerr << "readiness_echo: " << error.what() << '\n' << readiness_echo::usage;
        return 2;
    }
    catch (std::exception const& error)
    {
        std::cerr << "readiness_echo: " << error.what() << '\n';
        return 1;
    }
}
