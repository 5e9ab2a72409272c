//
// Datagrams over IPv6 and to groups, where the machine has them.
//

#include "left_out.hpp"
#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

namespace differential {

namespace {

namespace ip = asio::ip;

/// Whether something comes within half a second.
bool comes(int handle)
{
    pollfd poller{handle, POLLIN, 0};
    return ::poll(&poller, 1, 500) == 1;
}

/// What a group's datagram needs on this machine; the reason if it has it not.
template <class Interface>
error_code join(udp_socket& receiver, udp_socket& sender, const ip::address& group,
                const Interface& interface)
{
    error_code ec;
    if (group.is_v4())
    {
        receiver.set_option(ip::multicast::join_group(group.to_v4(), ip::address_v4::loopback()),
                            ec);
    }
    else
    {
        receiver.set_option(ip::multicast::join_group(group.to_v6(), 1), ec);
    }
    if (!ec)
    {
        sender.set_option(ip::multicast::outbound_interface(interface), ec);
    }
    if (!ec)
    {
        sender.set_option(ip::multicast::enable_loopback(true), ec);
    }
    if (!ec)
    {
        sender.set_option(ip::multicast::hops(1), ec);
    }
    const udp::endpoint to(group, receiver.local_endpoint().port());
    if (!ec)
    {
        sender.send_to(asio::buffer("probe", 5), to, 0, ec);
    }
    if (!ec && !comes(receiver.native_handle()))
    {
        ec = asio::error::timed_out;
    }
    return ec;
}

/// A datagram to the group, from an operation to an operation.
template <class Interface>
void deliver(const ip::address& group, const ip::address& any, const Interface& interface)
{
    context ctx;
    const udp protocol = group.is_v4() ? udp::v4() : udp::v6();
    udp_socket receiver(ctx, protocol);
    udp_socket sender(ctx, protocol);
    receiver.bind({any, 0});
    if (const error_code ec = join(receiver, sender, group, interface))
    {
        leave_out("multicast", group.to_string() + ": " + ec.message());
        return;
    }
    char data[16];
    udp::endpoint from;
    error_code ec;
    log("probe", receiver.receive_from(asio::buffer(data), from, 0, ec), ec);
    receiver.async_receive_from(asio::buffer(data), from, report{"receive"});
    log("poll", ctx.poll());
    const udp::endpoint to(group, receiver.local_endpoint().port());
    sender.async_send_to(asio::buffer("to the group", 12), to,
                         [](const error_code& error, std::size_t) {
                             if (error)
                             {
                                 log("send", error);
                             }
                         });
    run_all(ctx);
    log("from the sender", from.port() == sender.local_endpoint().port());
    if (group.is_v4())
    {
        receiver.set_option(ip::multicast::leave_group(group.to_v4(), ip::address_v4::loopback()));
    }
    else
    {
        receiver.set_option(ip::multicast::leave_group(group.to_v6(), 1));
    }
    sender.send_to(asio::buffer("nobody", 6), to, 0, ec);
    receiver.async_receive_from(asio::buffer(data), from, report{"cancelled"});
    ctx.poll();
    receiver.cancel();
    run_all(ctx);
}

} // namespace

PROACTOR_TEST_BODY(udp_groups, v6)
{
    context ctx;
    const udp::endpoint any(ip::address_v6::loopback(), 0);
    udp_socket first(ctx);
    error_code ec;
    first.open(udp::v6(), ec);
    if (!ec)
    {
        first.bind(any, ec);
    }
    if (ec)
    {
        leave_out("UDP over IPv6", ec.message());
        return;
    }
    udp_socket second(ctx, any);
    char data[16];
    udp::endpoint from;
    second.async_receive_from(asio::buffer(data), from, report{"receive"});
    ctx.poll();
    first.async_send_to(asio::buffer("six", 3), second.local_endpoint(),
                        [](const error_code&, std::size_t) {});
    run_all(ctx);
    log("from", from == first.local_endpoint(), from.address().to_string(),
        from.protocol().family());
    second.send_to(asio::buffer("back", 4), from);
    log("sync", first.receive_from(asio::buffer(data), from), from == second.local_endpoint());
    first.async_connect(second.local_endpoint(), report{"connect"});
    run_all(ctx);
    first.async_send(asio::buffer("connected", 9), report{"send"});
    run_all(ctx);
    second.async_receive(asio::buffer(data), report{"receive"});
    run_all(ctx);
    first.send_to(asio::buffer("x", 1), udp::endpoint(ip::address_v4::loopback(), 9), 0, ec);
    log("other family", ec);
}

PROACTOR_TEST_BODY(udp_groups, v4_and_v6_on_one_socket)
{
    context ctx;
    udp_socket both(ctx);
    error_code ec;
    both.open(udp::v6(), ec);
    if (!ec)
    {
        both.set_option(ip::v6_only(false), ec);
    }
    if (!ec)
    {
        both.bind({ip::address_v6::any(), 0}, ec);
    }
    if (ec)
    {
        leave_out("UDP over both", ec.message());
        return;
    }
    udp_socket four(ctx, any_udp_port());
    char data[16];
    udp::endpoint from;
    both.async_receive_from(asio::buffer(data), from, report{"receive"});
    ctx.poll();
    four.send_to(asio::buffer("four", 4),
                 {ip::address_v4::loopback(), both.local_endpoint().port()});
    run_all(ctx);
    log("from", from.address().to_string(), from.port() == four.local_endpoint().port());
    both.async_send_to(asio::buffer("answer", 6), from, report{"send"});
    run_all(ctx);
    log("sync", four.receive(asio::buffer(data)));
}

PROACTOR_TEST_BODY(udp_groups, group_of_v4)
{
    deliver(ip::make_address("239.255.77.1"), ip::address_v4::any(), ip::address_v4::loopback());
}

PROACTOR_TEST_BODY(udp_groups, group_of_v6)
{
    deliver(ip::make_address("ff02::4d01"), ip::address_v6::any(), 1u);
}

} // namespace differential
