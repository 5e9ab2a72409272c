// Datagrams that own their buffers, and streams that are not ours.
#include "completion.hpp"

#include <array>
#include <string>
#include <vector>

namespace asio = boost::asio;
using test::completion;
using test::error_code;
using test::udp;

namespace {

udp::endpoint any_port()
{
    return {asio::ip::address_v4::loopback(), 0};
}

} // namespace

BOOST_AUTO_TEST_SUITE(datagrams)

BOOST_AUTO_TEST_CASE(go_and_come_with_their_sender)
{
    test::context ctx;
    test::udp_socket a(ctx, any_port());
    test::udp_socket b(ctx, any_port());
    completion<std::string> sent;
    completion<std::string> got;
    udp::endpoint sender;
    proactor::async_receive_from(b, std::string(10, '.'), sender, got.handler());
    proactor::async_send_to(a, std::string("hello"), b.local_endpoint(), sent.handler());
    test::run(ctx);
    BOOST_TEST(sent.n == 5u);
    BOOST_TEST(got.n == 5u);
    BOOST_TEST(*got.buffer == "hello.....");
    BOOST_TEST(sender == a.local_endpoint());
}

BOOST_AUTO_TEST_CASE(can_own_the_sender_too)
{
    test::context ctx;
    test::udp_socket a(ctx, any_port());
    test::udp_socket b(ctx, any_port());
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> test::awaitable<> {
            co_await proactor::async_send_to(a, std::string("hello"), b.local_endpoint(),
                                             test::use_awaitable);
            auto [n, text, sender] = co_await proactor::async_receive_from(
                b, std::vector<char>(10), test::use_awaitable);
            BOOST_TEST(n == 5u);
            BOOST_TEST(std::string(text.data(), n) == "hello");
            BOOST_TEST(sender == a.local_endpoint());
            ended = true;
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(go_with_flags)
{
    test::context ctx;
    test::udp_socket a(ctx, any_port());
    test::udp_socket b(ctx, any_port());
    completion<std::string> sent, peeked, got;
    udp::endpoint sender;
    proactor::async_send_to(a, std::string("hello"), b.local_endpoint(),
                            asio::socket_base::message_do_not_route, sent.handler());
    test::run(ctx);
    BOOST_TEST(sent.n == 5u);
    proactor::async_receive_from(b, std::string(5, '.'), sender, asio::socket_base::message_peek,
                                 peeked.handler());
    test::run(ctx);
    BOOST_TEST(*peeked.buffer == "hello");
    BOOST_TEST(sender == a.local_endpoint());
    proactor::async_receive_from(b, std::string(5, '.'), sender, got.handler());
    test::run(ctx);
    BOOST_TEST(*got.buffer == "hello");
}

BOOST_AUTO_TEST_CASE(are_never_joined_and_are_cut)
{
    test::context ctx;
    test::udp_socket a(ctx, any_port());
    test::udp_socket b(ctx, any_port());
    a.connect(b.local_endpoint());
    b.connect(a.local_endpoint());
    completion<std::string> sent[3];
    completion<std::string> got[3];
    for (int i = 0; i != 3; ++i)
    {
        proactor::async_receive(b, std::string(3, '.'), got[i].handler());
        proactor::async_send(a, std::string(static_cast<std::size_t>(i) * 2, 'x'), 0,
                             sent[i].handler());
    }
    test::run(ctx);
    BOOST_TEST(*got[0].buffer == "...");
    BOOST_TEST(*got[1].buffer == "xx.");
    BOOST_TEST(*got[2].buffer == "xxx");
    BOOST_TEST(got[0].n == 0u);
    BOOST_TEST(got[2].n == 3u);
}

BOOST_AUTO_TEST_CASE(come_from_several_pieces)
{
    test::context ctx;
    test::udp_socket a(ctx, any_port());
    test::udp_socket b(ctx, any_port());
    using head_and_body = std::array<std::string, 2>;
    completion<head_and_body> sent;
    completion<head_and_body> got;
    udp::endpoint sender;
    proactor::async_send_to(a, head_and_body{"head", "body"}, b.local_endpoint(), sent.handler());
    proactor::async_receive_from(b, head_and_body{"....", "......"}, sender, got.handler());
    test::run(ctx);
    BOOST_TEST((*got.buffer == head_and_body{"head", "body.."}));
}

BOOST_AUTO_TEST_CASE(a_message_is_peeked_at)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    completion<std::string> sent;
    completion<std::string> peeked;
    completion<std::string> got;
    proactor::async_send(pair.a, std::string("twice"), sent.handler());
    proactor::async_receive(pair.b, std::string(5, '.'), asio::socket_base::message_peek,
                            peeked.handler());
    test::run(ctx);
    proactor::async_receive(pair.b, std::string(5, '.'), got.handler());
    test::run(ctx);
    BOOST_TEST(*peeked.buffer == "twice");
    BOOST_TEST(*got.buffer == "twice");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(streams_of_others)

// Asio's own socket on Asio's own context.
BOOST_AUTO_TEST_CASE(own_their_buffers_too)
{
    asio::io_context foreign;
    using socket = asio::basic_stream_socket<test::tcp, asio::io_context::executor_type>;
    asio::basic_socket_acceptor<test::tcp, asio::io_context::executor_type> acceptor(
        foreign, test::loopback());
    socket a(foreign);
    socket b(foreign);
    a.connect(acceptor.local_endpoint());
    acceptor.accept(b);
    constexpr std::size_t size = 4u << 20;
    completion<std::vector<char>> sent;
    completion<std::vector<char>> got;
    proactor::async_write(a, std::vector<char>(size, 'x'), sent.handler());
    proactor::async_read(b, std::vector<char>(size), got.handler());
    foreign.run();
    BOOST_TEST(sent.n == size);
    BOOST_TEST(got.n == size);
    BOOST_TEST((*got.buffer == *sent.buffer));

    // Cancelled between its parts it keeps what it has.
    foreign.restart();
    asio::cancellation_signal signal;
    proactor::async_read(b, std::vector<char>(8),
                         asio::bind_cancellation_slot(signal.slot(), got.handler()));
    a.write_some(asio::buffer("half", 4));
    foreign.run_for(std::chrono::milliseconds(50));
    signal.emit(asio::cancellation_type::terminal);
    foreign.run();
    BOOST_TEST(got.ec == asio::error::operation_aborted);
    BOOST_TEST(got.n == 4u);

    foreign.restart();
    a.close();
    proactor::async_read(b, std::vector<char>(8), got.handler());
    foreign.run();
    BOOST_TEST(got.ec == asio::error::eof);
    BOOST_TEST(got.n == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
