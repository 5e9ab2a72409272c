//
// POSIX stream descriptors over pipes, socket pairs and files.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include <fcntl.h>

namespace differential {

namespace {

struct pipe_pair
{
    explicit pipe_pair(context& ctx) : in(ctx), out(ctx)
    {
        int ends[2];
        if (::pipe(ends) != 0)
        {
            throw std::runtime_error("pipe");
        }
        in.assign(ends[0]);
        out.assign(ends[1]);
    }

    stream_descriptor in;
    stream_descriptor out;
};

struct socket_pair
{
    explicit socket_pair(context& ctx) : a(ctx), b(ctx)
    {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        {
            throw std::runtime_error("socketpair");
        }
        a.assign(ends[0]);
        b.assign(ends[1]);
    }

    stream_descriptor a;
    stream_descriptor b;
};

void fill_pipe(stream_descriptor& out)
{
    const std::string block(4096, 'f');
    out.non_blocking(true);
    error_code ec;
    while (!ec)
    {
        out.write_some(asio::buffer(block), ec);
    }
    out.non_blocking(false);
}

} // namespace

PROACTOR_TEST_BODY(descriptor, pipe)
{
    context ctx;
    pipe_pair p(ctx);
    char data[8];
    p.in.async_read_some(asio::buffer(data), report{"read"});
    log("poll", ctx.poll());
    log("sync write", p.out.write_some(asio::buffer("hello", 5)));
    log("run", ctx.run());
    ctx.restart();
    p.out.async_write_some(asio::buffer("again", 5), report{"write"});
    ctx.run();
    log("sync read", p.in.read_some(asio::buffer(data)), std::string_view(data, 5));
}

PROACTOR_TEST_BODY(descriptor, socket_pair_both_ways)
{
    context ctx;
    socket_pair p(ctx);
    std::string to_a(3, ' ');
    std::string to_b(3, ' ');
    const auto read = [](const error_code& ec, std::size_t n) { log("read", ec, n); };
    asio::async_read(p.a, asio::buffer(to_a), read);
    asio::async_read(p.b, asio::buffer(to_b), read);
    asio::async_write(p.a, asio::buffer("one", 3), [](const error_code&, std::size_t) {});
    asio::async_write(p.b, asio::buffer("two", 3), [](const error_code&, std::size_t) {});
    ctx.run();
    log("data", to_a, to_b);
}

PROACTOR_TEST_BODY(descriptor, end_of_stream)
{
    context ctx;
    pipe_pair p(ctx);
    char data[8];
    p.in.async_read_some(asio::buffer(data), report{"read"});
    ctx.poll();
    p.out.close();
    ctx.run();
    error_code ec;
    p.in.read_some(asio::buffer(data), ec);
    log("sync", ec);
    log("states", p.in, p.out);
}

// Asio leaves the disposition of SIGPIPE alone.
PROACTOR_TEST_BODY(descriptor, broken_pipe)
{
    ::signal(SIGPIPE, SIG_IGN);
    context ctx;
    pipe_pair p(ctx);
    p.in.close();
    p.out.async_write_some(asio::buffer("x", 1), report{"write"});
    ctx.run();
    error_code ec;
    p.out.write_some(asio::buffer("x", 1), ec);
    log("sync", ec);
}

PROACTOR_TEST_BODY(descriptor, reader_leaves_a_full_pipe)
{
    ::signal(SIGPIPE, SIG_IGN);
    context ctx;
    pipe_pair p(ctx);
    fill_pipe(p.out);
    p.out.async_write_some(asio::buffer("x", 1), report{"write"});
    ctx.poll();
    p.in.close();
    ctx.run();
}

PROACTOR_TEST_BODY(descriptor, write_waits_for_room)
{
    context ctx;
    pipe_pair p(ctx);
    fill_pipe(p.out);
    bool written = false;
    p.out.async_write_some(asio::buffer("x", 1), [&](const error_code& ec, std::size_t n) {
        written = true;
        log("write", ec, n);
    });
    ctx.poll();
    log("written", written);
    std::vector<char> drained(65536);
    asio::read(p.in, asio::buffer(drained));
    ctx.run();
    char byte;
    log("last", p.in.read_some(asio::buffer(&byte, 1)), std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(descriptor, cancelled_and_closed)
{
    context ctx;
    pipe_pair p(ctx);
    char data[8];
    p.in.async_read_some(asio::buffer(data), report{"first"});
    p.in.async_read_some(asio::buffer(data), report{"second"});
    ctx.poll();
    p.in.cancel();
    log("run", ctx.run());
    ctx.restart();
    p.in.async_read_some(asio::buffer(data), report{"third"});
    ctx.poll();
    p.in.close();
    ctx.run();
    log("state", p.in);
}

PROACTOR_TEST_BODY(descriptor, data_then_cancel)
{
    context ctx;
    pipe_pair p(ctx);
    char data[8];
    asio::write(p.out, asio::buffer("hello", 5));
    p.in.async_read_some(asio::buffer(data), report{"read"});
    p.in.cancel();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(descriptor, released)
{
    context ctx;
    pipe_pair p(ctx);
    char data[8];
    p.in.async_read_some(asio::buffer(data), report{"read"});
    ctx.poll();
    const int handle = p.in.release();
    log("state", p.in);
    ctx.run();
    asio::write(p.out, asio::buffer("x", 1));
    log("raw", ::read(handle, data, sizeof(data)));
    p.in.assign(handle);
    ctx.restart();
    p.in.async_read_some(asio::buffer(data), report{"adopted"});
    asio::write(p.out, asio::buffer("y", 1));
    ctx.run();
}

PROACTOR_TEST_BODY(descriptor, assign)
{
    context ctx;
    stream_descriptor descriptor(ctx);
    error_code ec;
    descriptor.assign(-1, ec);
    log("-1", ec, descriptor);
    descriptor.assign(1000, ec);
    log("1000", ec, descriptor);
    attempt("throwing", [&] { stream_descriptor(ctx, 1000); });
    pipe_pair p(ctx);
    p.in.assign(0, ec);
    log("twice", ec, p.in);
}

PROACTOR_TEST_BODY(descriptor, closed)
{
    context ctx;
    stream_descriptor descriptor(ctx);
    char byte = 0;
    error_code ec;
    descriptor.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.run();
    ctx.restart();
    descriptor.async_write_some(asio::buffer(&byte, 1), report{"write"});
    ctx.run();
    ctx.restart();
    descriptor.async_wait(stream_descriptor::wait_read, report{"wait"});
    ctx.run();
    descriptor.read_some(asio::buffer(&byte, 1), ec);
    log("sync read", ec);
    descriptor.write_some(asio::buffer(&byte, 1), ec);
    log("sync write", ec);
    descriptor.cancel(ec);
    log("cancel", ec);
    descriptor.close(ec);
    log("close", ec);
    descriptor.non_blocking(true, ec);
    log("non_blocking", ec);
    descriptor.native_non_blocking(true, ec);
    log("native_non_blocking", ec);
    descriptor.wait(stream_descriptor::wait_read, ec);
    log("sync wait", ec);
    log("handle", descriptor.native_handle());
}

PROACTOR_TEST_BODY(descriptor, non_blocking)
{
    context ctx;
    pipe_pair p(ctx);
    char byte;
    error_code ec;
    p.in.non_blocking(true);
    p.in.read_some(asio::buffer(&byte, 1), ec);
    log("read", ec);
    p.in.async_read_some(asio::buffer(&byte, 1), report{"async read"});
    log("poll", ctx.poll());
    asio::write(p.out, asio::buffer("x", 1));
    ctx.run();
    p.in.non_blocking(false);
    p.in.native_non_blocking(true);
    log("native", p.in.non_blocking(), p.in.native_non_blocking());
    stream_descriptor::bytes_readable readable;
    asio::write(p.out, asio::buffer("abc", 3));
    p.in.io_control(readable);
    log("readable", readable.get());
}

PROACTOR_TEST_BODY(descriptor, handle_that_was_non_blocking)
{
    context ctx;
    int ends[2];
    log("pipe", ::pipe2(ends, O_NONBLOCK));
    stream_descriptor in(ctx, ends[0]);
    stream_descriptor out(ctx, ends[1]);
    char byte = 0;
    in.async_read_some(asio::buffer(&byte, 1), report{"read"});
    log("poll", ctx.poll());
    asio::write(out, asio::buffer("x", 1));
    ctx.run();
    std::thread writer([&] { asio::write(out, asio::buffer("y", 1)); });
    log("sync", in.read_some(asio::buffer(&byte, 1)));
    writer.join();
}

PROACTOR_TEST_BODY(descriptor, waits)
{
    context ctx;
    pipe_pair p(ctx);
    p.out.async_wait(stream_descriptor::wait_write, report{"writable"});
    ctx.run();
    ctx.restart();
    p.in.async_wait(stream_descriptor::wait_read, report{"readable"});
    log("poll", ctx.poll());
    asio::write(p.out, asio::buffer("x", 1));
    ctx.run();
    ctx.restart();
    log("native_non_blocking", p.in.native_non_blocking());
    p.in.async_read_some(asio::null_buffers(), report{"null_buffers"});
    ctx.run();
    p.in.wait(stream_descriptor::wait_read);
    char byte;
    log("data", p.in.read_some(asio::buffer(&byte, 1)));
}

PROACTOR_TEST_BODY(descriptor, empty_buffers)
{
    context ctx;
    pipe_pair p(ctx);
    p.in.async_read_some(asio::mutable_buffer(), report{"read"});
    ctx.run();
    ctx.restart();
    p.out.async_write_some(asio::const_buffer(), report{"write"});
    ctx.run();
    log("sync", p.in.read_some(asio::mutable_buffer()));
    log("sync", p.out.write_some(asio::const_buffer()));
}

PROACTOR_TEST_BODY(descriptor, scattered)
{
    context ctx;
    pipe_pair p(ctx);
    const std::array<asio::const_buffer, 2> out{asio::buffer("abc", 3), asio::buffer("de", 2)};
    char first[2];
    char second[8];
    const std::array<asio::mutable_buffer, 2> in{asio::buffer(first), asio::buffer(second)};
    p.out.async_write_some(out, report{"write"});
    ctx.run();
    ctx.restart();
    p.in.async_read_some(in, report{"read"});
    ctx.run();
    log("data", std::string_view(first, 2), std::string_view(second, 3));
}

PROACTOR_TEST_BODY(descriptor, queued_reads)
{
    context ctx;
    pipe_pair p(ctx);
    char bytes[3];
    for (int i = 0; i < 3; ++i)
    {
        p.in.async_read_some(asio::buffer(&bytes[i], 1),
                             [i](const error_code& ec, std::size_t n) { log("read", i, ec, n); });
    }
    ctx.poll();
    asio::write(p.out, asio::buffer("abc", 3));
    ctx.run();
    log("bytes", std::string_view(bytes, 3));
}

PROACTOR_TEST_BODY(descriptor, regular_file)
{
    context ctx;
    std::FILE* file = std::tmpfile();
    const int handle = ::dup(::fileno(file));
    log("prepared", ::write(handle, "content", 7));
    ::lseek(handle, 0, SEEK_SET);
    std::fclose(file);
    stream_descriptor descriptor(ctx, handle);
    char data[16];
    descriptor.async_read_some(asio::buffer(data, 3), report{"read"});
    ctx.run();
    ctx.restart();
    log("sync", descriptor.read_some(asio::buffer(data)));
    descriptor.async_read_some(asio::buffer(data), report{"at the end"});
    ctx.run();
    ctx.restart();
    descriptor.async_write_some(asio::buffer("more", 4), report{"write"});
    ctx.run();
}

PROACTOR_TEST_BODY(descriptor, waits_on_a_file_and_then_on_a_pipe)
{
    context ctx;
    pipe_pair p(ctx);
    std::FILE* file = std::tmpfile();
    stream_descriptor descriptor(ctx, ::dup(::fileno(file)));
    std::fclose(file);
    for (int i = 0; i < 2; ++i)
    {
        descriptor.async_wait(stream_descriptor::wait_read, report{"file"});
        ctx.run();
        ctx.restart();
    }
    descriptor.close();
    descriptor.assign(::dup(p.in.native_handle()));
    asio::write(p.out, asio::buffer("x", 1));
    for (int i = 0; i < 2; ++i)
    {
        descriptor.async_wait(stream_descriptor::wait_read, report{"pipe"});
        ctx.run();
        ctx.restart();
    }
}

PROACTOR_TEST_BODY(descriptor, moved_with_a_read)
{
    context ctx;
    pipe_pair p(ctx);
    char byte;
    p.in.async_read_some(asio::buffer(&byte, 1), report{"read"});
    stream_descriptor moved(std::move(p.in));
    log("states", p.in, moved);
    asio::write(p.out, asio::buffer("x", 1));
    ctx.run();
}

PROACTOR_TEST_BODY(descriptor, two_of_one_terminal)
{
    context ctx;
    socket_pair p(ctx);
    stream_descriptor input(ctx, ::dup(p.a.native_handle()));
    stream_descriptor output(ctx, ::dup(p.a.native_handle()));
    char byte;
    char other;
    input.async_read_some(asio::buffer(&byte, 1), report{"input"});
    output.async_read_some(asio::buffer(&other, 1), report{"output"});
    ctx.poll();
    output.close();
    log("run_one", ctx.run_one());
    asio::write(p.b, asio::buffer("x", 1));
    ctx.run();
}

} // namespace differential
