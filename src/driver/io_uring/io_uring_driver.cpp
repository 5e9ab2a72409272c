#include "io_uring_driver.hpp"

#include "../kinds.hpp"
#include "../posix/posix_driver.hpp"
#include "../posix/readiness.hpp"
#include "abi.hpp"
#include "buffer_rings.hpp"
#include "event_handle.hpp"
#include "fixed_buffers.hpp"
#include "fixed_files.hpp"
#include "prepare.hpp"
#include "ring.hpp"

#include <proactor/buffer_source.hpp>
#include <proactor/detail/annotations.hpp>
#include <proactor/error.hpp>

#include <atomic>
#include <cerrno>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace proactor::io_uring {

namespace {

/// What an entry's user data says: an operation's address, or one of these.
enum tag : std::uint64_t
{
    ignored = 0, ///< that of what `prepare_cancel` has prepared
    doorbell = 1 ///< in the low bits; a generation above
};
constexpr std::uint64_t tag_bits = 3;

using detail::is_one_of;
using detail::kinds;

/// Those with steps of their own on their way into the ring, with which the others are not burdened.
constexpr auto asking
    = kinds<request::read, request::write, request::accept, request::advise, request::sync_range,
            request::receive_pooled, request::read_pooled, request::read_pooled_at, request::send_zc>;
constexpr auto of_files
    = kinds<request::read, request::write, request::read_at, request::write_at>;
/// And with steps before these.
constexpr auto starting_otherwise = asking | kinds<request::poll>;
/// And those that come out of it with more than a result.
constexpr auto ending_otherwise
    = kinds<request::poll, request::accept, request::receive_pooled, request::send_zc>;

/// And those that may bring nothing, and are not done.
constexpr auto receiving
    = kinds<request::receive, request::receive_message, request::receive_pooled>;

class io_uring_driver final : public detail::posix_driver
{
public:
    explicit io_uring_driver(const driver_options& options)
        : posix_driver(options)
    {
        hear_forks();
    }
    ~io_uring_driver() override
    {
        ignore_forks();
        end_pool();
        if (inherited_)
            buffers_.abandon(); // not mapped here
    }

    ring::failure open(unsigned entries, const opcodes& masked) noexcept
    {
        entries_ = entries;
        masked_ = masked;
        return open();
    }

    const char* name() const noexcept override { return "io_uring"; }

    means serves(const request::any& r) const noexcept override
    {
        return served_[r.index()] ? means::system : detail::means_of(r);
    }

    /// So IORING_SETUP_COOP_TASKRUN has it.
    bool completes_on_submitter() const noexcept override { return true; }

    bool unflushed() const noexcept override { return ring_.unsubmitted() || untried(); }

    void flush() override
    {
        while (unflushed())
            collect(true);
    }

    bool ready() const noexcept override
    {
        return ring_.has_completions() || ring_.needs_enter() || returned();
    }

    void wake() noexcept override
    {
        wakes_.fetch_add(1, std::memory_order_relaxed);
        event_.signal();
    }

    void keep_completed() noexcept override
    {
        if (!asleep_.load(std::memory_order_relaxed)) // a sleeper takes them, and has to see them
            ring_.drain([this](const io_uring_cqe& cqe) { set_aside_.push_back(cqe); });
        // A child has no entries of the buffers' queues to look at.
        const auto keep_one = [this](const io_uring_cqe& cqe) { set_aside_.push_back(cqe); };
        for (const io_uring_cqe& cqe : std::exchange(set_aside_, {}))
            if (cqe.flags & IORING_CQE_F_BUFFER)
                each_buffer(*reinterpret_cast<operation*>(cqe.user_data), cqe, keep_one);
            else
                keep_one(cqe);
    }

    void thread_begin() override { ring_.thread_begin(); }
    void thread_end() noexcept override { ring_.thread_end(); }

protected:
    void start(operation& op) override
    {
        if (straight_[op.request.index()] && op.lane != lane::except) [[likely]]
            put(op);
        else
            start_otherwise(op);
    }

    void stop(operation& op) override
    {
        if (!stop_trying(op))
            prepare_cancel(entry(), reinterpret_cast<std::uint64_t>(&op));
    }

    void collect(bool enter) override { look(enter, !enter); }

