#ifndef PROACTOR_CONTROL_DATA_HPP
#define PROACTOR_CONTROL_DATA_HPP

#include <proactor/control_buffer.hpp>

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <optional>

/// Kinds of control messages. A socket receives those that one of the options of
/// `<proactor/socket_options.hpp>` asks for. Those with a form for each family are sent in both,
/// and the system heeds the one of the socket: see ip(7), ipv6(7), udp(7).
namespace proactor {

/// Received: the address that a datagram was sent to, and the interface that it came in by. Sent:
/// the address it is to come from, and the interface to send it by; 0 leaves the choice to the
/// system.
struct packet_info
{
    boost::asio::ip::address address;
    unsigned interface = 0;

    static constexpr std::size_t control_space = control_messages::space(sizeof(in6_pktinfo));

    static std::optional<packet_info> from(const control_message& m)
    {
        using namespace boost::asio::ip;
        if (const auto v4 = m.value<in_pktinfo>(IPPROTO_IP, IP_PKTINFO))
            return packet_info{address_v4(ntohl(v4->ipi_addr.s_addr)),
                               static_cast<unsigned>(v4->ipi_ifindex)};
        if (const auto v6 = m.value<in6_pktinfo>(IPPROTO_IPV6, IPV6_PKTINFO))
        {
            address_v6::bytes_type bytes;
            std::memcpy(bytes.data(), &v6->ipi6_addr, bytes.size());
            address_v6 a(bytes);
            if (a.is_link_local() || a.is_multicast_link_local())
                a.scope_id(v6->ipi6_ifindex);
            return packet_info{a, v6->ipi6_ifindex};
        }
        return {};
    }

    bool to(control_messages& control) const
    {
        if (address.is_v4())
        {
            in_pktinfo v4{};
            v4.ipi_spec_dst.s_addr = htonl(address.to_v4().to_uint());
            v4.ipi_ifindex = static_cast<int>(interface);
            return control.add(IPPROTO_IP, IP_PKTINFO, v4);
        }
        in6_pktinfo v6{};
        const auto bytes = address.to_v6().to_bytes();
        std::memcpy(&v6.ipi6_addr, bytes.data(), bytes.size());
        v6.ipi6_ifindex = interface;
        return control.add(IPPROTO_IPV6, IPV6_PKTINFO, v6);
    }
};

/// Time to live, or hop limit.
struct ttl
{
    int hops = 0;

    static constexpr std::size_t control_space = 2 * control_messages::space(sizeof(int));

    static std::optional<ttl> from(const control_message& m) noexcept
    {
        if (const auto v4 = m.value<int>(IPPROTO_IP, IP_TTL))
            return ttl{*v4};
        if (const auto v6 = m.value<int>(IPPROTO_IPV6, IPV6_HOPLIMIT))
            return ttl{*v6};
        return {};
    }

    bool to(control_messages& control) const
    {
        return control.add(IPPROTO_IP, IP_TTL, hops)
            && control.add(IPPROTO_IPV6, IPV6_HOPLIMIT, hops);
    }
};

/// Explicit congestion notification, RFC 3168.
enum class ecn : std::uint8_t
{
    not_capable = 0,
    ect1 = 1,
    ect0 = 2,
    congestion_experienced = 3
};

/// Type of service, or traffic class: six bits of differentiated services above two of congestion.
struct traffic_class
{
    std::uint8_t value = 0;

    static constexpr std::size_t control_space = 2 * control_messages::space(sizeof(int));

    static constexpr traffic_class of(unsigned dscp, proactor::ecn e) noexcept
    {
        return {static_cast<std::uint8_t>(dscp << 2 | static_cast<unsigned>(e))};
    }

    constexpr proactor::ecn ecn() const noexcept { return static_cast<proactor::ecn>(value & 3); }
    constexpr unsigned dscp() const noexcept { return value >> 2; }

    static std::optional<traffic_class> from(const control_message& m) noexcept
    {
        if (const auto v4 = m.value<std::uint8_t>(IPPROTO_IP, IP_TOS))
            return traffic_class{*v4};
        if (const auto v6 = m.value<int>(IPPROTO_IPV6, IPV6_TCLASS))
            return traffic_class{static_cast<std::uint8_t>(*v6)};
        return {};
    }

    bool to(control_messages& control) const
    {
        return control.add(IPPROTO_IP, IP_TOS, int(value))
            && control.add(IPPROTO_IPV6, IPV6_TCLASS, int(value));
    }
};

/// When a datagram came in, since 1970. The system's clock tells `software`, a device's own
/// `hardware`; zero is "not known".
struct timestamp
{
    using time_point = std::chrono::sys_time<std::chrono::nanoseconds>;
    time_point software;
    time_point hardware;

    static constexpr std::size_t control_space = control_messages::space(3 * sizeof(timespec));

    static std::optional<timestamp> from(const control_message& m) noexcept
    {
        if (const auto one = m.value<timespec>(SOL_SOCKET, SO_TIMESTAMPNS))
            return timestamp{at(*one), {}};
        struct three
        {
            timespec software;
            timespec unused;
            timespec hardware;
        };
        if (const auto of = m.value<three>(SOL_SOCKET, SO_TIMESTAMPING))
            return timestamp{at(of->software), at(of->hardware)};
        return {};
    }

private:
    static time_point at(const timespec& t) noexcept
    {
        return time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
    }
};

/// Several UDP datagrams in one message, each of so many bytes and the last perhaps of fewer. Sent:
/// the system cuts the message (GSO). Received: the system has joined them (GRO); without it there
/// is one.
struct segment_size
{
    std::uint16_t bytes = 0;

    static constexpr std::size_t control_space = control_messages::space(sizeof(int));

    static std::optional<segment_size> from(const control_message& m) noexcept
    {
        if (const auto joined = m.value<int>(SOL_UDP, UDP_GRO))
            return segment_size{static_cast<std::uint16_t>(*joined)};
        return {};
    }

    bool to(control_messages& control) const { return control.add(SOL_UDP, UDP_SEGMENT, bytes); }
};

/// Calls `f(std::span<Byte>)` for each datagram of a message.
template <typename Byte, typename F>
void for_each_datagram(std::span<Byte> message, const control_messages& control, F f)
{
    const auto size = control.get<segment_size>();
    const std::size_t step = size && size->bytes ? size->bytes : message.size();
    do
    {
        const std::size_t n = std::min(step, message.size());
        f(message.first(n));
        message = message.subspan(n);
    } while (!message.empty());
}

} // namespace proactor

#endif
