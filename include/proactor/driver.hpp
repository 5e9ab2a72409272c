#ifndef PROACTOR_DRIVER_HPP
#define PROACTOR_DRIVER_HPP

#include <proactor/attachment.hpp>
#include <proactor/detail/section.hpp>
#include <proactor/operation.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>
#include <span>

namespace proactor {

/// What a driver did so far.
struct driver_counters
{
    std::uint64_t submissions = 0;  ///< operations handed to the system, retries included
    std::uint64_t system_calls = 0; ///< to submit, wait, reap or wake
    std::uint64_t completions = 0;  ///< terminal ones
    std::uint64_t sleeps = 0;       ///< calls that could block
    std::uint64_t wakes = 0;        ///< doorbells rung
    std::uint64_t resubmitted = 0;  ///< came back undone, and were tried again unasked
};

/// By what means a driver carries requests of one kind out.
enum class means : std::uint8_t
{
    system,         ///< the system takes the request, and completes it
    readiness,      ///< tried without blocking, at once and whenever the handle has become ready
    memory_or_pool, ///< what the system has in memory at once, the rest as in `pool`
    pool            ///< by a thread that may block
};

const char* name_of(means m) noexcept;

/// Memory that a driver may make known to its system, see `driver::register_memory`.
struct memory_region : detail::list_hook
{
    explicit memory_region(std::span<std::byte> b) noexcept : bytes(b) {}

    const std::span<std::byte> bytes;
    int error = EOPNOTSUPP; ///< the driver's: why the system does not know it, 0 if it does
};

/// Completes requests: hands operations to the operating system and gives each back exactly once.
///
/// The promises below carry tags; the conformance suite asserts each of them on every driver.
///
/// Threads. [D1] All calls but `wake` and `ready` need exclusive access, by any one thread at a
/// time; no call is bound to the thread that made the driver or submitted an operation.
/// [D2] `wake` may be called by any thread at any time.
///
/// Ends. [D3] Every submitted operation is given back by exactly one `wait` or `reap`, in `outcome`
/// an error of the system or a value. [D4] `submit` never gives an operation back by itself, and
/// never waits. [D5] Until it is given back, the operation and all that its request points to
/// belong to the driver; afterwards neither driver nor kernel touches them.
///
/// Order. [D6] Operations of one lane of one attachment are performed and given back in the order
/// of their submission. [D7] Those of lane `none` may overlap and overtake each other.
/// [D8] When `flush` returns, the system has been asked for everything submitted so far that is at
/// the head of its lane.
///
/// Cancellation. [D9] `cancel` asks; the operation still is given back, with `ECANCELED` or with what
/// it won. Until `deliver`, a success that can be taken back without loss, such as the end of a
/// stream, gives `ECANCELED` too, unless it was there when it was asked for. A wait gives it then as
/// well, unless another wait of its handle that was ready with it has been delivered. [D10] It reaches this
/// operation only: not others on the same handle, nor on a duplicate of it. [D11] An operation that
/// waits behind others of its lane is given back at the next `reap`, behind those before it that are
/// cancelled too. [D12] What could complete before the cancellation does so, with its success; to a send
/// that waits for room, less than the system tells of is none.
///
/// Late success. [D13] An accept that succeeds after its cancellation, or is cancelled after its
/// success and before `deliver`, gives `ECANCELED`, and its connection goes to the next accept of the
/// attachment or to `take_kept`; it is closed with the attachment. One that was there when the accept
/// was asked for is won for good. [D14] A file opened after its cancellation is closed, and gives
/// `ECANCELED`.
///
/// Many results. [D30] An accept that goes on keeps each connection for the next accept of the attachment
/// or for `take_kept`, in their order, and tells by an item as long as it is not cancelled; once its owner
/// has enough it ends with success, and nothing was lost. So does a receive that goes on; its items are the
/// owner's, also those that come after its cancellation.
///
/// No silent loss. [D15] An operation that comes back undone, cancelled though nobody asked or
/// interrupted, is tried again, and a transfer of whole buffers goes on after a part, at the next look;
/// cancelled before, it gives `ECANCELED` beside its part. [D16] More
/// operations than the queues of the system hold are all performed. [D17] Accepts skip connections
/// that died in the queue, unless told to report them.
///
/// Waiting. [D18] `wait` flushes, sleeps until there is something to give back, `wake` was called
/// or the deadline has passed, and reaps; it leaves the section, if it was given one, while it
/// sleeps, and does not sleep if there is something to give back or if it has told of an item. [D19] A
/// `wake` before the sleep ends the sleep. [D20] `reap` never waits.
///
/// Sends in place. [D27] One whose bytes the system has taken lets the next of its lane begin, and is
/// given back when its buffers are read no more. Until then `cancel` does nothing to it; `await_release`,
/// `shut_down` and a `detach` that leaves the handle open reset its connection: nobody waits for the peer.
///
/// Teardown. [D21] `shut_down` cancels everything and returns when all of it has been given back,
/// on whatever thread, and whatever became of the threads that submitted.
///
/// Pools. [D25] A transfer into a pooled buffer holds none while it waits for data, and brings none without
/// data; `ENOBUFS` says that none is free, and the data stay. [D26] A wait for a buffer is given back once
/// one is free, whichever thread has returned it, the oldest first and another one if nobody takes it; and with
/// `ECANCELED` after `release`. [D31] The driver that adopts a source, or without that is the first to be asked
/// for something out of it, keeps it until `release`: with others what names it ends with `EINVAL`. [D33] What
/// a receive on a stream brings out of a source in parts takes no more of a buffer than its bytes, and the next
/// goes on there; a buffer is free when all that was taken of it is back. What cannot be cut has one of its own.
/// [D34] Out of a source with bundles a receive that goes on may get more than is `enough`, up to all that is
/// free; nothing else differs.
///
/// Fork. [D23] What a child process does with the driver that it inherits, its destruction included,
/// does nothing to the parent's. In the child the system is asked for nothing, a cancellation is
/// complete at once, and `reap` gives back no more than that, until [D24] `reopen` or `wait` asks
/// anew, through means of the child's own, for everything that was in flight at the fork: parent and
/// child both complete it.
///
/// Registered memory. [D28] Reads and writes of files cost less where their memory lies within a
/// region that the system knows, and do the same there as elsewhere: across its ends, in a child, and when
/// it is forgotten while they are in flight. [D32] So do sends without copying. [D29] A file that is used
/// often may be held by more than its number; when `detach` has given the handle back, or closed it, it is
/// held no longer.
class driver
{
public:
    using clock = std::chrono::steady_clock;

