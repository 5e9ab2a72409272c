// Files that go to sockets and other streams without a copy in this process, and what goes through pipes.
#include "files.hpp"

#include <boost/asio/deferred.hpp>

#include <string>

namespace asio = boost::asio;
using proactor::async_send_file;
using proactor::async_splice;
using proactor::to_end;
using test::bytes;
using test::connection;
using test::file_of;
using test::file_type;
using test::part_of;
using test::pattern;
using test::result;

BOOST_AUTO_TEST_SUITE(files_to_sockets)

BOOST_AUTO_TEST_CASE(all_of_a_file_or_a_part)
{
    test::context ctx;
    bytes const all = pattern(3 << 20);
    file_of const source(all);
    file_type file(ctx, source.name.path(), proactor::file_base::read_only);
    for (bool const cold : {false, true})
    {
        connection c(ctx);
        if (cold)
            source.drop_from_memory();
        result whole;
        async_send_file(c.socket, file, 0, to_end, whole.handler());
        BOOST_TEST((test::receive_all(ctx, c.peer, all.size()) == all));
        test::run(ctx);
        BOOST_TEST(whole.calls == 1);
        BOOST_TEST(!whole.ec);
        BOOST_TEST(whole.n == all.size());

        result part;
        async_send_file(c.socket, file.native_handle(), 1001, 5000, part.handler());
        BOOST_TEST((test::receive_all(ctx, c.peer, 5000) == part_of(all, 1001, 5000)));
        test::run(ctx);
        BOOST_TEST(!part.ec);
        BOOST_TEST(part.n == 5000u);
    }
}

// Each part of it is work for the pool, which must not wait for the peer either.
BOOST_AUTO_TEST_CASE(what_is_never_in_memory)
{
    test::context ctx;
    connection c(ctx);
    test::handle const zeros(::open("/dev/full", O_RDONLY | O_CLOEXEC));
    std::size_t const size = 8 << 20;
    result done, cancelled;
    async_send_file(c.socket, zeros.get(), 0, size, done.handler());
    BOOST_TEST((test::receive_all(ctx, c.peer, size) == bytes(size, '\0')));
    test::run(ctx);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == size);

    async_send_file(c.socket, zeros.get(), 0, to_end, cancelled.handler());
    ctx.restart();
    ctx.run_for(std::chrono::milliseconds(50)); // until the peer's window is full
    BOOST_TEST(cancelled.calls == 0);
    c.socket.cancel();
    test::run(ctx);
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    BOOST_TEST(cancelled.n > 0u);
}

BOOST_AUTO_TEST_CASE(in_the_order_of_the_sends)
{
    test::context ctx;
    connection c(ctx);
    bytes const all = pattern(1 << 20);
    file_of const source(all);
    file_type file(ctx, source.name.path(), proactor::file_base::read_only);
    result head, body, tail;
    c.socket.async_send(asio::buffer("head", 4), head.handler());
    async_send_file(c.socket, file, 0, all.size(), body.handler());
    c.socket.async_send(asio::buffer("tail", 4), tail.handler());
    file.close(); // the operation has its own handle
    bytes const got = test::receive_all(ctx, c.peer, all.size() + 8);
    test::run(ctx);
    BOOST_TEST(body.calls == 1);
    BOOST_TEST(!body.ec);
    BOOST_TEST(std::string(got.begin(), got.begin() + 4) == "head");
    BOOST_TEST((part_of(got, 4, all.size()) == all));
    BOOST_TEST(std::string(got.end() - 4, got.end()) == "tail");
}

// The number may be another file's before the operation begins.
BOOST_AUTO_TEST_CASE(the_file_is_that_of_the_call)
{
    test::context ctx;
    bytes const all = pattern(1000);
    file_of const source(all);
    connection c(ctx);
    file_type file(ctx, source.name.path(), proactor::file_base::read_only);
    auto begin = async_send_file(c.socket, file, 0, to_end, asio::deferred);
    file.close();
    result sent;
    std::move(begin)(sent.handler());
    BOOST_TEST((test::receive_all(ctx, c.peer, all.size()) == all));
    test::run(ctx);
    BOOST_TEST(!sent.ec);
    BOOST_TEST(sent.n == all.size());
}

