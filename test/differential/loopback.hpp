//
// Connections over 127.0.0.1 on ports that the system chose.
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_LOOPBACK_HPP
#define PROACTOR_TEST_DIFFERENTIAL_LOOPBACK_HPP

#include "context.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace differential {

inline tcp::endpoint any_port()
{
    return {asio::ip::address_v4::loopback(), 0};
}

/// Where nobody listens, for as long as the holder lives: the port is bound and not listening.
struct refusing_port
{
    explicit refusing_port(context& ctx) : holder(ctx, tcp::v4()) { holder.bind(any_port()); }

    tcp::endpoint endpoint() const { return holder.local_endpoint(); }

    tcp_socket holder;
};

/// Two connected sockets and the acceptor that joined them.
struct connection
{
    explicit connection(context& ctx) : acceptor(ctx, any_port()), client(ctx), server(ctx)
    {
        client.connect(acceptor.local_endpoint());
        acceptor.accept(server);
    }

    tcp_acceptor acceptor;
    tcp_socket client;
    tcp_socket server;
};

/// Blocks until the handle is readable, without the library.
inline void await_readable(int handle)
{
    pollfd poller{handle, POLLIN, 0};
    ::poll(&poller, 1, -1);
}

/// What the socket holds right now, without the library and without blocking.
template <class Socket>
std::string drain(Socket& socket)
{
    std::string result;
    char buffer[256];
    for (;;)
    {
        const auto n = ::recv(socket.native_handle(), buffer, sizeof(buffer), MSG_DONTWAIT);
        if (n <= 0)
        {
            return result;
        }
        result.append(buffer, static_cast<std::size_t>(n));
    }
}

/// A synchronous read of exactly n bytes, or fewer at the end of the stream.
template <class Stream>
std::string read_exactly(Stream& stream, std::size_t n)
{
    std::string result(n, '\0');
    error_code ec;
    result.resize(asio::read(stream, asio::buffer(result), ec));
    return result;
}

/// Everything up to the end of the stream, synchronously.
template <class Stream>
std::string read_to_end(Stream& stream)
{
    std::string result;
    error_code ec;
    asio::read(stream, asio::dynamic_buffer(result), ec);
    return result;
}

/// Fills both directions' kernel buffers until a write would block.
template <class Socket>
std::size_t fill(Socket& socket)
{
    const std::string block(65536, 'f');
    std::size_t total = 0;
    for (;;)
    {
        const auto n =
            ::send(socket.native_handle(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0)
        {
            return total;
        }
        total += static_cast<std::size_t>(n);
    }
}

} // namespace differential

#endif
