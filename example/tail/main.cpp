// Prints the end of a file and what is appended to it: reads at positions, the file's changes
// through a descriptor, and standard output, none of which blocks the loop.

#include "command_line.hpp"
#include "follower.hpp"

#include <proactor.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <iostream>

namespace {

void follow(tail::command_line const& wanted)
{
    proactor::io_context context;
    tail::follower follower(context, wanted);
    boost::asio::signal_set signals(context);
    if (wanted.follow)
    {
        signals.add(SIGTERM);
        signals.add(SIGINT);
        signals.async_wait([&](boost::system::error_code ec, int) {
            if (!ec)
                follower.stop();
        });
    }
    std::exception_ptr failed;
    boost::asio::co_spawn(context, follower.run(), [&](std::exception_ptr e) {
        failed = e;
        signals.cancel();
    });
    context.run();
    if (failed)
        std::rethrow_exception(failed);
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        auto const wanted = tail::parse_command_line({argv + 1, argv + argc});
        if (wanted.help)
            std::cout << tail::usage;
        else
            follow(wanted);
        return 0;
    }
    catch (tail::bad_arguments const& error)
    {
        std::cerr << "tail: " << error.what() << '\n' << tail::usage;
        return 2;
    }
    catch (std::exception const& error)
    {
        std::cerr << "tail: " << error.what() << '\n';
        return 1;
    }
}
