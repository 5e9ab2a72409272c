// posix::stream_descriptor over the things that Unix calls files: pipes, sockets, counters,
// terminals.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

namespace asio = boost::asio;
using test::awaitable;
using test::use_awaitable;

namespace {

struct pipe_pair
{
    test::stream_descriptor reader, writer;

    explicit pipe_pair(test::context& ctx, int flags = O_CLOEXEC) : reader(ctx), writer(ctx)
    {
        int ends[2];
        BOOST_REQUIRE(::pipe2(ends, flags) == 0);
        reader.assign(ends[0]);
        writer.assign(ends[1]);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(stream_descriptor)

BOOST_AUTO_TEST_CASE(a_pipe_in_both_blocking_modes)
{
    for (int const flags : {O_CLOEXEC, O_CLOEXEC | O_NONBLOCK})
    {
        test::context ctx;
        pipe_pair pipe(ctx, flags);
        std::string got(5, '\0');
        test::error_code end;
        asio::async_read(pipe.reader, asio::buffer(got), [&](test::error_code ec, std::size_t n) {
            BOOST_TEST(!ec);
            BOOST_TEST(n == 5u);
            pipe.writer.close();
            pipe.reader.async_read_some(asio::buffer(got.data(), 1),
                                        [&](test::error_code e, std::size_t) { end = e; });
        });
        ctx.poll();
        asio::async_write(pipe.writer, asio::buffer("hello", 5),
                          [](test::error_code ec, std::size_t) { BOOST_TEST(!ec); });
        test::run(ctx);
        BOOST_TEST(got == "hello");
        BOOST_TEST(end == asio::error::eof);
    }
}

BOOST_AUTO_TEST_CASE(a_full_pipe_waits_for_its_reader)
{
    test::context ctx;
    pipe_pair pipe(ctx);
    std::string const sent(1 << 20, 'p');
    std::string got(sent.size(), '\0');
    int done = 0;
    asio::async_write(pipe.writer, asio::buffer(sent),
                      [&](test::error_code ec, std::size_t n) { done += !ec && n == sent.size(); });
    ctx.poll();
    BOOST_TEST(done == 0);
    asio::async_read(pipe.reader, asio::buffer(got),
                     [&](test::error_code ec, std::size_t n) { done += !ec && n == sent.size(); });
    test::run(ctx);
    BOOST_TEST(done == 2);
    BOOST_TEST((got == sent));
}

BOOST_AUTO_TEST_CASE(writing_into_a_pipe_without_reader_is_a_broken_pipe)
{
    auto const old = std::signal(SIGPIPE, SIG_IGN);
    test::context ctx;
    pipe_pair pipe(ctx);
    pipe.reader.close();
    test::error_code got;
    pipe.writer.async_write_some(asio::buffer("x", 1),
                                 [&](test::error_code ec, std::size_t) { got = ec; });
    test::run(ctx);
    std::signal(SIGPIPE, old);
    BOOST_TEST(got == asio::error::broken_pipe);
}

BOOST_AUTO_TEST_CASE(a_unix_socket_pair_with_several_reads)
{
    test::context ctx;
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    test::stream_descriptor a(ctx, ends[0]);
    test::stream_descriptor b(ctx, ends[1]);
    std::string bytes(3, '\0');
    std::string order;
    for (std::size_t i = 0; i < 3; ++i)
        a.async_read_some(asio::buffer(&bytes[i], 1), [&, i](test::error_code, std::size_t) {
            order += static_cast<char>('0' + i);
        });
    for (char const& byte : {'x', 'y', 'z'})
    {
        b.write_some(asio::buffer(&byte, 1));
        ctx.poll();
    }
    test::run(ctx);
    BOOST_TEST(bytes == "xyz");
    BOOST_TEST(order == "012");
}

BOOST_AUTO_TEST_CASE(an_eventfd_counts)
{
    test::context ctx;
    int const fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    BOOST_REQUIRE(fd >= 0);
    test::stream_descriptor event(ctx, fd);
    std::uint64_t value = 0;
    event.async_read_some(asio::buffer(&value, sizeof value),
                          [](test::error_code ec, std::size_t n) {
                              BOOST_TEST(!ec);
                              BOOST_TEST(n == 8u);
                          });
    BOOST_TEST(ctx.poll() == 0u);
    std::uint64_t const three = 3;
    event.write_some(asio::buffer(&three, sizeof three));
    test::run(ctx);
    BOOST_TEST(value == 3u);
}

BOOST_AUTO_TEST_CASE(a_timerfd_expires)
{
    test::context ctx;
    int const fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    BOOST_REQUIRE(fd >= 0);
    test::stream_descriptor timer(ctx, fd);
    itimerspec due = {};
    due.it_value.tv_nsec = 2'000'000;
    ::timerfd_settime(fd, 0, &due, nullptr);
    std::uint64_t expirations = 0;
    timer.async_read_some(asio::buffer(&expirations, sizeof expirations),
                          [](test::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    test::run(ctx);
    BOOST_TEST(expirations == 1u);
}

BOOST_AUTO_TEST_CASE(a_pseudo_terminal)
{
    int const master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0)
    {
        BOOST_TEST_MESSAGE("no pseudo terminals here");
        return;
    }
    int const slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    BOOST_REQUIRE(slave >= 0);
    termios raw = {};
    ::tcgetattr(slave, &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave, TCSANOW, &raw);
    test::context ctx;
    test::stream_descriptor keyboard(ctx, master);
    test::stream_descriptor terminal(ctx, slave);
    std::string line;
    asio::async_read_until(terminal, asio::dynamic_buffer(line), '\n',
                           [](test::error_code ec, std::size_t n) {
                               BOOST_TEST(!ec);
                               BOOST_TEST(n == 6u);
                           });
    ctx.poll();
    asio::async_write(keyboard, asio::buffer("typed\n", 6),
                      [](test::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    test::run(ctx);
    BOOST_TEST(line == "typed\n");
}

BOOST_AUTO_TEST_CASE(a_pipe_of_packets)
{
    test::context ctx;
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_DIRECT | O_CLOEXEC) == 0);
    test::stream_descriptor reader(ctx, ends[0]);
    test::stream_descriptor writer(ctx, ends[1]);
    char data[8];
    std::string sizes;
    reader.async_read_some(asio::buffer(data), [&](test::error_code ec, std::size_t n) {
        sizes += ec ? "!" : std::to_string(n);
        reader.async_read_some(asio::buffer(data), [&](test::error_code e, std::size_t m) {
            sizes += e ? "!" : std::to_string(m);
        });
    });
    ctx.poll();
    writer.async_write_some(asio::buffer("abc", 3), [](test::error_code, std::size_t) {});
    writer.async_write_some(asio::buffer("de", 2), [](test::error_code, std::size_t) {});
    test::run(ctx);
    BOOST_TEST(sizes == "32");
}

BOOST_AUTO_TEST_CASE(scatter_and_gather)
{
    test::context ctx;
    pipe_pair pipe(ctx);
    std::string const one = "ab";
    std::string const two = "cde";
    std::array<asio::const_buffer, 2> const out{asio::buffer(one), asio::buffer(two)};
    std::string x(4, '\0');
    std::string y(1, '\0');
    std::array<asio::mutable_buffer, 2> const in{asio::buffer(x), asio::buffer(y)};
    auto const body = [&]() -> awaitable<void> {
        BOOST_TEST(co_await pipe.writer.async_write_some(out, use_awaitable) == 5u);
        BOOST_TEST(co_await pipe.reader.async_read_some(in, use_awaitable) == 5u);
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST(x + y == "abcde");
}

BOOST_AUTO_TEST_CASE(cancel_close_and_destruction)
{
    test::context ctx;
    std::optional<pipe_pair> pipe(std::in_place, ctx);
    char byte;
    int aborted = 0;
    auto const count = [&](test::error_code ec, auto&&...) {
        aborted += ec == asio::error::operation_aborted;
    };
    pipe->reader.async_read_some(asio::buffer(&byte, 1), count);
    ctx.poll();
    pipe->reader.cancel();
    test::run(ctx);
    BOOST_TEST(aborted == 1);
    pipe->reader.async_read_some(asio::buffer(&byte, 1), count);
    ctx.restart();
    ctx.poll();
    pipe->reader.close();
    test::run(ctx);
    BOOST_TEST(aborted == 2);
    test::error_code closed;
    pipe->reader.async_read_some(asio::buffer(&byte, 1),
                                 [&](test::error_code ec, std::size_t) { closed = ec; });
    test::run(ctx);
    BOOST_TEST(closed == asio::error::bad_descriptor);
    pipe.emplace(ctx);
    pipe->reader.async_read_some(asio::buffer(&byte, 1), count);
    ctx.restart();
    ctx.poll();
    pipe.reset();
    test::run(ctx);
    BOOST_TEST(aborted == 3);
}

BOOST_AUTO_TEST_CASE(a_duplicate_keeps_its_operations)
{
    // Asio's chat client wraps two duplicates of one terminal: cancelling one must not touch the
    // other.
    test::context ctx;
    pipe_pair pipe(ctx);
    test::stream_descriptor twin(ctx, ::dup(pipe.reader.native_handle()));
    char byte = 0;
    char other = 0;
    test::error_code first;
    test::error_code second = asio::error::fault;
    pipe.reader.async_read_some(asio::buffer(&byte, 1),
                                [&](test::error_code ec, std::size_t) { first = ec; });
    twin.async_read_some(asio::buffer(&other, 1),
                         [&](test::error_code ec, std::size_t) { second = ec; });
    ctx.poll();
    pipe.reader.cancel();
    ctx.run_one();
    BOOST_TEST(first == asio::error::operation_aborted);
    pipe.writer.write_some(asio::buffer("t", 1));
    test::run(ctx);
    BOOST_TEST(!second);
    BOOST_TEST(other == 't');
}

BOOST_AUTO_TEST_CASE(async_wait_and_synchronous_functions)
{
    test::context ctx;
    pipe_pair pipe(ctx);
    std::string seen;
    pipe.writer.async_wait(test::stream_descriptor::wait_write,
                           [&](test::error_code ec) { seen += ec ? '!' : 'w'; });
    test::run(ctx);
    pipe.reader.async_wait(test::stream_descriptor::wait_read,
                           [&](test::error_code ec) { seen += ec ? '!' : 'r'; });
    pipe.writer.write_some(asio::buffer("1", 1));
    test::run(ctx);
    BOOST_TEST(seen == "wr");
    char byte = 0;
    pipe.reader.wait(test::stream_descriptor::wait_read);
    BOOST_TEST(pipe.reader.read_some(asio::buffer(&byte, 1)) == 1u);
    pipe.reader.non_blocking(true);
    test::error_code ec;
    pipe.reader.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::would_block);
    pipe.reader.non_blocking(false);
    pipe.writer.close();
    pipe.reader.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(release_gives_the_descriptor_back)
{
    test::context ctx;
    pipe_pair pipe(ctx);
    char byte;
    test::error_code got;
    pipe.reader.async_read_some(asio::buffer(&byte, 1),
                                [&](test::error_code ec, std::size_t) { got = ec; });
    ctx.poll();
    int const fd = pipe.reader.release();
    BOOST_TEST(!pipe.reader.is_open());
    test::run(ctx);
    BOOST_TEST(got == asio::error::operation_aborted);
    pipe.writer.write_some(asio::buffer("k", 1));
    BOOST_TEST(::read(fd, &byte, 1) == 1);
    ::close(fd);
}

BOOST_AUTO_TEST_SUITE_END()
