// Files that go to sockets, pipes and other files without a copy in this process.
#include "connection.hpp"

#include <boost/asio/experimental/as_tuple.hpp>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace asio = boost::asio;
using proactor::async_copy;
using proactor::async_send_file;
using proactor::async_splice;
using proactor::to_end;
using test::bytes;
using test::connection;
using test::pattern;

namespace {

using file_type = proactor::basic_random_access_file<test::executor>;

struct result
{
    int calls = 0;
    test::error_code ec;
    std::size_t n = 0;

    auto handler()
    {
        return [this](test::error_code e, std::size_t bytes_moved) {
            ++calls;
            ec = e;
            n = bytes_moved;
        };
    }
};

struct file_of
{
    explicit file_of(bytes const& content)
    {
        test::write_all(name.file(), {content.data(), content.size()});
    }
    // What is read of it next comes from the device.
    void drop_from_memory() const
    {
        test::checked(::fsync(name.file().get()), "fsync");
        ::posix_fadvise(name.file().get(), 0, 0, POSIX_FADV_DONTNEED);
    }

    test::temporary_file name;
};

// While it lives, this process can open none.
class no_more_descriptors
{
public:
    no_more_descriptors()
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        int const next = test::any_handle().get(); // all below are taken
        rlimit const none{static_cast<rlim_t>(next), before_.rlim_max};
        test::checked(::setrlimit(RLIMIT_NOFILE, &none), "setrlimit");
    }
    no_more_descriptors(no_more_descriptors const&) = delete;
    ~no_more_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

bytes content_of(test::handle const& h)
{
    bytes got(static_cast<std::size_t>(::lseek(h.get(), 0, SEEK_END)));
    got.resize(static_cast<std::size_t>(
        std::max<ssize_t>(0, ::pread(h.get(), got.data(), got.size(), 0))));
    return got;
}

bytes part_of(bytes const& b, std::size_t offset, std::size_t size)
{
    auto const first = b.begin() + static_cast<std::ptrdiff_t>(offset);
    return {first, first + static_cast<std::ptrdiff_t>(size)};
}

} // namespace

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

BOOST_AUTO_TEST_SUITE(copies)

BOOST_AUTO_TEST_CASE(all_of_a_file_or_a_range)
{
    test::context ctx;
    bytes const all = pattern((20 << 20) + 7);
    file_of const source(all);
    test::temporary_file const target;
    file_type from(ctx, source.name.path(), proactor::file_base::read_only);
    file_type to(ctx, target.path(), proactor::file_base::read_write);
    result whole;
    std::vector<std::uint64_t> told;
    async_copy(ctx, from, to, {}, [&](std::uint64_t n) { told.push_back(n); }, whole.handler());
    from.close(); // the operation has handles of its own
    to.close();
    test::run(ctx);
    BOOST_TEST(whole.calls == 1);
    BOOST_TEST(!whole.ec);
    BOOST_TEST(whole.n == all.size());
    BOOST_TEST((content_of(target.file()) == all));
    BOOST_TEST(told.size() > 1u);
    BOOST_TEST(std::is_sorted(told.begin(), told.end()));
    BOOST_TEST(told.back() == all.size());

    test::temporary_file const other;
    result part;
    async_copy(ctx, source.name.file().get(), other.file().get(), {100, 5, 1000}, part.handler());
    test::run(ctx);
    BOOST_TEST(part.n == 1000u);
    bytes expected(5, '\0');
    bytes const range = part_of(all, 100, 1000);
    expected.insert(expected.end(), range.begin(), range.end());
    BOOST_TEST((content_of(other.file()) == expected));
}

BOOST_AUTO_TEST_CASE(a_source_that_ends_before)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    test::temporary_file const target;
    result more, beyond;
    async_copy(ctx, source.name.file().get(), target.file().get(), {0, 0, 1000}, more.handler());
    async_copy(ctx, source.name.file().get(), target.file().get(), {1000, 0, to_end},
               beyond.handler());
    test::run(ctx);
    BOOST_TEST(more.ec == asio::error::eof);
    BOOST_TEST(more.n == 100u);
    BOOST_TEST(!beyond.ec);
    BOOST_TEST(beyond.n == 0u);
}

