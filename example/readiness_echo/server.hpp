#pragma once

#include "connection.hpp"

#include <proactor/op.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace readiness_echo {

// An echo server on loopback as a program over mio would be: one poll that goes on for each socket,
// a token for each, and a waker to stop it.
class server
{
public:
    // Listens at once. Throws std::system_error.
    server(proactor::op::slab& slab, unsigned short port, std::uint64_t connections);
    ~server();

    unsigned short port() const;

    // Serves until so many connections have ended, or `stop`.
    void run();

    // From any thread, or a signal handler.
    void stop() { stopper_.wake(); }

    std::uint64_t connections_served() const { return served_; }
    std::uint64_t bytes_echoed() const { return bytes_; }

private:
    void handle(proactor::op::completion const& event);
    void accept();
    void end(std::uint64_t index);

    proactor::op::slab& slab_;
    proactor::op::waker stopper_;
    proactor::unique_handle listener_;
    proactor::op::source source_;
    proactor::op::ticket registration_;
    std::vector<std::unique_ptr<connection>> connections_; // its token is its index and some
    std::vector<std::uint64_t> free_;
    std::vector<std::uint64_t> ended_; // in this batch of events
    std::uint64_t to_accept_;
    bool accepts_later_ = false; // there are no descriptors left
    std::uint64_t open_ = 0;
    std::uint64_t served_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace readiness_echo
