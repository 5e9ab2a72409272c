#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <proactor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <type_traits>

using boost::asio::ip::tcp;
using boost::system::error_code;

// Plain Asio names and an executor that hides its context: served by Proactor all the same.
static_assert(std::is_same_v<tcp::socket::executor_type, boost::asio::any_io_executor>);
static_assert(proactor::detail::hosted_executor<tcp::socket::executor_type>);

int main()
{
    proactor::io_context context;
    int handlers = 0;

    boost::asio::post(context, [&] { ++handlers; });

    boost::asio::steady_timer timer(context, std::chrono::milliseconds(1));
    timer.async_wait([&](const error_code& error) { handlers += !error; });
    const auto before = context.metrics().submissions;

    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    tcp::socket client(context);
    client.connect(acceptor.local_endpoint());
    tcp::socket server = acceptor.accept();
    char byte = 0;
    server.async_read_some(boost::asio::buffer(&byte, 1),
                           [&](const error_code& error, std::size_t) { handlers += !error; });
    boost::asio::write(client, boost::asio::buffer("x", 1));

    context.run();
    const auto submissions = context.metrics().submissions - before;
    std::printf("handlers: %d, submissions: %llu\n", handlers,
                static_cast<unsigned long long>(submissions));
    return handlers == 3 && byte == 'x' && submissions != 0 ? 0 : 1;
}
