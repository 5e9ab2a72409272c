// Starts an echo server, loads it over loopback TCP with one request of 64 bytes under way on each
// connection, checks every reply, and prints what a request costs the server.

#include "allocation_counter.hpp"
#include "connections.hpp"
#include "load.hpp"
#include "processors.hpp"
#include "server_process.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

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
    "if the server counts them); and rps (requests a second), p99_us (latency).\n";

constexpr int exit_skipped = 77;

// This system cannot do it, whatever the server is like.
struct cannot_run_here
{
    std::string reason;
};

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

std::optional<milliseconds> parse_milliseconds(std::string_view text)
{
    unsigned value = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value == 0 || value > 600'000)
        return std::nullopt;
    return milliseconds(value);
}

// For this process, and by inheritance for the server.
void allow_descriptors(rlim_t wanted)
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    if (limit.rlim_max < wanted)
        throw cannot_run_here{"RLIMIT_NOFILE is below " + std::to_string(wanted)};
    limit.rlim_cur = wanted;
    ::setrlimit(RLIMIT_NOFILE, &limit);
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

void measure(variant const& v, milliseconds duration, char** server_command)
{
    auto const where = place_both_sides();
    if (!where.apart)
        std::fputs("echo_client: one processor only: client and server share it\n", stderr);
    allow_descriptors(v.count + 64);

    allocation_counter const allocations;
    server_process server(server_command, where);
    run_on(where.client);
    connections all(server.port(), v.count);
    auto const load = make_load(v, all);
    load->run_until(clock::now() + std::clamp(duration, milliseconds(50), milliseconds(200)));

    all.reset();
    auto const cpu_before = server.cpu_time();
    auto const allocations_before = allocations.now();
    auto const begin = clock::now();
    load->run_until(begin + duration);
    std::chrono::duration<double> const elapsed = clock::now() - begin;
    auto const cpu = server.cpu_time() - cpu_before;
    auto const allocated = allocations.now() - allocations_before;
    auto const latencies = all.latencies();
    expect_an_answer_on_each(all, *load, begin);
    server.stop();

    auto const requests = static_cast<double>(latencies.total());
    if (requests == 0)
        throw std::runtime_error("no request was answered");
    std::printf("cpu_ns %.1f\nrps %.1f\np99_us %.1f\n", static_cast<double>(cpu.count()) / requests,
                requests / elapsed.count(),
                static_cast<double>(latencies.percentile(0.99).count()) / 1000);
    if (allocations.now())
        std::printf("allocs_per_op %.6f\n", static_cast<double>(allocated) / requests);
}

} // namespace

int main(int argc, char** argv)
{
    auto const* const v = argc > 3 ? find_variant(argv[1]) : nullptr;
    auto const duration = argc > 3 ? parse_milliseconds(argv[2]) : std::nullopt;
    if (!v || !duration)
    {
        std::fputs(usage, stderr);
        return 1;
    }
    try
    {
        measure(*v, *duration, argv + 3);
        return 0;
    }
    catch (cannot_run_here const& here)
    {
        std::printf("skipped: %s\n", here.reason.c_str());
        return exit_skipped;
    }
    catch (std::exception const& error)
    {
        std::fprintf(stderr, "echo_client: %s\n", error.what());
        return 1;
    }
}
