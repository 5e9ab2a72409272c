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

BOOST_AUTO_TEST_SUITE_END()

#endif
