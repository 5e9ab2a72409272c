// The least that an echo over epoll costs: edge-triggered, armed once for each connection, and a
// receive that did not fill its buffer has emptied the socket.

#include "check.hpp"
#include "floor.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <utility>

namespace echo {

namespace {

struct connection
{
    int fd;
    std::size_t begin = 0; // of what has not been sent back yet
    std::size_t end = 0;
    bool drained = false; // nothing was left to receive, and its next edge is still to come
    std::array<char, buffer_size> data;
};

enum class state
{
    waits,
    ended
};

class server
{
public:
    server(int argc, char** argv) : setup_(argc, argv)
    {
        watch(setup_.listener.get(), EPOLLIN, &setup_.listener);
        watch(setup_.stop.get(), EPOLLIN, &setup_.stop);
    }

    void run()
    {
        std::array<epoll_event, 128> events;
        for (;;)
        {
            int const n = wait(events);
            for (int i = 0; i != n; ++i)
            {
                void* const who = events[static_cast<std::size_t>(i)].data.ptr;
                if (who == &setup_.stop)
                    return;
                if (who == &setup_.listener)
                    accept();
                else if (auto* const c = static_cast<connection*>(who); serve(*c) == state::ended)
                {
                    ::close(c->fd);
                    delete c;
                }
            }
        }
    }

private:
    void watch(int fd, unsigned events, void* who)
    {
        epoll_event event{};
        event.events = events;
        event.data.ptr = who;
        check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    template <std::size_t N>
    int wait(std::array<epoll_event, N>& events)
    {
        using clock = std::chrono::steady_clock;
        if (setup_.spin.count())
        {
            auto const limit = clock::now() + setup_.spin;
            do
            {
                if (int const n = wait(events, 0))
                    return n;
            } while (clock::now() < limit);
        }
        return wait(events, -1);
    }

    template <std::size_t N>
    int wait(std::array<epoll_event, N>& events, int milliseconds)
    {
        int const n = ::epoll_wait(epoll_.get(), events.data(), N, milliseconds);
        return n < 0 && errno == EINTR ? 0 : check(n, "epoll_wait");
    }

    void accept()
    {
        auto* const c = new connection;
        c->fd =
            check(::accept4(setup_.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC),
                  "accept");
        int const yes = 1;
        ::setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        watch(c->fd, EPOLLIN | EPOLLOUT | EPOLLET, c);
    }

    // Echoes until the socket would block in one direction; its next edge comes back here.
    state serve(connection& c)
    {
        for (;;)
        {
            while (c.begin != c.end)
            {
                auto const n = ::send(c.fd, &c.data[c.begin], c.end - c.begin, MSG_NOSIGNAL);
                if (n < 0)
                {
                    c.drained = false; // edges may pass by until everything is sent
                    return errno == EAGAIN ? state::waits : state::ended;
                }
                c.begin += static_cast<std::size_t>(n);
            }
            if (std::exchange(c.drained, false))
                return state::waits;
            auto const n = ::recv(c.fd, c.data.data(), c.data.size(), 0);
            if (n < 0)
                return errno == EAGAIN ? state::waits : state::ended;
            if (n == 0)
                return state::ended;
            c.begin = 0;
            c.end = static_cast<std::size_t>(n);
            c.drained = c.end < c.data.size();
        }
    }

    floor_server setup_;
    unique_fd epoll_{check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
};

} // namespace

} // namespace echo

int main(int argc, char** argv)
{
    return echo::run_floor<echo::server>(argc, argv);
}
