// The least that an echo costs whose connections hold no buffer while they wait: a receive for each
// that goes on, and a ring of buffers for the kernel to choose from.
#include "echo/ring_floor.hpp"
#include "receive_stream/pool.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

using namespace echo;

struct connection
{
    int fd;
};

class server : public ring_floor<server>
{
public:
    server(int argc, char** argv) : ring_floor(argc, argv)
    {
        io_uring_buf_reg known{};
        known.ring_addr = reinterpret_cast<std::uint64_t>(free_);
        known.ring_entries = perf::pool_buffers;
        int const error = io_uring_register(static_cast<unsigned>(the_ring().fd()),
                                            IORING_REGISTER_PBUF_RING, &known, 1);
        if (error < 0)
            fail(-error, "IORING_REGISTER_PBUF_RING");
        for (std::size_t i = 0; i != perf::pool_buffers; ++i)
            give(i);
    }

    void begin() { accept(accepted); }

    void completed(io_uring_cqe const& cqe)
    {
        switch (cqe.user_data & tag_bits)
        {
        case received:
            came(*owner_of<connection>(cqe), cqe);
            break;
        case sent:
            give(cqe.user_data >> tag_width);
            if (!without_.empty())
            {
                receive(*without_.back());
                without_.pop_back();
            }
            break;
        case accepted:
            if (cqe.res < 0)
                fail(-cqe.res, "accept");
            begin(cqe.res);
            accept(accepted);
        }
    }

private:
    enum tag : std::uint64_t
    {
        received,
        sent,
        accepted
    };

    void begin(int fd)
    {
        int const yes = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        receive(*new connection{fd});
    }

    void receive(connection& c)
    {
        io_uring_sqe& sqe = the_ring().next();
        io_uring_prep_recv(&sqe, c.fd, nullptr, 0, 0);
        sqe.ioprio |= IORING_RECV_MULTISHOT;
        sqe.flags |= IOSQE_BUFFER_SELECT;
        sqe.buf_group = 0;
        sqe.user_data = reinterpret_cast<std::uint64_t>(&c) | received;
    }

    void came(connection& c, io_uring_cqe const& cqe)
    {
        bool const goes_on = cqe.flags & IORING_CQE_F_MORE;
        if (cqe.res > 0)
            send(c, cqe.flags >> IORING_CQE_BUFFER_SHIFT, static_cast<unsigned>(cqe.res));
        else if (cqe.res == -ENOBUFS)
            without_.push_back(&c);
        else if (!goes_on)
            close(c);
        if (cqe.res > 0 && !goes_on)
            receive(c);
    }

    void send(connection& c, std::size_t number, unsigned size)
    {
        io_uring_sqe& sqe = the_ring().next();
        io_uring_prep_send(&sqe, c.fd, data_of(number), size, MSG_WAITALL | MSG_NOSIGNAL);
        sqe.user_data = number << tag_width | sent;
    }

    char* data_of(std::size_t number) { return &memory_[number * buffer_size]; }

    void give(std::size_t number)
    {
        io_uring_buf_ring_add(free_, data_of(number), buffer_size,
                              static_cast<unsigned short>(number), perf::pool_buffers - 1, 0);
        io_uring_buf_ring_advance(free_, 1);
    }

    void close(connection& c)
    {
        ::close(c.fd);
        delete &c;
    }

    static io_uring_buf_ring* map_ring()
    {
        void* const m = ::mmap(nullptr, perf::pool_buffers * sizeof(io_uring_buf),
                               PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (m == MAP_FAILED)
            fail(errno, "mmap of the ring of buffers");
        return static_cast<io_uring_buf_ring*>(m);
    }

    io_uring_buf_ring* const free_ = map_ring(); // goes with the process, as the ring does
    std::unique_ptr<char[]> const memory_ =
        std::make_unique_for_overwrite<char[]>(perf::pool_buffers * buffer_size);
    std::vector<connection*> without_; // a buffer to receive into
};

} // namespace

int main(int argc, char** argv)
{
    return run_floor<server>(argc, argv);
}
