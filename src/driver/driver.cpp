#include <proactor/driver.hpp>

#include <proactor/buffer_source.hpp>
#include <proactor/error.hpp>

#include "../threads.hpp"
#include "attempt.hpp"
#include "handle.hpp"
#include "kinds.hpp"

#include <cerrno>
#include <new>
#include <thread>
#include <utility>

namespace proactor {

using detail::list_hook;

driver::~driver()
{
    for (buffer_source* s : sources_)
        s->part();
    while (regions_.linked())
        regions_.after->unlink();
}

void driver::register_memory(memory_region& m)
{
    m.error = inherited_ ? EOPNOTSUPP : learn(m);
    m.link_before(regions_);
}

void driver::forget_memory(memory_region& m) noexcept
{
    if (!m.linked())
        return;
    m.unlink();
    if (!m.error && !inherited_)
        unlearn(m);
    m.error = EOPNOTSUPP;
}

const char* name_of(means m) noexcept
{
    switch (m)
    {
    case means::system:
        return "system";
    case means::readiness:
        return "readiness";
    case means::memory_or_pool:
        return "memory or pool";
    case means::pool:
        break;
    }
    return "pool";
}

attachment& driver::attach(native_handle handle)
{
    attachment* a = free_;
    if (a)
        free_ = a->next;
    else
        a = &attachments_.emplace_back();
    a->handle_ = handle;
    a->notes = {};
    a->detached_ = a->close_when_idle_ = false;
    return *a;
}

void driver::detach(attachment& a, bool close_handle)
{
    if (!close_handle)
        end_held(a, true); // nobody could later
    a.detached_ = true;
    a.close_when_idle_ = close_handle;
    for (native_handle kept : a.kept_)
        detail::close_handle(kept);
    a.kept_.clear();
    while (a.undelivered_.linked())
        a.undelivered_.after->unlink();
    if (!a.busy())
        recycle(a);
}

void driver::recycle(attachment& a)
{
    forget(a);
    ++a.generation;
    if (a.close_when_idle_)
        detail::close_handle(a.handle_);
    a.handle_ = invalid_handle;
    a.next = free_;
    free_ = &a;
}

/// `reopen` asks for what an inherited driver is given.
inline void driver::ask(operation& op)
{
    if (inherited_) [[unlikely]]
        return;
    if (request::names_source(op.request)) [[unlikely]]
        ask_source(op);
    else
        start(op);
}

inline void driver::begin(operation& op)
{
    op.phase = operation::phase::in_flight;
    ++in_flight_;
    if (request::accepts_one(op.request) && !op.attached->kept_.empty()) [[unlikely]]
        accept_kept(op);
    else
        ask(op);
}

void driver::submit(operation& op, attachment& on, lane l)
{
    op.attached = &on;
    op.generation = on.generation;
    op.lane = l;
    op.cancel_requested = op.immediate = false;
    op.outcome = {};
    const bool idle = l == lane::none || !on.busy(l);
    op.link_before(on.lanes_[attachment::index(l)]);
    if (idle)
        begin(op);
    else
        op.phase = operation::phase::queued;
}

bool driver::attempt(operation& op, attachment& on, lane l)
{
    // Without a lane it is work for a file, which may block; a connect that has been tried has begun, and
    // so has a transfer of which a part has been moved.
    if (inherited_ || l == lane::none || on.busy(l) || !on.kept_.empty()
        || op.request.is<request::connect>() || request::is_whole(op.request)
        || request::accepts_many(op.request) || request::names_source(op.request))
        return false;
    if (op.request.is<request::send_zc>() && serves(op.request) == means::system)
        return false; // which would copy
    const auto tried = detail::attempt(on.handle_, op, false);
    ++counters_.system_calls;
    if (tried.then != detail::attempted::next::done)
        return false;
    ++counters_.submissions;
    ++counters_.completions;
    op.outcome = {};
    if (tried.result < 0)
        op.outcome.error = static_cast<std::int32_t>(-tried.result);
    else
        op.outcome.value = static_cast<std::uint64_t>(tried.result);
    op.lane = l;
    finished_.push(op);
    return true;
}

namespace {

/// A wait for a buffer, in the scratch of its operation.
struct buffer_wait : list_hook
{
    explicit buffer_wait(operation& o) noexcept
        : op(o)
    {
    }
    operation& op;
};
static_assert(sizeof(buffer_wait) <= sizeof(operation::scratch));

bool waits_for_buffer(const operation& op) noexcept
{
    return op.request.is<request::await_buffer>();
}

} // namespace

void driver::adopt(buffer_source& source)
{
    if (source.owner)
        return;
    sources_.push_back(&source);
    source.keep(*this);
}

void driver::ask_source(operation& op)
{
    if (passes_sources_on_)
        return start(op);
    buffer_source& source = *request::source_of(op.request);
    if (!source.owner)
        adopt(source);
    if (source.owner != this)
        finish(op, EINVAL, 0);
    else if (waits_for_buffer(op))
        await_buffer(op);
    else
        start(op);
}

void driver::await_buffer(operation& op)
{
    buffer_source& source = *request::source_of(op.request);
    if (source.abandoned)
        return finish(op, ECANCELED, 0);
    const bool free = !source.ask_for_notice();
    if (free && !buffer_waits_.linked() && source.grant())
    {
        op.immediate = true;
        return finish(op, 0, 0);
    }
    auto* wait = ::new (static_cast<void*>(op.scratch)) buffer_wait(op);
    wait->link_before(buffer_waits_);
    // Others are before it, who may yet not take what is free.
    if (free && !buffer_came_.exchange(true, std::memory_order_release))
        wake();
}

/// For each free buffer one wait, or all would run for one and come back.
void driver::end_buffer_waits()
{
    // Before the look: what comes behind it sets it again.
    buffer_came_.exchange(false, std::memory_order_acq_rel);
    for (buffer_source* s : sources_)
        s->begin_grants();
    bool any_free = false;
    for (list_hook* h = buffer_waits_.after; h != &buffer_waits_;)
    {
        auto& wait = *static_cast<buffer_wait*>(h);
        h = h->after;
        buffer_source& source = *request::source_of(wait.op.request);
        if (source.ask_for_notice())
            continue;
        if (!source.grant())
        {
            any_free = true;
            continue;
        }
        wait.unlink();
        finish(wait.op, 0, 0);
    }
    if (any_free) // looks again, whether they were taken
        buffer_came_.store(true, std::memory_order_relaxed);
}

namespace {

/// Whether it leaves the rest of its buffer to others.
bool takes_part(const operation& op) noexcept
{
    const auto* r = op.request.get_if<request::receive_pooled>();
    return r && r->source->in_parts() && request::of_stream(*r);
}

} // namespace

bool driver::take_buffer(operation& op)
{
    request::into_pool& t = *request::pooled(op.request);
    if (t.taken != buffer_source::none)
        return true;
    t.taken = takes_part(op) ? t.source->take_rest() : t.source->take();
    if (t.taken == buffer_source::none)
        finish(op, ENOBUFS, 0);
    return t.taken != buffer_source::none;
}

/// What the operation has brought so many bytes in is its owner's.
std::uint32_t driver::hand_over(operation& op, std::size_t bytes)
{
    request::into_pool& t = *request::pooled(op.request);
    const auto number = std::exchange(t.taken, buffer_source::none);
    return number != buffer_source::none && takes_part(op) ? t.source->split(number, bytes) : number;
}

void driver::put_buffer(operation& op) noexcept
{
    request::into_pool& t = *request::pooled(op.request);
    if (const auto number = std::exchange(t.taken, buffer_source::none))
        t.source->put(number);
}

/// The buffer of an operation that ends goes with it if there is something inside.
void driver::settle_buffer(operation& op)
{
    if (passes_sources_on_)
        return;
    op.outcome.flags = buffer_source::none;
    if (request::pooled(op.request))
    {
        if (!op.outcome.error && op.outcome.value != 0)
            op.outcome.flags = hand_over(op, op.outcome.value);
        else
            put_buffer(op);
    }
    if (buffer_source& source = *request::source_of(op.request);
        source.abandoned && source.owner == this)
        part_if_idle(source);
}

void driver::release(buffer_source& source)
{
    source.abandoned = true;
    if (source.owner != this)
        return;
    if (inherited_)
        let_go();
    source.acquire();
    for (attachment& a : attachments_)
        a.for_each_submitted(
            [&](operation& op)
            {
                if (waits_for_buffer(op) && request::source_of(op.request) == &source)
                    cancel(op);
            });
    if (source.owner == this)
        part_if_idle(source);
    source.release();
}

void driver::part_if_idle(buffer_source& source)
{
    bool idle = true;
    for (attachment& a : attachments_)
        a.for_each_submitted([&](operation& op)
                             { idle = idle && request::source_of(op.request) != &source; });
    if (!idle)
        return;
    forget(source);
    std::erase(sources_, &source);
    source.part();
}

/// Ends an accept with the connection that a cancelled one has won.
void driver::accept_kept(operation& op)
{
    const auto& r = op.request.get<request::accept>();
    const native_handle kept = take_kept(*op.attached);
    detail::peer_address(kept, r.address, r.address_size);
    op.immediate = true;
    finish(op, 0, static_cast<std::uint64_t>(kept));
}

/// Requests whose successes are more than bytes.
constexpr auto bringing_more
    = detail::kinds<request::accept, request::open, request::poll, request::receive_pooled,
                    request::read_pooled, request::read_pooled_at, request::await_buffer>;

namespace {

bool is_wait(const operation& op) noexcept
{
    return op.request.is<request::poll>();
}

/// What was there when it was asked for stays, as in Asio. That never asks when a wait begins: it does so
/// when its loop turns, and for all waits of the handle.
bool stays_revocable(const operation& op) noexcept
{
    return !op.found_along && (!op.immediate || is_wait(op));
}

} // namespace

inline void driver::take_out(operation& op, int error, std::uint64_t value) noexcept
{
    op.unlink();
    op.phase = operation::phase::idle;
    op.outcome.error = error;
    op.outcome.value += value; // to what a transfer of a whole buffer has moved before
}

inline void driver::give_back(operation& op) noexcept
{
    ++counters_.completions;
    finished_.push(op);
}

void driver::end(operation& op, int error, std::uint64_t value)
{
    take_out(op, error, value);
    if (request::names_source(op.request))
        settle_buffer(op);
    const bool revocable = !error && request::revocable(op.request, op.outcome.value);
    if (op.cancel_requested && !error && (revocable || request::wins_handle(op.request)))
        revoke(op);
    else if (attachment& a = *op.attached; revocable && !a.detached_ && stays_revocable(op))
        op.link_before(a.undelivered_);
    op.found_along = false;
    give_back(op);
}

[[gnu::cold]] void driver::deliver_revocable(operation& op) noexcept
{
    op.unlink();
    if (!is_wait(op))
        return;
    const native_handle handle = op.attached->handle();
    op.attached->for_each(
        [handle](operation& other)
        {
            if (!is_wait(other))
                return;
            if (other.phase == operation::phase::idle)
                other.unlink();
            else
                other.found_along
                    = detail::attempt(handle, other, true).then == detail::attempted::next::done;
        });
}

/// Turns a success into a cancellation, and loses nothing.
[[gnu::cold]] void driver::revoke(operation& op)
{
    const auto won = static_cast<native_handle>(op.outcome.value);
    if (op.request.is<request::accept>() && !op.attached->detached_)
        op.attached->kept_.push_back(won);
    else if (request::wins_handle(op.request))
        detail::close_handle(won);
    op.outcome = {.error = ECANCELED};
}

/// The frequent end: some bytes.
void driver::finish(operation& op, int error, std::uint64_t value, std::uint32_t flags)
{
    if (error || value == 0 || detail::is_one_of<bringing_more>(op)
        || request::is_whole(op.request)) [[unlikely]]
        return finish_any(op, error, value, flags);
    attachment& a = *op.attached;
    op.outcome.flags = flags;
    --in_flight_;
    take_out(op, error, value);
    give_back(op);
    const bool others_wait = op.lane != lane::none && a.busy(op.lane);
    if (others_wait || a.detached_) [[unlikely]]
        ended(a, op.lane);
}

void driver::finish_any(operation& op, int error, std::uint64_t value, std::uint32_t flags)
{
    attachment& a = *op.attached;
    const lane l = op.lane;
    if (!error && request::advance(op.request, value))
    {
        if (!op.cancel_requested)
        {
            // Not at once: a fast peer could feed it for ever, and others wait for their turn.
            op.outcome.value += value;
            op.phase = operation::phase::between;
            return between_parts_.push(op);
        }
        error = ECANCELED;
    }
    op.outcome.flags = flags;
    --in_flight_;
    end(op, error, value);
    ended(a, l);
}

/// An operation of this lane has ended.
void driver::ended(attachment& a, lane l)
{
    if (l != lane::none)
        begin_next(a, l);
    if (a.detached_ && !a.busy())
        recycle(a);
}

void driver::begin_next(attachment& a, lane l)
{
    // Those that were cancelled while they waited end here, in their order.
    auto& waiting = a.lanes_[attachment::index(l)];
    while (waiting.linked())
    {
        operation& following = *static_cast<operation*>(waiting.after);
        following.followed = true;
        if (!following.cancel_requested)
            return begin(following);
        end(following, ECANCELED, 0);
    }
}

void driver::leave_lane(operation& op)
{
    const lane l = std::exchange(op.lane, lane::none);
    if (l == lane::none)
        return;
    op.unlink();
    op.link_before(op.attached->lanes_[attachment::index(lane::none)]);
    begin_next(*op.attached, l);
}

/// Nothing else makes the system let go of buffers that the peer does not read.
void driver::end_held(attachment& a, bool in_flight_too) noexcept
{
    if (a.detached_ && !a.close_when_idle_)
        return; // the handle's number may be another's
    bool any = false;
    a.for_each_submitted(
        [&](operation& op)
        {
            const auto* r = op.request.get_if<request::send_zc>();
            any |= op.phase == operation::phase::held
                || (in_flight_too && r && !r->copies && op.phase == operation::phase::in_flight);
        });
    if (any)
        detail::abort_connection(a.handle_);
}

void driver::go_on()
{
    if (buffers_came()) [[unlikely]]
        end_buffer_waits();
    operation_queue parts;
    parts.splice(between_parts_);
    while (operation* op = parts.pop())
    {
        op->phase = operation::phase::in_flight;
        if (op->cancel_requested)
            finish(*op, ECANCELED, 0);
        else
            start(*op);
    }
}

void driver::cancel(operation& op)
{
    if (op.phase == operation::phase::idle)
    {
        // Given back. It can be revoked as long as its attachment knows it.
        if (op.linked())
        {
            op.unlink();
            revoke(op);
        }
        return;
    }
    if (inherited_)
        let_go();
    if (op.cancel_requested)
        return;
    op.cancel_requested = true;
    if (op.phase == operation::phase::between || op.phase == operation::phase::held)
        return;
    if (waits_for_buffer(op) && !passes_sources_on_ && op.phase != operation::phase::queued) [[unlikely]]
    {
        if (!inherited_)
            std::launder(reinterpret_cast<buffer_wait*>(op.scratch))->unlink();
        return finish(op, ECANCELED, 0);
    }
    if (op.phase != operation::phase::queued)
        return inherited_ ? finish(op, ECANCELED, 0) : stop(op);
    // Behind one that ends anyway it keeps its place, else it leaves now.
    if (!static_cast<operation*>(op.before)->cancel_requested)
        end(op, ECANCELED, 0);
}

void driver::cancel_all(attachment& a)
{
    a.for_each([this](operation& op) { cancel(op); });
}

void driver::keep(operation& op, native_handle won)
{
    if (op.attached->detached_)
        return detail::close_handle(won);
    op.attached->kept_.push_back(won);
    told_ = true;
    if (!op.cancel_requested)
        static_cast<multishot_operation&>(op).item(static_cast<std::uint64_t>(won));
}

void driver::reap(operation_queue& completed)
{
    if (!inherited_) [[likely]]
    {
        go_on();
        collect(true);
    }
    completed.splice(finished_);
}

void driver::wait(clock::time_point deadline, operation_queue& completed, detail::section* held)
{
    if (inherited_ && reopen() != 0)
        detail::terminate_with("a driver cannot be opened again in a child process");
    told_ = false;
    go_on();
    if (finished_.empty() && !buffers_came())
        sleep(deadline, held);
    else
    {
        flush();
        collect(true); // whoever always has something to give back looks at the others, too
    }
    collect(false);
    completed.splice(finished_);
}

void driver::give(operation& op, std::uint64_t bytes)
{
    if (bytes == 0)
        put_buffer(op);
    told_ = true;
    static_cast<multishot_operation&>(op).item(request::item_of(bytes, hand_over(op, bytes)));
}

void driver::await_release(attachment& a)
{
    // Bounded: an operation that a kernel worker or a device has taken may end much later, and
    // needs nothing of ours but its memory.
    const auto limit = clock::now() + std::chrono::milliseconds(500);
    for (int round = 0; !released(a) && clock::now() < limit; ++round)
    {
        if (round % 16 == 1)
            detail::fence_all_threads();
        if (round % 16 == 2 && !a.busy())
            wake(); // the sleeper's completion was taken here before it saw it
        end_held(a);
        std::this_thread::yield();
        go_on();
        collect(true);
    }
    // Another thread has posted the completion, and drops its reference on its way to user space.
    std::this_thread::sleep_for(std::chrono::microseconds(50));
}

void driver::let_go()
{
    if (!inherited_ || std::exchange(let_go_, true))
        return;
    abandon();
    while (between_parts_.pop())
        ; // they are in flight as the others are
    while (buffer_waits_.linked())
        buffer_waits_.after->unlink();
    for_each_in_flight(
        [this](operation& op)
        {
            abandon_one(op);
            op.phase = operation::phase::in_flight;
        });
    // Nobody else will end what was to be cancelled. What follows in a lane has not begun.
    for (attachment& a : attachments_)
        for (auto& l : a.lanes_)
            for (list_hook* h = l.after; h != &l;)
            {
                auto& op = *static_cast<operation*>(h);
                h = h->after;
                if (op.phase != operation::phase::queued && op.cancel_requested)
                {
                    finish(op, ECANCELED, 0);
                    if (&l != &a.lanes_.back())
                        break;
                }
            }
}

int driver::reopen()
{
    if (!inherited_)
        return 0;
    let_go();
    if (const int error = open_again())
        return error;
    inherited_ = let_go_ = false;
    for (list_hook* h = regions_.after; h != &regions_; h = h->after)
    {
        auto& m = *static_cast<memory_region*>(h);
        m.error = learn(m);
    }
    for (attachment& a : attachments_)
    {
        a.notes.watched = request::readiness::none;
        a.notes.drained = false;
        a.notes.place = handle_notes::no_place;
        if (const auto duplicate = std::exchange(a.notes.watched_by, invalid_handle);
            duplicate != invalid_handle)
            detail::close_handle(duplicate);
        for (auto& l : a.lanes_)
            for (list_hook* h = l.after; h != &l;)
            {
                auto& op = *static_cast<operation*>(h);
                h = h->after;
                ask(op);
                if (&l != &a.lanes_.back())
                    break; // the others wait for it, or it has begun them already
            }
    }
    return 0;
}

void driver::shut_down(operation_queue& completed)
{
    let_go();
    for (int round = 0;; ++round)
    {
        for (attachment& a : attachments_)
        {
            end_held(a);
            a.for_each(
                [this, round](operation& op)
                {
                    // A request to cancel can miss an operation between two states: ask again.
                    if (round % 64 == 63)
                        op.cancel_requested = false;
                    cancel(op);
                });
        }
        reap(completed);
        if (!in_flight_)
            return;
        wait(clock::now() + std::chrono::milliseconds(1), completed);
    }
}

} // namespace proactor