    void sleep(clock::time_point deadline, detail::section* held) override
    {
        deadline = look_again_by(deadline);
        const auto now = deadline == clock::time_point::max() ? clock::time_point::min()
                                                              : clock::now();
        if (ring_.has_completions() || deadline <= now || std::exchange(rung_, false))
            return look(true, true);
        try_all();
        buffers_.refill();
        if (!arm_doorbell() || !set_aside_.empty() || !fall_asleep())
            return look(true, true);
        __kernel_timespec timeout{};
        if (deadline != clock::time_point::max())
        {
            const auto ns = std::chrono::nanoseconds(deadline - now).count();
            timeout.tv_sec = ns / 1'000'000'000;
            timeout.tv_nsec = ns % 1'000'000'000;
        }
        const auto* limit = deadline == clock::time_point::max() ? nullptr : &timeout;
        ++counters_.sleeps;
        ++counters_.system_calls;
        const unsigned published = ring_.publish();
        asleep_.store(true, std::memory_order_relaxed);
        if (held)
            held->unlock();
        const int result = ring_.submit_and_wait(published, limit);
        asleep_.store(false, std::memory_order_release);
        if (held)
            held->lock();
        wake_up();
        ++turn_; // what came during the sleep was not there at once
        handle(result);
    }

    /// For what is tried, not submitted.
    void await(operation& op) override
    {
        if (is_watched(op))
            start(op);
        else if (is_one_of<receiving>(op) && found_shut_down(op))
            await_cancellation(op);
        else
            poll(op, op.attached->handle(), detail::poll_events(detail::awaited(op)));
    }

    /// A thread that sleeps in the ring drops its references on its way out of the kernel.
    bool released(const attachment& a) const noexcept override
    {
        return !a.busy() && !asleep_.load(std::memory_order_acquire);
    }

    void forget(attachment& a) noexcept override
    {
        if (!inherited_)
            files_.remove(ring_, a);
    }

    void part_from_parent() noexcept override
    {
        ring_.part_from_parent();
        event_.close();
    }

    void forget(buffer_source& source) noexcept override { buffers_.end(source); }

    void abandon() noexcept override
    {
        asleep_.store(false, std::memory_order_relaxed);
        armed_ = rung_ = false;
        posix_driver::abandon();
        for (const io_uring_cqe& cqe : std::exchange(set_aside_, {}))
            if ((cqe.user_data & tag_bits) == 0 && cqe.user_data != ignored)
                keep(*reinterpret_cast<operation*>(cqe.user_data), cqe);
        buffers_.abandon();
        // The parent hears of these. Here nothing reads their buffers but what the parent has asked for.
        operation_queue held;
        for_each_in_flight(
            [&](operation& op)
            {
                if (op.phase == operation::phase::held && held_result(op) >= 0)
                    held.push(op);
            });
        while (operation* op = held.pop())
            finish(*op, 0, static_cast<std::uint64_t>(held_result(*op)));
    }

    void abandon_one(operation& op) noexcept override
    {
        if (op.phase == operation::phase::polled && is_watched(op))
            end_watch(op);
    }

    int open_again() override
    {
        shared_ = true;
        const int error = open().error;
        if (error)
        {
            ring_.close();
            event_.close();
        }
        return error;
    }

    int learn(const memory_region& m) override { return memory_.add(ring_, m); }

    void unlearn(const memory_region& m) noexcept override
    {
        while (ring_.unsubmitted())
            submit();
        memory_.remove(ring_, m);
    }

private:
    ring::failure open() noexcept
    {
        if (const int error = event_.open())
            return {error, "eventfd"};
        const auto failed = ring_.open(entries_);
        const auto usable = ring_.opcodes() & ~masked_;
        served_ = served_by(usable);
        straight_ = served_ & ~request_set(starting_otherwise);
        accepts_multishot_ = can_accept_multishot(usable);
        receives_multishot_ = can_receive_multishot(usable);
        receives_in_parts_ = can_receive_in_parts(usable, ring_.features());
        receives_bundles_ = can_receive_bundles(usable, ring_.features());
        memory_.clear();
        files_.clear();
        memory_.set_served(usable[IORING_OP_READ_FIXED] && usable[IORING_OP_WRITE_FIXED]);
        return failed;
    }

