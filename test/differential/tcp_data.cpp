//
// What TCP sockets do with buffers, readiness and non-blocking modes.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <cerrno>
#include <map>
#include <thread>

namespace differential {

namespace {

// One buffer for each byte of the text.
template <class Buffer, class Text>
std::vector<Buffer> bytewise(Text& text)
{
    std::vector<Buffer> result;
    for (auto& byte : text)
    {
        result.emplace_back(&byte, 1);
    }
    return result;
}

std::string alphabet(std::size_t n)
{
    std::string result(n, ' ');
    for (std::size_t i = 0; i < n; ++i)
    {
        result[i] = static_cast<char>('a' + i % 26);
    }
    return result;
}

// Where the bytes first differ from what fill_pattern wrote, or their number.
std::size_t matching(const std::vector<unsigned char>& data, unsigned seed)
{
    std::size_t i = 0;
    while (i < data.size() && data[i] == static_cast<unsigned char>(i * 31 + (i >> 12) + seed))
    {
        ++i;
    }
    return i;
}

void fill_pattern(std::vector<unsigned char>& data, unsigned seed)
{
    for (std::size_t i = 0; i < data.size(); ++i)
    {
        data[i] = static_cast<unsigned char>(i * 31 + (i >> 12) + seed);
    }
}

bool raw_would_block(tcp_socket& socket)
{
    char byte;
    return ::recv(socket.native_handle(), &byte, 1, 0) < 0 && errno == EAGAIN;
}

} // namespace

PROACTOR_TEST_BODY(tcp_data, empty_buffers)
{
    context ctx;
    connection c(ctx);
    c.client.async_read_some(asio::mutable_buffer(), report{"read"});
    log("not yet");
    log("run", ctx.run());
    ctx.restart();
    c.client.async_write_some(asio::const_buffer(), report{"write"});
    log("run", ctx.run());
    ctx.restart();
    std::array<asio::mutable_buffer, 2> none;
    c.client.async_receive(none, report{"receive"});
    ctx.run();
    ctx.restart();
    asio::async_read(c.client, asio::mutable_buffer(), report{"composed read"});
    ctx.run();
    ctx.restart();
    asio::async_write(c.client, asio::const_buffer(), report{"composed write"});
    ctx.run();
    log("sync", c.client.read_some(asio::mutable_buffer()));
    log("sync", c.client.write_some(asio::const_buffer()));
}

PROACTOR_TEST_BODY(tcp_data, empty_read_does_not_wait_for_the_one_before)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    c.client.async_read_some(asio::mutable_buffer(), report{"empty"});
    log("run_one", ctx.run_one());
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_data, empty_read_at_the_end)
{
    context ctx;
    connection c(ctx);
    c.server.close();
    await_readable(c.client.native_handle());
    c.client.async_read_some(asio::mutable_buffer(), report{"read"});
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_data, gather)
{
    context ctx;
    connection c(ctx);
    const std::array<asio::const_buffer, 4> parts{asio::buffer("one,", 4), asio::buffer("", 0),
                                                  asio::buffer("two,", 4),
                                                  asio::buffer("three", 5)};
    c.client.async_write_some(parts, report{"write"});
    log("run", ctx.run());
    log("peer", read_exactly(c.server, 13));
    log("sync", c.client.write_some(parts));
    log("peer", read_exactly(c.server, 13));
}

PROACTOR_TEST_BODY(tcp_data, scatter)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("abcdefghij", 10));
    await_readable(c.client.native_handle());
    char first[3];
    char second[4];
    char third[8];
    const std::array<asio::mutable_buffer, 3> parts{asio::buffer(first), asio::buffer(second),
                                                    asio::buffer(third)};
    c.client.async_read_some(parts, report{"read"});
    log("run", ctx.run());
    log("parts", std::string_view(first, 3), std::string_view(second, 4),
        std::string_view(third, 3));
}

PROACTOR_TEST_BODY(tcp_data, more_buffers_than_one_call_takes)
{
    context ctx;
    connection c(ctx);
    const std::string text = alphabet(200);
    std::string got(200, '.');
    const auto out = bytewise<asio::const_buffer>(text);
    const auto in = bytewise<asio::mutable_buffer>(got);
    c.client.async_write_some(out, report{"write"});
    ctx.run();
    ctx.restart();
    log("sync write", c.client.write_some(out));
    c.server.async_read_some(in, report{"read"});
    ctx.run();
    ctx.restart();
    log("sync read", c.server.read_some(in));
    log("left", c.server.available());
    got.assign(200, '.');
    asio::async_write(c.client, out, report{"composed write"});
    asio::async_read(c.server, in, [](const error_code& ec, std::size_t n) {
        log("n", n);
        log("ec", ec);
    });
    ctx.run_one();
    ctx.run();
    log("equal", got == text);
}

