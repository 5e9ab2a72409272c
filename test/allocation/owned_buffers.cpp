// Vectors moved through reads and writes of a stream need no heap once they are warm.
#include "steady_state.hpp"

#if !PROACTOR_TEST_ORACLE

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

using bytes = std::vector<char>;

// Sends a buffer to and fro, and moves it on.
template <typename Buffer>
struct exchange
{
    test::tcp_pair pair;
    std::array<Buffer, 2> buffers;
    int left = 0;

    void next()
    {
        proactor::async_write(pair.a, std::move(buffers[0]),
                              [this](test::error_code, std::size_t, Buffer b) {
                                  buffers[0] = std::move(b);
                              });
        proactor::async_read(pair.b, std::move(buffers[1]),
                             [this](test::error_code, std::size_t, Buffer b) {
                                 buffers[1] = std::move(b);
                                 if (--left > 0)
                                     next();
                             });
    }
};

// Starts both ends again and again, each with the buffer that it gave back; what a round moves is the same.
template <typename Buffer, typename Write, typename Read>
std::uint64_t allocations_of_rounds(test::context& ctx, Buffer const& full, Write write, Read read)
{
    Buffer out = full;
    Buffer in(full.size(), '.');
    std::size_t moved = 0;
    auto const count = test::allocations_when_warm([&] {
        for (int i = 0; i != 300; ++i)
        {
            write(std::move(out), [&](test::error_code, std::size_t, Buffer b, auto&&...) {
                out = std::move(b);
            });
            read(std::move(in), [&](test::error_code, std::size_t n, Buffer b, auto&&...) {
                moved += n;
                in = std::move(b);
            });
            test::run(ctx);
        }
    });
    BOOST_TEST((in == full));
    BOOST_TEST(moved == 3u * 300 * full.size());
    return count;
}

template <typename Buffer>
std::uint64_t allocations_of(Buffer const& empty, Buffer const& full)
{
    test::context ctx;
    exchange<Buffer> e{test::tcp_pair(ctx), {full, empty}};
    auto const count = test::allocations_when_warm([&] {
        e.left = 300;
        e.next();
        test::run(ctx);
    });
    BOOST_TEST((e.buffers[1] == full));
    return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(owned_buffers)

BOOST_AUTO_TEST_CASE(vectors)
{
    PROACTOR_TEST_NO_ALLOCATIONS(allocations_of(bytes(4096), bytes(4096, 'x')));
}

BOOST_AUTO_TEST_CASE(strings_and_arrays_that_move_with_their_bytes)
{
    PROACTOR_TEST_NO_ALLOCATIONS(allocations_of(std::string(8, '.'), std::string(8, 'x')));
    std::array<char, 100> full;
    full.fill('x');
    PROACTOR_TEST_NO_ALLOCATIONS(allocations_of(std::array<char, 100>(), full));
}

BOOST_AUTO_TEST_CASE(several_at_once)
{
    using pieces = std::vector<bytes>;
    PROACTOR_TEST_NO_ALLOCATIONS(allocations_of(pieces(3, bytes(50)), pieces(3, bytes(50, 'x'))));
}

BOOST_AUTO_TEST_CASE(what_comes_first)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(allocations_of_rounds(
        ctx, bytes(500, 'x'),
        [&](bytes b, auto h) { proactor::async_write_some(pair.a, std::move(b), h); },
        [&](bytes b, auto h) { proactor::async_read_some(pair.b, std::move(b), h); }));
    PROACTOR_TEST_NO_ALLOCATIONS(allocations_of_rounds(
        ctx, bytes(500, 'x'),
        [&](bytes b, auto h) { proactor::async_send(pair.a, std::move(b), h); },
        [&](bytes b, auto h) { proactor::async_receive(pair.b, std::move(b), h); }));
}

BOOST_AUTO_TEST_CASE(datagrams)
{
    test::context ctx;
    test::udp::endpoint const here(asio::ip::address_v4::loopback(), 0);
    test::udp_socket a(ctx, here), b(ctx, here);
    auto const to = b.local_endpoint();
    test::udp::endpoint from;
    auto const send = [&](auto buffer, auto h) {
        proactor::async_send_to(a, std::move(buffer), to, h);
    };
    auto const receive = [&](auto buffer, auto h) {
        proactor::async_receive_from(b, std::move(buffer), from, h);
    };
    auto const receive_with_sender = [&](auto buffer, auto h) {
        proactor::async_receive_from(b, std::move(buffer), h);
    };
    PROACTOR_TEST_NO_ALLOCATIONS(allocations_of_rounds(ctx, bytes(500, 'x'), send, receive));
    PROACTOR_TEST_NO_ALLOCATIONS(
        allocations_of_rounds(ctx, bytes(500, 'x'), send, receive_with_sender));
    PROACTOR_TEST_NO_ALLOCATIONS(
        allocations_of_rounds(ctx, std::string(8, 'x'), send, receive_with_sender));
}

BOOST_AUTO_TEST_SUITE_END()

#endif
