// Streams of connections.
#include <proactor/accept_stream.hpp>

#include "../support/context.hpp"
#include "../support/handles.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace asio = boost::asio;

namespace {

using stream = proactor::accept_stream<test::tcp_acceptor>;
using socket_type = std::optional<test::tcp_socket>;

struct server
{
    test::context ctx;
    test::tcp_acceptor acceptor{ctx, test::loopback()};

    unsigned short port() { return acceptor.local_endpoint().port(); }
};

test::handle connect(unsigned short port)
{
    test::handle client = test::inet_socket();
    sockaddr_in a = test::loopback_address(port);
    test::checked(::connect(client.get(), test::generic(a), sizeof a), "connect");
    return client;
}

unsigned short port_of(test::handle const& client)
{
    return ntohs(test::address_of(client).sin_port);
}

// What a wait came to.
struct result
{
    int calls = 0;
    test::error_code ec;
    socket_type socket;

    auto handler()
    {
        return [this](test::error_code e, socket_type s) {
            ++calls;
            ec = e;
            socket = std::move(s);
        };
    }
    bool aborted() const { return calls == 1 && ec == asio::error::operation_aborted && !socket; }
    bool ended() const { return calls == 1 && !ec && !socket; }
    bool is(test::handle const& client) const
    {
        return calls == 1 && !ec && socket && socket->remote_endpoint().port() == port_of(client);
    }
};

result next(server& s, stream& connections)
{
    result r;
    connections.async_next(r.handler());
    test::run(s.ctx);
    return r;
}

// The peer learns that its connection is closed.
bool closed(test::handle const& client)
{
    char byte;
    pollfd p{client.get(), POLLIN, 0};
    return ::poll(&p, 1, 10'000) == 1 && ::recv(client.get(), &byte, 1, MSG_DONTWAIT) <= 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(accept_streams)

BOOST_AUTO_TEST_CASE(a_loop_of_a_coroutine_ends_when_the_stream_is_closed)
{
    server s;
    proactor::accept_stream connections(s.acceptor);
    std::set<unsigned short> accepted, connected;
    bool ended = false;
    asio::co_spawn(
        s.ctx,
        [&]() -> asio::awaitable<void> {
            while (auto conn = co_await connections.async_next(asio::use_awaitable))
            {
                accepted.insert(conn->remote_endpoint().port());
                if (accepted.size() == 100)
                    asio::post(s.ctx, [&] { connections.close(); });
            }
            ended = true;
        },
        asio::detached);
    std::vector<test::handle> clients;
    for (int i = 0; i < 100; ++i)
    {
        clients.push_back(connect(s.port()));
        connected.insert(port_of(clients.back()));
        if (i % 3 == 0)
            s.ctx.poll();
    }
    test::run(s.ctx);
    BOOST_TEST(ended);
    BOOST_TEST((accepted == connected));
    BOOST_TEST(next(s, connections).ended());
}

BOOST_AUTO_TEST_CASE(any_token)
{
    server s;
    stream connections(s.acceptor);
    std::vector<test::handle> clients;
    for (int i = 0; i < 3; ++i)
        clients.push_back(connect(s.port()));
    asio::co_spawn(
        s.ctx,
        [&]() -> asio::awaitable<void> {
            auto [ec, conn] = co_await connections.async_next(asio::as_tuple(asio::use_awaitable));
            BOOST_TEST(!ec);
            BOOST_TEST(conn.has_value());
        },
        asio::detached);
    test::run(s.ctx);
    auto future = connections.async_next(asio::use_future);
    test::run(s.ctx);
    BOOST_TEST(future.get().has_value());
    int calls = 0;
    connections.async_next(asio::deferred)([&](test::error_code ec, socket_type conn) {
        calls += !ec && conn;
    });
    BOOST_TEST(calls == 0);
    test::run(s.ctx);
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(an_exception_is_an_error_and_no_end)
{
    server s;
    stream connections(s.acceptor);
    int errors = 0;
    asio::co_spawn(
        s.ctx,
        [&]() -> asio::awaitable<void> {
            try
            {
                co_await connections.async_next(asio::use_awaitable);
            }
            catch (test::system_error const& e)
            {
                errors += e.code() == asio::error::operation_aborted;
            }
        },
        asio::detached);
    s.ctx.poll();
    connections.cancel();
    test::run(s.ctx);
    BOOST_TEST(errors == 1);
}

BOOST_AUTO_TEST_CASE(it_pauses_when_nobody_takes_and_goes_on)
{
    server s;
    stream connections(s.acceptor, 8);
    result first;
    connections.async_next(first.handler());
    std::vector<test::handle> clients;
    auto const before = test::open_descriptors();
    for (int i = 0; i < 30; ++i)
    {
        clients.push_back(connect(s.port()));
        if (s.ctx.stopped())
            s.ctx.restart();
        // Work, or a loop that has none looks at nothing.
        auto const work = asio::make_work_guard(s.ctx);
        s.ctx.poll();
    }
    BOOST_TEST(first.is(clients[0]));
    // One was taken, and the stream holds its bound: the rest is in the system's queue.
    auto const held = test::open_descriptors() - before - clients.size();
    BOOST_TEST(held >= 1u + 8u);
    BOOST_TEST(held <= 1u + 8u + 2u);
    for (int i = 1; i < 30; ++i)
        BOOST_REQUIRE(next(s, connections).is(clients[static_cast<std::size_t>(i)]));
    result more;
    connections.async_next(more.handler());
    s.ctx.restart();
    s.ctx.poll();
    BOOST_TEST(more.calls == 0);
    clients.push_back(connect(s.port()));
    test::run(s.ctx);
    BOOST_TEST(more.is(clients.back()));
}

BOOST_AUTO_TEST_CASE(a_burst_is_taken_in_order_whatever_the_bound)
{
    for (std::size_t const bound : {0u, 1u, 2u, 64u, 1000u})
    {
        server s;
        stream connections(s.acceptor, bound);
        std::vector<test::handle> clients;
        for (int i = 0; i < 300; ++i)
            clients.push_back(connect(s.port()));
        for (auto const& c : clients)
            BOOST_REQUIRE(next(s, connections).is(c));
    }
}

BOOST_AUTO_TEST_CASE(a_cancelled_wait_loses_nothing)
{
    server s;
    stream connections(s.acceptor);
    std::vector<test::handle> clients;
    for (int round = 0; round < 200; ++round)
    {
        asio::cancellation_signal signal;
        result r;
        connections.async_next(asio::bind_cancellation_slot(signal.slot(), r.handler()));
        if (round & 1)
            s.ctx.poll();
        if (round & 2)
            signal.emit(asio::cancellation_type::terminal);
        auto const client = connect(s.port());
        if (round & 4)
            s.ctx.poll();
        signal.emit(asio::cancellation_type::total);
        test::run(s.ctx);
        BOOST_REQUIRE((r.is(client) || r.aborted()));
        if (round & 2)
            BOOST_REQUIRE(r.aborted());
        if (r.aborted())
            BOOST_REQUIRE(next(s, connections).is(client));
    }
}

BOOST_AUTO_TEST_CASE(another_wait_ends_the_first)
{
    server s;
    stream connections(s.acceptor);
    result first, second;
    connections.async_next(first.handler());
    connections.async_next(second.handler());
    auto const client = connect(s.port());
    test::run(s.ctx);
    BOOST_TEST(first.aborted());
    BOOST_TEST(second.is(client));
}

BOOST_AUTO_TEST_CASE(cancel_ends_the_wait_and_the_next_one_goes_on)
{
    server s;
    stream connections(s.acceptor);
    for (int round = 0; round < 100; ++round)
    {
        result r, at_once;
        connections.async_next(r.handler());
        if (round & 1)
            s.ctx.poll();
        connections.cancel();
        if (round & 2)
            connections.async_next(at_once.handler());
        auto const client = connect(s.port());
        test::run(s.ctx);
        BOOST_REQUIRE(r.aborted());
        BOOST_REQUIRE(round & 2 ? at_once.is(client) : next(s, connections).is(client));
    }
    connections.cancel();
    BOOST_TEST(s.ctx.metrics().in_flight == 0u);
}

BOOST_AUTO_TEST_CASE(what_nobody_took_is_the_next_accepts)
{
    server s;
    std::vector<test::handle> clients;
    {
        stream connections(s.acceptor);
        for (int i = 0; i < 4; ++i)
            clients.push_back(connect(s.port()));
        BOOST_TEST(next(s, connections).is(clients[0]));
    }
    BOOST_TEST(s.acceptor.accept().remote_endpoint().port() == port_of(clients[1]));
    result r;
    s.acceptor.async_accept([&](test::error_code ec, test::tcp_socket socket) {
        r.handler()(ec, std::move(socket));
    });
    test::run(s.ctx);
    BOOST_TEST(r.is(clients[2]));
    stream other(s.acceptor);
    BOOST_TEST(next(s, other).is(clients[3]));
}

BOOST_AUTO_TEST_CASE(what_nobody_took_is_closed_with_the_acceptor)
{
    server s;
    stream connections(s.acceptor);
    std::vector<test::handle> clients;
    for (int i = 0; i < 4; ++i)
        clients.push_back(connect(s.port()));
    BOOST_TEST(next(s, connections).is(clients[0]));
    s.acceptor.close();
    for (auto const& c : clients)
        BOOST_TEST(closed(c));
    auto const after = next(s, connections);
    BOOST_TEST(after.calls == 1);
    BOOST_TEST(after.ec == asio::error::bad_descriptor);
    // The place of the old one, perhaps, is not its stream's.
    s.acceptor = test::tcp_acceptor(s.ctx, test::loopback());
    stream fresh(s.acceptor);
    auto const client = connect(s.port());
    BOOST_TEST(next(s, connections).ec == asio::error::bad_descriptor);
    BOOST_TEST(next(s, fresh).is(client));
}

BOOST_AUTO_TEST_CASE(the_acceptor_is_closed_cancelled_or_moved_beneath_a_wait)
{
    {
        server s;
        stream connections(s.acceptor);
        result r;
        connections.async_next(r.handler());
        s.ctx.poll();
        s.acceptor.close();
        test::run(s.ctx);
        BOOST_TEST(r.aborted());
    }
    {
        server s;
        stream connections(s.acceptor);
        result r;
        connections.async_next(r.handler());
        s.ctx.poll();
        s.acceptor.cancel();
        test::run(s.ctx);
        BOOST_TEST(r.aborted());
        auto const client = connect(s.port());
        BOOST_TEST(next(s, connections).is(client));
    }
    {
        server s;
        stream connections(s.acceptor);
        result r;
        connections.async_next(r.handler());
        s.ctx.poll();
        auto const client = connect(s.port());
        test::tcp_acceptor elsewhere(std::move(s.acceptor));
        test::run(s.ctx);
        BOOST_TEST(r.is(client));
    }
}

BOOST_AUTO_TEST_CASE(a_stream_is_moved_and_assigned)
{
    server s;
    test::tcp_acceptor other(s.ctx, test::loopback());
    stream a(s.acceptor);
    result first, second;
    a.async_next(first.handler());
    stream b(std::move(a));
    auto client = connect(s.port());
    test::run(s.ctx);
    BOOST_TEST(first.is(client));
    b.async_next(second.handler());
    b = stream(other);
    test::run(s.ctx);
    BOOST_TEST(second.aborted());
    client = connect(other.local_endpoint().port());
    BOOST_TEST(next(s, b).is(client));
}

BOOST_AUTO_TEST_CASE(sockets_on_another_executor)
{
    server s;
    test::context other;
    proactor::accept_stream connections(s.acceptor, asio::make_strand(other), 4);
    auto const client = connect(s.port());
    std::optional<decltype(connections)::socket_type> socket;
    connections.async_next([&](test::error_code, auto conn) { socket = std::move(conn); });
    test::run(s.ctx);
    BOOST_TEST_REQUIRE(socket.has_value());
    char byte = 0;
    bool read = false;
    socket->async_read_some(asio::buffer(&byte, 1), [&](auto...) { read = true; });
    test::write_all(client, "x");
    test::run(other);
    BOOST_TEST(read);
}

BOOST_AUTO_TEST_CASE(it_needs_an_open_acceptor_of_ours)
{
    test::context ctx;
    test::tcp_acceptor closed(ctx);
    BOOST_CHECK_EXCEPTION(stream{closed}, test::system_error, [](auto const& e) {
        return e.code() == asio::error::bad_descriptor;
    });
    asio::io_context theirs;
    asio::ip::tcp::acceptor foreign(theirs, test::loopback());
    BOOST_CHECK_EXCEPTION(proactor::accept_stream{foreign}, test::system_error, [](auto const& e) {
        return e.code() == asio::error::operation_not_supported;
    });
}

BOOST_AUTO_TEST_CASE(errors_of_the_system_reach_the_wait_and_the_next_goes_on)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::tcp::v4());
    acceptor.bind(test::loopback());
    stream connections(acceptor);
    result r;
    connections.async_next(r.handler());
    test::run(ctx);
    BOOST_TEST(r.calls == 1);
    BOOST_TEST(r.ec == asio::error::invalid_argument);
    acceptor.listen();
    auto const client = connect(acceptor.local_endpoint().port());
    result after;
    connections.async_next(after.handler());
    test::run(ctx);
    BOOST_TEST(after.is(client));
}

BOOST_AUTO_TEST_CASE(an_exception_of_a_handler_leaves_the_stream_in_order)
{
    server s;
    stream connections(s.acceptor);
    std::vector<test::handle> clients;
    for (int i = 0; i < 3; ++i)
        clients.push_back(connect(s.port()));
    connections.async_next([](test::error_code, socket_type) { throw std::logic_error("a user's"); });
    BOOST_CHECK_THROW(test::run(s.ctx), std::logic_error);
    BOOST_TEST(next(s, connections).is(clients[1]));
    BOOST_TEST(next(s, connections).is(clients[2]));
}

BOOST_AUTO_TEST_CASE(it_outlives_the_thread_that_waited)
{
    server s;
    stream connections(s.acceptor);
    result r;
    std::thread([&] {
        connections.async_next(r.handler());
        s.ctx.poll();
    }).join();
    std::vector<test::handle> clients;
    clients.push_back(connect(s.port()));
    test::run(s.ctx);
    BOOST_TEST(r.is(clients[0]));
    clients.push_back(connect(s.port()));
    BOOST_TEST(next(s, connections).is(clients[1]));
}

BOOST_AUTO_TEST_CASE(an_accept_beside_it_is_served_before_or_after)
{
    server s;
    result single, r;
    s.acceptor.async_accept([&](test::error_code ec, test::tcp_socket socket) {
        single.handler()(ec, std::move(socket));
    });
    stream connections(s.acceptor);
    connections.async_next(r.handler());
    auto const a = connect(s.port());
    auto const b = connect(s.port());
    test::run(s.ctx);
    BOOST_TEST(single.is(a));
    BOOST_TEST(r.is(b));
    result behind;
    s.acceptor.async_accept([&](test::error_code ec, test::tcp_socket socket) {
        behind.handler()(ec, std::move(socket));
    });
    connections.cancel();
    auto const c = connect(s.port());
    test::run(s.ctx);
    BOOST_TEST(behind.is(c));
}

BOOST_AUTO_TEST_SUITE_END()
