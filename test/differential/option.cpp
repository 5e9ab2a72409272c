//
// Every option and command that Asio wraps, and some of a user's own, on sockets of every kind:
// what setting, getting and commanding say, and what is read back.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <boost/asio/ip/icmp.hpp>

#include <cstddef>
#include <cstring>

#include <linux/icmp.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

namespace differential {

namespace {

namespace ip = asio::ip;
namespace multicast = asio::ip::multicast;
using base = asio::socket_base;
using local_stream = asio::local::stream_protocol;

using udp_socket = asio::basic_datagram_socket<ip::udp, executor>;
using icmp_socket = asio::basic_raw_socket<ip::icmp, executor>;
using local_socket = asio::basic_stream_socket<local_stream, executor>;
using local_acceptor = asio::basic_socket_acceptor<local_stream, executor>;
using local_datagram_socket = asio::basic_datagram_socket<asio::local::datagram_protocol, executor>;
using local_packet_socket =
    asio::basic_seq_packet_socket<asio::generic::seq_packet_protocol, executor>;
using generic_socket = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;
using generic_datagram_socket =
    asio::basic_datagram_socket<asio::generic::datagram_protocol, executor>;
using generic_raw_socket = asio::basic_raw_socket<asio::generic::raw_protocol, executor>;

std::string value_of(const base::linger& option)
{
    return describe(option.enabled()) + '/' + describe(option.timeout());
}

template <class Option>
std::string value_of(const Option& option)
{
    return describe(option.value());
}

template <class Option, class Object>
void get(const std::string& name, Object& object)
{
    Option option{};
    error_code ec;
    object.get_option(option, ec);
    log(name + " get", ec, value_of(option));
}

template <class Option, class Object>
void set(const std::string& name, Object& object, const Option& wanted)
{
    error_code ec;
    object.set_option(wanted, ec);
    log(name + " set", ec);
    get<Option>(name, object);
}

/// An option of the user's: whatever level, name and size say.
struct custom
{
    int at = SOL_SOCKET;
    int named = SO_KEEPALIVE;
    std::size_t bytes = sizeof(int);
    int content[4] = {};