BOOST_AUTO_TEST_CASE(a_handle_is_a_file)
{
    test::context ctx;
    bytes const all = pattern(1000);
    file_of const source(all);
    connection c(ctx);
    proactor::unique_handle const file(::open(source.name.path(), O_RDONLY | O_CLOEXEC));
    result sent;
    async_send_file(c.socket, file, 0, to_end, sent.handler());
    BOOST_TEST((test::receive_all(ctx, c.peer, all.size()) == all));
    test::run(ctx);
    BOOST_TEST(sent.n == all.size());
}

BOOST_AUTO_TEST_CASE(a_file_that_ends_before)
{
    test::context ctx;
    connection c(ctx);
    file_of const source(bytes(100, 'x'));
    file_type file(ctx, source.name.path(), proactor::file_base::read_only);
    result more, beyond, to_its_end, nothing;
    async_send_file(c.socket, file, 0, std::uint64_t(5) << 30, more.handler());
    async_send_file(c.socket, file, 1000, 10, beyond.handler());
    async_send_file(c.socket, file, 1000, to_end, to_its_end.handler());
    async_send_file(c.socket, file, 0, 0, nothing.handler());
    test::run(ctx);
    BOOST_TEST(more.ec == asio::error::eof);
    BOOST_TEST(more.n == 100u);
    BOOST_TEST(beyond.ec == asio::error::eof);
    BOOST_TEST(beyond.n == 0u);
    BOOST_TEST(!to_its_end.ec);
    BOOST_TEST(!nothing.ec);
    for (result const* r : {&more, &beyond, &to_its_end, &nothing})
        BOOST_TEST(r->calls == 1);
}

BOOST_AUTO_TEST_CASE(offsets_and_counts_that_need_more_than_32_bits)
{
    test::context ctx;
    connection c(ctx);
    test::temporary_file const sparse;
    std::uint64_t const last = (std::uint64_t(5) << 30) + 3;
    std::string const text = "at the end";
    BOOST_TEST(::pwrite(sparse.file().get(), text.data(), text.size(), static_cast<off_t>(last))
               == static_cast<ssize_t>(text.size()));
    result done;
    async_send_file(c.socket, sparse.file().get(), last, std::uint64_t(5) << 30, done.handler());
    test::run(ctx);
    BOOST_TEST(done.ec == asio::error::eof);
    BOOST_TEST(done.n == text.size());
    BOOST_TEST(test::read_some(c.peer) == text);

    test::temporary_file const target;
    result copied;
    async_copy(ctx, sparse.file().get(), target.file().get(),
               {last, last, std::uint64_t(5) << 30}, copied.handler());
    test::run(ctx);
    BOOST_TEST(copied.ec == asio::error::eof);
    BOOST_TEST(copied.n == text.size());
    std::string got(text.size(), '.');
    BOOST_TEST(::pread(target.file().get(), got.data(), got.size(), static_cast<off_t>(last))
               == static_cast<ssize_t>(got.size()));
    BOOST_TEST(got == text);
}

