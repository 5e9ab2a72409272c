// close takes effect at once, whoever runs the context meanwhile and however: the peer sees the end
// of the stream, the port is free, nobody accepts for the closed acceptor.
#include "clean_process.hpp"
#include "loop.hpp"

#include <cerrno>
#include <functional>

namespace asio = boost::asio;

namespace {

constexpr int rounds = 50;

using function = std::function<void()>;

// Calls `start`, which starts operations, and `close`, with the loop in some state between the two;
// `close` is followed by checks while nothing has changed. Ends when the operations have ended.
using place = void (*)(test::context& ctx, function const& start, function const& close);

void nobody_ran(test::context& ctx, function const& start, function const& close)
{
    start();
    close();
    test::run(ctx);
}

void between_runs(test::context& ctx, function const& start, function const& close)
{
    start();
    ctx.poll();
    close();
    test::run(ctx);
}

void in_a_handler(test::context& ctx, function const& start, function const& close)
{
    asio::post(ctx, start);
    ctx.poll();
    asio::post(ctx, close);
    test::run(ctx);
}

void in_the_handler_that_started(test::context& ctx, function const& start, function const& close)
{
    asio::post(ctx, [&] {
        start();
        close();
    });
    test::run(ctx);
}

void while_the_loop_sleeps(test::context& ctx, function const& start, function const& close)
{
    test::loop loop(ctx);
    loop.call_and_sleep(start);
    close();
    loop.leave();
    test::run(ctx);
}

void while_the_loop_computes(test::context& ctx, function const& start, function const& close)
{
    test::loop loop(ctx);
    loop.call_and_sleep(start);
    loop.call_and_compute([] {});
    close();
    loop.leave();
    test::run(ctx);
}

void while_the_handler_that_started_computes(test::context& ctx, function const& start,
                                             function const& close)
{
    test::loop loop(ctx);
    loop.call_and_compute(start);
    close();
    loop.leave();
    test::run(ctx);
}

void after_the_loop_has_gone(test::context& ctx, function const& start, function const& close)
{
    {
        test::loop loop(ctx);
        loop.call_and_sleep(start);
    }
    close();
    test::run(ctx);
}

// A loopback address that no other program uses: the system would give it a port that was just freed.
asio::ip::address_v4 own_address()
{
    return asio::ip::address_v4(0x7f000002u | (static_cast<unsigned>(::getpid()) & 0x3fffff) << 2);
}

sockaddr_in own_address_at(unsigned short port) noexcept
{
    sockaddr_in a = test::loopback_address(port);
    a.sin_addr.s_addr = htonl(own_address().to_uint());
    return a;
}

// The handle of a listener, or none.
test::handle listen_at(unsigned short port, bool reuse)
{
    test::handle h = test::inet_socket();
    int const on = reuse;
    ::setsockopt(h.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in a = own_address_at(port);
    if (::bind(h.get(), test::generic(a), sizeof a) != 0 || ::listen(h.get(), 8) != 0)
        return {};
    return h;
}

bool refused(unsigned short port)
{
    test::handle const h = test::inet_socket();
    sockaddr_in a = own_address_at(port);
    return ::connect(h.get(), test::generic(a), sizeof a) != 0 && errno == ECONNREFUSED;
}

// What the place did not do at once, counted.
void connection_ends_at_once(place at)
{
    int late = 0;
    int aborted = 0;
    for (int round = 0; round < rounds; ++round)
    {
        test::context ctx;
        test::handle const listener = test::tcp_listener();
        test::tcp_socket socket(ctx);
        socket.connect(test::loopback(ntohs(test::address_of(listener).sin_port)));
        test::handle const peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        char bytes[2];
        auto const count = [&](test::error_code ec, auto&&...) {
            aborted += ec == asio::error::operation_aborted;
        };
        at(
            ctx,
            [&] {
                socket.async_read_some(asio::buffer(&bytes[0], 1), count);
                socket.async_read_some(asio::buffer(&bytes[1], 1), count);
                socket.async_wait(test::tcp_socket::wait_error, count);
            },
            [&] {
                socket.close();
                late += !test::ends_at_once(peer);
            });
    }
    BOOST_TEST(late == 0);
    BOOST_TEST(aborted == 3 * rounds);
}

// A port where nobody has been connected needs no permission to be used again.
void port_is_free_at_once(place at)
{
    int taken = 0;
    int ghosts = 0;
    int aborted = 0;
    int accepted = 0;
    for (int round = 0; round < rounds; ++round)
    {
        test::context ctx;
        test::tcp_acceptor acceptor(ctx, {own_address(), 0}, false);
        auto const port = acceptor.local_endpoint().port();
        auto const count = [&](test::error_code ec, test::tcp_socket const&) {
            aborted += ec == asio::error::operation_aborted;
            accepted += !ec;
        };
        at(
            ctx,
            [&] {
                acceptor.async_accept(count);
                acceptor.async_accept(count);
            },
            [&] {
                acceptor.close();
                ghosts += !refused(port);
                test::handle const again = listen_at(port, false);
                taken += again.get() < 0;
                if (again.get() < 0)
                    return;
                // Whoever comes now comes to the new listener.
                test::handle const client = test::connect_to(again);
                ghosts += !test::readable_at_once(again);
            });
    }
    BOOST_TEST(taken == 0);
    BOOST_TEST(ghosts == 0);
    BOOST_TEST(accepted == 0);
    BOOST_TEST(aborted == 2 * rounds);
}

// One where connections were and are does.
void used_port_is_free_at_once(place at)
{
    int taken = 0;
    int ghosts = 0;
    int accepted = 0;
    int ended = 0;
    for (int round = 0; round < rounds; ++round)
    {
        test::context ctx;
        test::tcp_acceptor acceptor(ctx, {own_address(), 0}, true);
        auto const port = acceptor.local_endpoint().port();
        test::handle const first = test::inet_socket();
        sockaddr_in address = own_address_at(port);
        test::checked(::connect(first.get(), test::generic(address), sizeof address), "connect");
        test::tcp_socket const connection = acceptor.accept();
        auto const count = [&](test::error_code ec, test::tcp_socket const&) {
            ++ended;
            accepted += !ec;
        };
        at(
            ctx, [&] { acceptor.async_accept(count); },
            [&] {
                acceptor.close();
                test::handle const again = listen_at(port, true);
                taken += again.get() < 0;
                if (again.get() < 0)
                    return;
                test::handle const client = test::connect_to(again);
                ghosts += !test::readable_at_once(again);
            });
    }
    BOOST_TEST(taken == 0);
    BOOST_TEST(ghosts == 0);
    BOOST_TEST(accepted == 0);
    BOOST_TEST(ended == rounds);
}

struct row
{
    char const* name;
    place at;
};

constexpr row places[] = {
    {"nobody_ran", &nobody_ran},
    {"between_runs", &between_runs},
    {"in_a_handler", &in_a_handler},
    {"in_the_handler_that_started", &in_the_handler_that_started},
    {"while_the_loop_sleeps", &while_the_loop_sleeps},
    {"while_the_loop_computes", &while_the_loop_computes},
    {"while_the_handler_that_started_computes", &while_the_handler_that_started_computes},
    {"after_the_loop_has_gone", &after_the_loop_has_gone},
};

void everywhere(void (*check)(place))
{
    for (row const& r : places)
        BOOST_TEST_CONTEXT(r.name)
    check(r.at);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(close_at_once, test::clean_process)

BOOST_AUTO_TEST_CASE(the_peer_sees_the_end)
{
    everywhere(&connection_ends_at_once);
}

BOOST_AUTO_TEST_CASE(the_port_is_free)
{
    everywhere(&port_is_free_at_once);
}

BOOST_AUTO_TEST_CASE(the_port_is_free_where_connections_were)
{
    everywhere(&used_port_is_free_at_once);
}

BOOST_AUTO_TEST_SUITE_END()
