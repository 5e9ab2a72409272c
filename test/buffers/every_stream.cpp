// Owned buffers through every kind of stream.
#include "completion.hpp"

#include "../support/stream_pairs.hpp"

#include <array>
#include <string>
#include <tuple>
#include <vector>

namespace asio = boost::asio;
using test::completion;

namespace {

using bytes = std::vector<char>;

// More than what fits into a page at once, and less than what a terminal keeps.
bytes pattern()
{
    bytes b(3000);
    for (std::size_t i = 0; i != b.size(); ++i)
        b[i] = static_cast<char>(i * 7 + i / 251);
    return b;
}

} // namespace

BOOST_AUTO_TEST_SUITE(every_stream)

BOOST_AUTO_TEST_CASE(moves_whole_buffers)
{
    test::with_every_stream([](auto& ctx, auto& pair) {
        completion<bytes> written, read;
        proactor::async_read(pair.reader, bytes(pattern().size()), read.handler());
        proactor::async_write(pair.writer, pattern(), written.handler());
        test::run(ctx);
        BOOST_TEST(!written.ec);
        BOOST_TEST(written.n == pattern().size());
        BOOST_TEST((*written.buffer == pattern()));
        BOOST_TEST(!read.ec);
        BOOST_TEST(read.n == pattern().size());
        BOOST_TEST((*read.buffer == pattern()));
    });
}

BOOST_AUTO_TEST_CASE(moves_what_comes_first)
{
    test::with_every_stream([](auto& ctx, auto& pair) {
        completion<std::string> written, read;
        proactor::async_read_some(pair.reader, std::string(100, '.'), read.handler());
        ctx.poll();
        BOOST_TEST(read.calls == 0);
        proactor::async_write_some(pair.writer, std::string("first"), written.handler());
        test::run(ctx);
        BOOST_TEST(!written.ec);
        BOOST_TEST(written.n == 5u);
        BOOST_TEST(*written.buffer == "first");
        BOOST_TEST(!read.ec);
        BOOST_TEST(read.n == 5u);
        BOOST_TEST(*read.buffer == "first" + std::string(95, '.'));
    });
}

BOOST_AUTO_TEST_CASE(moves_several)
{
    test::with_every_stream([](auto& ctx, auto& pair) {
        using given = std::tuple<std::string, std::array<char, 2>>;
        using taken = std::array<std::string, 3>;
        completion<given> written;
        completion<taken> read;
        proactor::async_read(pair.reader,
                             taken{std::string(1, '.'), std::string(), std::string(4, '.')},
                             read.handler());
        proactor::async_write(pair.writer, given("abc", {'d', 'e'}), written.handler());
        test::run(ctx);
        BOOST_TEST(written.n == 5u);
        BOOST_TEST(read.n == 5u);
        BOOST_TEST((*read.buffer == taken{"a", "", "bcde"}));
    });
}

BOOST_AUTO_TEST_CASE(gives_the_buffer_back_when_cancelled)
{
    test::with_every_stream([](auto& ctx, auto& pair) {
        completion<bytes> first, second;
        proactor::async_read_some(pair.reader, bytes(10), first.handler());
        proactor::async_read(pair.reader, bytes(20), second.handler());
        ctx.poll();
        pair.reader.cancel();
        test::run(ctx);
        for (auto const* done : {&first, &second})
        {
            BOOST_TEST(done->calls == 1);
            BOOST_TEST(done->ec == asio::error::operation_aborted);
            BOOST_TEST(done->n == 0u);
        }
        BOOST_TEST(first.buffer->size() == 10u);
        BOOST_TEST(second.buffer->size() == 20u);
    });
}

BOOST_AUTO_TEST_CASE(of_sockets_sends_and_receives)
{
    auto const check = [](auto make) {
        test::context ctx;
        auto pair = make(ctx);
        completion<bytes> sent, received, none;
        proactor::async_receive(pair.reader, bytes(pattern().size() + 1), received.handler());
        proactor::async_send(pair.writer, pattern(), sent.handler());
        test::run(ctx);
        BOOST_TEST(!sent.ec);
        BOOST_TEST(sent.n == pattern().size());
        BOOST_TEST((*sent.buffer == pattern()));
        BOOST_TEST(!received.ec);
        BOOST_TEST(received.n == pattern().size());
        received.buffer->resize(received.n);
        BOOST_TEST((*received.buffer == pattern()));

        proactor::async_receive(pair.reader, bytes(10), none.handler());
        ctx.poll();
        pair.writer.close();
        test::run(ctx);
        BOOST_TEST(none.ec == asio::error::eof);
        BOOST_TEST(none.buffer->size() == 10u);
        proactor::async_send(pair.reader, pattern(), sent.handler());
        test::run(ctx);
        proactor::async_send(pair.reader, pattern(), sent.handler());
        test::run(ctx);
        BOOST_TEST(sent.calls == 3);
        BOOST_TEST((sent.ec == asio::error::broken_pipe
                    || sent.ec == asio::error::connection_reset));
        BOOST_TEST((*sent.buffer == pattern()));
    };
    check(test::tcp_stream);
    check(test::local_stream);
}

BOOST_AUTO_TEST_CASE(of_sockets_of_packets_sends_and_receives)
{
    test::context ctx;
    auto pair = test::packets(ctx);
    completion<std::string> sent, peeked, received, cut, waits;
    proactor::async_receive(pair.reader, std::string(8, '.'), asio::socket_base::message_peek,
                            peeked.handler());
    proactor::async_send(pair.writer, std::string("packet"), sent.handler());
    test::run(ctx);
    BOOST_TEST(sent.n == 6u);
    BOOST_TEST(*peeked.buffer == "packet..");
    proactor::async_receive(pair.reader, std::string(8, '.'), received.handler());
    proactor::async_send(pair.writer, std::string("too long"), sent.handler());
    test::run(ctx);
    BOOST_TEST(*received.buffer == "packet..");
    proactor::async_receive(pair.reader, std::string(3, '.'), cut.handler());
    test::run(ctx);
    BOOST_TEST(cut.n == 3u);
    BOOST_TEST(*cut.buffer == "too");
    proactor::async_receive(pair.reader, std::string(8, '.'), waits.handler());
    ctx.poll();
    pair.reader.cancel();
    test::run(ctx);
    BOOST_TEST(waits.ec == asio::error::operation_aborted);
    BOOST_TEST(*waits.buffer == "........");
}

BOOST_AUTO_TEST_SUITE_END()
