// Sends messages of 1 MiB to whoever connects on the loopback interface, one after the other.
#include "send_large/message.hpp"

#include "support/loopback_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <list>
#include <utility>
#include <vector>

/// How it sends: 0 as every program of Asio's does, 1 without a copy even where the system has had
/// to make one before, 2 as the library chooses.
#if !defined(PERF_ZERO_COPY)
#define PERF_ZERO_COPY 0
#endif

namespace {

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

class server : public perf::loopback_server
{
public:
    explicit server(perf::context& ctx) : loopback_server(ctx)
    {
        begin([this] {
            for (session& each : sessions_)
                each.close();
        });
        accept();
    }

private:
    void accept()
    {
        acceptor_.async_accept([this](perf::error_code ec, perf::tcp_socket socket) {
            if (!goes_on(ec))
                return;
            sessions_.emplace_back(std::move(socket));
            accept();
        });
    }

    std::list<session> sessions_;
};

} // namespace

int main()
{
    return perf::run_server<server>("send_large");
}
