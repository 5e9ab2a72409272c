// The least that accepting costs over epoll: whoever comes is taken, until nobody is left. Each
// connection is closed at once.
#include "echo/check.hpp"
#include "echo/floor.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace {

using namespace echo;

class server
{
public:
    server(int argc, char** argv) : setup_(argc, argv)
    {
        int yes = 1;
        check(::ioctl(setup_.listener.get(), FIONBIO, &yes), "FIONBIO");
        watch(setup_.listener.get(), EPOLLIN | EPOLLET);
        watch(setup_.stop.get(), EPOLLIN);
    }

    void run()
    {
        for (epoll_event event{}; event.data.fd != setup_.stop.get();)
        {
            int const n = ::epoll_wait(epoll_.get(), &event, 1, -1);
            if (n < 0 && errno != EINTR)
                fail(errno, "epoll_wait");
            if (n == 1 && event.data.fd == setup_.listener.get())
                accept_all();
        }
    }

private:
    void watch(int fd, unsigned events)
    {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    void accept_all()
    {
        for (;;)
        {
            int const fd = ::accept4(setup_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
            if (fd >= 0)
                ::close(fd);
            else if (errno == EAGAIN)
                return;
            else if (errno != ECONNABORTED)
                fail(errno, "accept");
        }
    }

    floor_server setup_;
    unique_fd epoll_{check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
};

} // namespace

int main(int argc, char** argv)
{
    return run_floor<server>(argc, argv);
}
