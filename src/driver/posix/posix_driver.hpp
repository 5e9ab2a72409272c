#ifndef PROACTOR_SRC_DRIVER_POSIX_POSIX_DRIVER_HPP
#define PROACTOR_SRC_DRIVER_POSIX_POSIX_DRIVER_HPP

#include "../blocking_pool.hpp"
#include "../attempt.hpp"

#include <proactor/detail/at_fork.hpp>
#include <proactor/detail/mailbox.hpp>
#include <proactor/driver.hpp>
#include <proactor/open_driver.hpp>

#include <atomic>
#include <memory>

namespace proactor::detail {

/// What drivers do for an operation that the system does not complete by itself: attempt, then decide.
/// It is done, or waits until its handle is ready and is tried again, or goes to a thread that may
/// block. For a readiness driver that is every operation, for others those that their kernel lacks.
class posix_driver : public driver, private at_fork
{
public:
    explicit posix_driver(const driver_options& options)
        : at_fork(level::driver)
        , limits_{options.pool_threads, options.pool_idle}
    {
    }

    bool end_calls() override;

protected:
    /// In a child: closes what it shares with the parent. Touches no operation, for another thread may
    /// have been in the middle of anything.
    virtual void part_from_parent() noexcept = 0;

    void abandon() noexcept override;

    /// Before the deriving driver's own members go: threads of the pool may be about to wake it.
    void end_pool() noexcept { pool_.reset(); }

    /// To be called at the ends of the deriving driver's life, by itself.
    using at_fork::hear_forks;
    using at_fork::ignore_forks;

    /// Tries an operation that has been started, at the next `try_all`.
    void try_later(operation& op) noexcept;

    /// The same for all of a queue of such, which are in the phase `untried`.
    void untried_again(operation_queue& ops) noexcept { untried_.splice(ops); }

    bool untried() const noexcept { return !untried_.empty() && !inherited_; }

    /// Tries what is to be tried. Reads of files that are in memory are done here, within a budget that
    /// keeps sockets from starving; the others wait for the next look.
    void try_all()
    {
        if (untried()) [[unlikely]]
            try_untried();
    }

    /// Lets the operation wait until its handle is ready, then `try_later`, or ends it.
    virtual void await(operation& op) = 0;

    /// Takes a positioned transfer of a file whose data does not go through memory of the system's.
    /// False: nothing better than the pool.
    virtual bool start_direct(operation&) { return false; }

    /// Whether transfers of a file go past the system's memory.
    static bool is_direct(attachment& a) noexcept;

    /// Hands an operation to a thread that may block.
    void block(operation& op);

    /// Asks for the end of an operation that is not with the system. False: it is.
    bool stop_trying(operation& op);

    /// Before a look at the system: lets reads wait no longer, and takes what the pool has done.
    void take_returned()
    {
        if (returned() || interrupted_.linked()) [[unlikely]]
            take_all_returned();
    }

    /// Any thread, as `ready`: whether there is anything for `take_returned`.
    bool returned() const noexcept
    {
        return returned_.filled() || postponed_any_.load(std::memory_order_relaxed)
            || buffers_came();
    }

    /// Around a sleep. Operations that come back from the pool in between end it; if `fall_asleep` says
    /// no, some have come already.
    bool fall_asleep() noexcept
    {
        return !untried() && postponed_.empty() && !finished_any() && !told_of_items()
            && !between_parts() && !buffers_came() && returned_.sleep();
    }
    void wake_up() noexcept { returned_.rouse(); }

    /// When a sleep has to end, which is soon if calls of the pool are being interrupted.
    clock::time_point look_again_by(clock::time_point deadline) const noexcept;

private:
    void after_fork(bool in_child) noexcept override;
    void try_untried();
    void take_all_returned();
    void take_back(operation& op);
    void try_one(operation& op);
    void accept_many(operation& op);
    void received(operation& op, std::uint64_t bytes);
    static void perform_on_pool(void* self, operation& op) noexcept;

    operation_queue untried_;
    operation_queue postponed_; ///< file reads beyond the budget
    std::atomic<bool> postponed_any_{false};
    unsigned budget_ = 0; ///< what is left of it, in units of `read_unit` bytes
    mailbox<operation> returned_;
    list_hook interrupted_; ///< of pool_job: begun, cancelled and not returned
    pool_limits limits_;
    std::unique_ptr<blocking_pool> pool_; // last: its threads use the others
};

} // namespace proactor::detail

#endif