    template <class Protocol>
    int level(const Protocol&) const
    {
        return at;
    }
    template <class Protocol>
    int name(const Protocol&) const
    {
        return named;
    }
    template <class Protocol>
    void* data(const Protocol&)
    {
        return content;
    }
    template <class Protocol>
    const void* data(const Protocol&) const
    {
        return content;
    }
    template <class Protocol>
    std::size_t size(const Protocol&) const
    {
        return bytes;
    }
    template <class Protocol>
    void resize(const Protocol&, std::size_t n)
    {
        bytes = n;
    }
};

/// Logs a reading of a user's option, with the size that it was told afterwards.
template <class Object>
void get(const std::string& name, Object& object, custom option)
{
    error_code ec;
    object.get_option(option, ec);
    log(name, ec, option.bytes, option.content[0], option.content[1]);
}

template <class Object>
void all_booleans(Object& object)
{
    for (const bool on : {true, false})
    {
        set("debug", object, base::debug(on));
        set("broadcast", object, base::broadcast(on));
        set("do_not_route", object, base::do_not_route(on));
        set("keep_alive", object, base::keep_alive(on));
        set("reuse_address", object, base::reuse_address(on));
        set("out_of_band_inline", object, base::out_of_band_inline(on));
        set("enable_connection_aborted", object, base::enable_connection_aborted(on));
        set("linger", object, base::linger(on, on ? 3 : 0));
        set("no_delay", object, tcp::no_delay(on));
        set("v6_only", object, ip::v6_only(on));
        set("enable_loopback", object, multicast::enable_loopback(on));
    }
}

template <class Object>
void all_integers(Object& object)
{
    for (const int size : {-1, 0, 1, 4096, 65536})
    {
        set("send_buffer_size", object, base::send_buffer_size(size));
        set("receive_buffer_size", object, base::receive_buffer_size(size));
        set("send_low_watermark", object, base::send_low_watermark(size));
        set("receive_low_watermark", object, base::receive_low_watermark(size));
    }
    for (const int hops : {-1, 0, 1, 64, 255, 256})
    {
        set("unicast hops", object, ip::unicast::hops(hops));
        attempt("multicast hops", [&] { set("multicast hops", object, multicast::hops(hops)); });
    }
    set("linger -1", object, base::linger(true, -1));
    set("linger 100000", object, base::linger(true, 100000));
    set("linger off", object, base::linger(false, 0));
    set("any byte will do", object, base::receive_low_watermark(1));
}

template <class Option, class Object>
void set_only(const std::string& name, Object& object, const Option& wanted)
{
    error_code ec;
    object.set_option(wanted, ec);
    log(name, ec);
}

template <class Object>
void all_multicast(Object& object)
{
    const auto four = ip::make_address_v4("239.255.0.1");
    const auto six = ip::make_address_v6("ff02::1234");
    const auto loopback = ip::address_v4::loopback();
    const unsigned long interface = ::if_nametoindex("lo");
    set_only("outbound_interface v4", object, multicast::outbound_interface(loopback));
    set_only("outbound_interface v6", object,
             multicast::outbound_interface(static_cast<unsigned>(interface)));
    set_only("outbound_interface unknown", object, multicast::outbound_interface(99999));
    set_only("leave before", object, multicast::leave_group(four, loopback));
    set_only("join", object, multicast::join_group(four, loopback));
    set_only("join twice", object, multicast::join_group(four, loopback));
    set_only("leave", object, multicast::leave_group(four, loopback));
    set_only("leave twice", object, multicast::leave_group(four, loopback));
    set_only("join v6", object, multicast::join_group(six, interface));
    set_only("join v6 twice", object, multicast::join_group(six, interface));
    set_only("leave v6", object, multicast::leave_group(six, interface));
    set_only("leave v6 twice", object, multicast::leave_group(six, interface));
    set_only("join no group", object, multicast::join_group(loopback, loopback));
    set_only("join unknown interface", object, multicast::join_group(six, 99999));
}

constexpr struct
{
    const char* title;
    int level;
    int name;
} customs[] = {
    {"keep alive", SOL_SOCKET, SO_KEEPALIVE},
    {"linger", SOL_SOCKET, SO_LINGER},
    {"type", SOL_SOCKET, SO_TYPE},
    {"send buffer", SOL_SOCKET, SO_SNDBUF},
    {"receive timeout", SOL_SOCKET, SO_RCVTIMEO},
    {"no delay", IPPROTO_TCP, TCP_NODELAY},
    {"enable_connection_aborted", asio::detail::custom_socket_option_level,
     asio::detail::enable_connection_aborted_option},
    {"always fails", asio::detail::custom_socket_option_level, asio::detail::always_fail_option},
    {"no such name", SOL_SOCKET, 9999},
    {"no such level", 9999, 1},
};

template <class Object>
void all_custom(Object& object)
{
    for (const std::size_t size : {0u, 1u, 3u, 4u, 8u, 16u})
    {
        const std::string bytes = " of " + std::to_string(size) + " bytes";
        for (const auto& [title, at, named] : customs)
        {
            set_only(title + (" set" + bytes), object, custom{at, named, size, {1}});
            get(title + (" get" + bytes), object, custom{at, named, size, {}});
        }
    }
    // What was just set may make every later call time out.
    set_only("no timeout", object, custom{SOL_SOCKET, SO_RCVTIMEO, 16, {}});
}

template <class Object>
void throwing(Object& object)
{
    attempt("set_option", [&] { object.set_option(custom{SOL_SOCKET, 9999, 4, {1}}); });
    attempt("get_option", [&] {
        custom option{SOL_SOCKET, 9999, 4, {}};
        object.get_option(option);
    });
}

/// A command of the user's.
struct custom_command
{
    int number = 0;
    int argument = 0;

