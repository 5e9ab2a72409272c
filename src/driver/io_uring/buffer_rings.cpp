#include "buffer_rings.hpp"

#include "abi.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <sys/mman.h>
#include <utility>

namespace proactor::io_uring {

buffer_rings::~buffer_rings()
{
    for (queue& q : queues_)
        if (q.source)
        {
            q.source->end_loan();
            unmap(q);
        }
}

void buffer_rings::open(buffer_source& s, int ring_fd)
{
    s.owner_note = refused;
    auto free = std::find_if(queues_.begin(), queues_.end(),
                             [](const queue& q) { return q.source == nullptr; });
    const auto group = static_cast<std::uint16_t>(free - queues_.begin());
    if (free == queues_.end())
    {
        if (queues_.size() == 0xffff)
            return;
        free = queues_.emplace(free);
    }
    const std::size_t count = std::bit_ceil(s.count());
    queue q;
    q.size = count * sizeof(io_uring_buf);
    void* memory = ::mmap(nullptr, q.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                          0);
    if (memory == MAP_FAILED)
        return;
    ::madvise(memory, q.size, MADV_DONTFORK);
    q.entries = static_cast<io_uring_buf*>(memory);
    q.mask = static_cast<std::uint16_t>(count - 1);
    q.ring_fd = ring_fd;
    io_uring_buf_reg r{};
    r.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    r.ring_entries = static_cast<std::uint32_t>(count);
    r.bgid = group;
    r.pad = s.in_parts() ? abi::pbuf_ring_inc : 0; // its flags
    if (io_uring_register(static_cast<unsigned>(ring_fd), IORING_REGISTER_PBUF_RING, &r, 1) != 0)
        return unmap(q);
    q.source = &s;
    q.places.resize(s.bundles() ? s.count() : 0);
    *free = std::move(q);
    s.owner_note = group + 1u;
}

void buffer_rings::fill(queue& q)
{
    const std::uint16_t before = q.tail;
    while (const std::uint32_t number = q.source->lend())
    {
        if (!q.places.empty())
            q.places[number - 1] = q.tail;
        io_uring_buf& entry = q.entries[q.tail++ & q.mask];
        // Not all of an entry: what stands behind it in the first one is the tail.
        entry.addr = reinterpret_cast<std::uint64_t>(q.source->data(number));
        entry.len = static_cast<std::uint32_t>(q.source->size());
        entry.bid = static_cast<std::uint16_t>(number - 1);
    }
    // release: the kernel reads the entries behind the tail
    if (q.tail != before)
        std::atomic_ref<std::uint16_t>(q.entries[0].resv)
            .store(q.tail, std::memory_order_release);
}

std::uint32_t buffer_rings::filled(buffer_source& s, const io_uring_cqe& cqe)
{
    const std::uint32_t number = (cqe.flags >> IORING_CQE_BUFFER_SHIFT) + 1;
    if (s.in_parts())
        return s.filled_part(number, static_cast<std::size_t>(std::max(cqe.res, 0)),
                             cqe.flags & abi::cqe_buf_more);
    s.filled(number);
    return number;
}

/// Shortens the first one to its buffer, if there are more. An entry stays as it is until what it has stood for
/// has been told of; how much the kernel puts there may have become less than was lent.
bool buffer_rings::split(const buffer_source& s, io_uring_cqe& first,
                         io_uring_cqe& rest) const noexcept
{
    const queue& q = queues_[group_of(s)];
    const std::uint16_t place = q.places[first.flags >> IORING_CQE_BUFFER_SHIFT];
    const auto here = static_cast<int>(q.entries[place & q.mask].len);
    if (first.res <= here)
        return false;
    const std::uint32_t next = q.entries[(place + 1) & q.mask].bid;
    rest.res -= here;
    rest.flags = (rest.flags & ((1u << IORING_CQE_BUFFER_SHIFT) - 1))
        | next << IORING_CQE_BUFFER_SHIFT;
    first.res = here;
    first.flags |= IORING_CQE_F_MORE;
    return true;
}

void buffer_rings::end(buffer_source& s) noexcept
{
    if (s.owner_note == 0 || s.owner_note == refused)
        return;
    queue& q = queues_[group_of(s)];
    io_uring_buf_reg r{};
    r.bgid = group_of(s);
    io_uring_register(static_cast<unsigned>(q.ring_fd), IORING_UNREGISTER_PBUF_RING, &r, 1);
    s.end_loan();
    s.owner_note = 0;
    unmap(q);
    q = {};
}

void buffer_rings::abandon() noexcept
{
    for (queue& q : std::exchange(queues_, {}))
        if (q.source)
        {
            q.source->end_loan();
            q.source->owner_note = 0;
        }
}

void buffer_rings::unmap(queue& q) noexcept
{
    ::munmap(q.entries, q.size);
}

} // namespace proactor::io_uring
