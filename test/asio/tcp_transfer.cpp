// Bytes over TCP: large transfers, scatter and gather, both directions at once, several operations
// in one direction.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <numeric>
#include <string>
#include <vector>

namespace asio = boost::asio;
using test::awaitable;
using test::use_awaitable;

namespace {

std::vector<unsigned char> pattern(std::size_t size, unsigned seed)
{
    std::vector<unsigned char> bytes(size);
    for (unsigned char& byte : bytes)
        byte = static_cast<unsigned char>((seed = seed * 1103515245u + 12345u) >> 16);
    return bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tcp_transfer)

BOOST_AUTO_TEST_CASE(sixteen_megabytes_in_both_directions_at_once)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::size_t const size = 16u << 20;
    auto const from_a = pattern(size, 1);
    auto const from_b = pattern(size, 2);
    std::vector<unsigned char> at_a(size);
    std::vector<unsigned char> at_b(size);
    int done = 0;
    auto const count = [&](test::error_code ec, std::size_t n) { done += !ec && n == size; };
    asio::async_write(pair.a, asio::buffer(from_a), count);
    asio::async_write(pair.b, asio::buffer(from_b), count);
    asio::async_read(pair.a, asio::buffer(at_a), count);
    asio::async_read(pair.b, asio::buffer(at_b), count);
    test::run(ctx);
    BOOST_TEST(done == 4);
    BOOST_TEST((at_a == from_b));
    BOOST_TEST((at_b == from_a));
}

BOOST_AUTO_TEST_CASE(a_reader_with_small_buffers_gets_every_byte_in_order)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    auto const sent = pattern(200'003, 3);
    std::vector<unsigned char> got;
    auto const write = [&]() -> awaitable<void> {
        co_await asio::async_write(pair.a, asio::buffer(sent), use_awaitable);
        pair.a.shutdown(test::tcp_socket::shutdown_send);
    };
    auto const read = [&]() -> awaitable<void> {
        std::array<unsigned char, 37> part;
        test::error_code ec;
        for (;;)
        {
            std::size_t const n = co_await pair.b.async_read_some(
                asio::buffer(part), asio::redirect_error(use_awaitable, ec));
            if (ec)
                break;
            got.insert(got.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n));
        }
        BOOST_TEST(ec == asio::error::eof);
    };
    asio::co_spawn(ctx, write(), asio::detached);
    asio::co_spawn(ctx, read(), asio::detached);
    test::run(ctx);
    BOOST_TEST((got == sent));
}

BOOST_AUTO_TEST_CASE(gather_and_scatter)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::string const one = "one";
    std::string const two = "two2";
    std::vector<char> const three{'t', 'h', 'r'};
    std::array<asio::const_buffer, 4> const out{asio::buffer(one), asio::const_buffer(),
                                                asio::buffer(two), asio::buffer(three)};
    std::string x(2, '\0');
    std::string y(8, '\0');
    std::vector<asio::mutable_buffer> const in{asio::buffer(x), asio::buffer(y)};
    std::size_t sent = 0;
    std::size_t received = 0;
    pair.a.async_write_some(out, [&](test::error_code, std::size_t n) { sent = n; });
    asio::async_read(pair.b, in, [&](test::error_code, std::size_t n) { received = n; });
    test::run(ctx);
    BOOST_TEST(sent == 10u);
    BOOST_TEST(received == 10u);
    BOOST_TEST(x + y == "onetwo2thr");
}

BOOST_AUTO_TEST_CASE(more_buffers_than_one_system_call_takes)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::vector<std::string> parts;
    std::vector<asio::const_buffer> out;
    std::string all;
    for (int i = 0; i < 2000; ++i)
        parts.push_back(std::to_string(i));
    for (std::string const& part : parts)
    {
        out.push_back(asio::buffer(part));
        all += part;
    }
    std::string got(all.size(), '\0');
    asio::async_write(pair.a, out, [&](test::error_code ec, std::size_t n) {
        BOOST_TEST(!ec);
        BOOST_TEST(n == all.size());
    });
    asio::async_read(pair.b, asio::buffer(got),
                     [](test::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    test::run(ctx);
    BOOST_TEST((got == all));
}

BOOST_AUTO_TEST_CASE(empty_buffers_complete_at_once_with_zero)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    int done = 0;
    auto const zero = [&](test::error_code ec, std::size_t n) { done += !ec && n == 0; };
    pair.a.async_read_some(asio::mutable_buffer(), zero);
    pair.a.async_write_some(asio::const_buffer(), zero);
    asio::async_write(pair.a, asio::const_buffer(), zero);
    asio::async_read(pair.a, asio::mutable_buffer(), zero);
    BOOST_TEST(done == 0); // never inside the initiating function
    test::run(ctx);
    BOOST_TEST(done == 4);
}

