// What servers of one acceptor have in common.
#pragma once

#include "support/context.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <exception>

namespace perf {

/// Listens on the loopback interface, prints the port, and ends on SIGINT and SIGTERM.
class loopback_server
{
public:
    explicit loopback_server(context& ctx)
        : acceptor_(ctx, {asio::ip::address_v4::loopback(), 0}), signals_(ctx, SIGINT, SIGTERM)
    {
    }

protected:
    /// Calls `at_end` when it has closed the acceptor.
    template <typename AtEnd>
    void begin(AtEnd at_end)
    {
        signals_.async_wait([this, at_end](error_code, int) {
            acceptor_.close();
            at_end();
        });
        std::printf("listening on 127.0.0.1:%u\n", unsigned(acceptor_.local_endpoint().port()));
        std::fflush(stdout);
    }

    /// False: the server ends. Throws if an accept has failed.
    bool goes_on(error_code ec) const
    {
        if (!acceptor_.is_open())
            return false;
        if (ec)
            throw boost::system::system_error(ec, "accept");
        return true;
    }

    tcp_acceptor acceptor_;

private:
    asio::basic_signal_set<executor> signals_;
};

/// The whole program of such a server.
template <typename Server>
int run_server(const char* name)
try
{
    context ctx;
    Server server(ctx);
    ctx.run();
    return 0;
}
catch (const std::exception& e)
{
    std::fprintf(stderr, "%s: %s\n", name, e.what());
    return 1;
}

} // namespace perf