    virtual ~driver();
    driver(const driver&) = delete;
    driver& operator=(const driver&) = delete;

    virtual const char* name() const noexcept = 0;

    /// How requests of the kind of `r` are carried out here. Those that cannot go the named way, for
    /// instance on a file that is always ready, go to the pool.
    virtual means serves(const request::any& r) const noexcept = 0;

    /// Whether the system completes an operation only when the thread that submitted it passes through
    /// the kernel.
    virtual bool completes_on_submitter() const noexcept { return false; }

    /// Takes up an open handle, which stays the caller's.
    attachment& attach(native_handle handle);

    /// Gives the attachment back. [D22] Operations on it go on to their ends; with `close_handle`
    /// the handle is closed after the last of them, at once if there is none.
    void detach(attachment& a, bool close_handle = false);

    /// Takes the operation, whose request is filled.
    void submit(operation& op, attachment& on, lane l);

    /// Asks the system to end an operation that has been submitted and not given back.
    void cancel(operation& op);

    /// Cancels all operations of an attachment.
    void cancel_all(attachment& a);

    /// Makes memory known to the system if it can be. It has to stay mapped, and the region where it is,
    /// until `forget_memory`. `error` says at any time whether the system knows it: not the one behind
    /// this driver (`EOPNOTSUPP`), beyond what a process may lock (`ENOMEM`), too many or more than a
    /// gigabyte (`ENOBUFS`).
    void register_memory(memory_region& m);
    void forget_memory(memory_region& m) noexcept;

    /// To be called for an operation that was given back, before its owner uses its outcome: from now
    /// on a cancellation comes too late. It does so too for waits of its attachment that are ready.
    void deliver(operation& op) noexcept
    {
        if (op.linked()) [[unlikely]]
            deliver_revocable(op);
    }

