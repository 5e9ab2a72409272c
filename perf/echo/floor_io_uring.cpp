// The least that an echo over io_uring costs: one thread, one ring, a receive and a send at a time
// for each connection, and one system call a turn.

#include "check.hpp"
#include "floor.hpp"
#include "ring.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>

namespace echo {

namespace {

struct connection
{
    int fd;
    std::array<char, buffer_size> data;
};

// What an entry's user data says: one of these, or with a connection's address above.
enum tag : std::uint64_t
{
    received,
    sent,
    accepted,
    stopped,
    bits = 3
};

class server
{
public:
    server(int argc, char** argv) : setup_(argc, argv) {}

    void run()
    {
        io_uring_sqe& stop = ring_.next();
        io_uring_prep_poll_add(&stop, setup_.stop.get(), POLLIN);
        stop.user_data = stopped;
        accept();
        while (!stopping_)
        {
            if (setup_.spin.count() == 0)
                ring_.enter(1);
            else
                spin_and_enter();
            ring_.drain([this](io_uring_cqe const& cqe) { completed(cqe); });
        }
    }

private:
    void completed(io_uring_cqe const& cqe)
    {
        auto* const c = reinterpret_cast<connection*>(cqe.user_data & ~std::uint64_t(bits));
        switch (cqe.user_data & bits)
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
            accept();
            break;
        case stopped:
            stopping_ = true;
        }
    }

    void accept()
    {
        io_uring_sqe& sqe = ring_.next();
        io_uring_prep_accept(&sqe, setup_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
        sqe.user_data = accepted;
    }

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
        io_uring_sqe& sqe = ring_.next();
        io_uring_prep_recv(&sqe, c.fd, c.data.data(), c.data.size(), 0);
        sqe.user_data = reinterpret_cast<std::uint64_t>(&c) | received;
    }

    void send(connection& c, unsigned size)
    {
        io_uring_sqe& sqe = ring_.next();
        io_uring_prep_send(&sqe, c.fd, c.data.data(), size, MSG_WAITALL | MSG_NOSIGNAL);
        sqe.user_data = reinterpret_cast<std::uint64_t>(&c) | sent;
    }

    void close(connection& c)
    {
        ::close(c.fd);
        delete &c;
    }

    // Hands over what there is, and looks for a while before it sleeps.
    void spin_and_enter()
    {
        using clock = std::chrono::steady_clock;
        if (ring_.unsubmitted())
            ring_.enter(0);
        auto const limit = clock::now() + setup_.spin;
        for (unsigned looks = 0; !ring_.ready(); ++looks)
        {
            __builtin_ia32_pause();
            if (looks % 16 == 15 && clock::now() >= limit)
                return ring_.enter(1);
        }
        ring_.enter(0);
    }

    floor_server setup_;
    ring ring_{256,
               IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL
                   | IORING_SETUP_CLAMP};
    bool stopping_ = false;
};

} // namespace

} // namespace echo

int main(int argc, char** argv)
{
    return echo::run_floor<echo::server>(argc, argv);
}