BOOST_AUTO_TEST_CASE(errors)
{
    test::context ctx;
    connection c(ctx);
    file_of const source(bytes(100, 'x'));
    result no_file, no_socket, far, no_regular;
    async_send_file(c.socket, -1, 0, 10, no_file.handler());
    test::tcp_socket closed(ctx);
    async_send_file(closed, source.name.file().get(), 0, 10, no_socket.handler());
    async_send_file(c.socket, source.name.file().get(), ~std::uint64_t(0) - 5, 10, far.handler());
    test::handle_pair const sockets = test::socket_pair();
    async_send_file(c.socket, sockets.a.get(), 0, 10, no_regular.handler());
    test::run(ctx);
    BOOST_TEST(no_file.ec == asio::error::bad_descriptor);
    BOOST_TEST(no_socket.ec == asio::error::bad_descriptor);
    BOOST_TEST(far.ec == asio::error::invalid_argument);
    BOOST_TEST(!!no_regular.ec);
    for (result const* r : {&no_file, &no_socket, &far, &no_regular})
    {
        BOOST_TEST(r->calls == 1);
        BOOST_TEST(r->n == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_peer_that_goes_is_an_error_and_no_signal)
{
    // The signal would end this process.
    BOOST_TEST((std::signal(SIGPIPE, SIG_DFL) != SIG_ERR));
    test::context ctx;
    bytes const all = pattern(4 << 20);
    file_of const source(all);
    for (bool const cold : {false, true})
    {
        connection c(ctx);
        if (cold)
            source.drop_from_memory();
        result done[2];
        async_send_file(c.socket, source.name.file().get(), 0, to_end, done[0].handler());
        for (int i = 0; i != 5; ++i)
            ctx.poll();
        c.peer.reset();
        test::run(ctx);
        async_send_file(c.socket, source.name.file().get(), 0, to_end, done[1].handler());
        test::run(ctx);
        BOOST_TEST(!!done[0].ec);
        BOOST_TEST(done[0].n < all.size());
        BOOST_TEST(!!done[1].ec);
        BOOST_TEST(done[1].n == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_cancellation_leaves_what_was_sent)
{
    bytes const all = pattern(8 << 20);
    file_of const source(all);
    for (int way = 0; way != 3; ++way)
    {
        test::context ctx;
        connection c(ctx);
        asio::cancellation_signal signal;
        result done;
        async_send_file(c.socket, source.name.file().get(), 0, to_end,
                        asio::bind_cancellation_slot(signal.slot(), done.handler()));
        for (int i = 0; i != 10; ++i)
            ctx.poll();
        BOOST_TEST(done.calls == 0);
        if (way == 0)
            signal.emit(asio::cancellation_type::partial);
        else if (way == 1)
            c.socket.cancel();
        else
            c.socket.close();
        test::run(ctx);
        if (way != 2)
            c.socket.shutdown(asio::socket_base::shutdown_send);
        bytes const got = test::receive_all(ctx, c.peer, all.size());
        BOOST_TEST(done.calls == 1);
        BOOST_TEST(done.ec == asio::error::operation_aborted);
        BOOST_TEST(done.n == got.size());
        BOOST_TEST((got == part_of(all, 0, got.size())));
    }
}

BOOST_AUTO_TEST_CASE(cancelled_anywhere)
{
    bytes const all = pattern(2 << 20);
    file_of const source(all);
    test::context ctx;
    int ended = 0;
    for (int round = 0; round != 60; ++round)
    {
        connection c(ctx);
        if (round % 2)
            source.drop_from_memory();
        async_send_file(c.socket, source.name.file().get(), 0, to_end,
                        [&](test::error_code, std::size_t) { ++ended; });
        for (int i = 0; i != round / 4; ++i)
        {
            ctx.restart();
            ctx.poll();
        }
        if (round % 3)
            c.socket.cancel();
        else
            c.socket.close();
        test::run(ctx);
    }
    BOOST_TEST(ended == 60);
}

BOOST_AUTO_TEST_CASE(everybody_goes_in_the_middle)
{
    file_of const source(pattern(8 << 20));
    for (int round = 0; round != 20; ++round)
    {
        if (round % 2)
            source.drop_from_memory();
        test::context ctx;
        connection c(ctx);
        async_send_file(c.socket, source.name.file().get(), 0, to_end,
                        [](test::error_code, std::size_t) {});
        for (int i = 0; i != round % 5; ++i)
            ctx.poll();
    }
}

// Sends parts of a file through a stream that is written to, and reads them at its peer.
template <typename Context, typename Stream, typename Peer>
void in_pieces(Context& ctx, Stream& stream, Peer& peer)
{
    bytes const all = pattern((300 << 10) + 7);
    file_of const source(all);
    auto const send = [&](std::uint64_t offset, std::uint64_t count, std::size_t expected) {
        result done, received;
        bytes got(expected);
        async_send_file(stream, source.name.file().get(), offset, count, done.handler());
        asio::async_read(peer, asio::buffer(got), received.handler());
        BOOST_TEST(done.calls == 0);
        test::run(ctx);
        BOOST_TEST(done.calls == 1);
        BOOST_TEST(done.n == expected);
        BOOST_TEST(received.n == expected);
        BOOST_TEST((got == part_of(all, static_cast<std::size_t>(offset), expected)));
        return done.ec;
    };
    for (bool const cold : {false, true})
    {
        if (cold)
            source.drop_from_memory();
        BOOST_TEST(!send(0, to_end, all.size()));
        BOOST_TEST(!send(1001, 70'000, 70'000));
    }
    BOOST_TEST(!send(5, 0, 0));
    BOOST_TEST(send(all.size() - 3, 10, 3) == asio::error::eof);
    BOOST_TEST(!send(all.size(), to_end, 0));

    result no_file, far, early, cancelled;
    asio::cancellation_signal signal;
    async_send_file(stream, source.name.file().get(), 0, to_end,
                    asio::bind_cancellation_slot(signal.slot(), early.handler()));
    signal.emit(asio::cancellation_type::partial);
    test::run(ctx);
    BOOST_TEST(early.calls == 1);
    BOOST_TEST(early.ec == asio::error::operation_aborted);
    BOOST_TEST(early.n == 0u);
    async_send_file(stream, -1, 0, 10, no_file.handler());
    test::run(ctx);
    async_send_file(stream, source.name.file().get(), ~std::uint64_t(0) - 5, 10, far.handler());
    test::run(ctx);
    BOOST_TEST(no_file.ec == asio::error::bad_descriptor);
    BOOST_TEST(far.ec == asio::error::invalid_argument);

    // What is never at its end, and a peer that does not read.
    test::handle const zeros(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    async_send_file(stream, zeros.get(), 0, to_end,
                    asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
    ctx.restart();
    ctx.run_for(std::chrono::milliseconds(100));
    BOOST_TEST(cancelled.calls == 0);
    signal.emit(asio::cancellation_type::terminal);
    test::run(ctx);
    BOOST_TEST(cancelled.calls == 1);
    BOOST_TEST(cancelled.ec == asio::error::operation_aborted);
    BOOST_TEST(cancelled.n > 0u);
}

BOOST_AUTO_TEST_CASE(to_a_socket_of_others)
{
    asio::io_context theirs;
    asio::ip::tcp::acceptor acceptor(theirs, test::loopback());
    asio::ip::tcp::socket socket(theirs), peer(theirs);
    socket.connect(acceptor.local_endpoint());
    acceptor.accept(peer);
    in_pieces(theirs, socket, peer);
}

BOOST_AUTO_TEST_CASE(to_a_pipe)
{
    test::context ctx;
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    in_pieces(ctx, writer, reader);
}

BOOST_AUTO_TEST_CASE(to_a_datagram_socket_of_others)
{
    asio::io_context theirs;
    asio::ip::udp::socket socket(theirs, asio::ip::udp::v4());
    file_of const source(bytes(10, 'x'));
    result done;
    async_send_file(socket, source.name.file().get(), 0, 10, done.handler());
    theirs.run();
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(done.ec == asio::error::operation_not_supported);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(splices)

BOOST_AUTO_TEST_CASE(from_a_socket_through_a_pipe_to_a_socket)
{
    test::context ctx;
    struct test::tcp_pair in(ctx), out(ctx);
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    bytes const all = pattern(2 << 20);
    result into, out_of, sent, received;
    bytes got(all.size());
    asio::async_write(in.a, asio::buffer(all), [&](test::error_code ec, std::size_t n) {
        sent.handler()(ec, n);
        in.a.close();
    });
    async_splice(in.b, writer, to_end, [&](test::error_code ec, std::size_t n) {
        into.handler()(ec, n);
        writer.close();
    });
    async_splice(reader, out.a, to_end, out_of.handler());
    asio::async_read(out.b, asio::buffer(got), received.handler());
    test::run(ctx);
    BOOST_TEST(!into.ec);
    BOOST_TEST(into.n == all.size());
    BOOST_TEST(!out_of.ec);
    BOOST_TEST(out_of.n == all.size());
    BOOST_TEST(received.n == all.size());
    BOOST_TEST((got == all));
}

BOOST_AUTO_TEST_CASE(so_many_bytes_and_no_more)
{
    test::context ctx;
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    struct test::tcp_pair pair(ctx);
    asio::write(writer, asio::buffer("0123456789", 10));
    result some, nothing, more;
    async_splice(reader, pair.a, 4, some.handler());
    test::run(ctx);
    async_splice(reader, pair.a, 0, nothing.handler());
    test::run(ctx);
    BOOST_TEST(some.n == 4u);
    BOOST_TEST(!some.ec);
    BOOST_TEST(nothing.calls == 1);
    BOOST_TEST(!nothing.ec);
    writer.close();
    async_splice(reader, pair.a, 100, more.handler());
    test::run(ctx);
    BOOST_TEST(more.ec == asio::error::eof);
    BOOST_TEST(more.n == 6u);
    char got[11] = {};
    asio::read(pair.b, asio::buffer(got, 10));
    BOOST_TEST(got == std::string("0123456789"));
}

BOOST_AUTO_TEST_CASE(cancelled_on_either_side)
{
    test::context ctx;
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    connection c(ctx);
    asio::cancellation_signal signal;
    result empty;
    async_splice(reader, c.socket, to_end,
                 asio::bind_cancellation_slot(signal.slot(), empty.handler()));
    ctx.poll();
    signal.emit(asio::cancellation_type::total);
    test::run(ctx);
    BOOST_TEST(empty.ec == asio::error::operation_aborted);
    BOOST_TEST(empty.n == 0u);

    // The peer does not read: the other side waits.
    result full;
    asio::async_write(writer, asio::buffer(pattern(4 << 20)),
                      [](test::error_code, std::size_t) {});
    async_splice(reader, c.socket, to_end, full.handler());
    for (int i = 0; i != 500; ++i)
    {
        ctx.restart();
        ctx.poll();
    }
    BOOST_TEST(full.calls == 0);
    c.socket.close();
    writer.close();
    test::run(ctx);
    BOOST_TEST(full.calls == 1);
    BOOST_TEST(!!full.ec);
}

BOOST_AUTO_TEST_CASE(errors)
{
    test::context ctx;
    struct test::tcp_pair a(ctx), b(ctx);
    asio::write(a.b, asio::buffer("x", 1));
    result no_pipe, closed;
    async_splice(a.a, b.a, 1, no_pipe.handler());
    test::run(ctx);
    BOOST_TEST(no_pipe.ec == asio::error::invalid_argument);
    test::readable_pipe nowhere(ctx);
    async_splice(nowhere, b.a, 1, closed.handler());
    test::run(ctx);
    BOOST_TEST(closed.ec == asio::error::bad_descriptor);

    // A broken pipe is no signal.
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    reader.close();
    result broken;
    async_splice(a.a, writer, 1, broken.handler());
    test::run(ctx);
    BOOST_TEST(broken.ec == asio::error::broken_pipe);
}

BOOST_AUTO_TEST_SUITE_END()
