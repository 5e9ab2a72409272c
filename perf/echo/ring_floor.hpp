#pragma once

#include "check.hpp"
#include "floor.hpp"
#include "ring.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>

namespace echo {

// What bare servers over io_uring have in common: one thread, one ring, one system call a turn, and
// the end. A `Server` derives from it, has `begin()`, which prepares the first entries, and
// `completed(io_uring_cqe const&)`.
template <typename Server>
class ring_floor
{
public:
    ring_floor(int argc, char** argv) : setup_(argc, argv) {}

    void run()
    {
        io_uring_sqe& stop = ring_.next();
        io_uring_prep_poll_add(&stop, setup_.stop.get(), POLLIN);
        stop.user_data = stopped;
        auto& server = static_cast<Server&>(*this);
        server.begin();
        while (!stopping_)
        {
            if (setup_.spin.count() == 0)
                ring_.enter(1);
            else
                spin_and_enter();
            ring_.drain([&](io_uring_cqe const& cqe) {
                if (cqe.user_data == stopped)
                    stopping_ = true;
                else
                    server.completed(cqe);
            });
        }
    }

protected:
    // Of an entry's user data: the low bits say what it was, above stands the address of whose it
    // is.
    static constexpr unsigned tag_width = 3;
    static constexpr std::uint64_t tag_bits = (1 << tag_width) - 1;

    template <typename Owner>
    static Owner* owner_of(io_uring_cqe const& cqe)
    {
        return reinterpret_cast<Owner*>(cqe.user_data & ~tag_bits);
    }

    ring& the_ring() { return ring_; }

    // One connection, or each that comes.
    void accept(std::uint64_t user_data, bool many = false)
    {
        io_uring_sqe& sqe = ring_.next();
        io_uring_prep_accept(&sqe, setup_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (many)
            sqe.ioprio |= IORING_ACCEPT_MULTISHOT;
        sqe.user_data = user_data;
    }

private:
    static constexpr std::uint64_t stopped = tag_bits; // nobody's

    // Hands over what there is, and looks for a while before it sleeps.
    void spin_and_enter()
    {
        using clock = std::chrono::steady_clock;
        if (ring_.unsubmitted())
            ring_.enter(0);
        auto const limit = clock::now() + setup_.spin;
        for (unsigned looks = 0; !ring_.ready(); ++looks)
        {
            __builtin_ia32_pause();
            if (looks % 16 == 15 && clock::now() >= limit)
                return ring_.enter(1);
        }
        ring_.enter(0);
    }

    floor_server setup_;
    ring ring_{256,
               IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL
                   | IORING_SETUP_CLAMP};
    bool stopping_ = false;
};

} // namespace echo
