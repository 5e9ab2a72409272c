// Sends UDP datagrams back: messages with control data, whose buffers the operations own, or plain ones in
// buffers of a pool.

#include "command_line.hpp"
#include "server.hpp"

#include <proactor.hpp>

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <iostream>

namespace {

void serve(udp_echo::command_line const& wanted)
{
    proactor::io_context context;
    boost::asio::signal_set signals(context, SIGTERM, SIGINT);
    udp_echo::server server(context, wanted, [&] { signals.cancel(); });
    signals.async_wait([&](boost::system::error_code ec, int) {
        if (!ec)
            server.stop();
    });
    std::cout << "listening on port " << server.port() << std::endl;
    server.start();
    context.run();
    std::cout << "datagrams: " << server.datagrams() << ", in messages: " << server.messages()
              << ", bytes: " << server.bytes() << std::endl;
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        auto const wanted = udp_echo::parse_command_line({argv + 1, argv + argc});
        if (wanted.help)
            std::cout << udp_echo::usage;
        else
            serve(wanted);
        return 0;
    }
    catch (udp_echo::bad_arguments const& error)
    {
        std::cerr << "udp_echo: " << error.what() << '\n' << udp_echo::usage;
        return 2;
    }
    catch (std::exception const& error)
    {
        std::cerr << "udp_echo: " << error.what() << '\n';
        return 1;
    }
}
