// cancel, close and destruction against operations in flight; operations on closed objects;
// async_wait.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;

namespace {

// Sends until the socket takes no more.
void fill(test::tcp_socket& socket)
{
    std::string const bytes(1 << 16, 'f');
    test::error_code ec;
    socket.non_blocking(true);
    while (!ec)
        socket.write_some(asio::buffer(bytes), ec);
    socket.non_blocking(false);
}

} // namespace

BOOST_AUTO_TEST_SUITE(tcp_cancel_close)

BOOST_AUTO_TEST_CASE(cancel_ends_every_kind_of_operation)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::tcp_acceptor acceptor(ctx, test::loopback());
    char byte;
    int aborted = 0;
    auto const count = [&](test::error_code ec, auto&&...) {
        aborted += ec == asio::error::operation_aborted;
    };
    fill(pair.a);
    pair.a.async_read_some(asio::buffer(&byte, 1), count);
    pair.a.async_write_some(asio::buffer("x", 1), count);
    pair.a.async_wait(test::tcp_socket::wait_read, count);
    pair.a.async_wait(test::tcp_socket::wait_write, count);
    acceptor.async_accept(count);
    acceptor.async_wait(test::tcp_acceptor::wait_read, count);
    ctx.poll();
    BOOST_TEST(aborted == 0);
    pair.a.cancel();
    acceptor.cancel();
    BOOST_TEST(aborted == 0);
    test::run(ctx);
    BOOST_TEST(aborted == 6);
    BOOST_TEST(pair.a.is_open());
    BOOST_TEST(acceptor.is_open());
}

BOOST_AUTO_TEST_CASE(close_ends_every_kind_of_operation)
{
    test::context ctx;
    std::optional<test::tcp_pair> pair(std::in_place, ctx);
    test::tcp_acceptor acceptor(ctx, test::loopback());
    char byte;
    int aborted = 0;
    auto const count = [&](test::error_code ec, auto&&...) {
        aborted += ec == asio::error::operation_aborted;
    };
    pair->a.async_read_some(asio::buffer(&byte, 1), count);
    pair->b.async_read_some(asio::buffer(&byte, 1), count);
    pair->b.async_wait(test::tcp_socket::wait_read, count);
    acceptor.async_accept(count);
    ctx.poll();
    pair->a.cancel();
    pair->b.close();
    acceptor.close();
    test::run(ctx);
    BOOST_TEST(aborted == 4);
    BOOST_TEST(!acceptor.is_open());
}

BOOST_AUTO_TEST_CASE(destruction_cancels_and_the_handlers_run_later)
{
    test::context ctx;
    std::optional<test::tcp_pair> pair(std::in_place, ctx);
    char byte;
    int aborted = 0;
    auto const count = [&](test::error_code ec, std::size_t) {
        aborted += ec == asio::error::operation_aborted;
    };
    pair->a.async_read_some(asio::buffer(&byte, 1), count);
    pair->b.async_read_some(asio::buffer(&byte, 1), count);
    ctx.poll();
    // The second one is closed after its peer: it may see the end of file first.
    pair->b.cancel();
    pair.reset();
    BOOST_TEST(aborted == 0);
    test::run(ctx);
    BOOST_TEST(aborted == 2);
}

BOOST_AUTO_TEST_CASE(cancel_keeps_the_socket_usable_and_loses_no_byte)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::string got;
    char byte = 0;
    for (int i = 0; i < 200; ++i)
    {
        char const sent = static_cast<char>('a' + i % 26);
        pair.a.async_read_some(asio::buffer(&byte, 1), [&](test::error_code ec, std::size_t n) {
            if (n == 1)
                got += byte;
            else
                BOOST_TEST(ec == asio::error::operation_aborted);
        });
        if (i % 2)
            ctx.poll();
        if (i % 3)
            pair.b.write_some(asio::buffer(&sent, 1));
        pair.a.cancel();
        if (i % 3 == 0)
            pair.b.write_some(asio::buffer(&sent, 1));
        test::run(ctx);
    }
    pair.b.close();
    test::error_code ec;
    while (pair.a.read_some(asio::buffer(&byte, 1), ec))
        got += byte;
    BOOST_TEST(got.size() == 200u);
    for (std::size_t i = 0; i < got.size(); ++i)
        BOOST_TEST(got[i] == static_cast<char>('a' + i % 26));
}

