#ifndef PROACTOR_SRC_DRIVER_BLOCKING_POOL_HPP
#define PROACTOR_SRC_DRIVER_BLOCKING_POOL_HPP

#include <proactor/operation.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>

namespace proactor::detail {

struct pool_limits
{
    unsigned threads = 64;                ///< at most, each a stack; 0 refuses everything
    std::chrono::milliseconds idle{5000}; ///< after so long without work a thread ends
};

/// What a pool keeps in an operation's scratch, from `submit` until its driver uses the scratch
/// anew. Linked while it waits for a thread.
struct pool_job : list_hook
{
    explicit pool_job(operation& op) noexcept : of(op) {}

    static pool_job& in(operation& op) noexcept
    {
        return *std::launder(reinterpret_cast<pool_job*>(op.scratch));
    }

    operation& of;
    std::int64_t result = 0; ///< the worker's own: bytes, or a negative code of the system
    std::atomic<bool> interrupted{false}; ///< the driver's: an interrupted call is not made again
};
static_assert(sizeof(pool_job) <= sizeof(operation::scratch) && alignof(pool_job) <= 8);

/// Threads that carry out what no driver can do without blocking, first come, first begun.
///
/// There is none before the first operation. One is added when an operation is queued that no idle
/// thread is left for; of the idle ones the last to have worked is taken, so that the pool shrinks
/// to what is needed. They take no signals but their own faults: a process's signals are its
/// user's.
///
/// All but construction and destruction may be called by any thread, `work` included.
class blocking_pool
{
public:
    /// Carries an operation out, on a thread of the pool, and hands it back: the pool does not
    /// touch it any more.
    using work = void (*)(void* owner, operation& op) noexcept;

    blocking_pool(pool_limits limits, work w, void* owner) noexcept;

    /// Nothing may be queued any more or running, but for threads about to return from `work`.
    ~blocking_pool();

    blocking_pool(const blocking_pool&) = delete;
    blocking_pool& operator=(const blocking_pool&) = delete;

    /// Queues an operation, and makes a thread for it if it has to. Returns 0, or the system's
    /// code: there is no thread and none can be made, and the operation was not taken.
    int submit(operation& op);

    /// Takes back an operation that was submitted. True: it has not begun and never will. False: it
    /// has begun, and may be done.
    bool withdraw(operation& op);

    /// Interrupts the system call that an operation is inside, if it can be. The signal may come before the
    /// call does, so it takes asking again.
    void interrupt(operation& op);

    unsigned threads() const;
    std::size_t queued() const;

private:
    struct worker;

    int add_worker();
    void rouse_worker();
    void run(worker& self) noexcept;
    bool await_job(std::unique_lock<std::mutex>& held, worker& self);
    std::unique_ptr<worker> leave(worker& self);

    const pool_limits limits_;
    const work work_;
    void* const owner_;

    mutable std::mutex mutex_; // all below

    list_hook queue_; // of pool_job, oldest first
    std::size_t queued_ = 0;

    list_hook sleepers_; // of worker, the last to have worked at the end
    list_hook workers_;  // those inside `work`
    unsigned threads_ = 0;
    unsigned busy_ = 0; // of these, inside `work`

    bool stopping_ = false;
    std::condition_variable empty_; // threads_ became 0

    /// The thread that ended last. The next one to end joins it: nobody who submits waits for the
    /// end of a thread, and no more than one is left behind.
    std::unique_ptr<worker> left_;
};

} // namespace proactor::detail

#endif
