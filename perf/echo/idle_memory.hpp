#pragma once

#include "server_process.hpp"

#include <cstddef>

namespace echo {

constexpr std::size_t idle_connections = 1024;

// What the server keeps for a connection on which nothing happens, beside the kernel's share: in
// bytes, from so many connections more that have exchanged one request each, one after the other.
double bytes_of_idle_connection(server_process const& server);

} // namespace echo
