#ifndef PROACTOR_SRC_DRIVER_IO_URING_RING_HPP
#define PROACTOR_SRC_DRIVER_IO_URING_RING_HPP

#include "probe.hpp"

#include <atomic>
#include <cstdint>
#include <liburing.h>

namespace proactor::io_uring {

/// A submission and a completion queue shared with the kernel.
///
/// liburing's own ring object fills and enters in one step; here any thread may enter while another
/// one prepares, so what is prepared and what the kernel has taken are read from the shared indices.
/// Memory is never inherited over fork.
class ring
{
public:
    /// What failed while a ring was made: a call and the system's code, 0 if nothing did.
    struct failure
    {
        int error = 0;
        const char* call = nullptr;
    };

    ring() = default;
    ~ring() { close(); }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;

    /// Makes the queues; `entries` is rounded up by the kernel.
    failure open(unsigned entries) noexcept;

    /// In a child process, which has no part in the parent's queues: as empty ones that cannot be entered,
    /// until `open`.
    void part_from_parent() noexcept;

    /// The same where they are its own.
    void close() noexcept;

    int fd() const noexcept { return fd_; }

    /// What its kernel can do.
    const io_uring::opcodes& opcodes() const noexcept { return opcodes_; }

    /// What `io_uring_setup` has told: IORING_FEAT_...
    unsigned features() const noexcept { return features_; }

    /// Whether there is no free entry.
    bool full() const noexcept { return unsubmitted() == sq_entries_; }

    /// The next free entry, with what was in it before. The queue is not full.
    io_uring_sqe& prepare() noexcept { return sqes_[sq_tail_++ & sq_mask_]; }

    /// Entries that the kernel has not taken yet.
    unsigned unsubmitted() const noexcept
    {
        return sq_tail_ - load(sq_head_, std::memory_order_acquire);
    }

    /// Whether the kernel wants to be entered before all completions can be seen.
    bool needs_enter() const noexcept
    {
        return load(sq_flags_, std::memory_order_relaxed)
            & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN);
    }

    /// Whether a completion can be seen.
    bool has_completions() const noexcept
    {
        return load(cq_tail_, std::memory_order_acquire)
            != load(cq_head_, std::memory_order_relaxed);
    }

    /// Hands the kernel what has been prepared and lets it run what completes.
    /// Returns 0 or a negative code of the system.
    int submit() noexcept;

    /// Shows the kernel what has been prepared, and says how many entries it has not taken.
    unsigned publish() noexcept
    {
        store(sq_ktail_, sq_tail_);
        return unsubmitted();
    }

    /// As `submit` for so many published entries, and sleeps until something is complete or the time
    /// has passed; null is for ever. Other threads may prepare and submit meanwhile.
    int submit_and_wait(unsigned published, const __kernel_timespec* timeout) noexcept;

    /// Calls `f(const io_uring_cqe&)` for each completion that can be seen now, and returns how many.
    template <typename F>
    unsigned drain(F f)
    {
        const unsigned tail = load(cq_tail_, std::memory_order_acquire);
        unsigned count = 0;
        for (;; ++count)
        {
            // Read anew each time: `f` may drain too. The entry is copied before it is given up.
            const unsigned head = load(cq_head_, std::memory_order_relaxed);
            if (static_cast<int>(tail - head) <= 0)
                return count;
            const io_uring_cqe cqe = cqes_[head & cq_mask_];
            store(cq_head_, head + 1);
            f(cqe);
        }
    }

    /// The calling thread is about to enter often, and has ceased to. In between it registers the
    /// ring with itself once that pays: a registration that outlives the ring lets the kernel write
    /// to freed memory.
    void thread_begin() noexcept;
    void thread_end() noexcept;

    /// Changes what the kernel keeps for the ring: io_uring_register(2).
    int change(unsigned what, void* argument, unsigned count) const noexcept
    {
        return io_uring_register(static_cast<unsigned>(fd_), what, argument, count);
    }

private:
    static unsigned load(const unsigned* p, std::memory_order order) noexcept
    {
        return std::atomic_ref<unsigned>(*const_cast<unsigned*>(p)).load(order);
    }
    static void store(unsigned* p, unsigned value) noexcept
    {
        std::atomic_ref<unsigned>(*p).store(value, std::memory_order_release);
    }

    int enter(unsigned to_submit, unsigned wait_for, unsigned flags, const void* argument,
              std::size_t size) noexcept;
    int register_with_thread() const noexcept;
    failure try_out() noexcept;

    int fd_ = -1;
    void* rings_ = nullptr;
    std::size_t rings_size_ = 0;
    io_uring_sqe* sqes_ = nullptr;
    std::size_t sqes_size_ = 0;

    unsigned* sq_head_ = nullptr;
    unsigned* sq_ktail_ = nullptr;
    unsigned* sq_flags_ = nullptr;
    unsigned sq_tail_ = 0;
    unsigned sq_mask_ = 0;
    unsigned sq_entries_ = 0;

    unsigned* cq_head_ = nullptr;
    unsigned* cq_tail_ = nullptr;
    io_uring_cqe* cqes_ = nullptr;
    unsigned cq_mask_ = 0;

    unsigned enter_flags_ = 0;
    unsigned features_ = 0;
    io_uring::opcodes opcodes_;
};

} // namespace proactor::io_uring

#endif
