// Starts a server that sends large messages, takes them in over loopback TCP, and prints what they
// cost the server.
#include "echo/allocation_counter.hpp"
#include "echo/check.hpp"
#include "echo/client_program.hpp"
#include "echo/connections.hpp"
#include "echo/processors.hpp"
#include "echo/server_process.hpp"
#include "send_large/message.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <vector>

namespace {

using namespace echo;
using std::chrono::milliseconds;

constexpr char const* usage =
    "usage: send_large_client VARIANT MILLISECONDS SERVER_PROGRAM [ARGUMENT...]\n"
    "  VARIANT       c1 or c8: so many connections\n"
    "  MILLISECONDS  how long to measure, behind a warm-up\n"
    "Prints mib_per_s, cpu_ns_per_kib (the server's CPU time), allocs_per_op (heap allocations of\n"
    "the server for a message).\n";

class sink
{
public:
    sink(unsigned short port, std::size_t count)
        : all_(port, count), buffer_(std::size_t{256} * 1024)
    {
        for (connection& c : all_.all())
            polled_.push_back({c.fd.get(), POLLIN, 0});
    }

    // How many bytes came. Throws std::runtime_error if none does for 5 s.
    std::uint64_t run_until(clock::time_point end)
    {
        std::uint64_t bytes = 0;
        while (clock::now() < end)
        {
            int const n = check(::poll(polled_.data(), polled_.size(), 5000), "poll");
            if (n == 0)
                throw std::runtime_error("nothing came for 5 s");
            for (pollfd const& p : polled_)
                if (p.revents)
                    bytes += take(p.fd);
        }
        return bytes;
    }

private:
    std::size_t take(int fd)
    {
        auto const size = check(::recv(fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT), "recv");
        if (size == 0)
            throw std::runtime_error("the server has closed a connection");
        auto const last = static_cast<std::size_t>(size) - 1;
        if (buffer_[0] != perf::message_byte || buffer_[last] != perf::message_byte)
            throw std::runtime_error("the server has sent something else");
        return last + 1;
    }

    connections all_;
    std::vector<pollfd> polled_;
    std::vector<char> buffer_;
};

bool measure(client_order const& order)
{
    std::size_t const count = order.variant == "c1" ? 1 : order.variant == "c8" ? 8 : 0;
    if (count == 0)
        return false;
    auto const where = place_both_sides();
    allocation_counter const allocations;
    server_process server(order.server, where);
    run_on(where.client);
    sink load(server.port(), count);
    load.run_until(clock::now() + std::clamp(order.duration, milliseconds(50), milliseconds(200)));

    auto const cpu_before = server.cpu_time();
    auto const allocations_before = allocations.now();
    auto const begin = clock::now();
    auto const bytes = static_cast<double>(load.run_until(begin + order.duration));
    std::chrono::duration<double> const elapsed = clock::now() - begin;
    auto const cpu = static_cast<double>((server.cpu_time() - cpu_before).count());
    auto const allocated = static_cast<double>(allocations.now() - allocations_before);
    server.stop();

    constexpr double mib = 1 << 20;
    std::printf("mib_per_s %.3f\ncpu_ns_per_kib %.3f\n", bytes / mib / elapsed.count(),
                cpu / bytes * 1024);
    std::printf("allocs_per_op %.6f\n",
                allocated / bytes * static_cast<double>(perf::message_size));
    return true;
}

} // namespace

int main(int argc, char** argv)
{
    return run_client(argc, argv, usage, measure);
}