    int name() const { return number; }
    void* data() { return &argument; }
};

template <class Object>
void all_commands(Object& object)
{
    error_code ec;
    base::bytes_readable readable(true);
    object.io_control(readable, ec);
    log("bytes_readable", ec, readable.get());
    for (const int number : {static_cast<int>(FIONREAD), static_cast<int>(SIOCATMARK),
                             static_cast<int>(TIOCOUTQ), 0x7fff})
    {
        custom_command command{number, 5};
        object.io_control(command, ec);
        log("command " + std::to_string(number), ec, command.argument);
    }
    attempt("throwing", [&] {
        custom_command command{0x7fff, 0};
        object.io_control(command);
    });
    const auto modes = [&](const char* name) {
        log(name, object.non_blocking(), object.native_non_blocking());
    };
    modes("at first");
    for (const int mode : {1, 0})
    {
        // Not one of Asio's wrappers, and yet Asio keeps its own idea of the mode.
        custom_command command{static_cast<int>(FIONBIO), mode};
        object.io_control(command, ec);
        log("FIONBIO", ec, mode);
        modes("after FIONBIO");
    }
    for (const bool mode : {true, false})
    {
        object.native_non_blocking(mode, ec);
        log("native_non_blocking", ec, mode);
        modes("after native_non_blocking");
        object.non_blocking(mode, ec);
        log("non_blocking", ec, mode);
        modes("after non_blocking");
    }
    object.non_blocking(true, ec);
    object.native_non_blocking(false, ec);
    log("native off, own on", ec);
    modes("modes");
    object.non_blocking(false, ec);
    log("both off", ec);
    modes("modes");
}

/// So that a raw socket does not see what the rest of the system receives.
void refuse_all(int handle)
{
    const icmp_filter four{~0u};
    ::setsockopt(handle, SOL_RAW, ICMP_FILTER, &four, sizeof(four));
    icmp6_filter six;
    ICMP6_FILTER_SETBLOCKALL(&six);
    ::setsockopt(handle, IPPROTO_ICMPV6, ICMP6_FILTER, &six, sizeof(six));
}

template <class Object>
void everything(Object& object)
{
    all_booleans(object);
    all_integers(object);
    all_multicast(object);
    all_custom(object);
    all_commands(object);
    throwing(object);
}

} // namespace

PROACTOR_TEST_BODY(option, on_a_connected_socket)
{
    context ctx;
    connection c(ctx);
    everything(c.client);
    log("write", asio::write(c.server, asio::buffer("x", 1)));
    log("read", read_exactly(c.client, 1));
}

PROACTOR_TEST_BODY(option, on_an_open_socket)
{
    context ctx;
    tcp_socket four(ctx, tcp::v4());
    everything(four);
    tcp_socket six(ctx);
    error_code ec;
    six.open(tcp::v6(), ec);
    log("v6", ec);
    everything(six);
}

PROACTOR_TEST_BODY(option, on_a_closed_socket)
{
    context ctx;
    tcp_socket socket(ctx);
    everything(socket);
    tcp_acceptor acceptor(ctx);
    everything(acceptor);
    udp_socket datagrams(ctx);
    everything(datagrams);
    socket.open(tcp::v4());
    socket.close();
    everything(socket);
}

PROACTOR_TEST_BODY(option, on_an_acceptor)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    everything(acceptor);
}

PROACTOR_TEST_BODY(option, on_udp)
{
    context ctx;
    udp_socket four(ctx, ip::udp::endpoint(ip::address_v4::loopback(), 0));
    everything(four);
    udp_socket six(ctx);
    error_code ec;
    six.open(ip::udp::v6(), ec);
    log("v6", ec);
    everything(six);
}