BOOST_AUTO_TEST_CASE(several_reads_complete_in_the_order_of_their_start)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::string bytes(4, '\0');
    std::string order;
    for (std::size_t i = 0; i < 4; ++i)
        pair.a.async_read_some(asio::buffer(&bytes[i], 1),
                               [&, i](test::error_code ec, std::size_t) {
                                   order += ec ? '!' : static_cast<char>('0' + i);
                               });
    for (char const& byte : {'a', 'b', 'c', 'd'})
    {
        pair.b.write_some(asio::buffer(&byte, 1));
        ctx.poll();
    }
    test::run(ctx);
    BOOST_TEST(bytes == "abcd");
    BOOST_TEST(order == "0123");
}

BOOST_AUTO_TEST_CASE(several_writes_leave_in_the_order_of_their_start)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::string const bytes = "abcdefgh";
    int order = 0;
    for (int i = 0; i < 8; ++i)
        pair.a.async_write_some(
            asio::buffer(&bytes[static_cast<std::size_t>(i)], 1),
            [&, i](test::error_code ec, std::size_t) { order += !ec && i == order; });
    std::string got(8, '\0');
    asio::async_read(pair.b, asio::buffer(got), [](test::error_code, std::size_t) {});
    test::run(ctx);
    BOOST_TEST(got == bytes);
    BOOST_TEST(order == 8);
}

BOOST_AUTO_TEST_CASE(send_and_receive_with_flags)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char peeked = 0;
    char taken = 0;
    pair.a.async_send(asio::buffer("p", 1), 0, [](test::error_code, std::size_t) {});
    pair.b.async_receive(asio::buffer(&peeked, 1), test::tcp_socket::message_peek,
                         [&](test::error_code, std::size_t) {
                             pair.b.async_receive(asio::buffer(&taken, 1), 0,
                                                  [](test::error_code, std::size_t) {});
                         });
    test::run(ctx);
    BOOST_TEST(peeked == 'p');
    BOOST_TEST(taken == 'p');
}

BOOST_AUTO_TEST_CASE(writing_to_a_closed_peer_ends_with_an_error_and_no_signal)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    pair.b.set_option(test::tcp_socket::linger(true, 0));
    pair.b.close();
    test::error_code last;
    auto const body = [&]() -> awaitable<void> {
        for (int i = 0; i < 100 && !last; ++i)
            co_await pair.a.async_write_some(asio::buffer("x", 1),
                                             asio::redirect_error(use_awaitable, last));
    };
    asio::co_spawn(ctx, body(), asio::detached);
    test::run(ctx);
    BOOST_TEST((last == asio::error::broken_pipe || last == asio::error::connection_reset));
}

BOOST_AUTO_TEST_CASE(a_reset_reaches_the_pending_read)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte;
    test::error_code got;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code ec, std::size_t) { got = ec; });
    ctx.poll();
    pair.b.set_option(test::tcp_socket::linger(true, 0));
    pair.b.close();
    test::run(ctx);
    BOOST_TEST(got == asio::error::connection_reset);
}

BOOST_AUTO_TEST_CASE(a_socket_may_be_moved_while_an_operation_is_in_flight)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    bool got = false;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code ec, std::size_t) { got = !ec; });
    ctx.poll();
    test::tcp_socket moved(std::move(pair.a));
    test::tcp_socket assigned(ctx);
    assigned = std::move(moved);
    BOOST_TEST(assigned.is_open());
    BOOST_TEST(!moved.is_open());
    pair.b.write_some(asio::buffer("v", 1));
    test::run(ctx);
    BOOST_TEST(got);
    BOOST_TEST(byte == 'v');
    assigned.write_some(asio::buffer("w", 1));
    pair.b.read_some(asio::buffer(&byte, 1));
    BOOST_TEST(byte == 'w');
}

BOOST_AUTO_TEST_SUITE_END()
