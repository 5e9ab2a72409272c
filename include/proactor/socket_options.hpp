#ifndef PROACTOR_SOCKET_OPTIONS_HPP
#define PROACTOR_SOCKET_OPTIONS_HPP

#include <cstddef>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

/// Options of sockets that Asio has no class for, for `set_option` and `get_option` of any socket.
/// Those of `receive_` ask for control messages: see `<proactor/control_data.hpp>`.
namespace proactor {

namespace detail {

struct option_name
{
    int level;
    int name;
};

/// An option with a number, under one name or one a family.
template <typename Value, option_name V4, option_name V6 = V4>
class integer_option
{
public:
    integer_option() = default;
    explicit integer_option(Value v) noexcept : value_(static_cast<int>(v)) {}
    integer_option& operator=(Value v) noexcept
    {
        value_ = static_cast<int>(v);
        return *this;
    }

    Value value() const noexcept { return static_cast<Value>(value_); }

    // What Asio asks of an option.

    template <typename Protocol>
    int level(const Protocol& p) const noexcept
    {
        return of(p).level;
    }
    template <typename Protocol>
    int name(const Protocol& p) const noexcept
    {
        return of(p).name;
    }
    template <typename Protocol>
    int* data(const Protocol&) noexcept
    {
        return &value_;
    }
    template <typename Protocol>
    const int* data(const Protocol&) const noexcept
    {
        return &value_;
    }
    template <typename Protocol>
    std::size_t size(const Protocol&) const noexcept
    {
        return sizeof value_;
    }
    /// Some systems answer with one byte.
    template <typename Protocol>
    void resize(const Protocol&, std::size_t size) noexcept
    {
        if (size == 1)
            value_ = *reinterpret_cast<const unsigned char*>(&value_);
    }

private:
    template <typename Protocol>
    static option_name of(const Protocol& p) noexcept
    {
        return p.family() == AF_INET6 ? V6 : V4;
    }

    int value_ = 0;
};

} // namespace detail

/// Datagrams come with `packet_info`.
using receive_packet_info =
    detail::integer_option<bool, detail::option_name{IPPROTO_IP, IP_PKTINFO},
                           detail::option_name{IPPROTO_IPV6, IPV6_RECVPKTINFO}>;

/// Datagrams come with their `ttl`.
using receive_ttl = detail::integer_option<bool, detail::option_name{IPPROTO_IP, IP_RECVTTL},
                                           detail::option_name{IPPROTO_IPV6, IPV6_RECVHOPLIMIT}>;

/// Datagrams come with their `traffic_class`.
using receive_ecn = detail::integer_option<bool, detail::option_name{IPPROTO_IP, IP_RECVTOS},
                                           detail::option_name{IPPROTO_IPV6, IPV6_RECVTCLASS}>;

/// Datagrams come with the system's `timestamp`.
using receive_timestamp =
    detail::integer_option<bool, detail::option_name{SOL_SOCKET, SO_TIMESTAMPNS}>;

/// The same in the system's own words, `SOF_TIMESTAMPING_` bits; those of a device, too.
using timestamping = detail::integer_option<int, detail::option_name{SOL_SOCKET, SO_TIMESTAMPING}>;

/// The system may join UDP datagrams of one sender into one message, which comes with
/// `segment_size`.
using udp_gro = detail::integer_option<bool, detail::option_name{SOL_UDP, UDP_GRO}>;

/// Whatever is sent is cut into UDP datagrams of so many bytes; 0: not. One message alone:
/// `segment_size`.
using udp_segment = detail::integer_option<int, detail::option_name{SOL_UDP, UDP_SEGMENT}>;

} // namespace proactor

#endif