BOOST_AUTO_TEST_CASE(data_already_there_wins_over_cancel_and_close)
{
    test::context ctx;
    for (bool const closing : {false, true})
    {
        test::tcp_pair pair(ctx);
        pair.b.write_some(asio::buffer("data", 4));
        pair.a.wait(test::tcp_socket::wait_read);
        char data[8];
        std::size_t got = 0;
        pair.a.async_read_some(asio::buffer(data),
                               [&](test::error_code ec, std::size_t n) { got = ec ? 0 : n; });
        if (closing)
            pair.a.close();
        else
            pair.a.cancel();
        test::run(ctx);
        BOOST_TEST(got == 4u);
    }
}

BOOST_AUTO_TEST_CASE(a_connect_in_progress_can_be_closed)
{
    test::context ctx;
    // A listener whose queue is full keeps further connects waiting.
    test::tcp_acceptor acceptor(ctx, test::tcp::v4());
    acceptor.bind(test::loopback());
    acceptor.listen(0);
    std::vector<test::tcp_socket> sockets;
    sockets.reserve(8);
    int connected = 0;
    int aborted = 0;
    for (int i = 0; i < 8; ++i)
        sockets.emplace_back(ctx).async_connect(acceptor.local_endpoint(),
                                                [&](test::error_code ec) {
                                                    connected += !ec;
                                                    aborted += ec == asio::error::operation_aborted;
                                                });
    ctx.poll();
    for (test::tcp_socket& socket : sockets)
        socket.close();
    test::run(ctx);
    BOOST_TEST(connected + aborted == 8);
    BOOST_TEST(aborted >= 1);
}

BOOST_AUTO_TEST_CASE(operations_on_a_closed_object_fail_through_the_handler)
{
    test::context ctx;
    test::tcp_socket socket(ctx);
    test::tcp_acceptor acceptor(ctx);
    char byte;
    int failed = 0;
    auto const count = [&](test::error_code ec, auto&&...) {
        failed += ec == asio::error::bad_descriptor;
    };
    socket.async_read_some(asio::buffer(&byte, 1), count);
    socket.async_write_some(asio::buffer(&byte, 1), count);
    socket.async_receive(asio::buffer(&byte, 1), count);
    socket.async_send(asio::buffer(&byte, 1), count);
    socket.async_wait(test::tcp_socket::wait_read, count);
    acceptor.async_accept(socket, count);
    acceptor.async_accept(count);
    acceptor.async_wait(test::tcp_acceptor::wait_read, count);
    BOOST_TEST(failed == 0);
    test::run(ctx);
    BOOST_TEST(failed == 8);
}

BOOST_AUTO_TEST_CASE(operations_after_close_fail_through_the_handler)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    test::error_code got;
    pair.a.close();
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code ec, std::size_t) { got = ec; });
    test::run(ctx);
    BOOST_TEST(got == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(close_is_seen_by_the_peer_at_once_and_frees_the_port)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    pair.a.async_read_some(asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
    ctx.poll();
    pair.a.close();
    test::error_code ec;
    pair.b.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::eof);

    test::tcp_acceptor acceptor(ctx, test::loopback());
    auto const endpoint = acceptor.local_endpoint();
    acceptor.async_accept([](test::error_code, test::tcp_socket) {});
    ctx.restart();
    ctx.poll();
    acceptor.close();
    test::tcp_acceptor again(ctx, test::tcp::v4());
    BOOST_TEST(!again.bind(endpoint, ec));
    test::run(ctx);
}

