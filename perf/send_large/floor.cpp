// The least that sending large messages costs over io_uring, one after the other to each
// connection: by a plain send, or by one that does not copy, which goes on when the system has let
// go of the message.
#include "echo/ring_floor.hpp"
#include "send_large/message.hpp"

#include <unistd.h>

#include <cstdint>
#include <vector>

/// How it sends: 0 as a plain send, 1 without a copy.
#if !defined(PERF_ZERO_COPY)
#define PERF_ZERO_COPY 0
#endif

namespace {

struct connection
{
    int fd;
    std::vector<char> message = std::vector<char>(perf::message_size, perf::message_byte);
    bool failed = false;
};

class server : public echo::ring_floor<server>
{
public:
    using ring_floor::ring_floor;

    void begin() { accept(accepted); }

    void completed(io_uring_cqe const& cqe)
    {
        if ((cqe.user_data & tag_bits) == accepted)
        {
            if (cqe.res < 0)
                echo::fail(-cqe.res, "accept");
            send(*new connection{cqe.res});
            return accept(accepted);
        }
        auto& c = *owner_of<connection>(cqe);
        if (!(cqe.flags & IORING_CQE_F_NOTIF))
            c.failed = cqe.res != static_cast<int>(perf::message_size);
        if (cqe.flags & IORING_CQE_F_MORE)
            return;
        if (!c.failed)
            return send(c);
        ::close(c.fd);
        delete &c;
    }

private:
    enum tag : std::uint64_t
    {
        sent,
        accepted
    };

    void send(connection& c)
    {
        constexpr int flags = MSG_WAITALL | MSG_NOSIGNAL;
        io_uring_sqe& sqe = the_ring().next();
#if PERF_ZERO_COPY
        io_uring_prep_send_zc(&sqe, c.fd, c.message.data(), c.message.size(), flags, 0);
#else
        io_uring_prep_send(&sqe, c.fd, c.message.data(), c.message.size(), flags);
#endif
        sqe.user_data = reinterpret_cast<std::uint64_t>(&c) | sent;
    }
};

} // namespace

int main(int argc, char** argv)
{
    return echo::run_floor<server>(argc, argv);
}
