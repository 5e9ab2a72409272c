#pragma once

#include <proactor/op.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace readiness_echo {

// One client: a socket that does not block, and what it sent and has not got back yet.
class connection
{
public:
    connection(proactor::op::slab& slab, proactor::unique_handle socket, std::uint64_t token);
    ~connection();
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    // Echoes until reading or writing would block: who is told of an edge has to use it up. False:
    // the connection has ended.
    bool go_on();

    std::uint64_t bytes_echoed() const { return bytes_echoed_; }

private:
    bool would_block(bool& over) const;
    bool send_pending(bool& over);
    bool receive(bool& over);

    proactor::op::slab& slab_;
    proactor::unique_handle socket_;
    proactor::op::source source_;
    proactor::op::ticket registration_;
    std::string bytes_;
    std::size_t first_ = 0; // of those to send
    std::size_t last_ = 0;
    std::uint64_t bytes_echoed_ = 0;
};

} // namespace readiness_echo
