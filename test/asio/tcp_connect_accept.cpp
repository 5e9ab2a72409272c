// Every form of connect and accept.
#include "../support/context.hpp"
#include "../support/skip.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using test::awaitable;
using test::use_awaitable;

namespace {

// A port on which nobody listens: one that was bound a moment ago.
test::tcp::endpoint nobody(test::context& ctx)
{
    test::tcp_acceptor acceptor(ctx, test::loopback());
    return acceptor.local_endpoint();
}

} // namespace

BOOST_AUTO_TEST_SUITE(tcp_connect_accept)

BOOST_AUTO_TEST_CASE(accept_into_a_socket_with_and_without_the_peer_s_endpoint)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket a(ctx);
    test::tcp_socket b(ctx);
    test::tcp_socket first(ctx);
    test::tcp_socket second(ctx);
    test::tcp::endpoint peer;
    int done = 0;
    acceptor.async_accept(first, [&](test::error_code ec) {
        done += !ec;
        acceptor.async_accept(second, peer, [&](test::error_code e) { done += !e; });
        b.async_connect(acceptor.local_endpoint(), [&](test::error_code e) { done += !e; });
    });
    a.async_connect(acceptor.local_endpoint(), [&](test::error_code ec) { done += !ec; });
    test::run(ctx);
    BOOST_TEST(done == 4);
    BOOST_TEST(peer == b.local_endpoint());
    BOOST_TEST(second.remote_endpoint() == b.local_endpoint());
    BOOST_TEST(first.remote_endpoint() == a.local_endpoint());
    BOOST_TEST(a.remote_endpoint() == acceptor.local_endpoint());
}

BOOST_AUTO_TEST_CASE(accept_that_returns_the_socket)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket client(ctx);
    test::tcp::endpoint peer;
    bool same = false;
    acceptor.async_accept(peer, [&](test::error_code ec, test::tcp_socket socket) {
        same = !ec && socket.remote_endpoint() == client.local_endpoint()
            && socket.get_executor() == acceptor.get_executor();
    });
    client.connect(acceptor.local_endpoint());
    test::run(ctx);
    BOOST_TEST(same);
    BOOST_TEST(peer == client.local_endpoint());
}

BOOST_AUTO_TEST_CASE(accept_onto_another_context_or_executor)
{
    test::context ctx;
    test::context other;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket a(ctx);
    test::tcp_socket b(ctx);
    a.connect(acceptor.local_endpoint());
    b.connect(acceptor.local_endpoint());
    using on_context = asio::basic_stream_socket<test::tcp, test::context::executor_type>;
    using on_strand = asio::basic_stream_socket<test::tcp, test::strand>;
    test::strand const strand = asio::make_strand(test::executor(other.get_executor()));
    int done = 0;
    acceptor.async_accept(other, [&](test::error_code ec, on_context socket) {
        done += !ec && &asio::query(socket.get_executor(), asio::execution::context) == &other;
        acceptor.async_accept(strand, [&](test::error_code e, on_strand serialised) {
            done += !e && serialised.get_executor() == strand;
        });
    });
    test::run(ctx);
    BOOST_TEST(done == 2);
}

BOOST_AUTO_TEST_CASE(accept_synchronously)
{
    test::context ctx;
    test::context other;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    std::vector<test::tcp_socket> clients;
    for (int i = 0; i < 4; ++i)
        clients.emplace_back(ctx).connect(acceptor.local_endpoint());
    test::tcp_socket into(ctx);
    test::tcp::endpoint peer;
    acceptor.accept(into, peer);
    BOOST_TEST(peer == clients[0].local_endpoint());
    test::tcp_socket returned = acceptor.accept();
    BOOST_TEST(returned.remote_endpoint() == clients[1].local_endpoint());
    auto elsewhere = acceptor.accept(other);
    BOOST_TEST(elsewhere.remote_endpoint() == clients[2].local_endpoint());
    test::error_code ec;
    auto last = acceptor.accept(peer, ec);
    BOOST_TEST(!ec);
    BOOST_TEST(last.remote_endpoint() == clients[3].local_endpoint());
}

BOOST_AUTO_TEST_CASE(accept_into_an_open_socket_is_already_open)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket open(ctx, test::tcp::v4());
    test::error_code got;
    acceptor.async_accept(open, [&](test::error_code ec) { got = ec; });
    test::run(ctx);
    BOOST_TEST(got == asio::error::already_open);
    BOOST_TEST(acceptor.accept(open, got) == asio::error::already_open);
}

BOOST_AUTO_TEST_CASE(several_accepts_in_flight_each_get_a_connection)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    int accepted = 0;
    for (int i = 0; i < 8; ++i)
        acceptor.async_accept(
            [&](test::error_code ec, test::tcp_socket s) { accepted += !ec && s.is_open(); });
    std::vector<test::tcp_socket> clients;
    clients.reserve(8);
    for (int i = 0; i < 8; ++i)
        clients.emplace_back(ctx).async_connect(acceptor.local_endpoint(),
                                                [](test::error_code ec) { BOOST_TEST(!ec); });
    test::run(ctx);
    BOOST_TEST(accepted == 8);
}

BOOST_AUTO_TEST_CASE(connect_to_nobody_is_refused)
{
    test::context ctx;
    auto const endpoint = nobody(ctx);
    test::tcp_socket async_client(ctx);
    test::tcp_socket sync_client(ctx);
    test::error_code got;
    async_client.async_connect(endpoint, [&](test::error_code ec) { got = ec; });
    test::run(ctx);
    BOOST_TEST(got == asio::error::connection_refused);
    BOOST_TEST(sync_client.connect(endpoint, got) == asio::error::connection_refused);
    BOOST_CHECK_THROW(sync_client.connect(endpoint), test::system_error);
}

