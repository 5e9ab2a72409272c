// Reads and writes of streams that own their buffers.
#include "completion.hpp"

#include "../support/connection.hpp"

#include <boost/asio/experimental/as_tuple.hpp>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace asio = boost::asio;
using test::completion;
using test::connection;
using test::error_code;

namespace {

using bytes = std::vector<char>;

std::string text_of(bytes const& b)
{
    return {b.begin(), b.end()};
}

bytes pattern(std::size_t size)
{
    bytes b(size);
    for (std::size_t i = 0; i != size; ++i)
        b[i] = static_cast<char>(i * 7 + i / 251);
    return b;
}

} // namespace

BOOST_AUTO_TEST_SUITE(owned_streams)

BOOST_AUTO_TEST_CASE(a_read_gives_what_comes_first)
{
    test::context ctx;
    connection c(ctx);
    test::write_all(c.peer, "abc");
    bytes buffer(100, '.');
    char const* const memory = buffer.data();
    completion<bytes> done;
    proactor::async_read_some(c.socket, std::move(buffer), done.handler());
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == 3u);
    BOOST_TEST((done.buffer->data() == memory));
    BOOST_TEST(done.buffer->size() == 100u);
    BOOST_TEST(text_of(*done.buffer).substr(0, 4) == "abc.");
}

BOOST_AUTO_TEST_CASE(a_whole_read_takes_as_many_parts_as_come)
{
    test::context ctx;
    connection c(ctx);
    completion<bytes> done;
    proactor::async_read(c.socket, bytes(12, '.'), done.handler());
    for (std::string const part : {"one,", "two,", "thre"})
    {
        ctx.poll();
        BOOST_TEST(done.calls == 0);
        test::write_all(c.peer, part);
    }
    test::run(ctx);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == 12u);
    BOOST_TEST(text_of(*done.buffer) == "one,two,thre");
}

BOOST_AUTO_TEST_CASE(a_whole_read_is_one_operation)
{
    test::context ctx;
    connection c(ctx);
    completion<bytes> done;
    auto const before = ctx.metrics().handlers;
    proactor::async_read(c.socket, bytes(8, '.'), done.handler());
    for (int i = 0; i < 8; ++i)
    {
        test::write_all(c.peer, "x");
        ctx.poll();
    }
    test::run(ctx);
    BOOST_TEST(done.n == 8u);
    BOOST_TEST(ctx.metrics().handlers - before == 1u);
}

BOOST_AUTO_TEST_CASE(a_whole_read_ends_with_the_stream)
{
    test::context ctx;
    connection c(ctx);
    completion<bytes> done;
    proactor::async_read(c.socket, bytes(10, '.'), done.handler());
    ctx.poll();
    test::write_all(c.peer, "half");
    ctx.poll();
    c.peer.reset();
    test::run(ctx);
    BOOST_TEST(done.ec == asio::error::eof);
    BOOST_TEST(done.n == 4u);
    BOOST_TEST(text_of(*done.buffer) == "half......");
}

BOOST_AUTO_TEST_CASE(a_cancelled_whole_read_keeps_its_part)
{
    test::context ctx;
    connection c(ctx);
    for (bool const by_slot : {false, true})
    {
        completion<bytes> done;
        asio::cancellation_signal signal;
        proactor::async_read(c.socket, bytes(10, '.'),
                             asio::bind_cancellation_slot(signal.slot(), done.handler()));
        test::write_all(c.peer, "half");
        ctx.poll();
        BOOST_TEST(done.calls == 0);
        if (by_slot)
            signal.emit(asio::cancellation_type::partial);
        else
            c.socket.cancel();
        test::run(ctx);
        BOOST_TEST(done.ec == asio::error::operation_aborted);
        BOOST_TEST(done.n == 4u);
        BOOST_TEST(text_of(*done.buffer) == "half......");
    }
}

BOOST_AUTO_TEST_CASE(a_whole_read_of_a_stream_ignores_total_cancellation)
{
    test::context ctx;
    connection c(ctx);
    completion<bytes> done;
    asio::cancellation_signal signal;
    proactor::async_read(c.socket, bytes(4),
                         asio::bind_cancellation_slot(signal.slot(), done.handler()));
    ctx.poll();
    signal.emit(asio::cancellation_type::total);
    ctx.poll();
    BOOST_TEST(done.calls == 0);
    test::write_all(c.peer, "data");
    test::run(ctx);
    BOOST_TEST(!done.ec);
    BOOST_TEST(text_of(*done.buffer) == "data");
}

