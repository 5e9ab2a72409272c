#pragma once

#include "session.hpp"
#include "traffic.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <proactor.hpp>

#include <cstddef>
#include <cstdint>
#include <list>

namespace proxy {

// Accepts connections and takes each to the target, in a session of its own.
class server
{
public:
    // More wait until one ends, some of them accepted already.
    static constexpr std::size_t most_sessions = 128;

    // Listens at once. Throws std::runtime_error when it cannot.
    server(proactor::io_context& context, boost::asio::ip::tcp::endpoint where,
           boost::asio::ip::tcp::endpoint target, std::uint64_t connections);

    boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    totals const& sum() const { return sum_; }

    // Returns when so many connections have ended, or after `stop`. The server must outlive it.
    boost::asio::awaitable<void> run();

    // Accepts no more and aborts every session.
    void stop();

private:
    boost::asio::awaitable<void> accept();
    void start_session(boost::asio::ip::tcp::socket client);

    proactor::io_context& context_;
    proactor::buffer_pool pool_;
    boost::asio::ip::tcp::acceptor acceptor_;
    proactor::accept_stream<boost::asio::ip::tcp::acceptor> clients_;
    boost::asio::ip::tcp::endpoint target_;
    std::uint64_t to_accept_;
    std::list<session> sessions_; // a session never moves: its coroutine refers to it
    proactor::event one_ended_;
    boost::asio::steady_timer breath_;
    totals sum_;
};

} // namespace proxy
