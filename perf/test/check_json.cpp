// usage: check_json FILE [ABSENT...]
//
// Whether the harness wrote every row that users of its file rely on, with the peers each needs.
// ABSENT: a peer that could not run here, and so has no figures anywhere.
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

using boost::property_tree::ptree;
using words = std::vector<std::string>;

struct expectation
{
    std::string name;
    words variants;
    words metrics;
    words peers;
    bool may_skip;
};

// Written down apart from the harness's own table: what somebody drops there is missed here.
const words context_peers{"proactor", "proactor_typed", "proactor_epoll", "asio_epoll",
                          "asio_io_uring"};
const words file_read_peers{"proactor",      "proactor_typed", "proactor_epoll",
                            "asio_io_uring", "floor",          "floor_preadv2",
                            "thread_pool_1", "thread_pool_2",  "thread_pool_4",
                            "thread_pool_32"};

const std::vector<expectation> expected{
    // Asio's server on io_uring does not always end when it is told: that peer may be missing.
    {"echo",
     {"c1", "c64", "c512", "c64_epoll_client"},
     {"cpu_ns", "rps", "p99_us", "allocs_per_op"},
     {"proactor", "proactor_typed", "proactor_epoll", "asio_epoll", "floor", "floor_epoll"},
     false},
    {"receive_stream",
     {"c64", "c512"},
     {"cpu_ns", "rps", "bytes_per_idle_connection", "allocs_per_op"},
     {"proactor", "proactor_typed", "proactor_epoll", "proactor_plain", "asio_epoll", "floor"},
     false},
    {"accept_churn",
     {"c1", "c64", "c64_bound", "c256_queued"},
     {"cpu_ns", "cps", "allocs_per_op"},
     {"proactor", "proactor_typed", "proactor_epoll", "proactor_stream", "proactor_stream_typed",
      "asio_epoll", "floor", "floor_stream", "floor_epoll"},
     false},
    {"send_large",
     {"c1", "c8"},
     {"mib_per_s", "cpu_ns_per_kib", "allocs_per_op"},
     {"proactor", "proactor_typed", "proactor_epoll", "proactor_zc", "proactor_plain",
      "asio_epoll", "floor", "floor_zc"},
     false},
    {"copy",
     {"cached"},
     {"ms_per_gib", "cpu_ms_per_gib"},
     {"proactor", "proactor_read_write", "cp", "floor", "floor_read_write"},
     false},
    // What another program allocates is not known.
    {"copy",
     {"cached"},
     {"allocs_per_op"},
     {"proactor", "proactor_read_write", "floor", "floor_read_write"},
     false},
    {"file_read",
     {"cached_qd1", "cached_qd32"},
     {"iops", "cpu_ns", "allocs_per_op"},
     file_read_peers,
     false},
    // Not every file system has O_DIRECT.
    {"file_read",
     {"direct_qd1", "direct_qd32"},
     {"iops", "cpu_ns", "allocs_per_op"},
     file_read_peers,
     true},
    {"file_read_fixed",
     {"cached_qd1", "cached_qd32"},
     {"iops", "cpu_ns", "allocs_per_op"},
     {"proactor", "proactor_typed", "proactor_file", "proactor_plain", "floor", "floor_plain"},
     false},
    {"post", {"chain", "cross"}, {"ns", "allocs_per_op"}, context_peers, false},
    {"timer", {"rearm"}, {"ns", "allocs_per_op"}, context_peers, false},
    {"idle", {"one"}, {"cpu_percent", "allocs_per_op"}, context_peers, false},
};

int failures = 0;
words absent;

void require(bool condition, const std::string& where, const char* what)
{
    if (condition)
        return;
    std::printf("%s: %s\n", where.c_str(), what);
    ++failures;
}

bool plausible(double value, const std::string& metric)
{
    const bool may_be_zero = metric == "allocs_per_op" || metric == "cpu_percent";
    return std::isfinite(value) && (may_be_zero ? value >= 0 : value > 0);
}

void check_peer(const ptree& row, const std::string& peer, const std::string& metric,
                const std::string& where)
{
    const auto median = row.get_optional<double>("results." + peer);
    const auto spread = row.get_child_optional("spread." + peer);
    if (std::ranges::find(absent, peer) != absent.end())
        return require(!median && !spread, where, "the peer should be absent");
    require(median.has_value() && spread, where, "the peer is missing");
    if (!median || !spread)
        return;
    require(plausible(*median, metric), where, "not a figure of this metric");
    require(spread->size() == 2, where, "the spread is no pair");
    if (spread->size() == 2)
        require(spread->front().second.get_value<double>() <= *median
                    && *median <= spread->back().second.get_value<double>(),
                where, "the median is outside of its spread");
}

void check_row(const ptree& row, const expectation& e, const std::string& metric,
               const std::string& where)
{
    if (e.may_skip && row.count("skipped"))
        return;
    require(!row.count("skipped"), where, "is skipped");
    require(!row.get("unit", "").empty(), where, "has no unit");
    const std::string better = row.get("better", "");
    require(better == "lower" || better == "higher", where, "does not say what is better");
    for (const std::string& peer : e.peers)
        check_peer(row, peer, metric, where + " " + peer);
}

std::size_t check_rows(const ptree& rows, const expectation& e, const std::string& variant,
                       const std::string& metric)
{
    const std::string where = e.name + " " + variant + " " + metric;
    std::size_t found = 0;
    for (const auto& [key, row] : rows)
        if (row.get("name", "") == e.name && row.get("variant", "") == variant
            && row.get("metric", "") == metric)
        {
            ++found;
            check_row(row, e, metric, where);
        }
    require(found == 1, where, "is not there once");
    return found;
}

void check(const char* path)
{
    ptree file;
    boost::property_tree::read_json(path, file);
    const ptree& rows = file.get_child("scenarios");
    std::size_t known = 0;
    for (const expectation& e : expected)
        for (const std::string& variant : e.variants)
            for (const std::string& metric : e.metrics)
                known += check_rows(rows, e, variant, metric);
    require(rows.size() == known, path, "has rows that this program does not know");
}

} // namespace

int main(int argc, char** argv)
try
{
    if (argc < 2)
    {
        std::puts("usage: check_json FILE [ABSENT...]");
        return 2;
    }
    absent.assign(argv + 2, argv + argc);
    check(argv[1]);
    return failures == 0 ? 0 : 1;
}
catch (const std::exception& e)
{
    std::printf("%s: %s\n", argv[1], e.what());
    return 1;
}
