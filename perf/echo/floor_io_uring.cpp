// The least that an echo over io_uring costs: a receive and a send at a time for each connection.

#include "ring_floor.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>

namespace echo {

namespace {

struct connection
{
    int fd;
    std::array<char, buffer_size> data;
};

class server : public ring_floor<server>
{
public:
    using ring_floor::ring_floor;

    void begin() { accept(accepted); }

    void completed(io_uring_cqe const& cqe)
    {
        auto* const c = owner_of<connection>(cqe);
        switch (cqe.user_data & tag_bits)
        {
        case received:
            if (cqe.res <= 0)
                close(*c);
            else
                send(*c, static_cast<unsigned>(cqe.res));
            break;
        case sent:
            if (cqe.res < 0)
                close(*c);
            else
                receive(*c);
            break;
        case accepted:
            if (cqe.res < 0)
                fail(-cqe.res, "accept");
            begin(cqe.res);
            accept(accepted);
        }
    }

private:
    enum tag : std::uint64_t
    {
        received,
        sent,
        accepted
    };

    void begin(int fd)
    {
        int const yes = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        auto* const c = new connection;
        c->fd = fd;
        receive(*c);
    }

    void receive(connection& c)
    {
        io_uring_sqe& sqe = the_ring().next();
        io_uring_prep_recv(&sqe, c.fd, c.data.data(), c.data.size(), 0);
        sqe.user_data = reinterpret_cast<std::uint64_t>(&c) | received;
    }

    void send(connection& c, unsigned size)
    {
        io_uring_sqe& sqe = the_ring().next();
        io_uring_prep_send(&sqe, c.fd, c.data.data(), size, MSG_WAITALL | MSG_NOSIGNAL);
        sqe.user_data = reinterpret_cast<std::uint64_t>(&c) | sent;
    }

    void close(connection& c)
    {
        ::close(c.fd);
        delete &c;
    }
};

} // namespace

} // namespace echo

int main(int argc, char** argv)
{
    return echo::run_floor<echo::server>(argc, argv);
}