    /// Waits, for 500 ms at the most, until the system has let go of the handle of an attachment whose
    /// operations have all been cancelled: a `close` that follows takes effect at once.
    void await_release(attachment& a);

    /// Takes a connection that a cancelled accept has won, or one that goes on, or `invalid_handle`.
    native_handle take_kept(attachment& a) noexcept { return a.take_kept(); }

    /// See [D31]. Another driver's source stays with that one.
    virtual void adopt(buffer_source& source);

    /// The user of a source needs it no longer: waits for its buffers end with `ECANCELED`, and what is in
    /// flight goes on.
    virtual void release(buffer_source& source);

    /// Any thread, while a source that the driver keeps has been asked for notice: a buffer has come back.
    void buffer_came() noexcept
    {
        buffer_came_.store(true, std::memory_order_release);
        wake();
    }

    /// Whether `flush` has something to do.
    virtual bool unflushed() const noexcept = 0;

    /// Whether there are transfers between two parts or waits for buffers, with which the next `reap` or
    /// `wait` goes on.
    bool between_parts() const noexcept { return !between_parts_.empty() || buffers_came(); }

    /// Submits to the system what has been prepared. Does not wait.
    virtual void flush() = 0;

    /// Flushes, and appends what is complete to `completed`. Does not wait.
    void reap(operation_queue& completed);

    /// See [D18]. A deadline of `time_point::max()` is none.
    void wait(clock::time_point deadline, operation_queue& completed,
              detail::section* held = nullptr);

    /// Any thread, without exclusive access: whether `reap` may find something. A hint.
    virtual bool ready() const noexcept = 0;

    /// Ends the sleep of the thread inside `wait`, or the next one.
    virtual void wake() noexcept = 0;

    /// Tries a socket operation at the head of an idle lane without blocking, on any thread.
    /// True: it is done, and the next `reap` gives it back. False: it has not begun.
    bool attempt(operation& op, attachment& on, lane l);

    /// Cancels and reaps everything, see [D21].
    void shut_down(operation_queue& completed);

    /// Before a fork whose child goes on with this driver: the calls of threads of the driver's own,
    /// which the child will not have, end or are taken back until the next `flush`. Does not wait.
    /// False: some have not ended, ask again.
    virtual bool end_calls() { return true; }

    /// Just before any fork: keeps for both what the system has completed.
    virtual void keep_completed() noexcept {}

    /// In the child: lets go of what was the parent's, once. All that has to happen first does so itself.
    virtual void let_go();

    /// In the child: the driver is whole again, see [D24]. Returns the system's code; nothing has
    /// changed then.
    virtual int reopen();

    /// A thread that will call `wait` often begins and ends to do so. Costs of a registration may
    /// be spent between the two; the same thread calls both.
    virtual void thread_begin() {}
    virtual void thread_end() noexcept {}

    /// Operations the system may still touch.
    std::size_t in_flight() const noexcept { return in_flight_; }

    driver_counters counters() const noexcept
    {
        driver_counters now = counters_;
        now.wakes = wakes_.load(std::memory_order_relaxed);
        return now;
    }

protected:
    driver() = default;

    // What a driver brings.

    /// Prepares the operation's request for the system, or ends it by `finish`.
    virtual void start(operation& op) = 0;

    /// Asks the system to end an operation in flight.
    virtual void stop(operation& op) = 0;

    /// Moves completions of the system to `finish`, after one system call at the most that submits
    /// and lets the system complete, if `enter` allows it. Does not wait.
    virtual void collect(bool enter) = 0;

    /// Flushes and sleeps until the system completes something, `wake` or the deadline; where it does
    /// not sleep it may collect.
    virtual void sleep(clock::time_point deadline, detail::section* held) = 0;

    /// In the child, where `inherited_` has been set and no call can reach the parent's objects: gives
    /// the rest up. What is known to have ended before the fork it may `finish`.
    virtual void abandon() noexcept {}
    /// The same for what it has on behalf of an operation in flight.
    virtual void abandon_one(operation&) noexcept {}
    /// Makes its objects of the system anew. Returns the system's code.
    virtual int open_again() { return 0; }

