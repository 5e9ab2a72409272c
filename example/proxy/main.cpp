// Takes TCP connections to a target. Connections and data come by streams of completions, data in
// buffers of a pool, which are sent on from where they lie, without a copy where the system can.

#include "command_line.hpp"
#include "server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <proactor.hpp>

#include <csignal>
#include <exception>
#include <iostream>

namespace {

namespace asio = boost::asio;

void print(char const* where, proxy::traffic const& sum)
{
    std::cout << where << ": " << sum.bytes << " bytes, sends in place: " << sum.in_place
              << ", copied: " << sum.copied << '\n';
}

void serve(proxy::command_line const& wanted)
{
    proactor::io_context context;
    proxy::server server(context, wanted.listen, wanted.target, wanted.connections);
    std::cout << "listening on " << server.endpoint() << '\n'
              << "driver: " << context.metrics().driver << std::endl;

    asio::signal_set stop_signals(context, SIGINT, SIGTERM);
    stop_signals.async_wait([&server](boost::system::error_code error, int) {
        if (!error)
            server.stop();
    });
    asio::co_spawn(context, server.run(), [&stop_signals](std::exception_ptr failure) {
        stop_signals.cancel();
        if (failure)
            std::rethrow_exception(failure);
    });
    context.run();

    auto const& sum = server.sum();
    std::cout << "connections: " << sum.connections << ", failed: " << sum.failed << '\n';
    print("to the target", sum.to_target);
    print("to the client", sum.to_client);
    std::cout << std::flush;
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        auto const wanted = proxy::parse_command_line({argv + 1, argv + argc});
        if (wanted.help)
            std::cout << proxy::usage;
        else
            serve(wanted);
        return 0;
    }
    catch (proxy::bad_arguments const& error)
    {
        std::cerr << "proxy: " << error.what() << '\n' << proxy::usage;
        return 2;
    }
    catch (std::exception const& error)
    {
        std::cerr << "proxy: " << error.what() << '\n';
        return 1;
    }
}
