#include "load.hpp"

#include "check.hpp"
#include "patience.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace echo {

namespace {

class epoll_load final : public load
{
public:
    explicit epoll_load(connections& on) : on_(on)
    {
        auto const now = clock::now();
        for (connection& c : on_.all())
        {
            epoll_event event{};
            event.events = EPOLLIN | EPOLLET;
            event.data.ptr = &c;
            check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, c.fd.get(), &event), "epoll_ctl");
            request(c, now);
        }
    }

    void run_until(clock::time_point end) override
    {
        patience left;
        std::array<epoll_event, 128> events;
        for (auto now = clock::now(); now < end;)
        {
            int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 20);
            if (n < 0 && errno == EINTR)
                n = 0;
            check(n, "epoll_wait");
            now = clock::now();
            for (int i = 0; i != n; ++i)
                readable(*static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr),
                         now);
            left.check(n != 0, now);
        }
    }

private:
    void request(connection& c, clock::time_point now)
    {
        on_.begin_request(c, now);
        // So little fits into any socket buffer that holds nothing else.
        auto const n = check(
            ::send(c.fd.get(), c.request.data(), c.request.size(), MSG_NOSIGNAL | MSG_DONTWAIT),
            "send");
        if (static_cast<std::size_t>(n) != c.request.size())
            throw std::runtime_error("a request was sent in part");
    }

    void readable(connection& c, clock::time_point now)
    {
        auto n =
            ::recv(c.fd.get(), &c.reply[c.received], c.reply.size() - c.received, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN)
            return;
        // A part of the reply has emptied the socket; its next edge brings the rest.
        if (on_.take_reply(c, n < 0 ? -errno : n, now))
            request(c, now);
    }

    connections& on_;
    unique_fd epoll_{check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
};

} // namespace

std::unique_ptr<load> make_epoll_load(connections& on)
{
    return std::make_unique<epoll_load>(on);
}

} // namespace echo
