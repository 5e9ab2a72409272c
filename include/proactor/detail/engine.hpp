#ifndef PROACTOR_DETAIL_ENGINE_HPP
#define PROACTOR_DETAIL_ENGINE_HPP

#include <proactor/context_options.hpp>
#include <proactor/detail/at_fork.hpp>
#include <proactor/detail/mailbox.hpp>
#include <proactor/detail/section.hpp>
#include <proactor/detail/spin_policy.hpp>
#include <proactor/detail/timer_source.hpp>
#include <proactor/driver.hpp>
#include <proactor/metrics.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace proactor::detail {

/// Runs operations to their ends: a ready queue, a mailbox for other threads, timers and a count of
/// work over one driver.
///
/// Threads inside `run` share it as leader and followers: at most one of them, the leader, looks at
/// the driver; the others take ready operations or wait. Everything but handlers happens inside the
/// section.
class engine final : private at_fork
{
public:
    using clock = std::chrono::steady_clock;

    engine(std::unique_ptr<driver> d, const context_options& options);
    ~engine();
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;

    // Work: the run functions end when it falls to zero.

    void work_started();
    void work_finished();

    // Any thread.

    /// Whether the calling thread is inside a run function of this engine.
    bool inside() const noexcept;

    /// Lets the loop complete `op`, behind what is ready now. Counts as work until it has run.
    void post(operation& op);

    /// As `post`, but from inside a handler behind what is posted before that ends: a continuation, which no
    /// other thread and no child process that one forks gets before.
    void defer(operation& op);

    /// From now on the two are one. Before the first run function.
    void defer_as_post() noexcept { defers_ = false; }

    /// As `post`, for an operation that counts as work already.
    void post_counted(operation& op);

    /// Puts an operation that has its outcome into the ready queue; it counts as work already.
    void complete_later(operation& op);

    /// Submits an operation; counts as work until its handler has run, unless it is internal.
    void start(operation& op, attachment& on, lane l);

    /// Asks for the end of those operations of `a` that carry `key`.
    void cancel_key(attachment& a, const void* key);

    /// Asks for the end of all operations of `a`; what could complete does so first.
    void cancel_all(attachment& a);

    /// Everything initiated so far reaches the system now (law 8).
    void flush();

    attachment& attach(native_handle handle);

    /// What becomes of the handle of an attachment that is given back.
    enum class handle_then
    {
        closed_by_caller, ///< waits until the system has let go of it: a close takes effect at once
        kept,             ///< stays open
        closed_when_idle  ///< closed by the last operation to end, and nobody waits
    };

    /// Cancels what is left on the attachment and gives it back.
    void detach(attachment& a, handle_then then);

    /// Gives an attachment back that nothing is in flight on. The handle stays open.
    void give_back(attachment& a);

    native_handle take_kept(attachment& a);

    /// Bytes that reads and receives have got before the loop has come to their handlers. In Asio they
    /// would still be with the system.
    struct bytes_ahead
    {
        bool any = false;      ///< a datagram may be empty
        std::size_t first = 0; ///< of the oldest
        std::size_t all = 0;

        bool operator==(const bytes_ahead&) const = default;
    };
    bytes_ahead find_bytes_ahead(const attachment& a);

    /// See `driver`.
    void adopt(buffer_source& source);
    void release(buffer_source& source);
    /// Takes a buffer for a user, or none.
    std::uint32_t take(buffer_source& source);
    /// As the driver's.
    void register_memory(memory_region& m);
    void forget_memory(memory_region& m) noexcept;
    int memory_error(const memory_region& m);

    void stop();
    bool stopped() const noexcept { return stopped_.load(std::memory_order_acquire); }
    void restart();

    proactor::metrics metrics();

    /// Threads inside run functions, at least 1.
    std::size_t occupancy();

    // Timers. Sources are added for good, before their first use.

    void add(timer_source& source);
    void remove(timer_source& source);

    /// Held while a timer source is touched.
    section& exclusive() noexcept { return section_; }

    /// Inside the section: a source became due earlier.
    void due_earlier() { poke(); }

    /// Inside the section: these have their outcomes, and count as work already.
    void complete_later(operation_queue& ops);

    /// The same for one, while the driver is reaped: whoever has that done tells the others.
    void complete_reaped(operation& op) noexcept { ready_.push(op); }

    /// While the driver is reaped: `op` has ended, or goes on and has brought something.
    void note_reaped(const operation& op) noexcept
    {
        connection_came_ = connection_came_ || op.request.is<request::accept>();
    }

    /// Ends all operations without completing them: cancels, reaps, and only then destroys.
    /// What is started afterwards is destroyed by the next call, or with the engine.
    void shut_down();

    // Fork: the three of `notify_fork`. A child that is told nothing may destroy the engine, and what it
    // does otherwise does nothing to the parent; once it waits in a run function it goes on as if told.

    /// Ends the calls of the driver's own threads. Waits for those that nothing can interrupt.
    void fork_prepare();
    void fork_parent();
    /// Returns the system's code.
    int fork_child();

