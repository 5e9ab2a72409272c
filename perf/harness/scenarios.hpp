// What is measured, as data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace perf {

/// Where a program runs. The larger one of what a variant and a peer ask for.
enum class processors
{
    one, ///< it has one thread, and never moves
    two,
    all ///< it places itself
};

enum class better
{
    lower,
    higher
};

struct metric
{
    std::string_view name;
    std::string_view unit;
    perf::better better;
};

struct variant
{
    std::string_view name;
    processors on = processors::one;
};

struct peer
{
    std::string_view key;
    processors on = processors::one;
    /// Of a run. If there may be several, a failure is told and after the last the peer skips;
    /// else the first ends the measurement.
    unsigned attempts = 1;
    bool bare = false; ///< takes no arguments of the scenario's
    /// Its program is named <scenario's program>_<this>; empty: the key.
    std::string_view program = {};
    /// NAME=VALUE, added to the environment of its program; empty: nothing.
    std::string_view setting = {};
    /// The setting names a driver, which this build or this system may refuse: the peer then skips.
    bool may_be_refused = false;
};

struct scenario
{
    std::string_view name;
    std::string_view program;
    std::string_view client; ///< empty, or the program that measures the peer's, which it starts
    std::vector<std::string_view> arguments; ///< of the peers' programs, behind all others
    std::vector<variant> variants;
    std::vector<metric> metrics;
    std::vector<peer> peers; ///< the first is `subject`
};

/// The peer that all others are compared with.
inline constexpr std::string_view subject = "proactor";

/// The same program on another driver: it is compared with all others too.
inline constexpr std::string_view other_driver = "proactor_epoll";

const std::vector<scenario>& scenarios();

} // namespace perf
