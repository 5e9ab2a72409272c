// Accepts connections on the loopback interface, and closes each at once.
#include "support/context.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

/// How it accepts: by one operation that goes on, or by one for each connection.
#if !defined(PERF_STREAM)
#define PERF_STREAM 0
#endif

namespace {

using signal_set = perf::asio::basic_signal_set<perf::executor>;

class server
{
public:
    explicit server(perf::context& ctx)
        : acceptor_(ctx, {perf::asio::ip::address_v4::loopback(), 0}),
          signals_(ctx, SIGINT, SIGTERM)
    {
        signals_.async_wait([this](perf::error_code, int) { acceptor_.close(); });
        std::printf("listening on 127.0.0.1:%u\n", unsigned(acceptor_.local_endpoint().port()));
        std::fflush(stdout);
        accept();
    }

private:
    void accept()
    {
#if PERF_STREAM
        connections_.async_next(
            [this](perf::error_code ec, std::optional<perf::tcp_socket> socket) {
                if (socket)
                    socket->close();
                accepted(ec);
            });
#else
        acceptor_.async_accept([this](perf::error_code ec, perf::tcp_socket socket) {
            if (!ec)
                socket.close();
            accepted(ec);
        });
#endif
    }

    void accepted(perf::error_code ec)
    {
        if (!acceptor_.is_open())
            return;
        if (ec)
            throw boost::system::system_error(ec, "accept");
        accept();
    }

    perf::tcp_acceptor acceptor_;
    signal_set signals_;
#if PERF_STREAM
    proactor::accept_stream<perf::tcp_acceptor> connections_{acceptor_};
#endif
};

} // namespace

int main()
try
{
    perf::context ctx;
    server s(ctx);
    ctx.run();
    return 0;
}
catch (const std::exception& e)
{
    std::fprintf(stderr, "accept_churn: %s\n", e.what());
    return 1;
}
