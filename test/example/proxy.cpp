// example/proxy, run as a user runs it.
#include <programs.hpp>

#include "program.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace test;

std::string place(unsigned short port)
{
    return "127.0.0.1:" + std::to_string(port);
}

unsigned short port_of(const handle& listener)
{
    return ntohs(address_of(listener).sin_port);
}

program proxy_to(unsigned short target, int connections)
{
    return program(
        {EXAMPLE_PROXY, "--target", place(target), "--connections", std::to_string(connections)});
}

/// What the proxy says at its end of one way.
struct way
{
    unsigned long long bytes = 0;
    unsigned long long in_place = 0;
    unsigned long long copied = 0;
};

way way_of(const std::string& out, const std::string& name)
{
    way w;
    const auto at = out.find(name + ": ");
    BOOST_TEST_REQUIRE(at != out.npos);
    BOOST_TEST(std::sscanf(out.c_str() + at + name.size(),
                           ": %llu bytes, sends in place: %llu, copied: %llu\n", &w.bytes,
                           &w.in_place, &w.copied)
               == 3);
    return w;
}

handle accepted(const handle& listener)
{
    pollfd p{listener.get(), POLLIN, 0};
    BOOST_TEST_REQUIRE(::poll(&p, 1, 10'000) == 1);
    return handle(checked(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
}

/// The error, or 0: bytes or the end; -1 if nothing comes.
int error_of_receive(const handle& h)
{
    pollfd p{h.get(), POLLIN, 0};
    if (::poll(&p, 1, 10'000) != 1)
        return -1;
    char c;
    return ::recv(h.get(), &c, 1, 0) < 0 ? errno : 0;
}

/// How much goes until nothing has for a while.
std::size_t fill(const handle& h, std::size_t most)
{
    const std::string some = bytes(1 << 20);
    std::size_t sum = 0;
    for (pollfd p{h.get(), POLLOUT, 0}; sum < most && ::poll(&p, 1, 300) == 1;)
        sum += static_cast<std::size_t>(checked(
            static_cast<int>(::send(h.get(), some.data(), some.size(), MSG_DONTWAIT)), "send"));
    return sum;
}

void reset(handle h)
{
    const linger at_once{1, 0};
    ::setsockopt(h.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy)

BOOST_AUTO_TEST_CASE(everything_goes_there_and_back)
{
    program echo({EXAMPLE_READINESS_ECHO, "--connections", "4"});
    program p = proxy_to(port_of(echo), 4);
    const auto port = port_of(p);
    const std::string driver = p.line();
    const std::string large = bytes(5'000'000); // more than the sockets hold
    {
        const handle idle = client_of(port);
        const handle first = client_of(port);
        const handle second = client_of(port);
        BOOST_TEST((echo_of(second, large) == large));
        BOOST_TEST(echo_of(first, "hello") == "hello");
        BOOST_TEST(echo_of(idle, "") == "");
    }
    BOOST_TEST((echo_of(client_of(port), large) == large));

    BOOST_TEST(echo.end().status == 0);
    const auto e = p.end();
    BOOST_TEST(e.status == 0);
    BOOST_TEST(e.err == "");
    BOOST_TEST(e.out.starts_with("connections: 4, failed: 0\n"));
    for (const char* name : {"to the target", "to the client"})
    {
        const way w = way_of(e.out, name);
        BOOST_TEST(w.bytes == 2 * large.size() + 5);
        BOOST_TEST(w.in_place + w.copied > 0u);
        BOOST_TEST(w.copied > 0u); // "hello", and everything on loopback
    }
    if (const char* name = std::getenv("PROACTOR_DRIVER"))
        BOOST_TEST(driver == "driver: " + std::string(name) + "\n");
}

BOOST_AUTO_TEST_CASE(each_end_may_end_first)
{
    const handle target = tcp_listener();
    program p = proxy_to(port_of(target), 2);
    const auto port = port_of(p);
    for (const bool client_first : {true, false})
    {
        const handle client = client_of(port);
        const handle server = accepted(target);
        const handle& first = client_first ? client : server;
        const handle& last = client_first ? server : client;
        write_all(first, "question");
        ::shutdown(first.get(), SHUT_WR);
        BOOST_TEST(read_some(last) == "question");
        BOOST_TEST(read_some(last) == "");
        for (int i = 0; i != 3; ++i) // the other direction goes on
        {
            write_all(last, "answer");
            BOOST_TEST(read_some(first) == "answer");
        }
        ::shutdown(last.get(), SHUT_WR);
        BOOST_TEST(error_of_receive(first) == 0);
    }
    const auto e = p.end();
    BOOST_TEST(e.status == 0);
    BOOST_TEST(e.err == "");
    BOOST_TEST(way_of(e.out, "to the target").bytes == 8u + 18u);
    BOOST_TEST(way_of(e.out, "to the client").bytes == 18u + 8u);
}

BOOST_AUTO_TEST_CASE(who_does_not_read_stops_the_sender_and_nobody_else)
{
    const handle target = tcp_listener();
    program p = proxy_to(port_of(target), 2);
    const auto port = port_of(p);
    const handle sender = client_of(port);
    const handle sleeper = accepted(target);
    constexpr std::size_t most = 128 << 20;
    const std::size_t sum = fill(sender, most);
    BOOST_TEST(sum < most);
    {
        const handle client = client_of(port);
        const handle server = accepted(target);
        write_all(client, "hello");
        BOOST_TEST(read_some(server) == "hello");
    }
    ::shutdown(sender.get(), SHUT_WR);
    std::size_t arrived = 0;
    for (std::string some; !(some = read_some(sleeper, 1 << 20)).empty();)
        arrived += some.size();
    BOOST_TEST(arrived == sum);
    ::shutdown(sleeper.get(), SHUT_WR);
    const auto e = p.end();
    BOOST_TEST(e.status == 0);
    BOOST_TEST(e.err == "");
    BOOST_TEST(way_of(e.out, "to the target").bytes == sum + 5);
}

BOOST_AUTO_TEST_CASE(a_reset_is_one_to_the_other_end)
{
    const handle target = tcp_listener();
    program p = proxy_to(port_of(target), 3);
    const auto port = port_of(p);
    for (const bool client_first : {true, false})
    {
        handle client = client_of(port);
        handle server = accepted(target);
        write_all(client, "hello");
        BOOST_TEST(read_some(server) == "hello");
        reset(std::move(client_first ? client : server));
        BOOST_TEST(error_of_receive(client_first ? server : client) == ECONNRESET);
    }
    {
        // In the middle of sends: the sender finds out, too.
        handle client = client_of(port);
        handle server = accepted(target);
        fill(client, 128 << 20);
        reset(std::move(server));
        BOOST_TEST(error_of_receive(client) == ECONNRESET);
    }
    const auto e = p.end();
    BOOST_TEST(e.status == 0);
    BOOST_TEST(e.out.starts_with("driver: "));
    BOOST_TEST(e.out.find("connections: 3, failed: 3\n") != e.out.npos);
    BOOST_TEST(e.err.starts_with("proxy: a connection failed: Connection reset by peer\n"));
}

BOOST_AUTO_TEST_CASE(a_target_that_refuses)
{
    std::optional<handle> target = tcp_listener();
    const auto nobody = port_of(*target);
    target.reset();
    program p = proxy_to(nobody, 2);
    const auto port = port_of(p);
    for (int i = 0; i != 2; ++i)
        BOOST_TEST(error_of_receive(client_of(port)) == ECONNRESET);
    const auto e = p.end();
    BOOST_TEST(e.status == 0);
    const std::string said = "proxy: cannot connect to " + place(nobody) + ": Connection refused\n";
    BOOST_TEST(e.err == said + said);
    BOOST_TEST(e.out.find("connections: 2, failed: 2\n") != e.out.npos);
}

BOOST_AUTO_TEST_CASE(a_signal_ends_it_with_connections_open)
{
    for (const int number : {SIGTERM, SIGINT})
    {
        const handle target = tcp_listener();
        program p({EXAMPLE_PROXY, "--target", place(port_of(target))});
        const auto port = port_of(p);
        const handle idle = client_of(port);
        const handle busy = accepted(target);
        const handle client = client_of(port);
        const handle server = accepted(target);
        fill(client, 128 << 20);
        p.signal(number);
        const auto e = p.end();
        BOOST_TEST(e.status == 0);
        BOOST_TEST(e.err == "");
        BOOST_TEST(e.out.find("connections: 2, failed: 0\n") != e.out.npos);
        BOOST_TEST(error_of_receive(idle) == ECONNRESET);
    }
}

BOOST_AUTO_TEST_CASE(more_clients_than_it_serves_at_once)
{
    program echo({EXAMPLE_READINESS_ECHO, "--connections", "150"});
    program p = proxy_to(port_of(echo), 150);
    const auto port = port_of(p);
    std::vector<handle> clients; // server::most_sessions is 128
    for (int i = 0; i != 150; ++i)
        clients.push_back(client_of(port));
    for (const auto& c : clients)
    {
        BOOST_TEST(echo_of(c, "hello") == "hello");
    }
    const auto e = p.end();
    BOOST_TEST(e.status == 0);
    BOOST_TEST(e.err == "");
    BOOST_TEST(e.out.find("connections: 150, failed: 0\n") != e.out.npos);
}

BOOST_AUTO_TEST_CASE(bad_input)
{
    using words = std::vector<std::string>;
    const std::string target = "127.0.0.1:1";
    for (const auto& bad :
         {words{}, words{"--target"}, words{"--target", "127.0.0.1"}, words{"--target", ":80"},
          words{"--target", "localhost:80"}, words{"--target", "127.0.0.1:0"},
          words{"--target", "127.0.0.1:65536"}, words{"--target", "127.0.0.1:80x"},
          words{"--target", "::1:80"}, words{"--target", "[127.0.0.1]:80"},
          words{"--target", target, "--listen", "127.0.0.1"},
          words{"--target", target, "--connections", "0"},
          words{"--target", target, "--connections", "-1"}, words{"--target", target, "more"}})
    {
        words all{EXAMPLE_PROXY};
        all.insert(all.end(), bad.begin(), bad.end());
        const auto e = run(all);
        BOOST_TEST(e.status == 2);
        BOOST_TEST(e.out == "");
        BOOST_TEST(e.err.starts_with("proxy: "));
        BOOST_TEST(e.err.find("usage: ") != std::string::npos);
    }
    const auto help = run({EXAMPLE_PROXY, "--help"});
    BOOST_TEST(help.status == 0);
    BOOST_TEST(help.out.starts_with("usage: "));

    const handle taken = tcp_listener();
    const auto e = run({EXAMPLE_PROXY, "--target", target, "--listen", place(port_of(taken))});
    BOOST_TEST(e.status == 1);
    BOOST_TEST(e.out == "");
    BOOST_TEST(e.err.starts_with("proxy: cannot listen on " + place(port_of(taken))));
}

BOOST_AUTO_TEST_SUITE_END()