BOOST_AUTO_TEST_CASE(an_end_that_is_cancelled_keeps_the_part_before_it)
{
    test::context ctx;
    connection c(ctx);
    completion<bytes> done;
    proactor::async_read(c.socket, bytes(10, '.'), done.handler());
    ctx.poll();
    test::write_all(c.peer, "half");
    ctx.poll();
    c.peer.reset();
    // The end is found and not delivered when it is cancelled: it can be learned again, the bytes cannot.
    c.socket.cancel();
    test::run(ctx);
    BOOST_TEST(!!done.ec);
    BOOST_TEST(done.n == 4u);
}

BOOST_AUTO_TEST_CASE(a_whole_write_moves_more_than_the_system_takes)
{
    test::context ctx;
    connection c(ctx);
    bytes const sent = pattern(8u << 20);
    completion<bytes> done;
    proactor::async_write(c.socket, bytes(sent), done.handler());
    bytes got;
    std::thread reader([&] {
        while (got.size() != sent.size())
        {
            std::string const part = test::read_some(c.peer, 1 << 20);
            if (part.empty())
                return;
            got.insert(got.end(), part.begin(), part.end());
        }
    });
    test::run(ctx);
    reader.join();
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == sent.size());
    BOOST_TEST((*done.buffer == sent));
    BOOST_TEST((got == sent));
}

BOOST_AUTO_TEST_CASE(a_fast_peer_does_not_starve_a_timer_beside_a_whole_read)
{
    test::context ctx;
    connection c(ctx);
    test::tcp_socket peer(ctx, test::tcp::v4(), c.peer.release());
    completion<bytes> read;
    completion<bytes> written;
    proactor::async_read(peer, bytes(32u << 20), read.handler());
    proactor::async_write(c.socket, pattern(32u << 20), written.handler());
    test::steady_timer timer(ctx, std::chrono::milliseconds(1));
    std::size_t at_tick = 1;
    timer.async_wait([&](error_code) { at_tick = read.n; });
    test::run(ctx);
    BOOST_TEST(read.n == (32u << 20));
    BOOST_TEST((*read.buffer == *written.buffer));
    BOOST_TEST(at_tick == 0u); // it came while the read was going on
}

BOOST_AUTO_TEST_CASE(empty_buffers_complete_at_once)
{
    test::context ctx;
    connection c(ctx);
    completion<bytes> reads[2];
    completion<bytes> writes[2];
    proactor::async_read_some(c.socket, bytes(), reads[0].handler());
    proactor::async_read(c.socket, bytes(), reads[1].handler());
    proactor::async_write_some(c.socket, bytes(), writes[0].handler());
    proactor::async_write(c.socket, bytes(), writes[1].handler());
    BOOST_TEST(reads[0].calls == 0); // never inside its start
    test::run(ctx);
    for (auto const* each : {&reads[0], &reads[1], &writes[0], &writes[1]})
    {
        BOOST_TEST(each->calls == 1);
        BOOST_TEST(!each->ec);
        BOOST_TEST(each->n == 0u);
        BOOST_TEST(each->buffer->empty());
    }
}

BOOST_AUTO_TEST_CASE(a_closed_socket_gives_the_buffer_back)
{
    test::context ctx;
    test::tcp_socket closed(ctx);
    completion<bytes> done;
    proactor::async_read(closed, bytes(5, 'o'), done.handler());
    test::run(ctx);
    BOOST_TEST(done.ec == asio::error::bad_descriptor);
    BOOST_TEST(text_of(*done.buffer) == "ooooo");
}

BOOST_AUTO_TEST_CASE(pipes_and_descriptors_are_streams_too)
{
    test::context ctx;
    test::readable_pipe in(ctx);
    test::writable_pipe out(ctx);
    asio::connect_pipe(in, out);
    completion<bytes> read;
    completion<std::string> written;
    proactor::async_read(in, bytes(9), read.handler());
    proactor::async_write(out, std::string("whole pip"), written.handler());
    test::run(ctx);
    BOOST_TEST(text_of(*read.buffer) == "whole pip");
    BOOST_TEST(written.n == 9u);

    test::handle_pair pipe = test::pipe_pair();
    test::stream_descriptor d(ctx, pipe.a.release());
    test::write_all(pipe.b, "descriptor");
    completion<std::string> text;
    proactor::async_read(d, std::string(10, '.'), text.handler());
    test::run(ctx);
    BOOST_TEST(*text.buffer == "descriptor");
}

