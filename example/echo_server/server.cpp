#include "server.hpp"

#include <chrono>
#include <csignal>
#include <iostream>
#include <iterator>
#include <system_error>
#include <utility>

namespace echo_server {

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

std::unique_ptr<session> make_session(session_kind kind, tcp_socket socket)
{
    switch (kind)
    {
    case session_kind::coroutine:
        break;
    case session_kind::callback:
        return make_callback_session(std::move(socket));
    case session_kind::future:
        return make_future_session(std::move(socket));
    }
    return make_coroutine_session(std::move(socket));
}

} // namespace

server::server(context& where, unsigned short port, session_kind kind)
    : context_(where), acceptor_(where, {boost::asio::ip::address_v4::loopback(), port}),
      stop_signals_(where, SIGINT, SIGTERM), breath_(where), kind_(kind)
{
    stop_signals_.async_wait([this](error_code error, int) {
        if (!error)
            stop();
    });
    accept();
}

void server::accept()
{
    acceptor_.async_accept([this](error_code error, tcp_socket socket) {
        if (!acceptor_.is_open())
            return;
        if (!error)
        {
            start_session(std::move(socket));
            return accept();
        }
        // The system is out of something, descriptors as a rule: sessions that end give it back.
        breath_.expires_after(std::chrono::milliseconds(20));
        breath_.async_wait([this](error_code) {
            if (acceptor_.is_open())
                accept();
        });
    });
}

void server::start_session(tcp_socket socket)
{
    auto const here = sessions_.insert(sessions_.end(), make_session(kind_, std::move(socket)));
    try
    {
        (*here)->start([this, here] { end_session(here); });
    }
    catch (std::system_error const& error) // no thread for it
    {
        std::cerr << "echo_server: a session could not start: " << error.what() << std::endl;
        sessions_.erase(here);
    }
}

void server::end_session(std::list<std::unique_ptr<session>>::iterator which)
{
    ++sessions_served_;
    bytes_served_ += (*which)->bytes();
    sessions_.erase(which);
    if (sessions_.empty() && !acceptor_.is_open())
        breath_.cancel();
}

void server::stop()
{
    error_code ignored;
    acceptor_.close(ignored);
    breath_.cancel();
    for (auto& each : sessions_)
        each->stop();
    if (sessions_.empty())
        return;
    // One that has not ended by then is given up.
    breath_.expires_after(std::chrono::seconds(1));
    breath_.async_wait([this](error_code error) {
        if (!error)
            context_.stop();
    });
}

} // namespace echo_server
