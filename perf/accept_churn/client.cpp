// Starts a server that closes what it accepts, connects to it over loopback TCP again and again,
// and prints what a connection costs it.
#include "echo/allocation_counter.hpp"
#include "echo/check.hpp"
#include "echo/client_program.hpp"
#include "echo/processors.hpp"
#include "echo/server_process.hpp"
#include "echo/unique_fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using namespace echo;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr char const* usage =
    "usage: accept_churn_client VARIANT MILLISECONDS SERVER_PROGRAM [ARGUMENT...]\n"
    "  VARIANT       c1 or c64: so many connections under way; c64_bound: the server may use one\n"
    "                processor only, and so never spins; c256_queued: so many wait for the server\n"
    "                before it goes on, so that it never waits for the client\n"
    "  MILLISECONDS  how long to measure, behind a warm-up\n"
    "Prints cpu_ns (the server's CPU time for a connection), cps (connections a second),\n"
    "allocs_per_op (heap allocations of the server).\n";

// Connections, each of which ends when the server has closed it. What runs tells how many did, and
// throws std::runtime_error if none does for 5 s.
class churn
{
public:
    churn(server_process& server, std::size_t count) : server_(server), under_way_(count)
    {
        where_.sin_family = AF_INET;
        where_.sin_port = htons(server.port());
        where_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }

    // Keeps all of them under way: another takes the place of each that ends.
    std::uint64_t run_until(clock::time_point end)
    {
        for (std::size_t i = 0; i != under_way_.size(); ++i)
            if (under_way_[i].get() < 0)
                connect(i);
        std::uint64_t ended = 0;
        while (clock::now() < end)
            ended += finish_some([this](std::size_t i) { connect(i); });
        return ended;
    }

    // Has all of them wait in the listener's queue before the server sees the first.
    std::uint64_t run_queued_until(clock::time_point end)
    {
        std::uint64_t ended = 0;
        while (clock::now() < end)
        {
            server_.pause();
            for (std::size_t i = 0; i != under_way_.size(); ++i)
                connect(i);
            server_.resume();
            last_ended_ = clock::now();
            for (std::size_t left = under_way_.size(); left != 0;)
                left -= finish_some([](std::size_t) {});
            ended += under_way_.size();
        }
        return ended;
    }

private:
    // Calls `then` with the place of each that has ended. None may be too early.
    template <typename Then>
    std::size_t finish_some(Then then)
    {
        std::array<epoll_event, 64> events;
        int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 20);
        if (n < 0 && errno == EINTR)
            n = 0;
        check(n, "epoll_wait");
        for (int i = 0; i != n; ++i)
        {
            std::size_t const place = events[static_cast<std::size_t>(i)].data.u64;
            finish(place);
            then(place);
        }
        auto const now = clock::now();
        if (n != 0)
            last_ended_ = now;
        else if (now - last_ended_ > std::chrono::seconds(5))
            throw std::runtime_error("no connection was closed for 5 s");
        return static_cast<std::size_t>(n);
    }

    void connect(std::size_t i)
    {
        unique_fd fd(
            check(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
        // Both ends forget it at once; else ports would run out, which rest for a minute.
        linger const forget{1, 0};
        check(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &forget, sizeof forget), "SO_LINGER");
        if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&where_), sizeof where_) != 0
            && errno != EINPROGRESS)
            fail(errno, "connect");
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event), "epoll_ctl");
        under_way_[i] = std::move(fd);
    }

    void finish(std::size_t i)
    {
        char letter;
        if (check(::recv(under_way_[i].get(), &letter, 1, 0), "a connection has failed") != 0)
            throw std::runtime_error("the server has sent something");
        under_way_[i] = unique_fd();
    }

    unique_fd epoll_{check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    server_process& server_;
    sockaddr_in where_{};
    std::vector<unique_fd> under_way_;
    clock::time_point last_ended_ = clock::now();
};

bool measure(client_order const& order)
{
    bool const bound = order.variant == "c64_bound";
    bool const queued = order.variant == "c256_queued";
    std::size_t const count = order.variant == "c1" ? 1
        : bound || order.variant == "c64"           ? 64
        : queued                                    ? 256
                                                    : 0;
    if (count == 0)
        return false;
    auto where = place_both_sides();
    if (bound)
        where.server = where.server_start;
    allocation_counter const allocations;
    server_process server(order.server, where);
    run_on(where.client);
    churn load(server, count);
    auto const run_until = [&](clock::time_point end) {
        return queued ? load.run_queued_until(end) : load.run_until(end);
    };
    run_until(clock::now() + std::clamp(order.duration, milliseconds(50), milliseconds(200)));

    auto const cpu_before = server.cpu_time();
    auto const allocations_before = allocations.now();
    auto const begin = clock::now();
    auto const ended = static_cast<double>(run_until(begin + order.duration));
    std::chrono::duration<double> const elapsed = clock::now() - begin;
    auto const cpu = server.cpu_time() - cpu_before;
    auto const allocated = allocations.now() - allocations_before;
    server.stop();

    if (ended == 0)
        throw std::runtime_error("no connection was closed");
    std::printf("cpu_ns %.1f\ncps %.1f\n", static_cast<double>(cpu.count()) / ended,
                ended / elapsed.count());
    std::printf("allocs_per_op %.6f\n", static_cast<double>(allocated) / ended);
    return true;
}

} // namespace

int main(int argc, char** argv)
{
    return run_client(argc, argv, usage, measure);
}
