#include "scenarios.hpp"

namespace perf {

namespace {

constexpr metric allocations{"allocs_per_op", "1", better::lower};
constexpr metric nanoseconds{"ns", "ns", better::lower};

// What the environment of whoever measures says, or what a program would fall back to, is never
// measured under another name.
constexpr std::string_view on_io_uring = "PROACTOR_DRIVER=io_uring";
constexpr std::string_view on_epoll = "PROACTOR_DRIVER=epoll";

constexpr peer proactor{.key = subject, .setting = on_io_uring};
constexpr peer proactor_typed{.key = "proactor_typed", .setting = on_io_uring};
constexpr peer proactor_epoll{
    .key = other_driver, .program = "proactor", .setting = on_epoll, .may_be_refused = true};

constexpr peer floor{.key = "floor", .bare = true};
constexpr peer floor_epoll{.key = "floor_epoll", .bare = true};

constexpr peer thread_pool(std::string_view key, std::string_view threads)
{
    return {.key = key, .on = processors::two, .program = "thread_pool", .setting = threads};
}

const std::vector<peer> contexts{
    proactor, proactor_typed, proactor_epoll, {"asio_epoll"}, {"asio_io_uring"}};

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
            .peers = {proactor,
                      proactor_typed,
                      proactor_epoll,
                      {"asio_epoll"},
                      // Boost 1.81's backend now and then sleeps on entries that it has prepared
                      // but not submitted, and its server never hears that it should end.
                      {"asio_io_uring", processors::all, 3},
                      floor,
                      floor_epoll},
        },
        {
            .name = "receive_stream",
            .program = "echo_server",
            .client = "echo_client_idle",
            .arguments = {"--session", "callback"},
            .variants = {{"c64", processors::all}, {"c512", processors::all}},
            .metrics = {{"cpu_ns", "ns", better::lower},
                        {"rps", "1/s", better::higher},
                        {"bytes_per_idle_connection", "B", better::lower},
                        allocations},
            .peers = {{.key = subject, .program = "stream_proactor", .setting = on_io_uring},
                      {.key = "proactor_typed",
                       .program = "stream_proactor_typed",
                       .setting = on_io_uring},
                      {.key = other_driver,
                       .program = "stream_proactor",
                       .setting = on_epoll,
                       .may_be_refused = true},
                      {.key = "proactor_plain", .program = "proactor", .setting = on_io_uring},
                      {"asio_epoll"},
                      {.key = "floor", .bare = true, .program = "stream_floor"}},
        },
        {
            .name = "accept_churn",
            .program = "accept_churn",
            .client = "accept_churn_client",
            .arguments = {},
            .variants = {{"c1", processors::all},
                         {"c64", processors::all},
                         {"c64_bound", processors::all},
                         {"c256_queued", processors::all}},
            .metrics = {{"cpu_ns", "ns", better::lower},
                        {"cps", "1/s", better::higher},
                        allocations},
            .peers = {proactor,
                      proactor_typed,
                      proactor_epoll,
                      {.key = "proactor_stream",
                       .program = "stream_proactor",
                       .setting = on_io_uring},
                      {.key = "proactor_stream_typed",
                       .program = "stream_proactor_typed",
                       .setting = on_io_uring},
                      {"asio_epoll"},
                      {"asio_io_uring", processors::all, 3},
                      floor,
                      {.key = "floor_stream", .bare = true},
                      floor_epoll},
        },
        {
            .name = "send_large",
            .program = "send_large",
            .client = "send_large_client",
            .arguments = {},
            .variants = {{"c1", processors::all}, {"c8", processors::all}},
            .metrics = {{"mib_per_s", "MiB/s", better::higher},
                        {"cpu_ns_per_kib", "ns", better::lower},
                        allocations},
            // The library's own choice first: that is what users have.
            .peers = {{.key = subject, .program = "auto_proactor", .setting = on_io_uring},
                      {.key = "proactor_typed",
                       .program = "auto_proactor_typed",
                       .setting = on_io_uring},
                      {.key = other_driver,
                       .program = "auto_proactor",
                       .setting = on_epoll,
                       .may_be_refused = true},
                      {.key = "proactor_zc", .program = "zc_proactor", .setting = on_io_uring},
                      {.key = "proactor_plain", .program = "proactor", .setting = on_io_uring},
                      {"asio_epoll"},
                      {"asio_io_uring", processors::all, 3},
                      floor,
                      {.key = "floor_zc", .bare = true}},
        },
        {
            .name = "copy",
            .program = "copy",
            .client = "",
            .arguments = {},
            .variants = {{"cached", processors::all}},
            .metrics = {{"ms_per_gib", "ms", better::lower},
                        {"cpu_ms_per_gib", "ms", better::lower},
                        allocations},
            .peers = {proactor,
                      {.key = "proactor_read_write",
                       .program = "read_write_proactor",
                       .setting = on_io_uring},
                      {"cp"},
                      {"floor"},
                      {"floor_read_write"}},
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
            .peers = {proactor,
                      proactor_typed,
                      proactor_epoll,
                      {"asio_io_uring"},
                      {"asio_io_uring_file_each"},
                      {"floor"},
                      {"floor_preadv2"},
                      thread_pool("thread_pool_1", "PERF_THREADS=1"),
                      thread_pool("thread_pool_2", "PERF_THREADS=2"),
                      thread_pool("thread_pool_4", "PERF_THREADS=4"),
                      thread_pool("thread_pool_32", "PERF_THREADS=32")},
        },
        {
            .name = "file_read_fixed",
            .program = "file_read",
            .client = "",
            .arguments = {},
            .variants = {{"cached_qd1"}, {"cached_qd32"}},
            .metrics = {{"iops", "1/s", better::higher},
                        {"cpu_ns", "ns", better::lower},
                        allocations},
            .peers = {{.key = subject, .program = "fixed_proactor", .setting = on_io_uring},
                      {.key = "proactor_typed",
                       .program = "fixed_proactor_typed",
                       .setting = on_io_uring},
                      {.key = "proactor_file", .program = "proactor", .setting = on_io_uring},
                      {.key = "proactor_plain",
                       .program = "plain_proactor",
                       .setting = on_io_uring},
                      {.key = "floor", .program = "fixed_floor"},
                      {.key = "floor_plain", .program = "floor"}},
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
