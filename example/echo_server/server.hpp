#pragma once

#include "context.hpp"
#include "session.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <list>
#include <memory>

namespace echo_server {

// Accepts connections on the loopback interface, and ends in order on SIGINT or SIGTERM: the run
// functions of the context return when the last session has ended.
class server
{
public:
    // Throws boost::system::system_error when it cannot listen there. Must outlive the run
    // functions.
    server(context& where, unsigned short port, session_kind kind);

    unsigned short port() const { return acceptor_.local_endpoint().port(); }

    // Of sessions that have ended.
    std::uint64_t sessions_served() const { return sessions_served_; }
    std::uint64_t bytes_served() const { return bytes_served_; }

private:
    void accept();
    void start_session(tcp_socket socket);
    void end_session(std::list<std::unique_ptr<session>>::iterator which);
    void stop();

    context& context_;
    with_executor<boost::asio::ip::tcp::acceptor> acceptor_;
    with_executor<boost::asio::signal_set> stop_signals_;
    with_executor<boost::asio::steady_timer> breath_;
    session_kind kind_;
    std::list<std::unique_ptr<session>> sessions_;
    std::uint64_t sessions_served_ = 0;
    std::uint64_t bytes_served_ = 0;
};

} // namespace echo_server