    /// A success that was there before the fork.
    void keep(operation& op, const io_uring_cqe& cqe)
    {
        detail::annotate_reap(&op);
        if (cqe.flags & IORING_CQE_F_BUFFER)
            got_buffer(op, cqe);
        if (op.phase != operation::phase::in_flight || cqe.res < 0)
            return;
        if (goes_on(op))
            told(op, cqe.res);
        else
            completed(op, cqe.res, cqe.flags);
    }

    /// `in_sleep`: what it finds ends a sleep, or the attempt at one.
    void look(bool enter, bool in_sleep)
    {
        take_returned();
        try_all();
        if (!set_aside_.empty())
            take_set_aside();
        buffers_.refill();
        if (enter && (ring_.unsubmitted() || ring_.needs_enter()))
            submit();
        while (!set_aside_.empty()) // came before what is in the queue now
            take_set_aside();
        in_sleep_ = in_sleep;
        ring_.drain([this](const io_uring_cqe& cqe) { completed(cqe); });
        try_all();
        ++turn_;
    }

    /// Transfers at the current position of a file opened with O_DIRECT: the ring does not move it, so that
    /// one does not begin where the one before has ended (seen on Linux 6.18, `stream_file_` tests).
    static bool loses_position(const operation& op) noexcept
    {
        return (op.request.is<request::read>()
                || op.request.is<request::read_pooled>()
                || op.request.is<request::write>())
            && is_direct(*op.attached)
            && ::lseek(op.attached->handle(), 0, SEEK_CUR) >= 0; // else it is a pipe of packets
    }

    [[gnu::noinline]] void start_otherwise(operation& op)
    {
        if (is_watched(op))
            watch(op);
        else if (shared_ && op.request.is<request::accept>())
            poll(op, op.attached->handle(), POLLIN);
        else
            submit(op);
    }

    [[gnu::noinline]] void submit(operation& op)
    {
        if (has_enough(op))
            return finish(op, 0, 0);
        if (!served_[op.request.index()])
        {
            if (op.phase != operation::phase::polled)
                op.driver_turn = 0;
            return try_later(op);
        }
        if (is_one_of<asking>(op) && !admit(op))
            return;
        io_uring_sqe& sqe = put(op);
        if (sqe.opcode == IORING_OP_SEND_ZC)
            memory_.apply_to_send(sqe);
        else if (goes_on(op) && can_multishot(op))
        {
            make_multishot(sqe);
            if (bundles(op))
                make_bundles(sqe);
        }
    }

    /// Into the ring, as what the ring itself serves.
    io_uring_sqe& put(operation& op)
    {
        detail::annotate_submit(&op);
        op.driver_turn = turn_;
        op.phase = operation::phase::in_flight;
        ++counters_.submissions;
        io_uring_sqe& sqe = entry();
        prepare(sqe, op);
        if (is_one_of<of_files>(op))
        {
            if (sqe.opcode == IORING_OP_READ || sqe.opcode == IORING_OP_WRITE)
            {
                memory_.apply(sqe);
                files_.apply(ring_, sqe, *op.attached);
            }
        }
        return sqe;
    }

    /// What some requests need before their entries are prepared. False: it goes another way.
    bool admit(operation& op)
    {
        if (loses_position(op) || exceeds_entry(op))
        {
            block(op);
            return false;
        }
        if (request::into_pool* into = request::pooled(op.request))
        {
            // Taken already: it was with the pool.
            if (into->taken != buffer_source::none || !may_choose(op)
                || !buffers_.serves(*into->source, ring_.fd()))
            {
                if (op.phase != operation::phase::polled)
                    op.driver_turn = 0;
                try_later(op);
                return false;
            }
            into->round = into->source->rounds();
        }
        else if (auto* r = op.request.get_if<request::send_zc>())
            r->copies |= !r->even_if_copied
                && op.attached->notes.sends_in_place == handle_notes::answer::no;
        return true;
    }

    /// Whether the kernel may choose the operation's buffer. Out of one in parts it takes what is left, and with
    /// bundles it may have shortened one for a receive that came to nothing: too little for what cannot be cut.
    /// And completions of receives that go on are in the order in which they have used it, whoever has run them.
    bool may_choose(const operation& op) const noexcept
    {
        const auto* r = op.request.get_if<request::receive_pooled>();
        const bool in_order = request::source_of(op.request)->in_parts() || bundles(op);
        return !in_order || (receives_in_parts_ && r && r->many && request::of_stream(*r));
    }

