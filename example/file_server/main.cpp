// Serves the files of a folder over HTTP/1.1 with Boost.Beast and plain Asio types: what makes it a
// Proactor program is the name of the context that they are constructed on.

#include "command_line.hpp"
#include "document_root.hpp"
#include "limits.hpp"
#include "open_descriptors.hpp"
#include "server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <proactor.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace {

namespace asio = boost::asio;

// Whoever waits for the file never sees it half written.
void write_port_file(std::filesystem::path const& file, unsigned short port)
{
    auto draft = file;
    draft += ".new";
    std::ofstream out(draft);
    out << port << std::endl;
    if (!out)
        throw std::runtime_error("cannot write " + draft.string());
    out.close();
    std::filesystem::rename(draft, file);
}

void serve(file_server::command_line const& wanted)
{
    proactor::io_context context;
    // The signal set comes first because its own descriptors stay as long as the context does: what
    // is counted from here on is what serving opens.
    asio::signal_set stop_signals(context, SIGINT, SIGTERM);
    auto const descriptors_before = file_server::open_descriptors();
    auto const in_flight_before = context.metrics().in_flight;

    auto const descriptor_limit = file_server::descriptor_limit();
    auto const bounds = file_server::fit_to_descriptors(
        {}, descriptor_limit - std::min(descriptor_limit, descriptors_before));

    file_server::totals sum;
    {
        file_server::server server(context, {wanted.address, wanted.port},
                                   file_server::document_root(wanted.root), stop_signals, bounds,
                                   wanted.copy);
        std::cout << "listening on " << server.endpoint() << '\n'
                  << "driver: " << context.metrics().driver << std::endl;
        if (!wanted.port_file.empty())
            write_port_file(wanted.port_file, server.endpoint().port());

        asio::co_spawn(context, server.run(), [](std::exception_ptr failure) {
            if (failure)
                std::rethrow_exception(failure);
        });
        context.run();
        sum = server.sum();
    }

    std::cout << "requests served: " << sum.requests << '\n'
              << "bytes sent: " << sum.bytes << '\n'
              << "files: " << (wanted.copy ? "read and sent" : "sent by the kernel") << ", "
              << sum.in_place << " bytes without a copy\n"
              << "open descriptors: before " << descriptors_before << " after "
              << file_server::open_descriptors() << '\n'
              << "operations in flight: " << context.metrics().in_flight << " (at the start "
              << in_flight_before << ')' << std::endl;
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        auto const wanted = file_server::parse_command_line({argv + 1, argv + argc});
        if (wanted.help)
            std::cout << file_server::usage;
        else
            serve(wanted);
        return 0;
    }
    catch (file_server::bad_arguments const& error)
    {
        std::cerr << "file_server: " << error.what() << '\n' << file_server::usage;
        return 2;
    }
    catch (std::exception const& error)
    {
        std::cerr << "file_server: " << error.what() << '\n';
        return 1;
    }
}
