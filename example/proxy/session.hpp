#pragma once

#include "traffic.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <proactor.hpp>

#include <cstddef>
#include <stdexcept>

namespace proxy {

// Why a session did not end in order.
struct session_failure : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

// One client and its connection to the target. What one of them sends goes to the other, so does
// the end of its stream, and an error of either is a reset to both.
class session
{
public:
    // How many buffers one direction holds, more or less: received ahead, and in sends that the
    // system still reads. Those last a round trip to the receiver, so they bound the throughput.
    static constexpr std::size_t received_ahead = 4;
    static constexpr std::size_t most_sends = 12;

    session(boost::asio::ip::tcp::socket client, proactor::buffer_pool& pool, totals& sum);

    // Returns when both directions have ended, or after `abort`. Throws session_failure. The
    // session must outlive it.
    boost::asio::awaitable<void> run(boost::asio::ip::tcp::endpoint target);

    void abort();

private:
    struct direction;

    boost::asio::awaitable<void> connect(boost::asio::ip::tcp::endpoint target);
    boost::asio::awaitable<void> relay(direction& d);
    void send(direction& d, proactor::pooled_buffer part);
    void fail(boost::system::error_code error);

    boost::asio::ip::tcp::socket client_;
    boost::asio::ip::tcp::socket target_;
    proactor::buffer_pool& pool_;
    totals& sum_;
    boost::system::error_code failure_; // the first; both sockets are closed then
};

} // namespace proxy