    bool bundles(const operation& op) const noexcept
    {
        const buffer_source* s = request::source_of(op.request);
        return receives_bundles_ && s && s->bundles();
    }

    /// Of a listener that other processes share, see `shared_`, one connection at a time.
    bool can_multishot(const operation& op) const noexcept
    {
        return request::accepts_many(op.request) ? accepts_multishot_ && !shared_
                                                 : receives_multishot_;
    }

    [[gnu::cold]] void watch(operation& op)
    {
        const int handle = begin_watch(op);
        if (handle < 0)
            finish(op, -handle, 0);
        else
            poll(op, handle, POLLIN);
    }

    /// Waits until the operation can be tried.
    void poll(operation& op, int handle, unsigned mask)
    {
        detail::annotate_submit(&op);
        op.driver_turn = turn_;
        op.phase = operation::phase::polled;
        ++counters_.submissions;
        prepare_poll(entry(), op, handle, mask);
    }

    /// Waits for what never comes.
    void await_cancellation(operation& op) { poll(op, event_.fd(), 0); }

    void submit()
    {
        ++counters_.system_calls;
        handle(ring_.submit());
    }

    /// The kernel refuses entries for want of memory (EAGAIN) or while completions that overflowed
    /// wait for a place in their queue (EBUSY): io_uring_enter(2). Both pass once completions have
    /// been taken, which must not run `finish` here, in the middle of somebody's loop.
    void handle(int result)
    {
        switch (result)
        {
        case 0:
        case -EINTR:
        case -ETIME:
            return;
        case -EAGAIN:
        case -EBUSY:
            if (!ring_.drain([this](const io_uring_cqe& cqe) { set_aside_.push_back(cqe); }))
                std::this_thread::yield();
            return;
        default: // a filter that was set after the ring had been tried: nothing can end any more
            detail::terminate_with("io_uring_enter is refused to a ring that had been entered");
        }
    }

    [[gnu::cold]] void take_set_aside()
    {
        for (const io_uring_cqe& cqe : std::exchange(set_aside_, {}))
            completed(cqe);
    }

    io_uring_sqe& entry()
    {
        if (ring_.full())
            make_room();
        return ring_.prepare();
    }

    [[gnu::cold]] void make_room()
    {
        while (ring_.full())
            submit();
    }

    /// A poll's completion is run by the thread that armed it, so the doorbell is armed by whoever is
    /// about to sleep: another thread may compute and would not hear it. False: it has rung since it
    /// was armed last.
    bool arm_doorbell()
    {
        const auto self = std::this_thread::get_id();
        if (armed_ && armed_by_ == self)
            return true;
        if (armed_)
        {
            prepare_cancel(entry(), doorbell_data());
            ++generation_;
        }
        const bool rang = event_.clear();
        prepare_poll_multishot(entry(), event_.fd(), doorbell_data());
        armed_ = true;
        armed_by_ = self;
        return !rang;
    }

    std::uint64_t doorbell_data() const noexcept { return generation_ << 3 | doorbell; }

    // Both are what a turn is made of. For the sake of their second callers they would be calls: 37
    // instructions a completion.
    [[gnu::always_inline]] void completed(const io_uring_cqe& cqe)
    {
        if ((cqe.user_data & tag_bits) == doorbell)
            doorbell_rang(cqe);
        else if (cqe.user_data != ignored)
        {
            auto& op = *reinterpret_cast<operation*>(cqe.user_data);
            detail::annotate_reap(&op);
            op.immediate = turn_ == op.driver_turn;
            if (cqe.flags & IORING_CQE_F_BUFFER) [[unlikely]]
                return got_buffers(op, cqe);
            completed(op, cqe.res, cqe.flags);
        }
    }

    template <typename F>
    void each_buffer(const operation& op, const io_uring_cqe& cqe, F f) const
    {
        buffers_.each(*request::source_of(op.request), cqe, f);
    }

    [[gnu::noinline]] void got_buffers(operation& op, const io_uring_cqe& cqe)
    {
        each_buffer(op, cqe,
                    [&](const io_uring_cqe& one)
                    {
                        got_buffer(op, one);
                        completed(op, one.res, one.flags);
                    });
    }

    /// The kernel has chosen one for the operation.
    void got_buffer(operation& op, const io_uring_cqe& cqe)
    {
        request::into_pool& into = *request::pooled(op.request);
        into.taken = buffers_.filled(*into.source, cqe);
    }

