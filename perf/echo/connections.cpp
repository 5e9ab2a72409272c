#include "connections.hpp"

#include "check.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace echo {

namespace {

unique_fd connect_to(unsigned short port)
{
    unique_fd fd(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    int const yes = 1;
    check(::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes), "TCP_NODELAY");
    timeval const patience{5, 0};
    check(::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience),
          "SO_SNDTIMEO");
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(::connect(fd.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), "connect");
    return fd;
}

} // namespace

connections::connections(unsigned short port, std::size_t count) : all_(count)
{
    for (std::size_t i = 0; i != count; ++i)
    {
        all_[i].fd = connect_to(port);
        for (std::size_t j = 0; j != request_size; ++j)
            all_[i].request[j] = static_cast<char>(i * 7 + j);
    }
}

void connections::begin_request(connection& c, clock::time_point now)
{
    std::uint64_t number;
    std::memcpy(&number, c.request.data(), sizeof number);
    ++number;
    std::memcpy(c.request.data(), &number, sizeof number);
    c.received = 0;
    c.sent = now;
}

clock::time_point connections::oldest_request() const
{
    return std::ranges::min_element(all_, {}, &connection::sent)->sent;
}

bool connections::take_reply(connection& c, long size, clock::time_point now)
{
    if (size == 0)
        throw std::runtime_error("the server has closed a connection");
    if (size < 0)
        fail(static_cast<int>(-size), "a connection has failed");
    c.received += static_cast<std::size_t>(size);
    if (c.received < request_size)
        return false;
    if (c.reply != c.request)
        throw std::runtime_error("a reply is not the request");
    latencies_.add(now - c.sent);
    return true;
}

} // namespace echo