    // Run functions.

    /// A thread inside a run function. May nest, also with other engines' on one thread.
    class runner : private list_hook
    {
    public:
        explicit runner(engine& e);
        ~runner();
        runner(const runner&) = delete;
        runner& operator=(const runner&) = delete;

        /// False: `context_options::threads` forbids one more. It must not run anything.
        bool admitted() const noexcept { return admitted_; }

        /// Completes one operation. False: none came before the deadline, or the engine stopped.
        /// Exceptions of the handler pass through, with the engine in order.
        bool run_one(clock::time_point deadline);

        /// Completes one operation that is ready. False: there is none.
        bool poll_one();

    private:
        friend class engine;
        bool complete_alone();
        void complete(operation& op);
        void end_deferral();
        bool complete_next(clock::time_point deadline, bool block);
        operation* take_next(clock::time_point deadline, bool block);

        static constinit thread_local runner* innermost; ///< of this thread

        engine& engine_;
        runner* const up_; ///< around this one
        operation_queue deferred_; ///< by the handler that runs; only this thread's
        bool outermost_ = false;
        bool admitted_ = true;
        bool unfinished_ = false; ///< the last operation has run and still counts as work
    };

    /// Whether there is any work; if not, the engine is stopped, as run functions do.
    bool has_work();

private:
    void before_fork() noexcept override;
    void after_fork(bool in_child) noexcept override;
    runner* innermost_runner() const noexcept;
    runner* runner_around(const runner* innermost) const noexcept;
    bool post_alone(operation& op) noexcept;
    void post_inside(operation& op);
    void post_outside(operation& op);
    bool start_alone(operation& op, attachment& on, lane l);
    void start_shared(operation& op, attachment& on, lane l, bool ours);
    operation* take_ready();
    void complete_internal();
    operation* next(clock::time_point deadline, bool block);
    void look(clock::time_point deadline, bool block);
    bool park_thread(clock::time_point deadline);
    bool reap();
    bool may_spin();
    bool spin(clock::time_point until);
    clock::time_point timers_due() const noexcept;
    void collect_timers();
    void settle();
    void poke();
    void take_mail() noexcept;
    bool out_of_work() const noexcept;
    void work_finished_inside();
    void work_finished_outside();
    bool stop_if_out_of_work();
    void stop_all();

    /// In the section.
    void count_work(std::int64_t n) noexcept
    {
        work_inside_.store(work_inside_.load(std::memory_order_relaxed) + n,
                           std::memory_order_relaxed);
    }

    /// In the section: something is ready, or wants to be submitted, that this thread may not get to.
    void wake_another()
    {
        if (followers_ || leader_) [[unlikely]]
            wake_follower_or_leader();
    }
    void wake_follower_or_leader();
    void abandon(operation_queue& ops);

    /// Handlers between two looks at the driver.
    static constexpr unsigned fairness = 64;
    /// How long a leader sleeps while another runner computes, which keeps to itself what completes
    /// on its behalf until it passes through the kernel.
    static constexpr std::chrono::milliseconds computing_check{1};

    section section_;
    std::unique_ptr<driver> driver_; // before the queues: operations end in them
    operation_queue ready_;
    operation_queue early_; ///< reaped out of turn: becomes ready at the next look
    mailbox<operation> mailbox_;
    timer_source* timers_ = nullptr;

    // Work is what these add up to, and what lies in the mailbox. Most is counted in the section, and
    // so without an atomic step while one thread runs.
    std::atomic<std::int64_t> work_inside_{0}; ///< changed in the section
    std::atomic<std::int64_t> work_outside_{0};
    std::atomic<bool> stopped_{false};
    std::atomic<bool> poked_{false}; ///< tells a leader that spins to look again
    bool leader_ = false;            ///< a thread spins or sleeps over the driver
    bool shut_down_ = false;
    unsigned runners_ = 0;   ///< threads inside run functions
    unsigned followers_ = 0; ///< of these, those that wait for a leader or for work
    list_hook all_runners_;  ///< of `runner`, nested ones too
    unsigned lost_handlers_ = 0; ///< in a fork: those under way on threads that the child has not
    unsigned handlers_since_look_ = 0;
    std::condition_variable_any followers_wake_;

    /// What the loop does about having nothing to do; decided once each time.
    enum class park
    {
        undecided,
        spins,
        sleeps
    } park_ = park::undecided;

    bool defers_ = true; ///< a deferred operation is not as a posted one
    /// In this look. Beside what a connection costs, the sleep that a spin saves is little, and the spin is
    /// not: such a spin was not worth it.
    bool connection_came_ = false;

    const unsigned max_runners_;
    const std::chrono::nanoseconds spin_time_;
    spin_policy spin_policy_;
    unsigned processors_asked_ = 0;
    bool several_processors_ = false;
    proactor::metrics counts_;
};

} // namespace proactor::detail

#endif
