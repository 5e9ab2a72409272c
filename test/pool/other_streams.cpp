// Streams that the library does not serve itself: their own operations, over a buffer of the pool.
#include "pooled.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace asio = boost::asio;
using test::buffer_pool;
using test::connection;
using test::error_code;
using test::pooled_buffer;
using test::pooled_completion;

namespace {

/// Datagram sockets of Asio's default executor: on a context of ours Asio's own, in typed width.
struct erased_pair
{
    explicit erased_pair(asio::any_io_executor const& ex)
        : a(ex, here())
        , b(ex, here())
    {
        a.connect(b.local_endpoint());
        b.connect(a.local_endpoint());
    }

    static test::udp::endpoint here() { return {asio::ip::address_v4::loopback(), 0}; }

    asio::ip::udp::socket a, b;
};

/// A stream of a user's over one of ours, which knows of buffers what Asio's concept says.
class layered
{
public:
    using executor_type = test::executor;

    explicit layered(test::tcp_socket& next)
        : next_(next)
    {
    }
    executor_type get_executor() { return next_.get_executor(); }

    template <typename Buffers, typename Token>
    auto async_read_some(Buffers const& buffers, Token&& token)
    {
        asio::mutable_buffer first = *asio::buffer_sequence_begin(buffers);
        return next_.async_read_some(asio::buffer(first, 3), std::forward<Token>(token));
    }

private:
    test::tcp_socket& next_;
};

template <typename Context>
void run_until_called(Context& ctx, pooled_completion const& done)
{
    test::run_until(ctx, [&] { return done.calls != 0; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(pool_other_streams)

BOOST_AUTO_TEST_CASE(a_datagram_of_an_erased_socket_comes_into_a_buffer)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 16);
    erased_pair pair(ctx.get_executor());
    pair.b.send(asio::buffer("datagram", 8));
    pooled_completion done;
    proactor::async_receive(pair.a, pool, done.handler());
    BOOST_TEST(done.calls == 0);
    run_until_called(ctx, done);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.text() == "datagram");
    BOOST_TEST(done.buffer.capacity() == 16u);
    BOOST_TEST(pool.available() == 1u);

    pooled_completion other;
    test::udp::endpoint from;
    pair.b.send(asio::buffer("from", 4));
    proactor::async_receive_from(pair.a, pool, from, other.handler());
    run_until_called(ctx, other);
    BOOST_TEST(other.text() == "from");
    BOOST_TEST(from == pair.b.local_endpoint());
    BOOST_TEST(pool.available() == 0u);

    other.buffer.reset();
    std::string owned;
    pair.b.send(asio::buffer("owned", 5));
    proactor::async_receive_from(
        pair.a, pool, [&](test::error_code, pooled_buffer b, test::udp::endpoint const& sender) {
            BOOST_TEST(sender == pair.b.local_endpoint());
            owned = test::text_of(b);
            other.buffer = std::move(b);
        });
    test::run_until(ctx, [&] { return !owned.empty(); });
    BOOST_TEST(owned == "owned");
    BOOST_TEST(pool.available() == 0u);

    // Without a free buffer the next datagram is not touched.
    pooled_completion none;
    pair.b.send(asio::buffer("stays", 5));
    proactor::async_receive(pair.a, pool, none.handler());
    BOOST_TEST(none.calls == 0);
    run_until_called(ctx, none);
    BOOST_TEST(none.ec == asio::error::no_buffer_space);
    done.buffer.reset();
    pooled_completion last;
    proactor::async_receive(pair.a, pool, last.handler());
    run_until_called(ctx, last);
    BOOST_TEST(last.text() == "stays");
}

BOOST_AUTO_TEST_CASE(one_without_bytes_brings_no_buffer)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 16);
    erased_pair pair(ctx.get_executor());
    pair.b.send(asio::buffer("", 0));
    pooled_completion done;
    proactor::async_receive(pair.a, pool, done.handler());
    run_until_called(ctx, done);
    BOOST_TEST(!done.ec);
    BOOST_TEST(!done.buffer);
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(a_socket_on_a_context_of_asio)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 16);
    asio::io_context theirs;
    {
        erased_pair pair(theirs.get_executor());
        pooled_completion done;
        proactor::async_receive(pair.a, pool, done.handler());
        pair.b.send(asio::buffer("foreign", 7));
        run_until_called(theirs, done);
        BOOST_TEST(done.text() == "foreign");
        done.buffer.reset();

        pooled_completion cancelled;
        proactor::async_receive(pair.a, pool, cancelled.handler());
        theirs.poll();
        BOOST_TEST(pool.available() == 0u);
        pair.a.cancel();
        run_until_called(theirs, cancelled);
        BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
        BOOST_TEST(!cancelled.buffer);
        BOOST_TEST(pool.available() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(what_was_in_flight_with_its_context_gives_its_buffer_back)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 16);
    auto theirs = std::make_unique<asio::io_context>();
    auto pair = std::make_unique<erased_pair>(theirs->get_executor());
    pooled_completion never;
    proactor::async_receive(pair->a, pool, never.handler());
    theirs->poll();
    BOOST_TEST(pool.available() == 1u);
    pair.reset();
    theirs.reset();
    BOOST_TEST(never.calls == 0);
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(a_stream_over_ours)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 16);
    connection c(ctx);
    layered stream(c.socket);
    test::write_all(c.peer, "abcde");
    for (char const* expected : {"abc", "de"})
    {
        pooled_completion done;
        proactor::async_read_some(stream, pool, done.handler());
        run_until_called(ctx, done);
        BOOST_TEST(!done.ec);
        BOOST_TEST(done.text() == expected);
    }
    c.peer.reset();
    pooled_completion end;
    proactor::async_read_some(stream, pool, end.handler());
    run_until_called(ctx, end);
    BOOST_TEST(end.ec == asio::error::eof);
    BOOST_TEST(!end.buffer);
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(a_buffer_is_acquired_filled_and_sent)
{
    test::context ctx;
    std::optional<buffer_pool> pool(std::in_place, ctx, 2, 8);
    connection c(ctx);
    pooled_completion received; // lets the kernel have the free ones
    proactor::async_receive(c.socket, *pool, received.handler());
    ctx.poll();
    pooled_buffer first = pool->acquire();
    pooled_buffer second = pool->acquire();
    BOOST_TEST(bool(first));
    BOOST_TEST(first.size() == 8u);
    BOOST_TEST(bool(second));
    BOOST_TEST((first.data() != second.data()));
    BOOST_TEST(!pool->acquire());
    BOOST_TEST(pool->available() == 0u);

    first.data()[0] = std::byte{'x'};
    first.resize(1);
    proactor::async_write(c.socket, std::move(first),
                          [](error_code ec, std::size_t n, pooled_buffer)
                          { BOOST_TEST((!ec && n == 1)); });
    char got = 0;
    test::run_until(ctx, [&] { return pool->available() == 1; });
    BOOST_TEST(::read(c.peer.get(), &got, 1) == 1);
    BOOST_TEST(got == 'x');

    pool.reset();
    second.data()[7] = std::byte{1}; // outlives the pool
}

BOOST_AUTO_TEST_SUITE_END()
