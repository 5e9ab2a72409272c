// Of the servers that receive into buffers of a pool.
#pragma once

#include <cstddef>

namespace perf {

/// Two for each of the 512 connections that the harness loads at most: a request that is being sent
/// back keeps its buffer until the loop hears that it has been sent, and by then the next request
/// may be there. With one each, every second receive found none and had to begin again.
inline constexpr std::size_t pool_buffers = 1024;

} // namespace perf