BOOST_AUTO_TEST_CASE(connect_opens_a_closed_socket)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket client(ctx);
    BOOST_TEST(!client.is_open());
    bool connected = false;
    client.async_connect(acceptor.local_endpoint(), [&](test::error_code ec) { connected = !ec; });
    BOOST_TEST(client.is_open());
    test::run(ctx);
    BOOST_TEST(connected);
}

BOOST_AUTO_TEST_CASE(a_range_is_tried_in_turn)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    auto const dead = nobody(ctx);
    std::array<test::tcp::endpoint, 3> const endpoints{dead, dead, acceptor.local_endpoint()};
    test::tcp_socket client(ctx);
    test::tcp::endpoint used;
    asio::async_connect(client, endpoints, [&](test::error_code ec, test::tcp::endpoint const& e) {
        BOOST_TEST(!ec);
        used = e;
    });
    test::run(ctx);
    BOOST_TEST(used == acceptor.local_endpoint());

    test::tcp_socket again(ctx);
    BOOST_TEST(asio::connect(again, endpoints) == acceptor.local_endpoint());

    test::tcp_socket by_iterator(ctx);
    using iterator = std::array<test::tcp::endpoint, 3>::const_iterator;
    iterator reached{};
    asio::async_connect(by_iterator, endpoints.begin(), endpoints.end(),
                        [&](test::error_code, iterator where) { reached = where; });
    test::run(ctx);
    BOOST_TEST((reached == endpoints.begin() + 2));
}

BOOST_AUTO_TEST_CASE(a_range_with_a_condition)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    std::array<test::tcp::endpoint, 2> const endpoints{nobody(ctx), acceptor.local_endpoint()};
    test::tcp_socket client(ctx);
    int asked = 0;
    bool connected = false;
    asio::async_connect(
        client, endpoints,
        [&](test::error_code, test::tcp::endpoint const& next) {
            ++asked;
            return next == acceptor.local_endpoint();
        },
        [&](test::error_code ec, test::tcp::endpoint const&) { connected = !ec; });
    test::run(ctx);
    BOOST_TEST(asked == 2);
    BOOST_TEST(connected);
}

BOOST_AUTO_TEST_CASE(an_empty_range_is_not_found)
{
    test::context ctx;
    test::tcp_socket client(ctx);
    std::vector<test::tcp::endpoint> const none;
    test::error_code got;
    asio::async_connect(client, none,
                        [&](test::error_code ec, test::tcp::endpoint const&) { got = ec; });
    test::run(ctx);
    BOOST_TEST(got == asio::error::not_found);
}

BOOST_AUTO_TEST_CASE(resolve_then_connect)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    auto const body = [&]() -> awaitable<void> {
        auto const ex = co_await asio::this_coro::executor;
        test::tcp_resolver resolver(ex);
        auto const results = co_await resolver.async_resolve(
            "127.0.0.1", std::to_string(acceptor.local_endpoint().port()), use_awaitable);
        test::tcp_socket client(ex);
        co_await asio::async_connect(client, results, use_awaitable);
        BOOST_TEST(client.remote_endpoint() == acceptor.local_endpoint());
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
}

BOOST_AUTO_TEST_CASE(ipv6_if_the_machine_has_it)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx);
    test::error_code ec;
    acceptor.open(test::tcp::v6());
    acceptor.bind({asio::ip::address_v6::loopback(), 0}, ec);
    if (ec)
        return test::skipped("no IPv6 loopback: " + ec.message());
    acceptor.listen();
    test::tcp_socket client(ctx);
    int done = 0;
    acceptor.async_accept([&](test::error_code e, test::tcp_socket s) {
        done += !e && s.remote_endpoint().address().is_v6();
    });
    client.async_connect(acceptor.local_endpoint(), [&](test::error_code e) { done += !e; });
    test::run(ctx);
    BOOST_TEST(done == 2);
}

BOOST_AUTO_TEST_CASE(three_hundred_connections_race_a_timer_and_none_is_lost)
{
    using namespace asio::experimental::awaitable_operators;
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    auto const endpoint = acceptor.local_endpoint();
    int accepted = 0;
    int timeouts = 0;
    auto const serve = [&]() -> awaitable<void> {
        test::steady_timer timer(co_await asio::this_coro::executor);
        while (accepted < 300)
        {
            timer.expires_after(std::chrono::microseconds((accepted + timeouts) % 40));
            auto result =
                co_await (acceptor.async_accept(use_awaitable) || timer.async_wait(use_awaitable));
            if (result.index() == 1)
            {
                ++timeouts;
                continue;
            }
            ++accepted;
            co_await asio::async_write(std::get<0>(result), asio::buffer("!", 1), use_awaitable);
        }
    };
    std::exception_ptr failed;
    asio::co_spawn(ctx, serve(), [&](std::exception_ptr e) { failed = e; });
    int answered = 0;
    std::thread clients([&] {
        asio::io_context plain;
        for (int i = 0; i < 300; ++i)
        {
            asio::ip::tcp::socket socket(plain);
            socket.connect(endpoint);
            char byte = 0;
            test::error_code ec;
            asio::read(socket, asio::buffer(&byte, 1), ec);
            answered += byte == '!';
        }
    });
    try
    {
        test::run(ctx);
    }
    catch (std::exception const& e)
    {
        BOOST_ERROR(e.what());
        acceptor.close();
    }
    clients.join();
    BOOST_TEST(!failed);
    BOOST_TEST(accepted == 300);
    BOOST_TEST(answered == 300);
    BOOST_TEST_MESSAGE("timeouts: " << timeouts);
}

BOOST_AUTO_TEST_SUITE_END()
