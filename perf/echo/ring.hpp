#pragma once

#include "unique_fd.hpp"

#include <liburing.h>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace echo {

// A ring of one thread, by the kernel's interface alone: what it costs without a library above it.
class ring
{
public:
    // `flags` are IORING_SETUP_...; NO_SQARRAY is added where the kernel knows it. The thread that
    // constructs it is the one that uses it.
    ring(unsigned entries, unsigned flags);
    ~ring();
    ring(ring const&) = delete;
    ring& operator=(ring const&) = delete;

    // The next free entry. Submits first if there is none.
    io_uring_sqe& next()
    {
        while (unsubmitted() == sq_entries_)
            enter(0);
        return sqes_[tail_++ & sq_mask_];
    }

    // Submits everything, and returns when there are `wait_for` completions, a signal came or the
    // time has passed.
    void enter(unsigned wait_for);
    void enter(unsigned wait_for, std::chrono::nanoseconds limit);

    int fd() const { return fd_.get(); }

    unsigned unsubmitted() const
    {
        return tail_ - std::atomic_ref(*sq_head_).load(std::memory_order_acquire);
    }

    // Whether a completion can be seen, or would be after an enter().
    bool ready() const
    {
        return std::atomic_ref(*cq_tail_).load(std::memory_order_acquire) != *cq_head_
            || (std::atomic_ref(*sq_flags_).load(std::memory_order_relaxed)
                & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW));
    }

    // Calls f(io_uring_cqe const&) for what can be seen now.
    template <typename F>
    void drain(F f)
    {
        unsigned const end = std::atomic_ref(*cq_tail_).load(std::memory_order_acquire);
        for (unsigned head = *cq_head_; head != end; ++head)
            f(cqes_[head & cq_mask_]);
        std::atomic_ref(*cq_head_).store(end, std::memory_order_release);
    }

private:
    void enter(unsigned wait_for, unsigned flags, void const* argument, std::size_t size);

    unique_fd fd_;
    int registered_ = -1;
    void* rings_ = nullptr;
    std::size_t rings_size_ = 0;
    io_uring_sqe* sqes_ = nullptr;
    std::size_t sqes_size_ = 0;

    unsigned* sq_head_;
    unsigned* sq_ktail_;
    unsigned* sq_flags_;
    unsigned sq_mask_;
    unsigned sq_entries_;
    unsigned tail_ = 0;
    unsigned* cq_head_;
    unsigned* cq_tail_;
    unsigned cq_mask_;
    io_uring_cqe* cqes_;
};

} // namespace echo
