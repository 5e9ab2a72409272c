// Serial ports, over a pseudo terminal.
#include "../support/context.hpp"
#include "../support/terminal.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <termios.h>

namespace asio = boost::asio;
using base = asio::serial_port_base;

namespace {

// A port, and the other end of its line.
struct line
{
    explicit line(test::context& ctx) : port(ctx, terminal.device()), far(ctx, terminal.release())
    {
    }

    test::terminal terminal;
    test::serial_port port;
    test::stream_descriptor far;
};

auto const no_handler = [](test::error_code, std::size_t) {};

} // namespace

BOOST_AUTO_TEST_SUITE(serial_port)

BOOST_AUTO_TEST_CASE(opens_for_bytes_as_they_come)
{
    test::context ctx;
    line l(ctx);
    termios now{};
    BOOST_REQUIRE(::tcgetattr(l.port.native_handle(), &now) == 0);
    BOOST_TEST((now.c_lflag & (ICANON | ECHO | ISIG | IEXTEN)) == 0u);
    BOOST_TEST((now.c_oflag & OPOST) == 0u);
    BOOST_TEST((now.c_iflag & (ICRNL | IXON)) == 0u);
    BOOST_TEST((now.c_iflag & IGNPAR) != 0u);
    BOOST_TEST((now.c_cflag & CLOCAL) != 0u);
    BOOST_TEST((now.c_cflag & CREAD) != 0u);
    test::error_code ec;
    l.port.open(l.terminal.device(), ec);
    BOOST_TEST(ec == asio::error::already_open);
}

