#include "ring.hpp"

#include "check.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace echo {

namespace {

constexpr unsigned setup_no_sqarray = 1u << 16; // Linux 6.6, newer than some headers

void* map(int fd, std::size_t size, off_t offset)
{
    void* const m =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    if (m == MAP_FAILED)
        fail(errno, "mmap of the ring");
    return m;
}

} // namespace

ring::ring(unsigned entries, unsigned flags)
{
    io_uring_params p{};
    int fd = -EINVAL;
    for (unsigned const extra : {setup_no_sqarray, 0u})
    {
        p = {};
        p.flags = flags | extra | IORING_SETUP_CQSIZE;
        p.cq_entries = 4 * entries;
        fd = io_uring_setup(entries, &p);
        if (fd != -EINVAL)
            break;
    }
    if (fd < 0)
        fail(-fd, "io_uring_setup");
    fd_ = unique_fd(fd);

    rings_size_ = std::max<std::size_t>(p.cq_off.cqes + p.cq_entries * sizeof(io_uring_cqe),
                                        p.sq_off.array + p.sq_entries * sizeof(unsigned));
    sqes_size_ = p.sq_entries * sizeof(io_uring_sqe);
    rings_ = map(fd, rings_size_, IORING_OFF_SQ_RING);
    sqes_ = static_cast<io_uring_sqe*>(map(fd, sqes_size_, IORING_OFF_SQES));

    auto const at = [this](unsigned offset) {
        return reinterpret_cast<unsigned*>(static_cast<std::byte*>(rings_) + offset);
    };
    sq_head_ = at(p.sq_off.head);
    sq_ktail_ = at(p.sq_off.tail);
    sq_flags_ = at(p.sq_off.flags);
    sq_mask_ = *at(p.sq_off.ring_mask);
    sq_entries_ = p.sq_entries;
    if (!(p.flags & setup_no_sqarray))
        for (unsigned i = 0; i != p.sq_entries; ++i)
            at(p.sq_off.array)[i] = i;
    cq_head_ = at(p.cq_off.head);
    cq_tail_ = at(p.cq_off.tail);
    cq_mask_ = *at(p.cq_off.ring_mask);
    cqes_ = reinterpret_cast<io_uring_cqe*>(at(p.cq_off.cqes));

    io_uring_rsrc_update update{};
    update.offset = ~0u;
    update.data = static_cast<std::uint64_t>(fd);
    if (io_uring_register(static_cast<unsigned>(fd), IORING_REGISTER_RING_FDS, &update, 1) == 1)
        registered_ = static_cast<int>(update.offset);
}

// The process ends with its ring: what is registered goes with the thread.
ring::~ring()
{
    ::munmap(sqes_, sqes_size_);
    ::munmap(rings_, rings_size_);
}

void ring::enter(unsigned wait_for)
{
    enter(wait_for, IORING_ENTER_GETEVENTS, nullptr, 0);
}

void ring::enter(unsigned wait_for, std::chrono::nanoseconds limit)
{
    __kernel_timespec const timeout{limit.count() / 1'000'000'000, limit.count() % 1'000'000'000};
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<std::uint64_t>(&timeout);
    enter(wait_for, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &argument, sizeof argument);
}

void ring::enter(unsigned wait_for, unsigned flags, void const* argument, std::size_t size)
{
    std::atomic_ref(*sq_ktail_).store(tail_, std::memory_order_release);
    int fd = fd_.get();
    if (registered_ >= 0)
    {
        fd = registered_;
        flags |= IORING_ENTER_REGISTERED_RING;
    }
    int const n = io_uring_enter2(static_cast<unsigned>(fd), unsubmitted(), wait_for, flags,
                                  static_cast<sigset_t*>(const_cast<void*>(argument)), size);
    // Of these the next turn takes care: it drains, and enters again.
    if (n < 0 && n != -EINTR && n != -ETIME && n != -EAGAIN && n != -EBUSY)
        fail(-n, "io_uring_enter");
}

} // namespace echo
