// The least that accepting costs over io_uring, by one accept that goes on or by one for each
// connection. Each is closed at once.
#include "echo/ring_floor.hpp"

#include <unistd.h>

/// How it accepts: by one operation that goes on, or by one for each connection.
#if !defined(PERF_STREAM)
#define PERF_STREAM 0
#endif

namespace {

class server : public echo::ring_floor<server>
{
public:
    using ring_floor::ring_floor;

    void begin() { accept(0, PERF_STREAM); }

    void completed(io_uring_cqe const& cqe)
    {
        if (cqe.res < 0)
            echo::fail(-cqe.res, "accept");
        ::close(cqe.res);
        if (!(cqe.flags & IORING_CQE_F_MORE))
            begin();
    }
};

} // namespace

int main(int argc, char** argv)
{
    return echo::run_floor<server>(argc, argv);
}
