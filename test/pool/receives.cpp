// Receives and reads whose buffer comes out of a pool.
#include "pooled.hpp"

#include <boost/asio/experimental/as_tuple.hpp>

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <vector>

namespace asio = boost::asio;
using test::buffer_pool;
using test::connection;
using test::error_code;
using test::pooled_buffer;
using test::pooled_completion;
using test::text_of;

BOOST_AUTO_TEST_SUITE(pool_receives)

BOOST_AUTO_TEST_CASE(a_receive_brings_a_buffer_with_what_has_come)
{
    test::context ctx;
    buffer_pool pool(ctx, 4, 100);
    connection c(ctx);
    test::write_all(c.peer, "abc");
    pooled_completion done;
    proactor::async_receive(c.socket, pool, done.handler());
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.text() == "abc");
    BOOST_TEST(done.buffer.capacity() == 100u);
    BOOST_TEST(pool.available() == 3u);
    done.buffer.reset();
    BOOST_TEST(pool.available() == 4u);
}

BOOST_AUTO_TEST_CASE(what_waits_holds_no_buffer)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 100);
    std::vector<connection> connections;
    std::vector<pooled_completion> done(8);
    for (int i = 0; i != 8; ++i)
        proactor::async_receive(connections.emplace_back(ctx).socket, pool, done[i].handler());
    ctx.poll();
    BOOST_TEST(pool.available() == 2u);
    for (int i = 0; i != 8; ++i)
    {
        test::write_all(connections[i].peer, std::to_string(i));
        test::run_until(ctx, [&] { return done[i].calls == 1; });
        BOOST_TEST(done[i].text() == std::to_string(i));
        done[i].buffer.reset();
    }
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_stream_takes_no_buffer)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 100);
    connection c(ctx);
    c.peer.reset();
    pooled_completion done;
    proactor::async_read_some(c.socket, pool, done.handler());
    test::run(ctx);
    BOOST_TEST(done.ec == asio::error::eof);
    BOOST_TEST(!done.buffer);
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(a_buffer_can_be_sent_and_comes_back)
{
    test::context ctx;
    buffer_pool pool(ctx, 1, 100);
    connection c(ctx);
    test::write_all(c.peer, "ping");
    pooled_completion done;
    proactor::async_receive(c.socket, pool, done.handler());
    test::run(ctx);
    std::size_t sent = 0;
    proactor::async_write(c.socket, std::move(done.buffer),
                          [&](error_code ec, std::size_t n, pooled_buffer b)
                          {
                              BOOST_TEST(!ec);
                              BOOST_TEST(text_of(b) == "ping");
                              sent = n;
                          });
    test::run(ctx);
    BOOST_TEST(sent == 4u);
    std::array<char, 4> got{};
    BOOST_TEST(::read(c.peer.get(), got.data(), got.size()) == 4);
    BOOST_TEST(std::string(got.data(), 4) == "ping");
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(datagrams_come_with_their_sender)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 16);
    test::udp_socket a(ctx, test::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    test::udp_socket b(ctx, test::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    for (int round = 0; round != 3; ++round)
    {
        pooled_completion done;
        test::udp::endpoint from;
        proactor::async_receive_from(a, pool, from, done.handler());
        ctx.poll();
        b.send_to(asio::buffer("datagram", 8), a.local_endpoint());
        test::run(ctx);
        BOOST_TEST(!done.ec);
        BOOST_TEST(done.text() == "datagram");
        BOOST_TEST(from == b.local_endpoint());
    }
    // One without bytes needs no buffer.
    pooled_completion done;
    test::udp::endpoint from;
    b.send_to(asio::buffer("", 0), a.local_endpoint());
    proactor::async_receive_from(a, pool, from, done.handler());
    test::run(ctx);
    BOOST_TEST(!done.ec);
    BOOST_TEST(!done.buffer);
    BOOST_TEST(from == b.local_endpoint());
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(datagrams_own_their_sender_and_take_flags)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 16);
    test::udp_socket a(ctx, test::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    test::udp_socket b(ctx, test::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    b.connect(a.local_endpoint());
    b.send(asio::buffer("datagram", 8));
    constexpr auto peek = asio::socket_base::message_peek;
    pooled_completion peeked;
    test::udp::endpoint from;
    proactor::async_receive_from(a, pool, from, peek, peeked.handler());
    test::run(ctx);
    BOOST_TEST(peeked.text() == "datagram");
    peeked.buffer.reset();

    std::string text;
    test::udp::endpoint sender;
    proactor::async_receive_from(
        a, pool, [&](error_code ec, pooled_buffer buffer, test::udp::endpoint const& e) {
            BOOST_TEST(!ec);
            text = text_of(buffer);
            sender = e;
        });
    test::run(ctx);
    BOOST_TEST(text == "datagram");
    BOOST_TEST(sender == b.local_endpoint());

    a.connect(b.local_endpoint());
    b.send(asio::buffer("again", 5));
    pooled_completion again;
    proactor::async_receive(a, pool, peek, again.handler());
    test::run(ctx);
    BOOST_TEST(again.text() == "again");
    BOOST_TEST(a.available() == 5u);

    // Nobody calls it: sender and buffer go.
    test::context other;
    test::udp_socket c(other, test::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    buffer_pool others(other, 1, 16);
    proactor::async_receive_from(
        c, others, [](error_code, pooled_buffer, test::udp::endpoint const&) { std::abort(); });
    other.poll();
}

BOOST_AUTO_TEST_CASE(pipes_bring_what_was_written)
{
    test::context ctx;
    buffer_pool pool(ctx, 2, 16);
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    pooled_completion done;
    proactor::async_read_some(reader, pool, done.handler());
    ctx.poll();
    BOOST_TEST(pool.available() == 2u);
    asio::write(writer, asio::buffer("through", 7));
    test::run(ctx);
    BOOST_TEST(done.text() == "through");
    writer.close();
    proactor::async_read_some(reader, pool, done.handler());
    test::run(ctx);
    BOOST_TEST(done.ec == asio::error::eof);
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(files_are_read_at_positions_and_as_streams)
{
    std::FILE* f = std::fopen("pool_file", "w");
    std::fputs("0123456789", f);
    std::fclose(f);
    test::context ctx;
    buffer_pool pool(ctx, 4, 4);
    proactor::basic_random_access_file<test::executor> file(
        ctx, "pool_file", proactor::file_base::read_only);
    std::array<pooled_completion, 4> done;
    for (unsigned i = 0; i != 4; ++i)
        proactor::async_read_some_at(file, 4 * i, pool, done[i].handler());
    test::run(ctx);
    BOOST_TEST(done[0].text() == "0123");
    BOOST_TEST(done[1].text() == "4567");
    BOOST_TEST(done[2].text() == "89");
    BOOST_TEST(done[3].ec == asio::error::eof);
    BOOST_TEST(pool.available() == 1u);
    done = {};
    proactor::basic_stream_file<test::executor> stream(ctx, "pool_file",
                                                       proactor::file_base::read_only);
    for (auto& d : done)
        proactor::async_read_some(stream, pool, d.handler());
    test::run(ctx);
    BOOST_TEST(done[0].text() == "0123");
    BOOST_TEST(done[1].text() == "4567");
    BOOST_TEST(done[2].text() == "89");
    BOOST_TEST(done[3].ec == asio::error::eof);
    std::remove("pool_file");
}

BOOST_AUTO_TEST_SUITE_END()