PROACTOR_TEST_BODY(tcp_data, wait_read)
{
    context ctx;
    connection c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"wait"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
    log("native_non_blocking", c.client.native_non_blocking());
    log("non_blocking", c.client.non_blocking());
    log("data", drain(c.client));
    if (c.client.native_non_blocking()) // not from Boost 1.86 on
        log("raw would block", raw_would_block(c.client));
    asio::write(c.server, asio::buffer("y", 1));
    log("sync", read_exactly(c.client, 1));
}

PROACTOR_TEST_BODY(tcp_data, wait_read_and_sync_read_blocks)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("x", 1));
    c.client.async_wait(tcp_socket::wait_read, report{"wait"});
    ctx.run();
    drain(c.client);
    std::thread writer([&] { asio::write(c.server, asio::buffer("later", 5)); });
    log("sync", read_exactly(c.client, 5));
    writer.join();
}

PROACTOR_TEST_BODY(tcp_data, wait_write)
{
    context ctx;
    connection c(ctx);
    c.client.async_wait(tcp_socket::wait_write, report{"writable"});
    ctx.run();
    ctx.restart();
    fill(c.client);
    bool waiting = true;
    c.client.async_wait(tcp_socket::wait_write, [&](const error_code& ec) {
        waiting = false;
        log("drained", ec);
    });
    ctx.poll();
    c.server.close();
    ctx.run();
    log("waiting", waiting);
}

PROACTOR_TEST_BODY(tcp_data, wait_error)
{
    context ctx;
    connection c(ctx);
    c.client.async_wait(tcp_socket::wait_error, report{"wait"});
    log("poll", ctx.poll());
    c.server.send(asio::buffer("!", 1), tcp_socket::message_out_of_band);
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_data, wait_read_at_the_end)
{
    context ctx;
    connection c(ctx);
    c.client.async_wait(tcp_socket::wait_read, report{"wait"});
    c.server.close();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_data, wait_for_a_connection)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    acceptor.async_wait(tcp_acceptor::wait_read, report{"wait"});
    log("poll", ctx.poll());
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    log("run", ctx.run());
    log("accepted", acceptor.accept());
}

PROACTOR_TEST_BODY(tcp_data, several_waits_and_a_read)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    for (int i = 0; i < 3; ++i)
    {
        c.client.async_wait(tcp_socket::wait_read,
                            [i](const error_code& ec) { log("wait", i, ec); });
    }
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_data, sync_waits)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("x", 1));
    error_code ec;
    c.client.wait(tcp_socket::wait_read, ec);
    log("read", ec);
    c.client.wait(tcp_socket::wait_write, ec);
    log("write", ec);
    drain(c.client);
    c.client.non_blocking(true);
    c.client.wait(tcp_socket::wait_read, ec);
    log("non-blocking", ec);
}