BOOST_AUTO_TEST_CASE(an_accept_that_was_cancelled_leaves_the_connection_to_the_next_one)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    int accepted = 0;
    for (int i = 0; i < 50; ++i)
    {
        test::tcp_socket client(ctx);
        acceptor.async_accept([&](test::error_code ec, test::tcp_socket) { accepted += !ec; });
        if (i % 2)
            ctx.poll();
        client.connect(acceptor.local_endpoint());
        acceptor.cancel();
        int const before = accepted;
        test::run(ctx);
        if (accepted == before)
        {
            acceptor.async_accept([&](test::error_code ec, test::tcp_socket) { accepted += !ec; });
            test::run(ctx);
        }
        BOOST_TEST(accepted == i + 1);
    }
}

BOOST_AUTO_TEST_CASE(wait_for_read_write_and_error)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::string seen;
    pair.a.async_wait(test::tcp_socket::wait_write,
                      [&](test::error_code ec) { seen += ec ? '!' : 'w'; });
    test::run(ctx);
    BOOST_TEST(seen == "w");
    pair.a.async_wait(test::tcp_socket::wait_read,
                      [&](test::error_code ec) { seen += ec ? '!' : 'r'; });
    ctx.restart();
    ctx.poll();
    BOOST_TEST(seen == "w");
    pair.b.write_some(asio::buffer("1", 1));
    test::run(ctx);
    BOOST_TEST(seen == "wr");
    BOOST_TEST(pair.a.available() == 1u); // waiting takes nothing
    pair.a.async_wait(test::tcp_socket::wait_error,
                      [&](test::error_code ec) { seen += ec ? '!' : 'e'; });
    pair.b.send(asio::buffer("u", 1), test::tcp_socket::message_out_of_band);
    test::run(ctx);
    BOOST_TEST(seen == "wre");
}

BOOST_AUTO_TEST_CASE(wait_for_a_connection_then_accept)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket client(ctx);
    bool accepted = false;
    acceptor.async_wait(test::tcp_acceptor::wait_read, [&](test::error_code ec) {
        BOOST_TEST(!ec);
        acceptor.non_blocking(true);
        accepted = acceptor.accept().is_open();
    });
    client.async_connect(acceptor.local_endpoint(), [](test::error_code) {});
    test::run(ctx);
    BOOST_TEST(accepted);
}

BOOST_AUTO_TEST_CASE(waits_and_reads_mix)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    std::string seen;
    pair.a.async_wait(test::tcp_socket::wait_read, [&](test::error_code ec) {
        BOOST_TEST(!ec);
        seen += 'w';
        pair.a.async_read_some(asio::buffer(&byte, 1),
                               [&](test::error_code, std::size_t) { seen += 'r'; });
    });
    pair.b.write_some(asio::buffer("z", 1));
    test::run(ctx);
    BOOST_TEST(seen == "wr");
    BOOST_TEST(byte == 'z');
}

BOOST_AUTO_TEST_CASE(close_inside_the_own_handler)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    char other = 0;
    test::error_code second;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code, std::size_t) { pair.a.close(); });
    pair.a.async_read_some(asio::buffer(&other, 1),
                           [&](test::error_code ec, std::size_t) { second = ec; });
    pair.b.write_some(asio::buffer("1", 1));
    test::run(ctx);
    BOOST_TEST(byte == '1');
    BOOST_TEST(second == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_number_that_is_reused_gets_no_completion_of_the_old_socket)
{
    test::context ctx;
    for (int i = 0; i < 100; ++i)
    {
        test::tcp_pair pair(ctx);
        char old = 0;
        char fresh = 0;
        bool aborted = false;
        pair.a.async_read_some(asio::buffer(&old, 1), [&](test::error_code ec, std::size_t) {
            aborted = ec == asio::error::operation_aborted;
        });
        if (i % 2)
            ctx.poll();
        pair.a.close();
        test::tcp_pair next(ctx);
        bool got = false;
        next.a.async_read_some(asio::buffer(&fresh, 1),
                               [&](test::error_code ec, std::size_t) { got = !ec; });
        next.b.write_some(asio::buffer("f", 1));
        test::run(ctx);
        BOOST_TEST(aborted);
        BOOST_TEST(got);
        BOOST_TEST(old == 0);
        BOOST_TEST(fresh == 'f');
    }
}

BOOST_AUTO_TEST_SUITE_END()
