#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace file_server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

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

server::server(proactor::io_context& context, tcp::endpoint where, document_root root,
               asio::signal_set& stop_signals, limits bounds, bool copies_files)
    : shared_{context, std::move(root), bounds, {context.get_executor(), bounds.transfers}, {},
              copies_files},
      acceptor_(listen_on(context, where)), stop_signals_(stop_signals), wake_up_(context)
{
}

asio::awaitable<void> server::run()
{
    stop_signals_.async_wait([this](error_code error, int) {
        if (!error)
            stop();
    });
    co_await accept_until_stopped();

    for (auto& each : sessions_)
        each.finish();
    while (!sessions_.empty() && clock::now() < grace_end_)
        co_await session_end(grace_end_);

    shared_.transfers.close();
    for (auto& each : sessions_)
        each.abort();
    while (!sessions_.empty())
        co_await session_end(clock::time_point::max());

    stop_signals_.cancel();
}

asio::awaitable<void> server::accept_until_stopped()
{
    while (acceptor_.is_open())
    {
        if (sessions_.size() >= shared_.bounds.connections)
        {
            co_await session_end(clock::time_point::max());
            continue;
        }
        auto [error, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!error)
            start_session(std::move(socket));
        else if (acceptor_.is_open()) // the system is out of something: let it catch its breath
            co_await session_end(clock::now() + shared_.bounds.breath);
    }
}

asio::awaitable<void> server::session_end(clock::time_point deadline)
{
    wake_up_.expires_at(deadline);
    co_await wake_up_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void server::start_session(tcp::socket socket)
{
    auto const here = sessions_.emplace(sessions_.end(), shared_, std::move(socket));
    asio::co_spawn(shared_.context, here->run(), [this, here](std::exception_ptr failure) {
        sessions_.erase(here);
        wake_up_.cancel();
        try
        {
            if (failure)
                std::rethrow_exception(failure);
        }
        catch (std::exception const& error)
        {
            std::cerr << "file_server: a session ended: " << error.what() << std::endl;
        }
    });
}

void server::stop()
{
    error_code ignored;
    acceptor_.close(ignored);
    wake_up_.cancel();
    grace_end_ = clock::now() + shared_.bounds.grace;
    stop_signals_.async_wait([this](error_code error, int) {
        if (error)
            return;
        grace_end_ = clock::now();
        wake_up_.cancel();
    });
}

} // namespace file_server
