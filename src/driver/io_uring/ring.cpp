#include "ring.hpp"

#include "abi.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace proactor::io_uring {

namespace {

/// The ring that this thread enters faster: io_uring_register(2), IORING_REGISTER_RING_FDS. Of nested
/// contexts the outermost has it.
struct thread_registration
{
    const ring* owner = nullptr;
    int index = -1;
    unsigned enters = 0;
};
thread_local thread_registration registered;

/// Registering costs 0.45 us and saves 10 ns an enter.
constexpr unsigned enters_before_registration = 32;

} // namespace

void ring::close() noexcept
{
    if (sqes_)
        ::munmap(sqes_, sqes_size_);
    if (rings_)
        ::munmap(rings_, rings_size_);
    part_from_parent();
}

void ring::part_from_parent() noexcept
{
    static unsigned nothing = 0;
    if (fd_ >= 0)
        ::close(std::exchange(fd_, -1));
    rings_ = nullptr; // not mapped here
    sqes_ = nullptr;
    sq_head_ = sq_ktail_ = sq_flags_ = cq_head_ = cq_tail_ = &nothing;
    sq_tail_ = 0;
    if (registered.owner == this)
        registered = {this};
}

ring::failure ring::open(unsigned entries) noexcept
{
    // Required: without COOP the kernel interrupts a computing thread for each completion, and
    // without SUBMIT_ALL one bad entry stops a batch. Kernels before 5.19 lack them.
    constexpr unsigned required = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG
        | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
    constexpr unsigned optional[] = {abi::setup_no_sqarray, 0};

    io_uring_params p{};
    for (unsigned extra : optional)
    {
        p = {};
        p.flags = required | extra;
        p.cq_entries = 4 * entries;
        fd_ = io_uring_setup(entries, &p);
        if (fd_ != -EINVAL)
            break;
    }
    if (fd_ < 0)
        return {-std::exchange(fd_, -1), "io_uring_setup"};
    constexpr unsigned features = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP
        | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG
        | IORING_FEAT_CQE_SKIP;
    if ((p.features & features) != features)
        return {ENOSYS, "io_uring_setup (features of Linux 6.1)"};

    rings_size_ = std::max<std::size_t>(p.cq_off.cqes + p.cq_entries * sizeof(io_uring_cqe),
                                        p.sq_off.array + p.sq_entries * sizeof(unsigned));
    sqes_size_ = p.sq_entries * sizeof(io_uring_sqe);
    const auto map = [this](std::size_t size, std::uint64_t offset) -> void*
    {
        void* m = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_,
                         static_cast<off_t>(offset));
        return m == MAP_FAILED ? nullptr : m;
    };
    rings_ = map(rings_size_, IORING_OFF_SQ_RING);
    sqes_ = rings_ ? static_cast<io_uring_sqe*>(map(sqes_size_, IORING_OFF_SQES)) : nullptr;
    if (!sqes_)
        return {errno, "mmap of the io_uring queues"};
    ::madvise(rings_, rings_size_, MADV_DONTFORK);
    ::madvise(sqes_, sqes_size_, MADV_DONTFORK);

    auto* base = static_cast<std::byte*>(rings_);
    const auto at = [base](unsigned offset) { return reinterpret_cast<unsigned*>(base + offset); };
    sq_head_ = at(p.sq_off.head);
    sq_ktail_ = at(p.sq_off.tail);
    sq_flags_ = at(p.sq_off.flags);
    sq_mask_ = *at(p.sq_off.ring_mask);
    sq_entries_ = p.sq_entries;
    if (!(p.flags & abi::setup_no_sqarray))
        for (unsigned i = 0; i != p.sq_entries; ++i)
            at(p.sq_off.array)[i] = i;
    cq_head_ = at(p.cq_off.head);
    cq_tail_ = at(p.cq_off.tail);
    cq_mask_ = *at(p.cq_off.ring_mask);
    cqes_ = reinterpret_cast<io_uring_cqe*>(base + p.cq_off.cqes);
    opcodes_ = supported_opcodes(fd_);
    if ((io_uring::required() & ~opcodes_).any())
        return {ENOSYS, "io_uring_register (opcodes of Linux 6.1)"};
    features_ = p.features;
    if (features_ & abi::feature_no_iowait)
        enter_flags_ = abi::enter_no_iowait;
    return try_out();
}

/// A ring that was made may still refuse to be entered, or a flag: filters forbid calls one by one.
ring::failure ring::try_out() noexcept
{
    constexpr __kernel_timespec second{1, 0};
    int error = 0;
    for (;;)
    {
        if (unsubmitted() == 0)
            io_uring_prep_nop(&(prepare() = {}));
        error = -submit_and_wait(publish(), &second);
        if (error != EINVAL || !enter_flags_)
            break;
        enter_flags_ = 0;
    }
    const bool works = drain([](const io_uring_cqe&) {}) == 1 && unsubmitted() == 0;
    return {works ? 0 : error ? error : EIO, "io_uring_enter"};
}

int ring::enter(unsigned to_submit, unsigned wait_for, unsigned flags, const void* argument,
                std::size_t size) noexcept
{
    flags |= enter_flags_;
    int target = fd_;
    if (registered.owner == this)
    {
        if (++registered.enters == enters_before_registration)
            registered.index = register_with_thread();
        if (registered.index >= 0)
        {
            target = registered.index;
            flags |= IORING_ENTER_REGISTERED_RING;
        }
    }
    const int n = io_uring_enter2(static_cast<unsigned>(target), to_submit, wait_for, flags,
                                  static_cast<sigset_t*>(const_cast<void*>(argument)), size);
    return n < 0 ? n : 0;
}

int ring::submit() noexcept
{
    return enter(publish(), 0, IORING_ENTER_GETEVENTS, nullptr, 0);
}

int ring::submit_and_wait(unsigned published, const __kernel_timespec* timeout) noexcept
{
    if (!timeout) // the kernel has no argument to copy then
        return enter(published, 1, IORING_ENTER_GETEVENTS, nullptr, 0);
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<std::uint64_t>(timeout);
    return enter(published, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &argument,
                 sizeof argument);
}

void ring::thread_begin() noexcept
{
    if (!registered.owner)
        registered = {this};
}

void ring::thread_end() noexcept
{
    if (registered.owner != this)
        return;
    if (registered.index >= 0)
    {
        io_uring_rsrc_update update{};
        update.offset = static_cast<unsigned>(registered.index);
        io_uring_register(static_cast<unsigned>(fd_), IORING_UNREGISTER_RING_FDS, &update, 1);
    }
    registered = {};
}

int ring::register_with_thread() const noexcept
{
    io_uring_rsrc_update update{};
    update.offset = ~0u;
    update.data = static_cast<std::uint64_t>(fd_);
    const int n
        = io_uring_register(static_cast<unsigned>(fd_), IORING_REGISTER_RING_FDS, &update, 1);
    return n == 1 ? static_cast<int>(update.offset) : -1;
}

} // namespace proactor::io_uring
