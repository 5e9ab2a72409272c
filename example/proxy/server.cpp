#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace proxy {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

// Large enough to be sent without a copy.
constexpr std::size_t buffer_size = 64 * 1024;

// So many that a peer that does not read keeps no buffers from other sessions. Only those that are
// used take memory.
constexpr std::size_t buffers =
    2 * server::most_sessions * (session::received_ahead + session::most_sends);

tcp::acceptor listen_on(proactor::io_context& context, tcp::endpoint where)
{
    try
    {
        return tcp::acceptor(context, where);
    }
    catch (boost::system::system_error const& error)
    {
        std::ostringstream text;
        text << "cannot listen on " << where << ": " << error.code().message();
        throw std::runtime_error(text.str());
    }
}

} // namespace

server::server(proactor::io_context& context, tcp::endpoint where, tcp::endpoint target,
               std::uint64_t connections)
    : context_(context), pool_(context, buffers, buffer_size), acceptor_(listen_on(context, where)),
      clients_(acceptor_), target_(target), to_accept_(connections),
      one_ended_(context, proactor::event_reset::automatic), breath_(context)
{
}

asio::awaitable<void> server::run()
{
    co_await accept();
    error_code ignored;
    acceptor_.close(ignored);
    while (!sessions_.empty())
        co_await one_ended_.async_wait(as_values);
}

asio::awaitable<void> server::accept()
{
    while (to_accept_ != 0)
    {
        if (sessions_.size() == most_sessions)
        {
            co_await one_ended_.async_wait(as_values);
            continue;
        }
        auto [error, client] = co_await clients_.async_next(as_values);
        if (to_accept_ == 0) // stopped meanwhile
            co_return;
        if (client)
        {
            --to_accept_;
            start_session(std::move(*client));
            continue;
        }
        // The system is out of something, descriptors as a rule: sessions that end give it back.
        std::cerr << "proxy: cannot accept: " << error.message() << std::endl;
        breath_.expires_after(std::chrono::milliseconds(100));
        co_await breath_.async_wait(as_values);
    }
}

void server::start_session(tcp::socket client)
{
    auto const here = sessions_.emplace(sessions_.end(), std::move(client), pool_, sum_);
    asio::co_spawn(context_, here->run(target_), [this, here](std::exception_ptr failure) {
        sessions_.erase(here);
        ++sum_.connections;
        one_ended_.notify();
        try
        {
            if (failure)
                std::rethrow_exception(failure);
        }
        catch (session_failure const& error)
        {
            ++sum_.failed;
            std::cerr << "proxy: " << error.what() << std::endl;
        }
    });
}

void server::stop()
{
    to_accept_ = 0;
    clients_.close();
    breath_.cancel();
    for (auto& each : sessions_)
        each.abort();
}

} // namespace proxy
