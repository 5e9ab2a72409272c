#pragma once

#include "connections.hpp"

#include <memory>

namespace echo {

// Keeps one request under way on each connection.
class load
{
public:
    virtual ~load() = default;

    // Throws std::runtime_error if 5 s pass without any reply.
    virtual void run_until(clock::time_point end) = 0;
};

std::unique_ptr<load> make_ring_load(connections& on);
std::unique_ptr<load> make_epoll_load(connections& on);

} // namespace echo