    void doorbell_rang(const io_uring_cqe& cqe)
    {
        if (cqe.user_data == doorbell_data() && !(cqe.flags & IORING_CQE_F_MORE))
            armed_ = false;
        // Taken by another thread before the sleeper saw it: the ring is for the sleeper.
        if (asleep_.load(std::memory_order_acquire))
            event_.signal();
        else if (!in_sleep_)
            rung_ = true; // a look has met what was for a sleep
    }

    [[gnu::always_inline]] void completed(operation& op, int result, std::uint32_t flags)
    {
        if (op.phase == operation::phase::polled)
            polled(op, result, flags);
        else if (result == 0 && is_one_of<receiving>(op) && found_shut_down(op)) [[unlikely]]
            await_cancellation(op);
        else if (is_one_of<ending_otherwise>(op) && completed_otherwise(op, result, flags))
            return;
        else if (result < 0)
            failed(op, result, flags);
        else
            finish(op, 0, static_cast<std::uint64_t>(result), flags);
    }

    /// False: as the others after all.
    [[gnu::noinline]] bool completed_otherwise(operation& op, int result, std::uint32_t flags)
    {
        if (auto* r = op.request.get_if<request::send_zc>())
            sent(op, *r, result, flags);
        else if (result >= 0 && op.request.is<request::poll>())
            found_ready(op, static_cast<unsigned>(result), flags);
        else if (result >= 0 && goes_on(op))
            went_on(op, result, flags);
        else
            return false;
        return true;
    }

    /// Hands over one of many results. False: it is the end.
    bool told(operation& op, int result)
    {
        if (request::accepts_many(op.request))
            driver::keep(op, result);
        else if (result == 0 && op.request.get<request::receive_pooled>().stream)
            return false;
        else
            give(op, static_cast<std::uint64_t>(result));
        return true;
    }

    [[gnu::noinline]] void went_on(operation& op, int result, std::uint32_t flags)
    {
        const bool had_enough = has_enough(op);
        if (!told(op, result))
            finish(op, 0, 0);
        else if (!(flags & IORING_CQE_F_MORE))
            op.cancel_requested ? finish(op, ECANCELED, 0) : start(op);
        else if (has_enough(op) && !had_enough && !op.cancel_requested)
            stop(op);
    }

    /// Of a send in place: the first completion tells what was taken, and a second one when the kernel has
    /// let go of it.
    [[gnu::noinline]] void sent(operation& op, request::send_zc& r, int result, std::uint32_t flags)
    {
        using answer = handle_notes::answer;
        if (flags & IORING_CQE_F_NOTIF)
        {
            const bool copied = static_cast<std::uint32_t>(result) & abi::notif_usage_copied;
            op.phase = operation::phase::in_flight;
            result = held_result(op);
            if (copied && result >= 0)
            {
                op.attached->notes.sends_in_place = answer::no;
                r.copies = true;
            }
        }
        else if (flags & IORING_CQE_F_MORE)
        {
            hold(op, result);
            if (result >= 0
                && (op.cancel_requested || !r.goes_on(static_cast<std::uint64_t>(result))))
                leave_lane(op);
            return;
        }
        if (result >= 0)
            return finish(op, 0, static_cast<std::uint64_t>(result),
                          r.copies ? 0 : request::send_zc::in_place);
        // What cannot be sent in place: kind of socket, flag of a newer kernel, locked memory.
        const bool refused = result == -EOPNOTSUPP || result == -EINVAL || result == -ENOMEM
            || result == -ENOBUFS;
        if (r.copies || !refused || op.cancel_requested)
            return failed(op, result, flags);
        if (result == -EOPNOTSUPP)
            op.attached->notes.sends_in_place = answer::no;
        r.copies = true;
        again(op);
    }

    /// What wakes a wait of a lane is a hint: of urgent data, or of data that somebody else has read
    /// meanwhile. Outside of a lane that may be an operation beside it, and what was there was there.
    [[gnu::noinline]] void found_ready(operation& op, unsigned events, std::uint32_t flags)
    {
        using next = detail::attempted::next;
        if (op.lane != lane::none && !op.request.get<request::poll>().many
            && detail::attempt(op.attached->handle(), op, true).then == next::wait)
            return op.cancel_requested ? finish(op, ECANCELED, 0) : again(op);
        finish(op, 0, detail::value_of(detail::readiness_of(events)), flags);
    }

