#pragma once

#include "session.hpp"
#include "shared_state.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>

namespace file_server {

// Listens, keeps the sessions, and ends them in order.
class server
{
public:
    // Throws std::runtime_error when it cannot listen there. `stop_signals` must outlive
    // the server: the first signal ends it in order, the second ends the grace period.
    server(proactor::io_context& context, boost::asio::ip::tcp::endpoint where, document_root root,
           boost::asio::signal_set& stop_signals, limits bounds, bool copies_files = false);

    boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    totals const& sum() const { return shared_.sum; }

    // Returns after a signal, when the last session has ended. The server must outlive it.
    boost::asio::awaitable<void> run();

private:
    using clock = boost::asio::steady_timer::clock_type;

    boost::asio::awaitable<void> accept_until_stopped();
    // Also returns when a signal comes.
    boost::asio::awaitable<void> session_end(clock::time_point deadline);
    void start_session(boost::asio::ip::tcp::socket socket);
    void stop();

    shared_state shared_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::signal_set& stop_signals_;
    boost::asio::steady_timer wake_up_; // cancelled when a session ends and when a signal comes
    std::list<session> sessions_;       // a session never moves: its coroutine refers to it
    clock::time_point grace_end_;       // set by the first signal, brought forward by the second
};

} // namespace file_server
