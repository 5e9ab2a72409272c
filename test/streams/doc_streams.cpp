// The samples of doc/streams.md, compiled and used: in the width in which plain Asio types are served.
#include "../support/context.hpp"

#if PROACTOR_TEST_DROP_IN

#include <boost/test/unit_test.hpp>

#include <utility>

namespace {

using boost::asio::ip::tcp;

boost::asio::awaitable<void> session(tcp::socket socket)
{
    co_await boost::asio::async_write(socket, boost::asio::buffer("hello", 5),
                                      boost::asio::use_awaitable);
}

boost::asio::awaitable<void> serve(proactor::accept_stream<tcp::acceptor>& connections)
{
    auto executor = co_await boost::asio::this_coro::executor;
    while (auto socket = co_await connections.async_next(boost::asio::use_awaitable))
        boost::asio::co_spawn(executor, session(std::move(*socket)), boost::asio::detached);
}

boost::asio::awaitable<void> count(tcp::socket socket, proactor::buffer_pool& pool, std::size_t& bytes)
{
    proactor::receive_stream received(socket, pool);
    while (auto data = co_await received.async_next(boost::asio::use_awaitable))
        bytes += data->size();
}

} // namespace

BOOST_AUTO_TEST_SUITE(samples_of_streams)

BOOST_AUTO_TEST_CASE(a_server_greets)
{
    proactor::io_context context;
    tcp::acceptor acceptor(context, test::loopback());
    proactor::accept_stream connections(acceptor);
    boost::asio::co_spawn(context, serve(connections), boost::asio::detached);
    tcp::socket client(context);
    client.connect(acceptor.local_endpoint());
    char text[5];
    boost::asio::async_read(client, boost::asio::buffer(text),
                            [&](auto...) { connections.close(); });
    test::run(context);
    BOOST_TEST(std::string(text, 5) == "hello");
}

BOOST_AUTO_TEST_CASE(bytes_are_counted)
{
    proactor::io_context context;
    proactor::buffer_pool pool(context, 8, 64);
    test::tcp_pair pair(context);
    std::size_t bytes = 0;
    boost::asio::co_spawn(context, count(std::move(pair.a), pool, bytes), boost::asio::detached);
    std::string const text(1000, 'x');
    boost::asio::async_write(pair.b, boost::asio::buffer(text), [&](auto...) { pair.b.close(); });
    test::run(context);
    BOOST_TEST(bytes == text.size());
}

BOOST_AUTO_TEST_SUITE_END()

#endif
