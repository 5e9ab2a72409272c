// Flags of messages, which are those of Asio's own sends and receives.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <sys/socket.h>

namespace asio = boost::asio;
using asio::socket_base;
using test::error_code;
using test::udp;

namespace {

using control = proactor::control_buffer<64>;

struct sent
{
    int calls = 0;
    std::size_t n = 0;

    auto handler()
    {
        return [this](error_code ec, std::size_t bytes, auto&&...) {
            BOOST_TEST(!ec, ec.message());
            ++calls;
            n = bytes;
        };
    }
};

struct received : sent
{
    int flags = 0;

    auto handler()
    {
        return [this](error_code ec, std::size_t bytes, auto&&... rest) {
            sent::handler()(ec, bytes);
            flags = std::get<sizeof...(rest) - 1>(std::forward_as_tuple(rest...)).flags;
        };
    }
};

template <typename Context, typename Socket>
void urgent_byte(Context& ctx, Socket& from, Socket& to)
{
    char byte = 0;
    control in, out;
    received got;
    sent told;
    // The one before the urgent byte is not what is waited for.
    asio::write(from, asio::buffer("x", 1));
    proactor::async_receive_msg(to, asio::buffer(&byte, 1), in, socket_base::message_out_of_band,
                                got.handler());
    ctx.poll();
    proactor::async_send_msg(from, asio::buffer("!", 1), out, socket_base::message_out_of_band,
                             told.handler());
    test::run(ctx);
    BOOST_TEST(told.calls == 1);
    BOOST_TEST(told.n == 1u);
    BOOST_TEST(got.calls == 1);
    BOOST_TEST(byte == '!');
    BOOST_TEST((got.flags & MSG_OOB) != 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(flags)

BOOST_AUTO_TEST_CASE(bytes_that_overtake_others)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    urgent_byte(ctx, pair.a, pair.b);
    received got;
    sent told;
    char x;
    asio::read(pair.b, asio::buffer(&x, 1));
    proactor::async_send_msg(pair.a, std::string("?"), control(), socket_base::message_out_of_band,
                             told.handler());
    proactor::async_receive_msg(pair.b, std::vector<char>(1), control(),
                                socket_base::message_out_of_band, got.handler());
    test::run(ctx);
    BOOST_TEST(told.calls == 1);
    BOOST_TEST(got.calls == 1);
    BOOST_TEST((got.flags & MSG_OOB) != 0);
}

BOOST_AUTO_TEST_CASE(bytes_that_overtake_others_on_foreign_sockets)
{
    asio::io_context ctx;
    asio::ip::tcp::acceptor acceptor(ctx, test::loopback());
    asio::ip::tcp::socket a(ctx), b(ctx);
    a.connect(acceptor.local_endpoint());
    acceptor.accept(b);
    urgent_byte(ctx, a, b);
}

BOOST_AUTO_TEST_CASE(parts_that_leave_as_one_datagram)
{
    test::context ctx;
    test::udp_socket from(ctx, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    test::udp_socket to(ctx, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    udp::endpoint const receiver = to.local_endpoint();
    control none;
    sent told;
    proactor::async_send_msg(from, asio::buffer("ab", 2), none, receiver, MSG_MORE, told.handler());
    proactor::async_send_msg(from, std::string("cd"), control(), receiver, MSG_MORE,
                             told.handler());
    proactor::async_send_msg(from, asio::buffer("e", 1), none, receiver, told.handler());
    test::run(ctx);
    BOOST_TEST(told.calls == 3);
    char bytes[9];
    BOOST_TEST(to.receive(asio::buffer(bytes)) == 5u);
    BOOST_TEST(std::string(bytes, 5) == "abcde");
}

// Asio's operations try without waiting anyway, and then wait.
BOOST_AUTO_TEST_CASE(the_one_that_says_not_to_wait)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    control in, out;
    std::vector<char> bytes(100'000);
    pair.a.non_blocking(true);
    error_code ec;
    std::size_t filled = 0;
    while (!ec)
        filled += pair.a.write_some(asio::buffer(bytes), ec);
    sent told;
    received got;
    proactor::async_send_msg(pair.a, asio::buffer(bytes, 1), out, MSG_DONTWAIT, told.handler());
    proactor::async_receive_msg(pair.a, asio::buffer(bytes), in, MSG_DONTWAIT, got.handler());
    ctx.poll();
    BOOST_TEST(told.calls == 0);
    BOOST_TEST(got.calls == 0);
    asio::write(pair.b, asio::buffer("x", 1));
    std::vector<char> sink(filled);
    asio::read(pair.b, asio::buffer(sink));
    test::run(ctx);
    BOOST_TEST(told.calls == 1);
    BOOST_TEST(told.n == 1u);
    BOOST_TEST(got.calls == 1);
    BOOST_TEST(got.n == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
