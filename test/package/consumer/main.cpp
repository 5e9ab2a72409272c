#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <proactor.hpp>

#include <chrono>
#include <cstdio>

int main()
{
    proactor::io_context context;
    int handlers = 0;

    boost::asio::post(context, [&] { ++handlers; });

    boost::asio::steady_timer timer(context, std::chrono::milliseconds(1));
    timer.async_wait([&](const boost::system::error_code& error) {
        if (!error)
            ++handlers;
    });

    const boost::asio::ip::tcp::socket socket(context);

    context.run();
    std::printf("handlers: %d\n", handlers);
    return handlers == 2 && !socket.is_open() ? 0 : 1;
}
