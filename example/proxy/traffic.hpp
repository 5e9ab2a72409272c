#pragma once

#include <cstdint>

namespace proxy {

// What went one way.
struct traffic
{
    std::uint64_t bytes = 0;
    std::uint64_t in_place = 0; // sends without a copy
    std::uint64_t copied = 0;
};

struct totals
{
    std::uint64_t connections = 0;
    std::uint64_t failed = 0; // of these
    traffic to_target;
    traffic to_client;
};

} // namespace proxy
