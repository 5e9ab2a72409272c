#pragma once

#include "histogram.hpp"
#include "unique_fd.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace echo {

using clock = std::chrono::steady_clock;

constexpr std::size_t request_size = 64;

// A connection with one request under way: the request's bytes have to come back.
struct connection
{
    unique_fd fd;
    std::array<char, request_size> request;
    std::array<char, request_size> reply;
    std::size_t received = 0; // of the reply, so far
    clock::time_point sent;
};

// All connections, and what became of their requests.
class connections
{
public:
    // Connects to 127.0.0.1. Throws std::system_error; waits for 5 s at the most.
    connections(unsigned short port, std::size_t count);

    std::span<connection> all() { return all_; }

    // Changes the request, so that an old reply is none, and begins its time.
    void begin_request(connection& c, clock::time_point now);

    // Takes in that `size` bytes of the reply have come. True: the reply is complete; throws
    // std::runtime_error unless it is the request. `size` <= 0: the connection has failed.
    bool take_reply(connection& c, long size, clock::time_point now);

    // When the request began that has waited longest.
    clock::time_point oldest_request() const;

    // Of the requests answered since the last reset().
    histogram const& latencies() const { return latencies_; }
    void reset() { latencies_.clear(); }

private:
    std::vector<connection> all_;
    histogram latencies_;
};

} // namespace echo