    /// Makes a region known, and returns 0 or the system's code.
    virtual int learn(const memory_region&) { return EOPNOTSUPP; }
    /// What has been prepared within it is with the system when this returns.
    virtual void unlearn(const memory_region&) noexcept {}

    // What it finds here.

    /// The terminal completion of an operation: settles what late successes mean, and lets the next
    /// of its lane begin.
    void finish(operation& op, int error, std::uint64_t value, std::uint32_t flags = 0);

    /// A connection of an accept that goes on: it waits for its taker, and the operation hears of it
    /// unless it was cancelled.
    void keep(operation& op, native_handle won);

    /// What a receive that goes on has got, in the buffer that it has taken.
    void give(operation& op, std::uint64_t bytes);

    /// Whether an owner has been told of an item since this `wait` began: perhaps it waits for that.
    bool told_of_items() const noexcept { return told_; }

    static bool goes_on(const operation& op) noexcept
    {
        return request::accepts_many(op.request) || request::receives_many(op.request);
    }

    /// Whether an operation that goes on has been told to end by its owner.
    static bool has_enough(const operation& op) noexcept
    {
        return goes_on(op) && static_cast<const multishot_operation&>(op).enough;
    }
    /// A send whose buffers the system still reads makes room for the next of its lane.
    void leave_lane(operation& op);

    /// Calls `f(operation&)` for all that have been begun and not ended. `f` may end none.
    template <typename F>
    void for_each_in_flight(F f)
    {
        for (attachment& a : attachments_)
            a.for_each_submitted(
                [&](operation& op)
                {
                    if (op.phase != operation::phase::queued)
                        f(op);
                });
    }

    /// Whether something waits to be given back.
    bool finished_any() const noexcept { return !finished_.empty(); }

    /// The driver keeps the source no longer, out of which nothing is in flight.
    virtual void forget(buffer_source&) noexcept {}

    /// Takes a buffer for a transfer that has none. False: it has ended with `ENOBUFS`.
    bool take_buffer(operation& op);
    /// Undoes it.
    static void put_buffer(operation& op) noexcept;
    static std::uint32_t hand_over(operation& op, std::size_t bytes);

    /// Any thread: whether waits for buffers may have to end.
    bool buffers_came() const noexcept { return buffer_came_.load(std::memory_order_relaxed); }

    /// The attachment stands for its handle no longer, which is still open.
    virtual void forget(attachment&) noexcept {}

    /// Whether the system holds no reference to the attachment's handle on behalf of operations.
    virtual bool released(const attachment& a) const noexcept { return !a.busy(); }

    driver_counters counters_;
    std::atomic<std::uint64_t> wakes_{0};
    bool passes_sources_on_ = false; ///< a decorator: sources of buffers are another driver's
    bool inherited_ = false;

private:
    void begin(operation& op);
    void begin_next(attachment& a, lane l);
    void end_held(attachment& a, bool in_flight_too = false) noexcept;
    void go_on();
    void ask(operation& op);
    void ask_source(operation& op);
    void await_buffer(operation& op);
    void end_buffer_waits();
    void settle_buffer(operation& op);
    void part_if_idle(buffer_source& source);
    void accept_kept(operation& op);
    void finish_any(operation& op, int error, std::uint64_t value, std::uint32_t flags);
    void ended(attachment& a, lane l);
    void take_out(operation& op, int error, std::uint64_t value) noexcept;
    void give_back(operation& op) noexcept;
    void end(operation& op, int error, std::uint64_t value);
    void revoke(operation& op);
    void deliver_revocable(operation& op) noexcept;
    void recycle(attachment& a);

    operation_queue finished_;
    operation_queue between_parts_;
    std::size_t in_flight_ = 0;
    std::vector<buffer_source*> sources_; ///< that it keeps
    detail::list_hook buffer_waits_;
    std::atomic<bool> buffer_came_{false};
    detail::list_hook regions_; ///< of `memory_region`
    bool let_go_ = false;
    bool told_ = false;
    std::deque<attachment> attachments_; // an address is kept for good
    attachment* free_ = nullptr;
};

} // namespace proactor

#endif
