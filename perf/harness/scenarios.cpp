#include "scenarios.hpp"

namespace perf {

namespace {

constexpr metric allocations{"allocs_per_op", "1", better::lower};
constexpr metric nanoseconds{"ns", "ns", better::lower};

const std::vector<peer> contexts{
    {"proactor"}, {"proactor_typed"}, {"asio_epoll"}, {"asio_io_uring"}};

} // namespace

const std::vector<scenario>& scenarios()
{
    static const std::vector<scenario> all{
        {
            .name = "echo",
            .program = "echo_server",
            .client = "echo_client",
            // The leanest of the three sessions: the least of it is Asio's own.
            .arguments = {"--session", "callback"},
            .variants = {{"c1", processors::all},
                         {"c64", processors::all},
                         {"c512", processors::all},
                         {"c64_epoll_client", processors::all}},
            .metrics = {{"cpu_ns", "ns", better::lower},
                        {"rps", "1/s", better::higher},
                        {"p99_us", "us", better::lower},
                        allocations},
            .peers = {{"proactor"},
                      {"proactor_typed"},
                      {"asio_epoll"},
                      // Boost 1.81's backend now and then sleeps on entries that it has prepared
                      // but not submitted, and its server never hears that it should end.
                      {"asio_io_uring", processors::all, 3},
                      {.key = "floor", .bare = true},
                      {.key = "floor_epoll", .bare = true}},
        },
        {
            .name = "file_read",
            .program = "file_read",
            .client = "",
            .arguments = {},
            .variants = {{"cached_qd1"}, {"cached_qd32"}, {"direct_qd1"}, {"direct_qd32"}},
            .metrics = {{"iops", "1/s", better::higher},
                        {"cpu_ns", "ns", better::lower},
                        allocations},
            .peers = {{"proactor"},
                      {"proactor_typed"},
                      {"asio_io_uring"},
                      {"asio_io_uring_file_each"},
                      {"floor"},
                      {"asio_thread_pool", processors::two}},
        },
        {
            .name = "post",
            .program = "post",
            .client = "",
            .arguments = {},
            .variants = {{"chain"}, {"cross", processors::two}},
            .metrics = {nanoseconds, allocations},
            .peers = contexts,
        },
        {
            .name = "timer",
            .program = "timer",
            .client = "",
            .arguments = {},
            .variants = {{"rearm"}},
            .metrics = {nanoseconds, allocations},
            .peers = contexts,
        },
        {
            .name = "idle",
            .program = "idle",
            .client = "",
            .arguments = {},
            .variants = {{"one", processors::two}},
            // Nothing is done, so allocations are counted by the second.
            .metrics = {{"cpu_percent", "%", better::lower},
                        {"allocs_per_op", "1/s", better::lower}},
            .peers = contexts,
        },
    };
    return all;
}

} // namespace perf
