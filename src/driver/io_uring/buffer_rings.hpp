#ifndef PROACTOR_SRC_DRIVER_IO_URING_BUFFER_RINGS_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_BUFFER_RINGS_HPP

#include <proactor/buffer_source.hpp>

#include <cstddef>
#include <cstdint>
#include <liburing.h>
#include <vector>

namespace proactor::io_uring {

/// The group of a source that `buffer_rings` serves: its number with the kernel.
inline std::uint16_t group_of(const buffer_source& s) noexcept
{
    return static_cast<std::uint16_t>(s.owner_note - 1);
}

/// Queues of free buffers, one a source, out of which the kernel takes one when it has something to put
/// there: io_uring_register(2), IORING_REGISTER_PBUF_RING. Of a source in parts it takes as much as it fills
/// (IOU_PBUF_RING_INC), and tells how much, not where: completions have to be looked at in their order.
class buffer_rings
{
public:
    buffer_rings() = default;
    ~buffer_rings();
    buffer_rings(const buffer_rings&) = delete;
    buffer_rings& operator=(const buffer_rings&) = delete;

    /// Whether the kernel can take buffers out of the source. Registers it with the ring if it is not.
    bool serves(buffer_source& s, int ring_fd)
    {
        if (s.owner_note == 0) [[unlikely]]
            open(s, ring_fd);
        if (s.owner_note == refused)
            return false;
        refill(s);
        return true;
    }

    /// Hands the kernel what has come back.
    void refill()
    {
        for (queue& q : queues_)
            if (q.source && q.source->any_free())
                fill(q);
    }
    void refill(buffer_source& s)
    {
        if (s.any_free())
            fill(queues_[group_of(s)]);
    }

    /// The kernel has chosen a buffer for an operation that came to this result; returns the number of what
    /// it has filled, which of a source in parts is `none` for nothing.
    std::uint32_t filled(buffer_source& s, const io_uring_cqe& cqe);

    /// Calls `f` with a completion for which the kernel has chosen buffers; with one for each if they are several,
    /// which are those that were lent one after the other.
    template <typename F>
    void each(const buffer_source& s, io_uring_cqe cqe, F f) const
    {
        while (s.bundles() && cqe.res > 0)
        {
            io_uring_cqe first = cqe;
            if (!split(s, first, cqe))
                break;
            f(first);
        }
        f(cqe);
    }

    /// Takes a source back, out of which nothing is in flight.
    void end(buffer_source& s) noexcept;

    /// In a child process: these are the parent's, and not mapped.
    void abandon() noexcept;

private:
    static constexpr std::uint32_t refused = static_cast<std::uint32_t>(-1);

    struct queue
    {
        buffer_source* source = nullptr;
        io_uring_buf* entries = nullptr;
        std::size_t size = 0; ///< bytes
        std::uint16_t mask = 0;
        std::uint16_t tail = 0;
        int ring_fd = -1;
        /// With bundles: where the buffers stand that the kernel has, or has filled last, by their ids.
        std::vector<std::uint16_t> places;
    };

    void open(buffer_source& s, int ring_fd);
    static void fill(queue& q);
    bool split(const buffer_source& s, io_uring_cqe& first, io_uring_cqe& rest) const noexcept;
    static void unmap(queue& q) noexcept;

    std::vector<queue> queues_; ///< by group
};

} // namespace proactor::io_uring

#endif
