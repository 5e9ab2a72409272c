// example/driver_by_hand and example/readiness_echo, run as a user runs them.
#include <programs.hpp>

#include "program.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>
#include <vector>

namespace {

using namespace test;

/// The system's own opinion.
std::string cksum(const std::string& path)
{
    const auto e = run({"/bin/sh", "-c", "cksum \"$1\"", "sh", path});
    BOOST_TEST_REQUIRE(e.status == 0);
    return e.out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(driver_by_hand)

BOOST_AUTO_TEST_CASE(sums_are_those_of_cksum)
{
    for (const std::size_t size : {0, 1, 65'535, 65'536, 65'537, 3'000'000})
    {
        temporary_file f;
        write_all(f.file(), bytes(size));
        const auto expected = cksum(f.path());
        for (const char* depth : {"1", "3", "64"})
        {
            const auto e = run({EXAMPLE_DRIVER_BY_HAND, "--depth", depth, f.path()});
            BOOST_TEST(e.status == 0);
            BOOST_TEST(e.out == expected);
            BOOST_TEST(e.err == "");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_bad_file_does_not_keep_the_others)
{
    temporary_file f;
    write_all(f.file(), bytes(200'000));
    const auto expected = cksum(f.path());
    const auto missing = std::string(f.path()) + ".missing";
    const auto e = run({EXAMPLE_DRIVER_BY_HAND, f.path(), missing, "/", f.path()});
    BOOST_TEST(e.status == 2);
    BOOST_TEST(e.out == expected + expected);
    BOOST_TEST(e.err.find("driver_by_hand: " + missing + ": ") != std::string::npos);
    BOOST_TEST(e.err.find("driver_by_hand: /: ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bad_arguments)
{
    using words = std::vector<std::string>;
    for (const auto& bad :
         {words{}, words{"--depth"}, words{"--depth", "0", "x"}, words{"--depth", "2000", "x"},
          words{"--depth", "4y", "x"}, words{"--deep", "4", "x"}, words{"--"}})
    {
        words all{EXAMPLE_DRIVER_BY_HAND};
        all.insert(all.end(), bad.begin(), bad.end());
        const auto e = run(all);
        BOOST_TEST(e.status == 2);
        BOOST_TEST(e.out == "");
        BOOST_TEST(e.err.starts_with("driver_by_hand: "));
        BOOST_TEST(e.err.find("usage: ") != std::string::npos);
    }
    const auto help = run({EXAMPLE_DRIVER_BY_HAND, "--help"});
    BOOST_TEST(help.status == 0);
    BOOST_TEST(help.out.starts_with("usage: "));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(readiness_echo)

BOOST_AUTO_TEST_CASE(everything_comes_back_until_enough_connections_have_ended)
{
    program server({EXAMPLE_READINESS_ECHO, "--connections", "5"});
    const auto port = port_of(server);
    const std::string large = bytes(5'000'000); // more than the sockets hold
    {
        const handle idle = client_of(port);
        const handle first = client_of(port);
        const handle second = client_of(port);
        BOOST_TEST((echo_of(second, large) == large));
        BOOST_TEST(echo_of(first, "hello") == "hello");
        BOOST_TEST(echo_of(idle, "") == "");
    }
    BOOST_TEST(echo_of(client_of(port), "again") == "again");
    {
        const handle rude = client_of(port);
        write_all(rude, "x");
        const linger reset{1, 0};
        ::setsockopt(rude.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    const auto e = server.end();
    BOOST_TEST(e.status == 0);
    BOOST_TEST(e.out.starts_with("connections served: 5\nbytes echoed: "));
    BOOST_TEST(e.err == "");
}

BOOST_AUTO_TEST_CASE(a_signal_ends_it_with_connections_open)
{
    for (const int number : {SIGTERM, SIGINT})
    {
        program server({EXAMPLE_READINESS_ECHO});
        const handle open = client_of(port_of(server));
        write_all(open, "hello");
        BOOST_TEST(read_some(open) == "hello");
        server.signal(number);
        const auto e = server.end();
        BOOST_TEST(e.status == 0);
        BOOST_TEST(e.out == "connections served: 1\nbytes echoed: 5\n");
        BOOST_TEST(read_some(open) == "");
    }
}

BOOST_AUTO_TEST_CASE(bad_input)
{
    using words = std::vector<std::string>;
    for (const auto& bad : {words{"--port"}, words{"--port", "65536"}, words{"--port", "x"},
                            words{"--connections", "0"}, words{"--connections", "-1"}, words{"7"}})
    {
        words all{EXAMPLE_READINESS_ECHO};
        all.insert(all.end(), bad.begin(), bad.end());
        const auto e = run(all);
        BOOST_TEST(e.status == 2);
        BOOST_TEST(e.out == "");
        BOOST_TEST(e.err.starts_with("readiness_echo: "));
    }
    const handle taken = tcp_listener();
    const auto e =
        run({EXAMPLE_READINESS_ECHO, "--port", std::to_string(ntohs(address_of(taken).sin_port))});
    BOOST_TEST(e.status == 1);
    BOOST_TEST(e.err.starts_with("readiness_echo: bind"));
}

BOOST_AUTO_TEST_SUITE_END()
