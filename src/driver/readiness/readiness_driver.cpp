#include "readiness_driver.hpp"

#include "../../threads.hpp"
#include "../handle.hpp"
#include "../linux_aio/aio_queue.hpp"
#include "../posix/readiness.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

namespace proactor::readiness {

namespace {

using what = request::readiness;

/// Keys of events that are no attachment's: those are addresses, with a generation in the upper bits.
enum key : std::uint64_t
{
    doorbell = 0,
    direct_transfers = 1
};
constexpr unsigned address_bits = 48;

/// Transfers of direct files in flight at once; more wait for room.
constexpr unsigned direct_depth = 256;

std::uint64_t key_of(const attachment& a) noexcept
{
    return reinterpret_cast<std::uint64_t>(&a) | std::uint64_t(a.generation) << address_bits;
}

/// The attachment that an event is for, or null: it has been given back since.
attachment* attachment_of(std::uint64_t key) noexcept
{
    auto* a = reinterpret_cast<attachment*>(key & ((std::uint64_t(1) << address_bits) - 1));
    return key_of(*a) == key ? a : nullptr;
}

/// Whether a receive that came back short has left nothing behind, so that the next one need not be
/// tried before there is an event. True of TCP as long as nothing but data has come: a receive also stops
/// short of urgent data, and at the end.
bool tells_drained(attachment& a) noexcept
{
    using answer = handle_notes::answer;
    if (a.notes.tells_drained == answer::unknown)
    {
        int protocol = 0;
        socklen_t size = sizeof protocol;
        const bool tcp = ::getsockopt(a.handle(), SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0
            && protocol == IPPROTO_TCP;
        a.notes.tells_drained = tcp ? answer::yes : answer::no;
    }
    return a.notes.tells_drained == answer::yes;
}

bool is_stream_receive(const operation& op) noexcept
{
    if (const auto* p = op.request.get_if<request::receive_pooled>())
        return p->stream && p->flags == 0 && !p->header;
    const auto* r = op.request.get_if<request::receive>();
    return r && r->stream && r->flags == 0;
}

class readiness_driver final : public detail::posix_driver
{
public:
    readiness_driver(std::unique_ptr<poller> p, const driver_options& options)
        : posix_driver(options)
        , poller_(std::move(p))
    {
        hear_forks();
    }

    ~readiness_driver() override
    {
        ignore_forks();
        end_pool();
    }

    const char* name() const noexcept override { return poller_->name(); }

    means serves(const request::any& r) const noexcept override { return detail::means_of(r); }

    bool unflushed() const noexcept override
    {
        return untried() || (direct_.unsubmitted() && !inherited_);
    }

    void flush() override
    {
        try_all();
        if (direct_.unsubmitted() && !inherited_)
        {
            ++counters_.system_calls;
            direct_.submit([this](operation& op, int) { block(op); });
        }
    }

    bool ready() const noexcept override { return returned() || poller_->pending(); }

    void wake() noexcept override
    {
        wakes_.fetch_add(1, std::memory_order_relaxed);
        poller_->wake();
    }

    void thread_begin() override { detail::own_timer_slack(this); }
    void thread_end() noexcept override { detail::disown_timer_slack(this); }

protected:
    void start(operation& op) override
    {
        ++counters_.submissions;
        op.driver_turn = 0;
        if (!op.attached->notes.drained || !is_stream_receive(op) || !tells_drained(*op.attached))
            return try_later(op);
        op.driver_turn = 1;
        op.phase = operation::phase::polled;
        await(op);
    }

    void stop(operation& op) override
    {
        if (op.phase == operation::phase::polled)
            try_later(op); // what is there already, it gets
        else if (!stop_trying(op) && direct_.cancel(op))
            finish(op, ECANCELED, 0);
    }

    void collect(bool enter) override
    {
        take_returned();
        untried_again(without_room_);
        flush();
        if (!enter)
            return;
        ++counters_.system_calls;
        std::array<event, events_a_look> room;
        for (const event& e : poller_->wait(std::chrono::nanoseconds(0), room))
            if (e.key == doorbell)
                pass_on_wake();
            else
                heed(e);
        if (away_ && direct_.in_flight())
            reap_direct(); // the news of it may be in the hands of the thread that slept
        flush();
    }

    void sleep(clock::time_point deadline, detail::section* held) override
    {
        flush();
        deadline = look_again_by(deadline);
        const auto timeout = deadline == clock::time_point::max()
            ? poller::for_ever
            : std::chrono::nanoseconds(deadline - std::min(deadline, clock::now()));
        if (timeout == timeout.zero() || std::exchange(rung_, false) || !fall_asleep())
            return collect(true);
        if (timeout != poller::for_ever)
            detail::lower_timer_slack(this);
        ++counters_.sleeps;
        ++counters_.system_calls;
        std::array<event, events_a_look> room;
        asleep_.store(true, std::memory_order_relaxed);
        away_ = true;
        if (held)
            held->unlock();
        const auto events = poller_->wait(timeout, room);
        asleep_.store(false, std::memory_order_relaxed);
        if (held)
            held->lock();
        away_ = false;
        wake_up();
        for (const event& e : events)
            if (e.key != doorbell)
                heed(e);
    }

    void await(operation& op) override
    {
        attachment& a = *op.attached;
        const auto* wait = op.request.get_if<request::poll>();
        const what wanted = a.notes.watched | detail::awaited(op);
        // A wait that goes on wants to know what is ready at first, which a new watch tells.
        if (wanted == a.notes.watched && wanted != what::none && !(wait && wait->many))
            return;
        const int error = watch(a, wanted);
        if (error == 0)
            a.notes.watched = wanted | what::error; // which is watched for unasked
        else if (error != EPERM)
            finish(op, error, 0);
        else if (wait)
            finish(op, EOPNOTSUPP, 0);
        else
            block(op); // a file: always ready, and yet it may take its time
    }

    bool start_direct(operation& op) override
    {
        if (!direct_tried_)
        {
            direct_tried_ = true;
            direct_works_ = direct_.open(direct_depth) == 0
                && poller_->watch(direct_.event_handle(), what::read, what::none, direct_transfers)
                    == 0;
        }
        if (!direct_works_)
            return false;
        if (direct_.prepare(op))
            op.phase = operation::phase::in_flight;
        else
            without_room_.push(op);
        return true;
    }

    void forget(attachment& a) noexcept override
    {
        const native_handle duplicate = a.notes.watched_by;
        if (a.notes.watched != what::none)
            poller_->unwatch(duplicate == invalid_handle ? a.handle() : duplicate);
        if (duplicate != invalid_handle)
            detail::close_handle(duplicate);
    }

    void part_from_parent() noexcept override
    {
        poller_->part_from_parent();
        direct_.part_from_parent();
    }

    void abandon() noexcept override
    {
        posix_driver::abandon();
        while (without_room_.pop())
            ;
        direct_.forget_all();
        direct_tried_ = direct_works_ = false;
        asleep_.store(false, std::memory_order_relaxed);
        rung_ = away_ = false;
    }

    int open_again() override { return poller_->open(); }

private:
    /// A system watches a handle once. For a second attachment it watches a duplicate.
    int watch(attachment& a, what wanted) noexcept
    {
        const auto by = [&](native_handle handle)
        {
            ++counters_.system_calls;
            return poller_->watch(handle, wanted, a.notes.watched, key_of(a));
        };
        if (a.notes.watched_by != invalid_handle)
            return by(a.notes.watched_by);
        const int error = by(a.handle());
        if (error != EEXIST)
            return error;
        const native_handle duplicate = detail::duplicate_handle(a.handle());
        if (duplicate == invalid_handle)
            return errno;
        a.notes.watched_by = duplicate;
        return by(duplicate);
    }

    /// A wake that was heard by a thread that did not sleep.
    void pass_on_wake() noexcept
    {
        if (asleep_.load(std::memory_order_relaxed))
            poller_->wake();
        else
            rung_ = true; // and so it ends the next sleep
    }

    void heed(const event& e)
    {
        if (e.key == direct_transfers)
            reap_direct();
        else if (attachment* a = attachment_of(e.key))
            heed(*a, e.events);
    }

    void heed(attachment& a, unsigned events)
    {
        const what found = detail::readiness_of(events);
        if (found & what::read)
            a.notes.drained = false;
        if (found & (what::priority | what::error | what::read_closed | what::write_closed))
            a.notes.tells_drained = handle_notes::answer::no;
        a.for_each_submitted(
            [&](operation& op)
            {
                if (op.phase != operation::phase::polled)
                    return;
                const what wanted = detail::awaited(op);
                const auto told = detail::value_of(detail::found_of(wanted, events));
                const auto* wait = op.request.get_if<request::poll>();
                if (wait && wait->many)
                {
                    if (told)
                        static_cast<multishot_operation&>(op).item(told);
                }
                else if (!(found & (wanted | what::error | what::write_closed)))
                    return;
                else if (wait)
                    finish(op, 0, told);
                else
                    try_later(op);
            });
    }

    void reap_direct()
    {
        counters_.system_calls += 2;
        direct_.reap(
            [this](operation& op, std::int64_t result)
            {
                switch (result)
                {
                case -EAGAIN: // not without waiting
                case -EOPNOTSUPP:
                case -EINVAL: // not by this way, perhaps by another
                    return block(op);
                default:
                    finish(op, result < 0 ? static_cast<int>(-result) : 0,
                           result < 0 ? 0 : static_cast<std::uint64_t>(result));
                }
            });
    }

    static constexpr std::size_t events_a_look = 128;

    std::unique_ptr<poller> poller_;
    std::atomic<bool> asleep_{false};
    bool rung_ = false;
    bool away_ = false; ///< in the section: a thread has left it to sleep, and is not back
    linux_aio::aio_queue direct_;
    operation_queue without_room_; ///< direct transfers beyond what fits
    bool direct_tried_ = false;
    bool direct_works_ = false;
};

} // namespace

std::unique_ptr<driver> make_driver(std::unique_ptr<poller> p, const driver_options& options)
{
    return std::make_unique<readiness_driver>(std::move(p), options);
}

} // namespace proactor::readiness
