// Streams need no heap once they are warm.
#include "steady_state.hpp"

#include "../support/handles.hpp"

namespace asio = boost::asio;

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(connections)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    proactor::accept_stream connections(acceptor, 4);
    sockaddr_in const to = test::loopback_address(acceptor.local_endpoint().port());
    std::uint64_t before = 1, after = 0;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            for (int i = 0; i < 200; ++i)
            {
                if (i == 100)
                    before = test::allocations();
                // Waits of both kinds: for one that is there, and for one to come.
                for (int n = 0; n < 7; ++n)
                {
                    test::handle const client = test::inet_socket();
                    sockaddr_in a = to;
                    test::checked(::connect(client.get(), test::generic(a), sizeof a), "connect");
                }
                for (int n = 0; n < 7; ++n)
                    if (!co_await connections.async_next(asio::use_awaitable))
                        co_return;
            }
            after = test::allocations();
        },
        asio::detached);
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(after - before);
}

BOOST_AUTO_TEST_CASE(what_a_socket_receives)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 3, 1);
    struct test::tcp_pair pair(ctx);
    std::uint64_t before = 1, after = 0;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            proactor::receive_stream received(pair.a, pool, 2);
            for (int i = 0; i < 400; ++i)
            {
                if (i == 200)
                    before = test::allocations();
                // It lags, and the pool is empty now and then.
                pair.b.write_some(asio::buffer("123456", 6));
                std::optional<proactor::pooled_buffer> last;
                for (int n = 0; n < 6; ++n)
                    last = co_await received.async_next(asio::use_awaitable);
            }
            after = test::allocations();
        },
        asio::detached);
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(after - before);
}

BOOST_AUTO_TEST_CASE(parts_of_buffers)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 2, 100, {.in_parts = true});
    struct test::tcp_pair pair(ctx);
    std::uint64_t before = 1, after = 0;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            proactor::receive_stream received(pair.a, pool);
            std::optional<proactor::pooled_buffer> last[6];
            for (int i = 0; i < 400; ++i)
            {
                if (i == 200)
                    before = test::allocations();
                for (auto& buffer : last)
                {
                    pair.b.write_some(asio::buffer("1234567", 7));
                    buffer = co_await received.async_next(asio::use_awaitable);
                }
            }
            after = test::allocations();
        },
        asio::detached);
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(after - before);
}

BOOST_AUTO_TEST_CASE(bundles_of_buffers)
{
    test::context ctx;
    proactor::buffer_pool pool(ctx, 40, 2, {.bundles = true});
    struct test::tcp_pair pair(ctx);
    std::uint64_t before = 1, after = 0;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void> {
            proactor::receive_stream received(pair.a, pool, 4);
            std::optional<proactor::pooled_buffer> last[3];
            for (int i = 0; i < 400; ++i)
            {
                if (i == 200)
                    before = test::allocations();
                pair.b.write_some(asio::buffer("0123456789abcdefghijklmnopqrstuvwxyz", 36));
                for (std::size_t n = 0; n < 36;)
                {
                    auto& buffer = last[n % 3];
                    buffer = co_await received.async_next(asio::use_awaitable);
                    n += buffer->size();
                }
            }
            after = test::allocations();
        },
        asio::detached);
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(after - before);
}

BOOST_AUTO_TEST_SUITE_END()
