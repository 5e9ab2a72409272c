#ifndef PROACTOR_SRC_DRIVER_LINUX_AIO_AIO_QUEUE_HPP
#define PROACTOR_SRC_DRIVER_LINUX_AIO_AIO_QUEUE_HPP

#include <proactor/operation.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <linux/aio_abi.h>
#include <span>
#include <vector>

namespace proactor::linux_aio {

/// A context of io_setup(2): transfers at positions of files that were opened for direct I/O, whose
/// completions an eventfd tells.
///
/// No call waits, for every transfer is asked for with RWF_NOWAIT. What the kernel could not do
/// without waiting ends with EAGAIN, or with EOPNOTSUPP where it cannot even tell: a file that is
/// not open for direct I/O, a write to blocks not allocated yet or to pages that the page cache
/// holds, a full queue of the device. That is for a thread that may wait.
///
/// One thread at a time.
class aio_queue
{
public:
    aio_queue() = default;

    /// Waits until the kernel has let go of the buffers of all that is in flight, which is not
    /// completed any more.
    ~aio_queue();

    aio_queue(const aio_queue&) = delete;
    aio_queue& operator=(const aio_queue&) = delete;

    /// Makes room for so many transfers in flight, once. Returns 0 or the system's code: EAGAIN
    /// where the users of this system already have what /proc/sys/fs/aio-max-nr allows.
    int open(unsigned depth);

    /// In a child process, whose memory the kernel writes nothing to: as it was before `open`. The first
    /// lets go of what the parent uses, the second forgets the transfers.
    void part_from_parent() noexcept;
    void forget_all() noexcept;

    /// Readable exactly while `reap` finds something.
    int event_handle() const noexcept { return event_; }

    /// Takes an operation whose request is `read_at` or `write_at`, and its scratch, until it is
    /// given to a callback or cancelled. False: all room is taken until something has been reaped.
    bool prepare(operation& op) noexcept;

    /// Asks the kernel for all that has been prepared, and calls `refused(operation&, int error)`
    /// for each that it does not take.
    template <typename F>
    void submit(F refused)
    {
        while (!prepared_.empty())
        {
            operation& first = operation_of(prepared_.front()->aio_data);
            if (const int error = hand_over())
                refused(first, error);
        }
    }

    /// Calls `completed(operation&, std::int64_t result)` for each that is complete, with its bytes
    /// or a negative code of the system, and returns how many there were.
    template <typename F>
    unsigned reap(F completed)
    {
        unsigned count = 0;
        std::array<io_event, 32> room;
        count_events();
        for (auto batch = take(room); !batch.empty(); batch = take(room))
        {
            count += static_cast<unsigned>(batch.size());
            for (const io_event& e : batch)
            {
                release(reinterpret_cast<iocb*>(e.obj));
                completed(operation_of(e.data), static_cast<std::int64_t>(e.res));
            }
        }
        return count;
    }

    /// True: it had only been prepared, and is the caller's again. False: the kernel has been asked
    /// to end it, which it can for hardly any file; `reap` gives it back.
    bool cancel(operation& op) noexcept;

    /// Whether something has been prepared and the kernel not been asked for it.
    bool unsubmitted() const noexcept { return !prepared_.empty(); }

    /// Transfers that the kernel has taken and that have not been reaped.
    unsigned in_flight() const noexcept { return in_flight_; }

private:
    static operation& operation_of(std::uint64_t address) noexcept
    {
        return *reinterpret_cast<operation*>(address);
    }

    int hand_over() noexcept;
    void count_events() noexcept;
    std::span<io_event> take(std::span<io_event> room) noexcept;
    void release(iocb* block) noexcept;

    aio_context_t context_ = 0;
    int event_ = -1;
    unsigned in_flight_ = 0;
    std::uint64_t due_ = 0; // told by the eventfd, not taken yet

    std::vector<iocb> blocks_;
    // Both have the capacity of `blocks_`, and so never allocate.
    std::vector<iocb*> free_;
    std::vector<iocb*> prepared_; // in the order of their submission
};

} // namespace proactor::linux_aio

#endif
