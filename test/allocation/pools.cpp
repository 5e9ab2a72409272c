// Receives into buffers of a pool, and waits for one, need no heap once they are warm.
#include "steady_state.hpp"

#if !PROACTOR_TEST_ORACLE

#include <string>
#include <thread>
#include <utility>

namespace asio = boost::asio;

namespace {

using proactor::pooled_buffer;

// Sends the buffer that it has received on, to and fro.
struct echo
{
    test::tcp_socket& socket;
    proactor::buffer_pool& pool;
    int left = 0;
    int waits = 0;

    void receive()
    {
        proactor::async_receive(socket, pool,
                                [this](test::error_code ec, pooled_buffer b)
                                { received(ec, std::move(b)); });
    }

    void received(test::error_code ec, pooled_buffer b)
    {
        if (ec == asio::error::no_buffer_space)
        {
            ++waits;
            return pool.async_wait([this](test::error_code) { receive(); });
        }
        BOOST_REQUIRE(!ec);
        proactor::async_write(socket, std::move(b),
                              [this](test::error_code, std::size_t, pooled_buffer)
                              {
                                  if (--left > 0)
                                      receive();
                              });
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(pools)

BOOST_AUTO_TEST_CASE(echoes)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    proactor::buffer_pool pool(ctx, 4, 1000);
    echo a{pair.a, pool};
    echo b{pair.b, pool};
    auto const text = std::string(500, 'x');
    asio::write(pair.a, asio::buffer(text));
    PROACTOR_TEST_NO_ALLOCATIONS(test::allocations_when_warm(
        [&]
        {
            a.left = b.left = 300;
            b.receive();
            a.receive();
            test::run(ctx);
        }));
    BOOST_TEST(pool.available() == 4u);
}

BOOST_AUTO_TEST_CASE(waits)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 1, 1000);
    test::tcp_pair pairs[] = {test::tcp_pair(ctx), test::tcp_pair(ctx)};
    pooled_buffer held;
    int waits = 0;
    PROACTOR_TEST_NO_ALLOCATIONS(test::allocations_when_warm(
        [&]
        {
            for (int i = 0; i != 100; ++i)
            {
                asio::write(pairs[0].a, asio::buffer("text", 4));
                proactor::async_receive(pairs[0].b, pool, [&](test::error_code, pooled_buffer b)
                                        { held = std::move(b); });
                test::run(ctx);
                pool.async_wait([&](test::error_code ec) { waits += !ec; });
                ctx.poll();
                held.reset();
                test::run(ctx);
            }
        }));
    BOOST_TEST(waits == 300);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