PROACTOR_TEST_BODY(option, on_icmp)
{
    context ctx;
    for (const ip::icmp& protocol : {ip::icmp::v4(), ip::icmp::v6()})
    {
        icmp_socket socket(ctx);
        error_code ec;
        socket.open(protocol, ec); // without the right to it: as a closed one
        log("open", ec);
        refuse_all(socket.native_handle());
        drain(socket);
        everything(socket);
    }
}

PROACTOR_TEST_BODY(option, on_local_sockets)
{
    context ctx;
    local_socket a(ctx);
    local_socket b(ctx);
    asio::local::connect_pair(a, b);
    everything(a);
    local_datagram_socket datagrams(ctx, asio::local::datagram_protocol());
    everything(datagrams);
    local_packet_socket packets(ctx, asio::generic::seq_packet_protocol(AF_UNIX, 0));
    everything(packets);
    local_acceptor acceptor(ctx, local_stream());
    everything(acceptor);
}

PROACTOR_TEST_BODY(option, on_generic_sockets)
{
    context ctx;
    generic_socket stream(ctx, asio::generic::stream_protocol(tcp::v4()));
    everything(stream);
    generic_datagram_socket datagrams(ctx, asio::generic::datagram_protocol(ip::udp::v4()));
    everything(datagrams);
    generic_raw_socket raw(ctx);
    error_code ec;
    raw.open(asio::generic::raw_protocol(AF_INET, IPPROTO_RAW), ec);
    log("open", ec);
    everything(raw);
}

PROACTOR_TEST_BODY(option, after_an_asynchronous_operation)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.poll();
    everything(c.client);
    asio::write(c.server, asio::buffer("x", 1));
    ctx.run();
    log("mode", c.client.non_blocking(), c.client.native_non_blocking());
}

PROACTOR_TEST_BODY(option, bytes_readable)
{
    context ctx;
    connection c(ctx);
    base::bytes_readable readable;
    asio::write(c.server, asio::buffer("12345", 5));
    await_readable(c.client.native_handle());
    c.client.io_control(readable);
    log("five", readable.get(), c.client.available());
    char two[2];
    c.client.receive(asio::buffer(two));
    c.client.io_control(readable);
    log("three", readable.get(), c.client.available());
    tcp_socket closed(ctx);
    error_code ec;
    log("closed", closed.available(ec));
    log("closed", ec);
    log("at_mark", closed.at_mark(ec));
    log("at_mark", ec);
}

PROACTOR_TEST_BODY(option, on_descriptors)
{
    context ctx;
    int ends[2];
    if (::pipe(ends) != 0)
    {
        return;
    }
    stream_descriptor read(ctx, ends[0]);
    stream_descriptor write(ctx, ends[1]);
    all_commands(read);
    asio::write(write, asio::buffer("12345", 5));
    base::bytes_readable readable;
    read.io_control(readable);
    log("five", readable.get());
    read.close();
    all_commands(read);
}

// What a handle that was set before it came here keeps, and what goes with it.
PROACTOR_TEST_BODY(option, of_assigned_and_moved_sockets)
{
    context ctx;
    tcp_socket first(ctx, tcp::v4());
    first.set_option(tcp::no_delay(true));
    first.set_option(base::enable_connection_aborted(true));
    first.non_blocking(true);
    tcp_socket second(std::move(first));
    get<tcp::no_delay>("moved", second);
    get<base::enable_connection_aborted>("moved", second);
    log("moved", second.non_blocking(), second.native_non_blocking());
    get<base::enable_connection_aborted>("moved from", first);
    generic_socket third(std::move(second));
    get<tcp::no_delay>("converted", third);
    get<base::enable_connection_aborted>("converted", third);
    log("converted", third.non_blocking(), third.native_non_blocking());
    tcp_socket fourth(ctx);
    fourth.assign(tcp::v4(), third.release());
    get<tcp::no_delay>("assigned", fourth);
    get<base::enable_connection_aborted>("assigned", fourth);
    log("assigned", fourth.non_blocking(), fourth.native_non_blocking());
}

} // namespace differential
