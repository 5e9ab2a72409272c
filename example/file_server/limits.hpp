#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace file_server {

struct limits
{
    std::size_t connections = 10'000;      // at once; the others wait in the listening queue
    std::size_t transfers = 64;            // at once; the others wait in order
    std::size_t piece = 128 * 1024;        // bytes of a file read at a time; two per transfer
    std::uint32_t header = 16 * 1024;      // bytes of a request's header; more is 431
    std::chrono::seconds request{30};      // for a whole header to arrive, idle time included
    std::chrono::seconds piece_sent{30};   // for the peer to take one piece
    std::chrono::seconds linger{2};        // for the peer to close after we have
    std::chrono::seconds grace{10};        // for transfers under way when the server is stopped
    std::chrono::milliseconds breath{100}; // after an accept failed, for lack of descriptors say
};

// Lowers the bounds so that connections and the files of transfers share what is left to open.
limits fit_to_descriptors(limits wanted, std::size_t left);

} // namespace file_server
