// Streams of local sockets, of bytes and of packets.
#include <proactor/accept_stream.hpp>
#include <proactor/receive_stream.hpp>

#include "../support/stream_pairs.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <unistd.h>

namespace asio = boost::asio;
using proactor::pooled_buffer;

namespace {

// A name in the working directory.
struct socket_file
{
    socket_file() { ::unlink(path.c_str()); }
    ~socket_file() { ::unlink(path.c_str()); }

    std::string const path = "proactor-streams-" + std::to_string(::getpid());
};

// The next of a stream, or nothing at its end; an error fails.
template <typename Item, typename Stream>
std::optional<Item> next(test::context& ctx, Stream& stream)
{
    std::optional<Item> got;
    int calls = 0;
    stream.async_next([&](test::error_code ec, std::optional<Item> item) {
        BOOST_TEST(!ec);
        ++calls;
        got = std::move(item);
    });
    BOOST_TEST(calls == 0);
    test::run(ctx);
    BOOST_TEST(calls == 1);
    return got;
}

std::string text_of(std::optional<pooled_buffer> const& b)
{
    return b ? std::string(reinterpret_cast<char const*>(b->data()), b->size()) : "the end";
}

template <typename Acceptor, typename Socket>
void check_connections()
{
    using protocol = typename Socket::protocol_type;
    test::context ctx;
    socket_file const name;
    Acceptor acceptor(ctx, typename protocol::endpoint(name.path));
    proactor::accept_stream connections(acceptor);
    for (int i = 0; i != 3; ++i)
    {
        Socket client(ctx);
        client.connect(acceptor.local_endpoint());
        auto server = next<Socket>(ctx, connections);
        BOOST_TEST_REQUIRE(server.has_value());
        client.send(asio::buffer("text", 4), 0);
        std::string got(5, '.');
        BOOST_TEST(::recv(server->native_handle(), got.data(), got.size(), 0) == 4);
        BOOST_TEST(got == "text.");
    }
    connections.close();
    BOOST_TEST(!next<Socket>(ctx, connections));
}

} // namespace

BOOST_AUTO_TEST_SUITE(local_streams)

BOOST_AUTO_TEST_CASE(of_connections)
{
    check_connections<test::local_acceptor, test::local_socket>();
}

BOOST_AUTO_TEST_CASE(of_connections_that_carry_packets)
{
    check_connections<test::packet_acceptor, test::packet_socket>();
}

BOOST_AUTO_TEST_CASE(of_bytes)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 4, 4);
    auto pair = test::local_stream(ctx);
    proactor::receive_stream received(pair.reader, pool);
    pair.writer.send(asio::buffer("012345", 6));
    BOOST_TEST(text_of(next<pooled_buffer>(ctx, received)) == "0123");
    BOOST_TEST(text_of(next<pooled_buffer>(ctx, received)) == "45");
    pair.writer.close();
    BOOST_TEST(text_of(next<pooled_buffer>(ctx, received)) == "the end");
}

BOOST_AUTO_TEST_CASE(of_packets)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 4, 4);
    auto pair = test::packets(ctx);
    proactor::receive_stream received(pair.reader, pool);
    for (std::string const text : {"one", "two", "more than fits"})
        pair.writer.send(asio::buffer(text), 0);
    BOOST_TEST(text_of(next<pooled_buffer>(ctx, received)) == "one");
    BOOST_TEST(text_of(next<pooled_buffer>(ctx, received)) == "two");
    BOOST_TEST(text_of(next<pooled_buffer>(ctx, received)) == "more");
    received.close(); // by its own, for the system tells the end as it tells a packet without bytes
    BOOST_TEST(text_of(next<pooled_buffer>(ctx, received)) == "the end");
}

BOOST_AUTO_TEST_SUITE_END()
