// An echo server, its client and a timer, all on one context. The same program stands twice in this
// folder; only the line that names the context differs.

#include <boost/asio.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;
using asio::ip::tcp;
using io_context = proactor::io_context;

asio::awaitable<void> echo(tcp::acceptor& acceptor)
{
    tcp::socket peer = co_await acceptor.async_accept(asio::use_awaitable);
    std::array<char, 1024> data;
    for (;;)
    {
        auto const [error, size] =
            co_await peer.async_read_some(asio::buffer(data), asio::as_tuple(asio::use_awaitable));
        if (error)
            break;
        co_await asio::async_write(peer, asio::buffer(data, size), asio::use_awaitable);
    }
}

asio::awaitable<void> client(tcp::endpoint server)
{
    auto const executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor);
    co_await socket.async_connect(server, asio::use_awaitable);

    asio::steady_timer pause(executor);
    for (std::string const word : {"one", "two", "three"})
    {
        pause.expires_after(std::chrono::milliseconds(10));
        co_await pause.async_wait(asio::use_awaitable);

        co_await asio::async_write(socket, asio::buffer(word), asio::use_awaitable);
        std::string reply(word.size(), '\0');
        co_await asio::async_read(socket, asio::buffer(reply), asio::use_awaitable);
        std::cout << "sent " << word << ", got " << reply << '\n';
    }
}

int main()
{
    io_context context;
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    auto const rethrow = [](std::exception_ptr failure) {
        if (failure)
            std::rethrow_exception(failure);
    };
    asio::co_spawn(context, echo(acceptor), rethrow);
    asio::co_spawn(context, client(acceptor.local_endpoint()), rethrow);
    context.run();
    std::cout << "nothing left to do\n";
}
