#pragma once

#include "command_line.hpp"

#include <proactor.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace udp_echo {

// Sends every datagram back, from the address that it was sent to and with its mark of congestion.
//
// Where the system joins datagrams of one sender they come, and go, in one message. Out of a pool they come
// one by one and without control data, so the answer's own address is the system's choice.
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
    boost::asio::awaitable<void> serve_out_of_pool();
    void count(std::uint64_t datagrams, std::size_t bytes);

    command_line const wanted_;
    std::function<void()> const stopped_;
    boost::asio::ip::udp::socket socket_;
    std::optional<proactor::buffer_pool> pool_;
    std::uint64_t datagrams_ = 0;
    std::uint64_t messages_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace udp_echo
