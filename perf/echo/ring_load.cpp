#include "load.hpp"

#include "patience.hpp"
#include "ring.hpp"

#include <sys/socket.h>

#include <cstdint>

namespace echo {

namespace {

class ring_load final : public load
{
public:
    explicit ring_load(connections& on) : on_(on)
    {
        auto const now = clock::now();
        for (connection& c : on_.all())
            request(c, now);
    }

    void run_until(clock::time_point end) override
    {
        patience left;
        for (auto now = clock::now(); now < end;)
        {
            ring_.enter(1, std::chrono::milliseconds(20));
            now = clock::now();
            bool progress = false;
            ring_.drain([&](io_uring_cqe const& cqe) { progress |= completed(cqe, now); });
            left.check(progress, now);
        }
    }

private:
    // The low bit of an entry's user data tells a send from a receive.
    static constexpr std::uint64_t sent = 1;

    // Both at once: the reply cannot be there yet, and so the receive does not try, but waits.
    void request(connection& c, clock::time_point now)
    {
        on_.begin_request(c, now);
        io_uring_sqe& send = ring_.next();
        io_uring_prep_send(&send, c.fd.get(), c.request.data(), c.request.size(),
                           MSG_WAITALL | MSG_NOSIGNAL);
        send.flags |= IOSQE_CQE_SKIP_SUCCESS; // the reply says that it went out
        send.user_data = reinterpret_cast<std::uint64_t>(&c) | sent;
        receive(c);
    }

    void receive(connection& c)
    {
        io_uring_sqe& sqe = ring_.next();
        io_uring_prep_recv(&sqe, c.fd.get(), &c.reply[c.received], c.reply.size() - c.received, 0);
        sqe.ioprio = IORING_RECVSEND_POLL_FIRST;
        sqe.user_data = reinterpret_cast<std::uint64_t>(&c);
    }

    bool completed(io_uring_cqe const& cqe, clock::time_point now)
    {
        auto& c = *reinterpret_cast<connection*>(cqe.user_data & ~sent);
        if (on_.take_reply(c, cqe.res, now))
            request(c, now);
        else
            receive(c);
        return true;
    }

    connections& on_;
    ring ring_{1024,
               IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL
                   | IORING_SETUP_CLAMP};
};

} // namespace

std::unique_ptr<load> make_ring_load(connections& on)
{
    return std::make_unique<ring_load>(on);
}

} // namespace echo
