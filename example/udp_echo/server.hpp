#pragma once

#include "command_line.hpp"

#include <proactor.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>

#include <cstdint>
#include <functional>

namespace udp_echo {

// Sends every datagram back, from the address that it was sent to and with its mark of congestion.
//
// Where the system joins datagrams of one sender they come, and go, in one message.
class server
{
public:
    // `stopped` is called once it has enough. Throws boost::system::system_error.
    server(proactor::io_context& context, command_line const& wanted,
           std::function<void()> stopped);

    void start();
    void stop();

    unsigned short port() const { return socket_.local_endpoint().port(); }
    std::uint64_t datagrams() const { return datagrams_; }
    std::uint64_t messages() const { return messages_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    boost::asio::awaitable<void> serve();

    command_line const wanted_;
    std::function<void()> const stopped_;
    boost::asio::ip::udp::socket socket_;
    std::uint64_t datagrams_ = 0;
    std::uint64_t messages_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace udp_echo