BOOST_AUTO_TEST_CASE(files_are_streams_too)
{
    test::context ctx;
    test::temporary_file const name;
    proactor::basic_stream_file<test::executor> file(ctx, name.path(),
                                                     proactor::file_base::read_write);
    completion<bytes> written;
    completion<bytes> read;
    proactor::async_write(file, pattern(100'000), written.handler());
    test::run(ctx);
    file.seek(0, proactor::file_base::seek_set);
    proactor::async_read(file, bytes(100'010), read.handler());
    test::run(ctx);
    BOOST_TEST(written.n == 100'000u);
    BOOST_TEST(read.ec == asio::error::eof);
    BOOST_TEST(read.n == 100'000u);
    read.buffer->resize(100'000);
    BOOST_TEST((*read.buffer == pattern(100'000)));

    proactor::async_write(file, bytes(10), written.handler());
    error_code resized = asio::error::fault;
    file.async_resize(100'005, [&](error_code ec) { resized = ec; });
    test::run(ctx);
    BOOST_TEST(!resized);
    BOOST_TEST(file.size() == 100'005u); // behind the write
}

BOOST_AUTO_TEST_CASE(the_buffer_outlives_the_socket)
{
    test::context ctx;
    for (bool const whole : {false, true})
    {
        completion<bytes> done;
        {
            connection c(ctx);
            if (whole)
                proactor::async_read(c.socket, bytes(10, 'o'), done.handler());
            else
                proactor::async_read_some(c.socket, bytes(10, 'o'), done.handler());
            ctx.poll();
            test::write_all(c.peer, "late");
        }
        test::run(ctx);
        BOOST_TEST(done.calls == 1);
        BOOST_TEST(done.buffer->size() == 10u);
        BOOST_TEST((done.ec == asio::error::operation_aborted || done.n == 4u));
    }
}

BOOST_AUTO_TEST_CASE(the_context_may_go_first)
{
    auto const owner = std::make_shared<int>();
    {
        test::context ctx;
        connection c(ctx);
        for (bool const whole : {false, true})
        {
            auto handler = [owner](error_code, std::size_t, std::array<char, 64>) {
                BOOST_ERROR("nobody runs it");
            };
            if (whole)
                proactor::async_read(c.socket, std::array<char, 64>(), handler);
            else
                proactor::async_read_some(c.socket, std::array<char, 64>(), handler);
        }
        ctx.poll();
    }
    BOOST_TEST(owner.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(read_until_appends)
{
    test::context ctx;
    connection c(ctx);
    test::write_all(c.peer, "first line\nsecond, part");
    completion<std::string> line;
    proactor::async_read_until(c.socket, std::string("> "), '\n', line.handler());
    test::run(ctx);
    BOOST_TEST(line.buffer->substr(0, line.n) == "> first line\n");
    std::string rest = line.buffer->substr(line.n);
    test::write_all(c.peer, "ial\r\n");
    proactor::async_read_until(c.socket, std::move(rest), "\r\n", line.handler());
    test::run(ctx);
    BOOST_TEST(*line.buffer == "second, partial\r\n");
    c.peer.reset();
    proactor::async_read_until(c.socket, std::string(), std::string("never"), line.handler());
    test::run(ctx);
    BOOST_TEST(line.ec == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(a_handler_that_the_caller_keeps_is_copied)
{
    test::context ctx;
    connection c(ctx);
    test::temporary_file const name;
    proactor::basic_stream_file<test::executor> file(ctx, name.path(),
                                                     proactor::file_base::read_write);
    proactor::basic_random_access_file<test::executor> at(ctx, name.path(),
                                                          proactor::file_base::read_only);
    auto const count = std::make_shared<int>(0);
    auto handler = [count](error_code, auto&&...) { ++*count; };
    proactor::async_write(c.socket, bytes(3), handler);
    proactor::async_read_at(at, 0, bytes(3), handler);
    file.async_write_some(asio::buffer("abc", 3), handler);
    file.async_sync_all(handler);
    BOOST_TEST(count.use_count() == 6); // this one's, the handler's and four copies
    test::run(ctx);
    BOOST_TEST(*count == 4);
}

BOOST_AUTO_TEST_CASE(every_token_takes_them)
{
    test::context ctx;
    connection c(ctx);
    test::write_all(c.peer, "abcd");
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> test::awaitable<> {
            auto [n, one] = co_await proactor::async_read(c.socket, bytes(1), test::use_awaitable);
            BOOST_TEST(n == 1u);
            BOOST_TEST(text_of(one) == "a");
            auto [ec, m, two] = co_await proactor::async_read(
                c.socket, std::string(1, '.'),
                asio::experimental::as_tuple(test::use_awaitable));
            BOOST_TEST(!ec);
            BOOST_TEST(m == 1u);
            BOOST_TEST(two == "b");
            auto later = proactor::async_read(c.socket, std::array<char, 1>(), asio::deferred);
            auto [k, three] = co_await std::move(later)(test::use_awaitable);
            BOOST_TEST(three[0] == 'c');
            ended = k == 1;
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(ended);
    auto future = proactor::async_read(c.socket, bytes(1), asio::use_future);
    test::run(ctx);
    BOOST_TEST(text_of(std::get<1>(future.get())) == "d");
}

BOOST_AUTO_TEST_SUITE_END()
