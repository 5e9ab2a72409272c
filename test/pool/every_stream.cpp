// Buffers of a pool through every kind of stream.
#include "pooled.hpp"

#include "../support/stream_pairs.hpp"

#include <string>

namespace asio = boost::asio;
using test::buffer_pool;
using test::pooled_buffer;
using test::pooled_completion;

BOOST_AUTO_TEST_SUITE(pool_every_stream)

BOOST_AUTO_TEST_CASE(reads_into_a_buffer_and_writes_it)
{
    test::with_every_stream([](auto& ctx, auto& pair) {
        buffer_pool pool(ctx, 2, 8);
        pooled_buffer buffer = pool.acquire();
        buffer.data()[0] = std::byte{'x'};
        buffer.resize(1);
        pooled_completion read;
        std::size_t written = 0;
        proactor::async_read_some(pair.reader, pool, read.handler());
        ctx.poll();
        BOOST_TEST(read.calls == 0);
        proactor::async_write(pair.writer, std::move(buffer),
                              [&](test::error_code, std::size_t n, pooled_buffer) { written = n; });
        test::run(ctx);
        BOOST_TEST(written == 1u);
        BOOST_TEST(!read.ec);
        BOOST_TEST(read.text() == "x");
        BOOST_TEST(pool.available() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(leaves_what_does_not_fit)
{
    test::with_every_stream([](auto& ctx, auto& pair) {
        buffer_pool pool(ctx, 2, 8);
        asio::async_write(pair.writer, asio::buffer("0123456789", 10),
                          [](test::error_code ec, std::size_t) { BOOST_TEST(!ec); });
        test::run(ctx);
        std::string all;
        while (all.size() < 10)
        {
            pooled_completion read;
            proactor::async_read_some(pair.reader, pool, read.handler());
            test::run(ctx);
            BOOST_TEST_REQUIRE(!read.ec);
            BOOST_TEST(read.buffer.size() <= 8u);
            all += read.text();
        }
        BOOST_TEST(all == "0123456789");
        BOOST_TEST(pool.available() == 2u);
    });
}

BOOST_AUTO_TEST_CASE(says_when_none_is_left)
{
    test::with_every_stream([](auto& ctx, auto& pair) {
        buffer_pool pool(ctx, 1, 8);
        pooled_buffer last = pool.acquire();
        BOOST_TEST_REQUIRE(bool(last));
        pooled_completion none, next;
        asio::async_write(pair.writer, asio::buffer("text", 4),
                          [](test::error_code ec, std::size_t) { BOOST_TEST(!ec); });
        proactor::async_read_some(pair.reader, pool, none.handler());
        test::run(ctx);
        BOOST_TEST(none.ec == asio::error::no_buffer_space);
        last.reset();
        proactor::async_read_some(pair.reader, pool, next.handler());
        test::run(ctx);
        BOOST_TEST(next.text() == "text");
    });
}

BOOST_AUTO_TEST_CASE(gives_none_when_cancelled)
{
    test::with_every_stream([](auto& ctx, auto& pair) {
        buffer_pool pool(ctx, 1, 8);
        pooled_completion waits;
        proactor::async_read_some(pair.reader, pool, waits.handler());
        ctx.poll();
        pair.reader.cancel();
        test::run(ctx);
        BOOST_TEST(waits.calls == 1);
        BOOST_TEST(waits.ec == asio::error::operation_aborted);
        BOOST_TEST(!waits.buffer);
        BOOST_TEST(pool.available() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(of_local_sockets_receives)
{
    test::context ctx;
    auto pair = test::local_stream(ctx);
    buffer_pool pool(ctx, 2, 8);
    pooled_completion received, end;
    proactor::async_receive(pair.reader, pool, received.handler());
    pair.writer.send(asio::buffer("text", 4));
    test::run(ctx);
    BOOST_TEST(received.text() == "text");
    pair.writer.close();
    proactor::async_receive(pair.reader, pool, end.handler());
    test::run(ctx);
    BOOST_TEST(end.ec == asio::error::eof);
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
