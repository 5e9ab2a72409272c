// Accepts connections on the loopback interface, and closes each at once.
#include "support/loopback_server.hpp"

#include <optional>

/// How it accepts: by one operation that goes on, or by one for each connection.
#if !defined(PERF_STREAM)
#define PERF_STREAM 0
#endif

namespace {

class server : public perf::loopback_server
{
public:
    explicit server(perf::context& ctx) : loopback_server(ctx)
    {
        begin([] {});
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
        if (goes_on(ec))
            accept();
    }

#if PERF_STREAM
    proactor::accept_stream<perf::tcp_acceptor> connections_{acceptor_};
#endif
};

} // namespace

int main()
{
    return perf::run_server<server>("accept_churn");
}