BOOST_AUTO_TEST_CASE(what_is_no_port_is_not_opened)
{
    test::context ctx;
    test::serial_port port(ctx);
    test::error_code ec;
    port.open("/dev/nothing-of-this-name", ec);
    BOOST_TEST(ec.value() == ENOENT);
    port.open("/dev/null", ec);
    BOOST_TEST(ec.value() == ENOTTY);
    BOOST_TEST(!port.is_open());
    BOOST_CHECK_THROW(test::serial_port(ctx, "/dev/null"), test::system_error);
    port.set_option(base::baud_rate(9600), ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    port.send_break(ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    port.cancel(ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    char byte;
    test::error_code read;
    port.async_read_some(asio::buffer(&byte, 1),
                         [&](test::error_code e, std::size_t) { read = e; });
    test::run(ctx);
    BOOST_TEST(read == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(options_are_kept)
{
    test::context ctx;
    line l(ctx);
    l.port.set_option(base::baud_rate(19200));
    l.port.set_option(base::flow_control(base::flow_control::software));
    l.port.set_option(base::stop_bits(base::stop_bits::two));
    base::baud_rate rate;
    base::flow_control flow;
    base::stop_bits stop;
    base::character_size size;
    l.port.get_option(rate);
    l.port.get_option(flow);
    l.port.get_option(stop);
    std::as_const(l.port).get_option(size);
    BOOST_TEST(rate.value() == 19200u);
    BOOST_TEST(flow.value() == base::flow_control::software);
    BOOST_TEST(stop.value() == base::stop_bits::two);
    BOOST_TEST(size.value() == 8u);
    test::error_code ec;
    l.port.set_option(base::baud_rate(12345), ec);
    BOOST_TEST(ec == asio::error::invalid_argument);
    l.port.send_break();
}

BOOST_AUTO_TEST_CASE(bytes_go_both_ways)
{
    test::context ctx;
    line l(ctx);
    std::string here(6, '\0');
    std::string there(4, '\0');
    asio::async_read(l.port, asio::buffer(here), no_handler);
    asio::async_read(l.far, asio::buffer(there), no_handler);
    ctx.poll();
    asio::async_write(l.far, asio::buffer("\0\r\n\x11\x13\xff", 6), no_handler);
    asio::async_write(l.port, asio::buffer("\x04\x03\r\n", 4), no_handler);
    test::run(ctx);
    BOOST_TEST(here == std::string("\0\r\n\x11\x13\xff", 6));
    BOOST_TEST(there == "\x04\x03\r\n");
    BOOST_TEST(l.port.write_some(asio::buffer("ab", 2)) == 2u);
    BOOST_TEST(l.far.read_some(asio::buffer(there)) == 2u);
    l.far.write_some(asio::buffer("c", 1));
    BOOST_TEST(l.port.read_some(asio::buffer(here)) == 1u);
    BOOST_TEST(here[0] == 'c');
}

BOOST_AUTO_TEST_CASE(coroutines)
{
    test::context ctx;
    line l(ctx);
    std::string echo;
    auto const server = [&]() -> test::awaitable<> {
        char data[16];
        auto const n = co_await l.port.async_read_some(asio::buffer(data), test::use_awaitable);
        co_await asio::async_write(l.port, asio::buffer(data, n), test::use_awaitable);
    };
    auto const client = [&]() -> test::awaitable<> {
        co_await asio::async_write(l.far, asio::buffer("echo", 4), test::use_awaitable);
        echo.resize(4);
        co_await asio::async_read(l.far, asio::buffer(echo), test::use_awaitable);
    };
    auto const end = [](std::exception_ptr e) { BOOST_TEST(!e); };
    asio::co_spawn(ctx, server(), end);
    asio::co_spawn(ctx, client(), end);
    test::run(ctx);
    BOOST_TEST(echo == "echo");
}

BOOST_AUTO_TEST_CASE(cancelled_closed_destroyed)
{
    test::context ctx;
    std::optional<line> l(std::in_place, ctx);
    char byte;
    int aborted = 0;
    auto const count = [&](test::error_code ec, std::size_t) {
        aborted += ec == asio::error::operation_aborted;
    };
    l->port.async_read_some(asio::buffer(&byte, 1), count);
    ctx.poll();
    l->port.cancel();
    test::run(ctx);
    BOOST_TEST(aborted == 1);
    l->port.async_read_some(asio::buffer(&byte, 1), count);
    ctx.restart();
    ctx.poll();
    l->port.close();
    BOOST_TEST(!l->port.is_open());
    test::run(ctx);
    BOOST_TEST(aborted == 2);
    l.emplace(ctx);
    l->port.async_read_some(asio::buffer(&byte, 1), count);
    ctx.restart();
    ctx.poll();
    l.reset();
    test::run(ctx);
    BOOST_TEST(aborted == 3);
}

BOOST_AUTO_TEST_CASE(a_line_that_is_hung_up)
{
    test::context ctx;
    line l(ctx);
    char byte;
    test::error_code read;
    l.port.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code ec, std::size_t) { read = ec; });
    ctx.poll();
    l.far.close();
    test::run(ctx);
    BOOST_TEST((read == asio::error::eof || read.value() == EIO), "is " << read);
}

BOOST_AUTO_TEST_CASE(moves_with_its_operations)
{
    test::context ctx;
    line l(ctx);
    char byte = 0;
    l.port.async_read_some(asio::buffer(&byte, 1), no_handler);
    ctx.poll();
    test::serial_port moved(std::move(l.port));
    BOOST_TEST(!l.port.is_open());
    test::serial_port assigned(ctx);
    assigned = std::move(moved);
    asio::write(l.far, asio::buffer("m", 1));
    test::run(ctx);
    BOOST_TEST(byte == 'm');
    BOOST_TEST(assigned.is_open());
}

#if !PROACTOR_TEST_ORACLE
BOOST_AUTO_TEST_CASE(is_served_by_the_driver)
{
    test::context ctx;
    line l(ctx);
    auto const before = ctx.metrics().submissions;
    char byte;
    l.port.async_read_some(asio::buffer(&byte, 1), no_handler);
    ctx.poll();
    BOOST_TEST(ctx.metrics().submissions > before);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
