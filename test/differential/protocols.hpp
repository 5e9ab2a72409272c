//
// Sockets of every protocol but TCP, and where the bodies find an address for them.
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_PROTOCOLS_HPP
#define PROACTOR_TEST_DIFFERENTIAL_PROTOCOLS_HPP

#include "context.hpp"

#include <string>

#include <sys/socket.h>
#include <unistd.h>

#if __has_include(<boost/asio/local/seq_packet_protocol.hpp>)
#include <boost/asio/local/seq_packet_protocol.hpp>
#endif

namespace differential {

namespace local = asio::local;
using asio::ip::udp;

using udp_socket = asio::basic_datagram_socket<udp, executor>;
using local_stream = asio::basic_stream_socket<local::stream_protocol, executor>;
using local_acceptor = asio::basic_socket_acceptor<local::stream_protocol, executor>;
using local_datagram = asio::basic_datagram_socket<local::datagram_protocol, executor>;

#if __has_include(<boost/asio/local/seq_packet_protocol.hpp>)
using seq_packet_protocol = local::seq_packet_protocol;
#else
/// A program's own protocol, where Asio does not have this one yet.
class seq_packet_protocol
{
public:
    using endpoint = local::basic_endpoint<seq_packet_protocol>;
    using socket = asio::basic_seq_packet_socket<seq_packet_protocol>;
    using acceptor = asio::basic_socket_acceptor<seq_packet_protocol>;

    int type() const noexcept { return SOCK_SEQPACKET; }
    int protocol() const noexcept { return 0; }
    int family() const noexcept { return AF_UNIX; }
};
#endif

using seq_packet_socket = asio::basic_seq_packet_socket<seq_packet_protocol, executor>;
using seq_packet_acceptor = asio::basic_socket_acceptor<seq_packet_protocol, executor>;
using readable_pipe = asio::basic_readable_pipe<executor>;
using writable_pipe = asio::basic_writable_pipe<executor>;

inline udp::endpoint any_udp_port()
{
    return {asio::ip::address_v4::loopback(), 0};
}

/// Two sockets bound to ports of the loopback address.
struct datagrams
{
    explicit datagrams(context& ctx) : first(ctx, any_udp_port()), second(ctx, any_udp_port())
    {
        first_at = first.local_endpoint();
        second_at = second.local_endpoint();
    }

    void connect()
    {
        first.connect(second_at);
        second.connect(first_at);
    }

    udp_socket first;
    udp_socket second;
    udp::endpoint first_at;
    udp::endpoint second_at;
};

/// Where nobody receives: the port was given back.
inline udp::endpoint deserted_udp_port(context& ctx)
{
    return udp_socket(ctx, any_udp_port()).local_endpoint();
}

/// A name in the working directory that goes with its holder.
struct socket_file
{
    explicit socket_file(const char* kind)
        : path("differential-" + std::string(kind) + '-' + std::to_string(::getpid()))
    {
        ::unlink(path.c_str());
    }
    ~socket_file() { ::unlink(path.c_str()); }
    socket_file(const socket_file&) = delete;
    socket_file& operator=(const socket_file&) = delete;

    std::string path;
};

/// Runs until nothing is left to do, and makes the context ready for the next time.
inline void run_all(context& ctx)
{
    ctx.run();
    ctx.restart();
}

} // namespace differential

#endif