    /// The wait before a try has come to its end.
    [[gnu::cold]] void polled(operation& op, int result, std::uint32_t flags)
    {
        const auto* wait = op.request.get_if<request::poll>();
        auto found = request::readiness::none;
        if (is_watched(op))
        {
            if (result >= 0 && !op.cancel_requested)
            {
                found = watched(op);
                const bool goes_on = wait && wait->many;
                if (goes_on && found != request::readiness::none)
                    static_cast<multishot_operation&>(op).item(detail::value_of(found));
                if (goes_on || found == request::readiness::none)
                    return poll(op, watch_handle(op), POLLIN);
            }
            end_watch(op);
        }
        if (result == -ECANCELED && !op.cancel_requested)
            return again(op);
        if (op.cancel_requested || result < 0)
            return finish(op, op.cancel_requested ? ECANCELED : -result, 0);
        if (wait)
            return finish(op, 0, detail::value_of(found), flags);
        submit(op);
    }

    void failed(operation& op, int result, std::uint32_t flags)
    {
        if (result == -EINTR && op.request.is<request::close>())
            return finish(op, 0, 0); // the number is free, and perhaps somebody else's: close(2), NOTES
        if (op.cancel_requested && (result == -EINTR || result == -EAGAIN || result == -EALREADY))
            return finish(op, ECANCELED, 0); // a kernel worker's way to say so
        if (result == -ECANCELED && !op.cancel_requested && has_enough(op))
            return finish(op, 0, 0);
        switch (result)
        {
        case -ECANCELED: // by the exit of the thread that submitted it
        case -EINTR:
            if (!op.cancel_requested)
                return again(op);
            break;
        case -EAGAIN:
        case -EALREADY: // a connect tried again
            if (result == -EAGAIN || op.request.is<request::connect>())
            {
                ++counters_.resubmitted;
                if (can_poll(op))
                    return poll(op, op.attached->handle(),
                                op.lane == lane::read ? POLLIN : POLLOUT);
                return again(op);
            }
            break;
        case -ENOBUFS: // have some been returned since it was submitted?
            if (auto* into = request::pooled(op.request); // what goes on is to wait for its turn
                into && !op.cancel_requested && !goes_on(op))
            {
                buffers_.refill(*into->source);
                if (into->round != into->source->rounds())
                    return again(op);
            }
            break;
        case -ECONNABORTED:
        case -EPROTO:
            if (auto* r = op.request.get_if<request::accept>(); r && !r->report_aborted)
                return again(op);
            break;
        default:
            break;
        }
        finish(op, -result, 0, flags);
    }

    void again(operation& op)
    {
        if (inherited_) [[unlikely]]
            return; // it will be asked for anew, by a ring of the child's own
        ++counters_.resubmitted;
        start(op);
    }

    event_handle event_; // outlives the ring, which polls it
    buffer_rings buffers_; // its memory outlives the ring
    ring ring_;
    fixed_buffers memory_;
    fixed_files files_;
    std::vector<io_uring_cqe> set_aside_;
    /// Listeners may be those of other processes. A connection wakes one of the accepts that wait for it, and
    /// that of a process that ends takes the news with it (seen on Linux 6.18); a poll is always woken.
    bool shared_ = false;
    unsigned entries_ = 0;
    opcodes masked_;
    std::uint64_t generation_ = 0;
    request_set served_; ///< by the ring
    request_set straight_; ///< of these, those without steps before
    std::uint32_t turn_ = 1; ///< looks at the completion queue
    bool accepts_multishot_ = false;
    bool receives_multishot_ = false;
    bool receives_in_parts_ = false;
    bool receives_bundles_ = false;
    bool armed_ = false;
    bool in_sleep_ = false; ///< what is drained now ends a sleep
    bool rung_ = false;     ///< the next sleep has been ended already
    std::thread::id armed_by_;
    std::atomic<bool> asleep_{false}; ///< a thread is inside the system call of `sleep`
};

} // namespace

open_driver_result open(const driver_options& options, const opcodes& masked)
{
    auto made = std::make_unique<io_uring_driver>(options);
    if (const auto failed = made->open(options.entries, masked); failed.error)
        return {nullptr, failed.error, failed.call};
    return {std::move(made), 0, {}};
}

} // namespace proactor::io_uring
