#include "idle_memory.hpp"

#include "check.hpp"
#include "connections.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>

namespace echo {

namespace {

void exchange(connections& all, connection& c)
{
    timeval const patience{5, 0};
    check(::setsockopt(c.fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
          "SO_RCVTIMEO");
    all.begin_request(c, clock::now());
    check(::send(c.fd.get(), c.request.data(), c.request.size(), MSG_NOSIGNAL), "send");
    for (bool complete = false; !complete;)
    {
        auto const size =
            check(::recv(c.fd.get(), &c.reply[c.received], c.reply.size() - c.received, 0), "recv");
        complete = all.take_reply(c, size, clock::now());
    }
}

} // namespace

double bytes_of_idle_connection(server_process const& server)
{
    auto const before = server.private_memory();
    connections idle(server.port(), idle_connections);
    for (connection& c : idle.all())
        exchange(idle, c);
    auto const after = server.private_memory();
    return static_cast<double>(std::max(after, before) - before) / idle_connections;
}

} // namespace echo
