#include "session.hpp"

#include <utility>

namespace echo_server {

session::session(tcp_socket socket) : socket_(std::move(socket))
{
    // A peer that is gone already says so at the first read.
    boost::system::error_code ignored;
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

void session::stop()
{
    boost::system::error_code ignored;
    socket_.shutdown(boost::asio::socket_base::shutdown_both, ignored);
}

} // namespace echo_server
