// example/udp_echo, asked by a socket with control data.
#include <programs.hpp>

#include "program.hpp"

#include <proactor.hpp>

#include <boost/asio/ip/udp.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <string>

namespace asio = boost::asio;
using asio::ip::udp;

namespace {

unsigned short udp_port_of(test::program& server)
{
    auto const said = server.line();
    unsigned port = 0;
    BOOST_TEST_REQUIRE(std::sscanf(said.c_str(), "listening on port %u", &port) == 1, said);
    return static_cast<unsigned short>(port);
}

} // namespace

BOOST_AUTO_TEST_SUITE(udp_echo_program)

BOOST_AUTO_TEST_CASE(answers_from_where_it_was_asked)
{
    test::program server({EXAMPLE_UDP_ECHO, "--datagrams", "11", "--receives", "2"});
    auto const port = udp_port_of(server);
    proactor::io_context context;
    udp::socket client(context, {asio::ip::address_v4::loopback(), 0});
    client.set_option(proactor::receive_ecn(true));
    udp::endpoint const to(asio::ip::make_address_v4("127.0.0.3"), port);

    proactor::control_buffer_for<proactor::traffic_class> marked;
    marked.add(proactor::traffic_class::of(0, proactor::ecn::ect1));
    proactor::async_send_msg(client, asio::buffer("hello", 5), marked, to,
                             [](boost::system::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    std::string bytes(100, '.');
    proactor::control_buffer_for<proactor::traffic_class> control;
    proactor::async_receive_msg(
        client, asio::buffer(bytes), control,
        [&](boost::system::error_code ec, std::size_t n, proactor::message_info<udp::endpoint> i) {
            BOOST_TEST(!ec);
            BOOST_TEST(bytes.substr(0, n) == "hello");
            BOOST_TEST(i.sender == to);
        });
    BOOST_TEST(context.run_for(std::chrono::seconds(20)) == 2u);
    auto const traffic = control.get<proactor::traffic_class>();
    BOOST_TEST_REQUIRE(traffic.has_value());
    BOOST_TEST((traffic->ecn() == proactor::ecn::ect1));

    // Ten datagrams in one message come back one by one.
    context.restart();
    proactor::control_buffer_for<proactor::segment_size> segments;
    segments.add(proactor::segment_size{100});
    std::string const many(950, 'm');
    proactor::async_send_msg(client, asio::buffer(many), segments, to,
                             [](boost::system::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    std::size_t got = 0;
    for (int i = 0; i != 10; ++i)
        client.async_receive(asio::buffer(bytes),
                             [&](boost::system::error_code, std::size_t n) { got += n; });
    BOOST_TEST(context.run_for(std::chrono::seconds(20)) == 11u);
    BOOST_TEST(got == many.size());

    auto const end = server.end();
    BOOST_TEST(end.status == 0);
    BOOST_TEST(end.out.find("datagrams: 11, ") == 0u, end.out);
    BOOST_TEST(end.out.find("bytes: 955\n") != std::string::npos, end.out);
    BOOST_TEST(end.err == "");
}

BOOST_AUTO_TEST_CASE(answers_out_of_a_pool)
{
    // More receives than buffers, and more datagrams than both.
    test::program server({EXAMPLE_UDP_ECHO, "--address", "127.0.0.1", "--datagrams", "60", "--pool",
                          "2", "--receives", "8"});
    udp::endpoint const to(asio::ip::address_v4::loopback(), udp_port_of(server));
    proactor::io_context context;
    udp::socket client(context, {asio::ip::address_v4::loopback(), 0});
    std::string bytes(40'000, '.');
    std::size_t sent = 0;
    for (int round = 0; round != 10; ++round)
    {
        int got = 0;
        for (std::size_t size : {0u, 1u, 100u, 1500u, 9000u, 30'000u})
        {
            client.send_to(asio::buffer(std::string(size, static_cast<char>('a' + round))), to);
            sent += size;
        }
        for (int i = 0; i != 6; ++i)
        {
            client.async_receive(
                asio::buffer(bytes),
                [&](boost::system::error_code ec, std::size_t n)
                {
                    BOOST_TEST(!ec);
                    BOOST_TEST((bytes.substr(0, n)
                                == std::string(n, static_cast<char>('a' + round))));
                    ++got;
                });
        }
        context.restart();
        context.run_for(std::chrono::seconds(20));
        BOOST_TEST_REQUIRE(got == 6);
    }
    auto const end = server.end();
    BOOST_TEST(end.status == 0);
    BOOST_TEST(end.out == "datagrams: 60, in messages: 60, bytes: " + std::to_string(sent) + "\n");
    BOOST_TEST(end.err == "");
}

BOOST_AUTO_TEST_CASE(ends_by_a_signal)
{
    test::program server({EXAMPLE_UDP_ECHO, "--address", "127.0.0.1"});
    udp_port_of(server);
    server.signal(SIGTERM);
    auto const end = server.end();
    BOOST_TEST(end.status == 0);
    BOOST_TEST(end.out == "datagrams: 0, in messages: 0, bytes: 0\n");
}

BOOST_AUTO_TEST_CASE(refuses_bad_input)
{
    using words = std::vector<std::string>;
    for (auto const& bad : {words{"--port", "x"}, words{"--port"}, words{"--address", "nowhere"},
                            words{"--receives", "0"}, words{"--pool", "0"}, words{"--pool", "1025"},
                            words{"--datagrams", "0"}, words{"more"}})
    {
        words all{EXAMPLE_UDP_ECHO};
        all.insert(all.end(), bad.begin(), bad.end());
        auto const end = test::run(all);
        BOOST_TEST(end.status == 2);
        BOOST_TEST(end.err.find("usage: udp_echo") != std::string::npos);
    }
    auto const end = test::run({EXAMPLE_UDP_ECHO, "--address", "192.0.2.1"}); // RFC 5737: nobody's
    BOOST_TEST(end.status == 1);
    BOOST_TEST(end.err.find("udp_echo: ") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
