// Starts an echo server, loads it over loopback TCP with one request of 64 bytes under way on each
// connection, checks every reply, and prints what a request costs the server.

#include "allocation_counter.hpp"
#include "client_program.hpp"
#include "connections.hpp"
#include "idle_memory.hpp"
#include "load.hpp"
#include "processors.hpp"
#include "server_process.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

// Whether to look at the server's memory, too.
#if !defined(ECHO_IDLE)
#define ECHO_IDLE 0
#endif

namespace {

using namespace echo;
using std::chrono::milliseconds;

constexpr char const* usage =
    "usage: echo_client VARIANT MILLISECONDS SERVER_PROGRAM [ARGUMENT...]\n"
    "  VARIANT       c1, c64 or c512: so many connections, over io_uring;\n"
    "                c64_epoll_client: 64 connections, over epoll\n"
    "  MILLISECONDS  how long to measure, behind a warm-up\n"
    "Prints what a request costs the server: cpu_ns (its CPU time), allocs_per_op (heap "
    "allocations,\n"
    "if the server counts them); and rps (requests a second), p99_us (latency).\n"
    "echo_client_idle also prints bytes_per_idle_connection: what one costs its memory.\n";

struct variant
{
    std::string_view name;
    std::size_t count;
    std::unique_ptr<load> (*make_load)(connections&);
};

constexpr variant variants[] = {
    {"c1", 1, make_ring_load},
    {"c64", 64, make_ring_load},
    {"c512", 512, make_ring_load},
    {"c64_epoll_client", 64, make_epoll_load},
};

variant const* find_variant(std::string_view name)
{
    auto const* const found = std::ranges::find(variants, name, &variant::name);
    return found == std::end(variants) ? nullptr : found;
}

std::unique_ptr<load> make_load(variant const& v, connections& on)
{
    try
    {
        return v.make_load(on);
    }
    catch (std::system_error const& error)
    {
        auto const code = error.code().value();
        if (code == ENOSYS || code == EPERM || code == EINVAL)
            throw cannot_run_here{std::string("no io_uring for the client: ") + error.what()};
        throw;
    }
}

// A server that forgets connections looks fast to the others.
void expect_an_answer_on_each(connections const& all, load& load, clock::time_point since)
{
    auto const limit = clock::now() + std::chrono::seconds(5);
    while (all.oldest_request() < since)
    {
        if (clock::now() > limit)
            throw std::runtime_error("the server no longer answers on one of its connections");
        load.run_until(clock::now() + milliseconds(1));
    }
}

bool measure(client_order const& order)
{
    auto const* const v = find_variant(order.variant);
    if (!v)
        return false;
    auto const where = place_both_sides();
    if (!where.apart)
        std::fputs("echo_client: one processor only: client and server share it\n", stderr);
    allow_descriptors(v->count + (ECHO_IDLE ? idle_connections : 0) + 64);

    allocation_counter const allocations;
    server_process server(order.server, where);
    run_on(where.client);
    connections all(server.port(), v->count);
    auto const load = make_load(*v, all);
    load->run_until(clock::now() + std::clamp(order.duration, milliseconds(50), milliseconds(200)));

    all.reset();
    auto const cpu_before = server.cpu_time();
    auto const allocations_before = allocations.now();
    auto const begin = clock::now();
    load->run_until(begin + order.duration);
    std::chrono::duration<double> const elapsed = clock::now() - begin;
    auto const cpu = server.cpu_time() - cpu_before;
    auto const allocated = allocations.now() - allocations_before;
    auto const latencies = all.latencies();
    expect_an_answer_on_each(all, *load, begin);
    if (ECHO_IDLE)
        std::printf("bytes_per_idle_connection %.1f\n", bytes_of_idle_connection(server));
    server.stop();

    auto const requests = static_cast<double>(latencies.total());
    if (requests == 0)
        throw std::runtime_error("no request was answered");
    std::printf("cpu_ns %.1f\nrps %.1f\np99_us %.1f\n", static_cast<double>(cpu.count()) / requests,
                requests / elapsed.count(),
                static_cast<double>(latencies.percentile(0.99).count()) / 1000);
    if (allocations.now())
        std::printf("allocs_per_op %.6f\n", static_cast<double>(allocated) / requests);
    return true;
}

} // namespace

int main(int argc, char** argv)
{
    return run_client(argc, argv, usage, measure);
}
