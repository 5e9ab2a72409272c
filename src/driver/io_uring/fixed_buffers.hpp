#ifndef PROACTOR_SRC_DRIVER_IO_URING_FIXED_BUFFERS_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_FIXED_BUFFERS_HPP

#include "ring.hpp"

#include <proactor/driver.hpp>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace proactor::io_uring {

/// Memory whose pages a ring keeps pinned: a transfer that lies within it says so by the index
/// of its place in the ring's table, io_uring_register(2), IORING_REGISTER_BUFFERS2. An operation
/// is matched by its address, when it is prepared, so an index never leaves the ring that it
/// belongs to.
///
/// Before a place is given up, all entries that name it have to be with the kernel, which then
/// keeps the pages for them.
class fixed_buffers
{
public:
    static constexpr unsigned places = 256; ///< of a ring

    /// Without the opcodes all memory is refused.
    void set_served(bool served) noexcept { served_ = served; }

    /// Returns 0 or the system's code.
    int add(const ring& r, const memory_region& m);
    void remove(const ring& r, const memory_region& m) noexcept;

    /// The ring has gone, with its table.
    void clear() noexcept;

    /// Lets a read or write that lies within one of them use it.
    void apply(io_uring_sqe& sqe) noexcept
    {
        constexpr int to_fixed = IORING_OP_READ_FIXED - IORING_OP_READ;
        static_assert(IORING_OP_WRITE + to_fixed == IORING_OP_WRITE_FIXED);
        if (choose(sqe))
            sqe.opcode = static_cast<std::uint8_t>(sqe.opcode + to_fixed);
    }
    /// The same for a send without copying, which need not pin the pages then.
    void apply_to_send(io_uring_sqe& sqe) noexcept
    {
        if (choose(sqe))
            sqe.ioprio |= IORING_RECVSEND_FIXED_BUF;
    }

private:
    /// What has a place.
    struct part
    {
        std::uint64_t begin; ///< its address
        std::uint64_t size;
        std::uint16_t place;
        const memory_region* of;

        bool holds(std::uint64_t first, std::uint64_t count) const noexcept
        {
            return count <= size && first - begin <= size - count;
        }
    };

    bool choose(io_uring_sqe& sqe) noexcept
    {
        if (parts_.empty())
            return false;
        const part* p = &parts_[recent_];
        if (!p->holds(sqe.addr, sqe.len) && !(p = find(sqe.addr, sqe.len)))
            return false;
        sqe.buf_index = p->place;
        return true;
    }

    unsigned first_free() const noexcept;
    int make_table(const ring& r) noexcept;
    const part* find(std::uint64_t first, std::uint64_t count) noexcept;

    std::vector<part> parts_; ///< by address
    std::size_t recent_ = 0;  ///< the part that was used last
    std::bitset<places> used_;
    bool has_table_ = false;
    bool served_ = false;
};

} // namespace proactor::io_uring

#endif
