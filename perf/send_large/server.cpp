// Sends messages of 1 MiB to whoever connects on the loopback interface, one after the other.
#include "send_large/message.hpp"

#include "support/context.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <list>
#include <utility>
#include <vector>

/// How it sends: 0 as every program of Asio's does, 1 without a copy even where the system has had
/// to make one before, 2 as the library chooses.
#if !defined(PERF_ZERO_COPY)
#define PERF_ZERO_COPY 0
#endif

namespace {

using signal_set = perf::asio::basic_signal_set<perf::executor>;

class session
{
public:
    explicit session(perf::tcp_socket socket) : socket_(std::move(socket)) { send(); }

    void close() { socket_.close(); }

private:
    void send()
    {
#if PERF_ZERO_COPY
        proactor::zero_copy when;
        if (PERF_ZERO_COPY == 1)
            when = {.at_least = 0, .even_if_copied = true};
        proactor::async_write_zc(
            socket_, std::move(message_), when,
            [this](perf::error_code ec, std::size_t, std::vector<char> message, bool) {
                message_ = std::move(message);
                if (!ec)
                    send();
            });
#else
        perf::asio::async_write(socket_, perf::asio::buffer(message_),
                                [this](perf::error_code ec, std::size_t) {
                                    if (!ec)
                                        send();
                                });
#endif
    }

    perf::tcp_socket socket_;
    std::vector<char> message_ = std::vector<char>(perf::message_size, perf::message_byte);
};

class server
{
public:
    explicit server(perf::context& ctx)
        : acceptor_(ctx, {perf::asio::ip::address_v4::loopback(), 0}),
          signals_(ctx, SIGINT, SIGTERM)
    {
        signals_.async_wait([this](perf::error_code, int) {
            acceptor_.close();
            for (session& each : sessions_)
                each.close();
        });
        std::printf("listening on 127.0.0.1:%u\n", unsigned(acceptor_.local_endpoint().port()));
        std::fflush(stdout);
        accept();
    }

private:
    void accept()
    {
        acceptor_.async_accept([this](perf::error_code ec, perf::tcp_socket socket) {
            if (!acceptor_.is_open())
                return;
            if (ec)
                throw boost::system::system_error(ec, "accept");
            sessions_.emplace_back(std::move(socket));
            accept();
        });
    }

    perf::tcp_acceptor acceptor_;
    signal_set signals_;
    std::list<session> sessions_;
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
    std::fprintf(stderr, "send_large: %s\n", e.what());
    return 1;
}
