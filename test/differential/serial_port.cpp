//
// Serial ports, over pseudo terminals.
//

#include "loopback.hpp"
#include "registry.hpp"

#include "../support/terminal.hpp"

#include <csignal>

#include <termios.h>

namespace differential {

namespace {

using base = asio::serial_port_base;

struct line
{
    explicit line(context& ctx) : port(ctx, terminal.device()), far(ctx, terminal.release()) {}

    test::terminal terminal;
    serial_port port;
    stream_descriptor far;
};

void log_settings(const char* name, int handle)
{
    termios now{};
    const int result = ::tcgetattr(handle, &now);
    log(name, result, now.c_iflag, now.c_oflag, now.c_cflag, now.c_lflag,
        static_cast<int>(now.c_cc[VMIN]), static_cast<int>(now.c_cc[VTIME]));
}

template <class Option>
void set_and_get(serial_port& port, const char* name, const Option& wanted)
{
    error_code ec;
    port.set_option(wanted, ec);
    log(name, ec);
    Option now;
    port.get_option(now, ec);
    log(name, ec, static_cast<int>(now.value()));
}

} // namespace

PROACTOR_TEST_BODY(serial_port, settings_when_opened)
{
    context ctx;
    line l(ctx);
    log_settings("opened", l.port.native_handle());
}

PROACTOR_TEST_BODY(serial_port, assigned_is_left_as_it_is)
{
    context ctx;
    test::terminal t;
    const int handle = ::open(t.device().c_str(), O_RDWR | O_NOCTTY);
    serial_port port(ctx, handle);
    log_settings("assigned", handle);
    error_code ec;
    port.assign(handle, ec);
    log("twice", ec);
    serial_port other(ctx);
    other.assign(-1, ec);
    log("-1", ec, other);
}

PROACTOR_TEST_BODY(serial_port, opened)
{
    context ctx;
    test::terminal t;
    serial_port port(ctx);
    error_code ec;
    port.open("/dev/nothing-of-this-name", ec);
    log("none", ec, port);
    port.open("/dev/null", ec);
    log("no terminal", ec, port);
    port.open("", ec);
    log("empty", ec, port);
    port.open(t.device(), ec);
    log("opened", ec, port);
    port.open(t.device(), ec);
    log("twice", ec, port);
    attempt("throwing", [&] { serial_port(ctx, "/dev/null"); });
    attempt("open", [&] { port.open(t.device()); });
}

PROACTOR_TEST_BODY(serial_port, options)
{
    context ctx;
    line l(ctx);
    for (const unsigned rate : {50u, 1200u, 9600u, 19200u, 115200u, 230400u, 12345u, 0u})
    {
        set_and_get(l.port, "baud_rate", base::baud_rate(rate));
    }
    for (const auto t :
         {base::flow_control::none, base::flow_control::software, base::flow_control::hardware})
    {
        set_and_get(l.port, "flow_control", base::flow_control(t));
    }
    for (const auto t : {base::parity::none, base::parity::odd, base::parity::even})
    {
        set_and_get(l.port, "parity", base::parity(t));
    }
    for (const auto t : {base::stop_bits::one, base::stop_bits::onepointfive, base::stop_bits::two})
    {
        set_and_get(l.port, "stop_bits", base::stop_bits(t));
    }
    for (const unsigned bits : {5u, 6u, 7u, 8u})
    {
        set_and_get(l.port, "character_size", base::character_size(bits));
    }
    log_settings("at last", l.port.native_handle());
    error_code ec;
    l.port.send_break(ec);
    log("send_break", ec);
}

PROACTOR_TEST_BODY(serial_port, bytes)
{
    context ctx;
    line l(ctx);
    char data[16];
    l.port.async_read_some(asio::buffer(data), report{"read"});
    log("poll", ctx.poll());
    asio::write(l.far, asio::buffer("\r\n\x03\x11", 4));
    ctx.run();
    ctx.restart();
    log("equal", std::string_view(data, 4) == "\r\n\x03\x11");
    l.port.async_write_some(asio::buffer("\n\x04", 2), report{"write"});
    ctx.run();
    log("far", read_exactly(l.far, 2) == "\n\x04");
    log("sync", l.port.write_some(asio::buffer("abc", 3)));
    asio::write(l.far, asio::buffer("de", 2));
    log("sync", l.port.read_some(asio::buffer(data)), std::string_view(data, 2));
    ctx.restart();
    l.port.async_read_some(asio::mutable_buffer(), report{"empty"});
    l.port.async_write_some(asio::const_buffer(), report{"empty"});
    ctx.run();
}

PROACTOR_TEST_BODY(serial_port, cancelled_and_closed)
{
    context ctx;
    line l(ctx);
    char data[16];
    l.port.async_read_some(asio::buffer(data), report{"first"});
    l.port.async_read_some(asio::buffer(data), report{"second"});
    ctx.poll();
    l.port.cancel();
    log("run", ctx.run());
    ctx.restart();
    l.port.async_read_some(asio::buffer(data), report{"third"});
    ctx.poll();
    l.port.close();
    log("state", l.port);
    ctx.run();
    error_code ec;
    l.port.close(ec);
    log("close", ec);
}

PROACTOR_TEST_BODY(serial_port, closed)
{
    context ctx;
    serial_port port(ctx);
    char byte = 0;
    error_code ec;
    port.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.run();
    ctx.restart();
    port.async_write_some(asio::buffer(&byte, 1), report{"write"});
    ctx.run();
    port.read_some(asio::buffer(&byte, 1), ec);
    log("sync read", ec);
    port.write_some(asio::buffer(&byte, 1), ec);
    log("sync write", ec);
    port.cancel(ec);
    log("cancel", ec);
    port.close(ec);
    log("close", ec);
    port.send_break(ec);
    log("send_break", ec);
    port.set_option(base::baud_rate(9600), ec);
    log("set_option", ec);
    base::baud_rate rate;
    port.get_option(rate, ec);
    log("get_option", ec);
    log("handle", port.native_handle());
}

PROACTOR_TEST_BODY(serial_port, hung_up)
{
    ::signal(SIGHUP, SIG_IGN);
    context ctx;
    line l(ctx);
    char data[16];
    l.port.async_read_some(asio::buffer(data), report{"read"});
    ctx.poll();
    l.far.close();
    ctx.run();
    ctx.restart();
    l.port.async_write_some(asio::buffer("x", 1), report{"write"});
    ctx.run();
    error_code ec;
    l.port.read_some(asio::buffer(data), ec);
    log("sync read", ec);
    l.port.write_some(asio::buffer("x", 1), ec);
    log("sync write", ec);
}

PROACTOR_TEST_BODY(serial_port, moved)
{
    context ctx;
    line l(ctx);
    char data[16];
    l.port.async_read_some(asio::buffer(data), report{"read"});
    ctx.poll();
    serial_port moved(std::move(l.port));
    serial_port assigned(ctx);
    assigned = std::move(moved);
    log("states", l.port, moved, assigned);
    asio::write(l.far, asio::buffer("m", 1));
    ctx.run();
}

} // namespace differential