BOOST_AUTO_TEST_CASE(files_that_the_system_cannot_copy_are_read_and_written)
{
    test::context ctx;
    test::handle const stat(::open("/proc/version", O_RDONLY | O_CLOEXEC));
    test::temporary_file const target;
    result proc;
    async_copy(ctx, stat.get(), target.file().get(), {}, proc.handler());
    test::run(ctx);
    BOOST_TEST(!proc.ec);
    BOOST_TEST(proc.n > 10u);
    bytes expected(1000);
    expected.resize(static_cast<std::size_t>(::pread(stat.get(), expected.data(), 1000, 0)));
    BOOST_TEST((content_of(target.file()) == expected));

    // A device as the source: without an end, so a count.
    test::handle const zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    test::temporary_file const zeros;
    result device;
    async_copy(ctx, zero.get(), zeros.file().get(), {0, 0, 200'000}, device.handler());
    test::run(ctx);
    BOOST_TEST(!device.ec);
    BOOST_TEST(device.n == 200'000u);
    BOOST_TEST((content_of(zeros.file()) == bytes(200'000, '\0')));
}

BOOST_AUTO_TEST_CASE(errors)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    test::handle const read_only(::open(source.name.path(), O_RDONLY | O_CLOEXEC));
    test::handle const full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    result no_source, no_target, not_to_be_written, no_room, far;
    int const good = source.name.file().get();
    async_copy(ctx, -1, good, {}, no_source.handler());
    async_copy(ctx, good, -1, {}, no_target.handler());
    async_copy(ctx, good, read_only.get(), {0, 1000, to_end}, not_to_be_written.handler());
    async_copy(ctx, good, full.get(), {}, no_room.handler());
    async_copy(ctx, good, good, {~std::uint64_t(0), 0, 5}, far.handler());
    test::run(ctx);
    BOOST_TEST(no_source.ec == asio::error::bad_descriptor);
    BOOST_TEST(no_target.ec == asio::error::bad_descriptor);
    BOOST_TEST(not_to_be_written.ec == asio::error::bad_descriptor);
    BOOST_TEST(no_room.ec == boost::system::errc::no_space_on_device);
    BOOST_TEST(far.ec == asio::error::invalid_argument);
}

BOOST_AUTO_TEST_CASE(without_a_descriptor_for_handles_of_its_own)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    test::temporary_file const target;
    result before, done;
    auto const start = [&](result& r) {
        async_copy(ctx, source.name.file().get(), target.file().get(), {}, r.handler());
    };
    start(before); // opens what the context needs
    test::run(ctx);
    BOOST_TEST(!before.ec);
    {
        no_more_descriptors const limit;
        start(done);
    }
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(done.ec == boost::system::errc::too_many_files_open);
    BOOST_TEST(done.n == 0u);
}

BOOST_AUTO_TEST_CASE(a_cancellation_ends_it_after_a_part)
{
    test::context ctx;
    test::handle const zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    test::handle const null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    asio::cancellation_signal signal;
    result done;
    std::uint64_t told = 0;
    async_copy(
        ctx, zero.get(), null.get(), {},
        [&](std::uint64_t n) {
            told = n;
            signal.emit(asio::cancellation_type::partial);
        },
        asio::bind_cancellation_slot(signal.slot(), done.handler()));
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(done.ec == asio::error::operation_aborted);
    BOOST_TEST(done.n == told);
    BOOST_TEST(told > 0u);
}

BOOST_AUTO_TEST_CASE(a_context_goes_in_the_middle)
{
    test::handle const zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    test::handle const null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    auto const before = test::open_descriptors();
    for (int round = 0; round != 10; ++round)
    {
        test::context ctx;
        async_copy(ctx, zero.get(), null.get(), {}, [](test::error_code, std::size_t) {});
        for (int i = 0; i != round; ++i)
            ctx.poll();
    }
    BOOST_TEST(test::open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(completion_tokens)
{
    test::context ctx;
    file_of const source(bytes(100, 'x'));
    test::temporary_file const target;
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> test::awaitable<> {
            std::size_t const n = co_await async_copy(ctx, source.name.file().get(),
                                                      target.file().get(), {},
                                                      test::use_awaitable);
            BOOST_TEST(n == 100u);
            connection c(ctx);
            BOOST_TEST(co_await async_send_file(c.socket, target.file().get(), 0, to_end,
                                                test::use_awaitable)
                       == 100u);
            ended = true;
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_SUITE_END()
