//
// Pipes, and stream descriptors on what else a handle may stand for.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <csignal>
#include <cstdint>
#include <future>
#include <thread>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

namespace differential {

namespace {

struct joined
{
    explicit joined(context& ctx) : in(ctx), out(ctx) { asio::connect_pipe(in, out); }

    readable_pipe in;
    writable_pipe out;
};

} // namespace

PROACTOR_TEST_BODY(pipe, bytes)
{
    context ctx;
    joined p(ctx);
    char data[8];
    p.in.async_read_some(asio::buffer(data), report{"read"});
    log("poll", ctx.poll());
    p.out.async_write_some(asio::buffer("hello", 5), report{"write"});
    run_all(ctx);
    log("sync", p.out.write_some(asio::buffer("sync", 4)));
    log("sync", p.in.read_some(asio::buffer(data)));
}

PROACTOR_TEST_BODY(pipe, ends)
{
    ::signal(SIGPIPE, SIG_IGN);
    context ctx;
    joined p(ctx);
    char data[8];
    error_code ec;
    p.in.async_read_some(asio::buffer(data), report{"pending"});
    ctx.poll();
    p.out.close();
    run_all(ctx);
    p.in.read_some(asio::buffer(data), ec);
    log("sync", ec);
    joined q(ctx);
    q.in.close();
    q.out.async_write_some(asio::buffer("x", 1), report{"broken"});
    run_all(ctx);
    q.out.write_some(asio::buffer("x", 1), ec);
    log("sync", ec);
}

PROACTOR_TEST_BODY(pipe, reader_leaves_a_full_pipe)
{
    ::signal(SIGPIPE, SIG_IGN);
    context ctx;
    joined p(ctx);
    const std::string large(1 << 20, 'x');
    std::size_t written = 0;
    error_code end;
    asio::async_write(p.out, asio::buffer(large), [&](const error_code& ec, std::size_t n) {
        written = n;
        end = ec;
    });
    ctx.poll();
    p.in.close();
    run_all(ctx);
    log("end", end, written == 65536);
}

PROACTOR_TEST_BODY(pipe, large)
{
    context ctx;
    joined p(ctx);
    const std::string large(1 << 20, 'x');
    std::string got(1 << 20, '.');
    asio::async_read(p.in, asio::buffer(got),
                     [](const error_code& ec, std::size_t n) { log("read", ec, n); });
    std::size_t written = 0;
    asio::async_write(p.out, asio::buffer(large),
                      [&](const error_code&, std::size_t n) { written = n; });
    run_all(ctx);
    log("written", written, got == large);
}

PROACTOR_TEST_BODY(pipe, null_empty_and_many_buffers)
{
    context ctx;
    joined p(ctx);
    char data[8];
    p.in.async_read_some(asio::null_buffers(), report{"null read"});
    log("poll", ctx.poll());
    p.out.write_some(asio::buffer("x", 1));
    run_all(ctx);
    p.out.async_write_some(asio::null_buffers(), report{"null write"});
    run_all(ctx);
    p.in.async_read_some(asio::mutable_buffer(), report{"empty read"});
    p.out.async_write_some(asio::const_buffer(), report{"empty write"});
    run_all(ctx);
    log("sync", p.in.read_some(asio::mutable_buffer()), p.out.write_some(asio::const_buffer()));
    log("left", p.in.read_some(asio::buffer(data)));
    std::string text(70, 'y');
    std::vector<asio::mutable_buffer> parts;
    for (char& byte : text)
    {
        parts.emplace_back(&byte, 1);
    }
    p.out.async_write_some(parts, report{"many"});
    run_all(ctx);
    log("sync", p.out.write_some(parts));
    p.in.async_read_some(parts, report{"many"});
    run_all(ctx);
    log("sync", p.in.read_some(parts));
}

PROACTOR_TEST_BODY(pipe, closed)
{
    context ctx;
    readable_pipe in(ctx);
    writable_pipe out(ctx);
    char data[8];
    error_code ec;
    in.async_read_some(asio::buffer(data), report{"read"});
    in.async_read_some(asio::mutable_buffer(), report{"empty read"});
    in.async_read_some(asio::null_buffers(), report{"null read"});
    out.async_write_some(asio::buffer("x", 1), report{"write"});
    run_all(ctx);
    in.read_some(asio::buffer(data), ec);
    log("read", ec);
    out.write_some(asio::buffer("x", 1), ec);
    log("write", ec);
    in.cancel(ec);
    log("cancel", ec);
    in.close(ec);
    log("close", ec);
    in.assign(-1, ec);
    log("assign", ec, in);
}

PROACTOR_TEST_BODY(pipe, wrong_way_round)
{
    context ctx;
    int ends[2];
    log("pipe", ::pipe(ends));
    readable_pipe in(ctx, ends[1]);
    writable_pipe out(ctx, ends[0]);
    char data[8];
    error_code ec;
    in.read_some(asio::buffer(data), ec);
    log("sync", ec);
    in.async_read_some(asio::buffer(data), report{"read"});
    run_all(ctx);
    out.async_write_some(asio::buffer("x", 1), report{"write"});
    run_all(ctx);
    in.assign(ends[0], ec);
    log("assign to an open one", ec);
}

PROACTOR_TEST_BODY(pipe, ended_with_a_read_outstanding)
{
    context ctx;
    char data[8];
    joined p(ctx);
    p.in.async_read_some(asio::buffer(data), report{"cancelled"});
    ctx.poll();
    p.in.cancel();
    run_all(ctx);
    p.in.async_read_some(asio::buffer(data), report{"moved"});
    ctx.poll();
    readable_pipe other(std::move(p.in));
    p.out.write_some(asio::buffer("x", 1));
    run_all(ctx);
    other.async_read_some(asio::buffer(data), report{"closed"});
    ctx.poll();
    other.close();
    run_all(ctx);
    joined q(ctx);
    q.in.async_read_some(asio::buffer(data), report{"released"});
    ctx.poll();
    const int handle = q.in.release();
    run_all(ctx);
    log("released", q.in, q.out.write_some(asio::buffer("x", 1)));
    log("raw", ::read(handle, data, 8));
    ::close(handle);
}

PROACTOR_TEST_BODY(pipe, released_and_closed_while_a_runner_sleeps)
{
    ::signal(SIGPIPE, SIG_IGN);
    context ctx;
    auto work = asio::make_work_guard(ctx);
    std::thread runner([&] { ctx.run(); });
    char data[8];
    int late = 0;
    for (int i = 0; i < 200; ++i)
    {
        joined p(ctx);
        // From the loop, so that the read is that thread's.
        std::promise<void> started;
        asio::post(ctx, [&] {
            p.in.async_read_some(asio::buffer(data), [](const error_code&, std::size_t) {});
            started.set_value();
        });
        started.get_future().wait();
        ::close(p.in.release());
        error_code ec;
        p.out.write_some(asio::buffer("x", 1), ec);
        late += ec != asio::error::broken_pipe;
    }
    work.reset();
    runner.join();
    log("late", late);
}

PROACTOR_TEST_BODY(descriptor, fifo)
{
    context ctx;
    const socket_file name("fifo");
    log("mkfifo", ::mkfifo(name.path.c_str(), 0600));
    stream_descriptor in(ctx, ::open(name.path.c_str(), O_RDONLY | O_NONBLOCK));
    stream_descriptor out(ctx, ::open(name.path.c_str(), O_WRONLY));
    log("flags", in.non_blocking(), in.native_non_blocking());
    char data[8];
    in.async_read_some(asio::buffer(data), report{"read"});
    ctx.poll();
    out.async_write_some(asio::buffer("hello", 5), report{"write"});
    run_all(ctx);
    in.async_read_some(asio::buffer(data), report{"the writer leaves"});
    ctx.poll();
    out.close();
    run_all(ctx);
    out.assign(::open(name.path.c_str(), O_WRONLY));
    in.async_read_some(asio::buffer(data), report{"the next writer"});
    ctx.poll();
    out.write_some(asio::buffer("again", 5));
    run_all(ctx);
}

PROACTOR_TEST_BODY(descriptor, counters)
{
    context ctx;
    std::uint64_t value = 0;
    stream_descriptor event(ctx, ::eventfd(0, 0));
    event.async_read_some(asio::buffer(&value, 8), report{"event"});
    ctx.poll();
    const std::uint64_t three = 3;
    event.write_some(asio::buffer(&three, 8));
    run_all(ctx);
    log("value", value);
    event.async_read_some(asio::buffer(&value, 4), report{"too short"});
    event.write_some(asio::buffer(&three, 8));
    run_all(ctx);
    stream_descriptor timer(ctx, ::timerfd_create(CLOCK_MONOTONIC, 0));
    timer.async_read_some(asio::buffer(&value, 8), report{"timer"});
    ctx.poll();
    itimerspec soon{};
    soon.it_value.tv_nsec = 1000;
    log("set", ::timerfd_settime(timer.native_handle(), 0, &soon, nullptr));
    run_all(ctx);
    log("value", value);
}

PROACTOR_TEST_BODY(descriptor, devices)
{
    context ctx;
    char data[8] = "1234567";
    stream_descriptor none(ctx);
    error_code ec;
    none.assign(::open("/dev/null", O_RDWR), ec);
    log("null", ec, none);
    if (!ec)
    {
        none.async_read_some(asio::buffer(data), report{"read"});
        run_all(ctx);
        none.async_write_some(asio::buffer(data), report{"write"});
        run_all(ctx);
        none.async_wait(stream_descriptor::wait_read, report{"wait"});
        run_all(ctx);
        none.async_read_some(asio::null_buffers(), report{"null read"});
        run_all(ctx);
    }
    stream_descriptor folder(ctx);
    folder.assign(::open(".", O_RDONLY), ec);
    log("folder", ec, folder);
    if (!ec)
    {
        folder.async_read_some(asio::buffer(data), report{"read"});
        run_all(ctx);
    }
}

PROACTOR_TEST_BODY(descriptor, null_buffers)
{
    context ctx;
    int ends[2];
    log("pair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    stream_descriptor a(ctx, ends[0]);
    stream_descriptor b(ctx, ends[1]);
    a.async_read_some(asio::null_buffers(), report{"read"});
    log("poll", ctx.poll());
    b.write_some(asio::buffer("x", 1));
    run_all(ctx);
    a.async_write_some(asio::null_buffers(), report{"write"});
    run_all(ctx);
    log("sync", a.read_some(asio::null_buffers()), a.write_some(asio::null_buffers()));
    a.non_blocking(true);
    error_code ec;
    char byte;
    log("left", a.read_some(asio::buffer(&byte, 1)));
    a.read_some(asio::null_buffers(), ec);
    log("non-blocking", ec);
    a.close();
    a.async_read_some(asio::null_buffers(), report{"closed"});
    run_all(ctx);
    a.read_some(asio::null_buffers(), ec);
    log("closed", ec);
}

} // namespace differential