PROACTOR_TEST_BODY(tcp_data, null_buffers)
{
    context ctx;
    connection c(ctx);
    c.client.async_read_some(asio::null_buffers(), report{"read"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
    ctx.restart();
    c.client.async_write_some(asio::null_buffers(), report{"write"});
    log("run", ctx.run());
    log("data", drain(c.client));
}

PROACTOR_TEST_BODY(tcp_data, non_blocking_synchronous)
{
    context ctx;
    connection c(ctx);
    char data[8] = {};
    error_code ec;
    c.client.non_blocking(true);
    log("flags", c.client.non_blocking(), c.client.native_non_blocking());
    c.client.read_some(asio::buffer(data), ec);
    log("read", ec);
    attempt("throwing", [&] { return c.client.read_some(asio::buffer(data)); });
    asio::write(c.server, asio::buffer("x", 1));
    await_readable(c.client.native_handle());
    log("read", c.client.read_some(asio::buffer(data), ec));
    fill(c.client);
    c.client.write_some(asio::buffer(data), ec);
    log("write", ec);
    c.acceptor.non_blocking(true);
    tcp_socket peer(ctx);
    c.acceptor.accept(peer, ec);
    log("accept", ec, peer);
    c.client.non_blocking(false);
    log("flags", c.client.non_blocking(), c.client.native_non_blocking());
}

PROACTOR_TEST_BODY(tcp_data, non_blocking_asynchronous)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.non_blocking(true);
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
    log("flags", c.client.non_blocking(), c.client.native_non_blocking());
}

PROACTOR_TEST_BODY(tcp_data, native_non_blocking)
{
    context ctx;
    connection c(ctx);
    error_code ec;
    log("fresh", c.client.native_non_blocking());
    c.client.native_non_blocking(true, ec);
    log("set", ec, c.client.non_blocking(), c.client.native_non_blocking());
    log("raw would block", raw_would_block(c.client));
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    log("poll", ctx.poll());
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
    c.client.native_non_blocking(false, ec);
    log("cleared", ec, c.client.native_non_blocking());
    c.client.non_blocking(true);
    c.client.native_non_blocking(false, ec);
    log("while non_blocking", ec);
}

PROACTOR_TEST_BODY(tcp_data, available)
{
    context ctx;
    connection c(ctx);
    log("none", c.client.available());
    asio::write(c.server, asio::buffer("hello", 5));
    await_readable(c.client.native_handle());
    log("some", c.client.available());
    tcp_socket::bytes_readable command;
    c.client.io_control(command);
    log("io_control", command.get());
    char data[2];
    c.client.async_read_some(asio::buffer(data), report{"read"});
    ctx.run();
    log("left", c.client.available());
}

PROACTOR_TEST_BODY(tcp_data, out_of_band)
{
    context ctx;
    connection c(ctx);
    c.server.send(asio::buffer("ab", 2));
    c.server.send(asio::buffer("!", 1), tcp_socket::message_out_of_band);
    c.server.send(asio::buffer("cd", 2));
    c.client.wait(tcp_socket::wait_error);
    log("at_mark", c.client.at_mark());
    char data[16];
    c.client.async_receive(asio::buffer(data), report{"before"});
    ctx.run();
    ctx.restart();
    log("at_mark", c.client.at_mark());
    char urgent = 0;
    c.client.async_receive(asio::buffer(&urgent, 1), tcp_socket::message_out_of_band,
                           report{"urgent"});
    ctx.run();
    ctx.restart();
    log("urgent", std::string_view(&urgent, 1));
    log("after", read_exactly(c.client, 2));
    log("at_mark", c.client.at_mark());
}

PROACTOR_TEST_BODY(tcp_data, out_of_band_comes_later)
{
    context ctx;
    connection c(ctx);
    char urgent = 0;
    char normal = 0;
    c.client.async_receive(asio::buffer(&urgent, 1), tcp_socket::message_out_of_band,
                           report{"urgent"});
    ctx.poll();
    c.server.send(asio::buffer("!", 1), tcp_socket::message_out_of_band);
    ctx.run();
    ctx.restart();
    c.client.async_receive(asio::buffer(&normal, 1), report{"normal"});
    c.server.send(asio::buffer("n", 1));
    ctx.run();
    log("bytes", std::string{urgent, normal});
}

PROACTOR_TEST_BODY(tcp_data, peek)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("hello", 5));
    await_readable(c.client.native_handle());
    char data[5] = {};
    c.client.async_receive(asio::buffer(data), tcp_socket::message_peek, report{"peek"});
    ctx.run();
    log("peeked", std::string_view(data, 5));
    log("read", read_exactly(c.client, 5));
}

PROACTOR_TEST_BODY(tcp_data, sixteen_mebibytes_both_ways)
{
    context ctx;
    connection c(ctx);
    constexpr std::size_t size = 16 << 20;
    std::vector<unsigned char> there(size);
    std::vector<unsigned char> back(size);
    std::vector<unsigned char> got_there(size);
    std::vector<unsigned char> got_back(size);
    fill_pattern(there, 1);
    fill_pattern(back, 2);
    std::map<std::string, std::string> ends;
    const auto end = [&](const char* name) {
        return [&ends, name](const error_code& ec, std::size_t n) {
            ends[name] = describe(ec) + ' ' + describe(n);
        };
    };
    asio::async_write(c.client, asio::buffer(there), end("client write"));
    asio::async_write(c.server, asio::buffer(back), end("server write"));
    asio::async_read(c.client, asio::buffer(got_back), end("client read"));
    asio::async_read(c.server, asio::buffer(got_there), end("server read"));
    ctx.run();
    for (const auto& [name, value] : ends)
    {
        log(name, value);
    }
    log("matching", matching(got_there, 1), matching(got_back, 2));
}

PROACTOR_TEST_BODY(tcp_data, large_write_to_a_peer_that_leaves)
{
    context ctx;
    connection c(ctx);
    const std::vector<char> data(16 << 20);
    asio::async_write(c.client, asio::buffer(data), [&](const error_code& ec, std::size_t n) {
        // Whether the write is told of the reset or of the closed pipe is a matter of time.
        log("write", ec == asio::error::connection_reset || ec == asio::error::broken_pipe,
            n < data.size());
    });
    ctx.poll();
    read_exactly(c.server, 1000);
    c.server.close();
    ctx.run();
}

} // namespace differential
