#include "op_core.hpp"

#include "handle.hpp"

#include <proactor/detail/annotations.hpp>
#include <proactor/error.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <new>
#include <utility>

namespace proactor::detail {

/// The section, for a thread that may not be the waiting one: on leaving it has that one look at
/// what was done here, because the system's view of a request belongs to a thread, and the thread
/// that waits is the one that will be there.
class op_core::from_outside
{
public:
    explicit from_outside(op_core& c) : core_(c) { core_.section_.lock(); }
    ~from_outside()
    {
        const bool rings = core_.sleeping_ && !core_.nudged_;
        core_.nudged_ |= rings;
        core_.section_.unlock();
        if (rings)
            core_.driver_->wake();
    }
    from_outside(const from_outside&) = delete;
    from_outside& operator=(const from_outside&) = delete;

private:
    op_core& core_;
};

op_core::op_core(std::unique_ptr<proactor::driver> driver)
    : at_fork(level::engine), driver_(std::move(driver))
{
    if (!driver_)
        terminate_with("op::slab: it was given no driver");
    nowhere_ = &driver_->attach(invalid_handle);
    hear_forks();
}

void op_core::before_fork() noexcept
{
    section_.lock_mutex();
    driver_->keep_completed();
}

/// No thread waits in the child: the one that forked is outside of all calls.
void op_core::after_fork(bool in_child) noexcept
{
    if (in_child)
    {
        driver_->let_go();
        waiting_ = sleeping_ = nudged_ = false;
    }
    section_.unlock();
}

op_core::~op_core()
{
    ignore_forks();
    for (op_slot* s : slots_)
    {
        annotate_in_use(s->payload(), smallest << s->size_class);
        s->~op_slot();
        ::operator delete(s);
    }
}

// Handles.

op::source op_core::attach(native_handle handle)
{
    section_guard held(section_);
    if (free_source_ == none)
    {
        sources_.emplace_back();
        free_source_ = static_cast<std::uint32_t>(sources_.size() - 1);
    }
    entry& e = sources_[free_source_];
    e.at = &driver_->attach(handle);
    const op::source s{free_source_, e.generation};
    free_source_ = std::exchange(e.next_free, none);
    return s;
}

bool op_core::detach(op::source s, bool close_handle)
{
    from_outside held(*this);
    attachment* a = find(s);
    if (!a)
        return false;
    driver_->detach(*a, close_handle);
    entry& e = sources_[s.index];
    e.at = nullptr;
    ++e.generation;
    e.next_free = std::exchange(free_source_, s.index);
    return true;
}

native_handle op_core::take_kept(op::source s)
{
    section_guard held(section_);
    attachment* a = find(s);
    return a ? driver_->take_kept(*a) : invalid_handle;
}

attachment* op_core::find(op::source s) noexcept
{
    return s.index < sources_.size() && sources_[s.index].generation == s.generation
        ? sources_[s.index].at
        : nullptr;
}

// Places.

op_slot& op_core::reserve(const op_type& type)
{
    const std::size_t size_class = type.size <= smallest
        ? 0
        : static_cast<std::size_t>(std::bit_width((type.size - 1) / smallest));
    section_guard held(section_);
    op_slot* s = free_slots_[size_class];
    if (s)
        free_slots_[size_class] = s->next_free;
    else
    {
        slots_.push_back(nullptr);
        void* memory = ::operator new(sizeof(op_slot) + (smallest << size_class), std::nothrow);
        if (!memory)
        {
            slots_.pop_back();
            throw std::bad_alloc();
        }
        s = ::new (memory) op_slot(*this, static_cast<std::uint32_t>(slots_.size() - 1),
                                   static_cast<std::uint8_t>(size_class));
        slots_.back() = s;
    }
    annotate_in_use(s->payload(), smallest << size_class);
    s->type = &type;
    s->is = op_slot::state::starting;
    return *s;
}

void op_core::abandon(op_slot& s, bool made) noexcept
{
    if (made)
        s.type->destroy(s.payload());
    section_guard held(section_);
    free(s);
}

void op_core::free(op_slot& s) noexcept
{
    annotate_cached(s.payload(), smallest << s.size_class);
    ++s.generation;
    s.is = op_slot::state::free;
    s.next_free = std::exchange(free_slots_[s.size_class], &s);
}

op_slot* op_core::find(op::ticket t) noexcept
{
    if (t.index >= slots_.size())
        return nullptr;
    op_slot* s = slots_[t.index];
    return s->generation == t.generation && s->is == op_slot::state::pending && !s->discarded
        ? s
        : nullptr;
}

// Operations.

op::ticket op_core::start(op_slot& s, const op::source* on, std::uint64_t token)
{
    try
    {
        from_outside held(*this);
        s.timer = s.type->timed ? &arm(s) : nullptr;
        begin(s, on, token);
        return {s.index, s.generation};
    }
    catch (...)
    {
        abandon(s, true);
        throw;
    }
}

op_core::timers::node& op_core::arm(op_slot& s)
{
    auto& node = timers_.make_node();
    try
    {
        timers_.add(node, s.deadline, s);
    }
    catch (...)
    {
        timers_.recycle(node);
        throw;
    }
    return node;
}

void op_core::begin(op_slot& s, const op::source* on, std::uint64_t token) noexcept
{
    s.token = token;
    s.is = op_slot::state::pending;
    s.items = 0;
    s.ended = s.discarded = s.cancel_requested = false;
    s.outcome = {};
    ++in_flight_;
    if (s.timer)
        return;
    if (s.refused)
        return end(s, s.refused);
    using request::readiness;
    constexpr auto waited_for =
        readiness::read | readiness::write | readiness::priority | readiness::error;
    attachment* const at = on ? find(*on) : nowhere_;
    if (const auto* p = s.request.get_if<request::poll>(); p && !(p->what & waited_for))
        end(s, EINVAL);
    else if (!at)
        end(s, EBADF);
    else
        driver_->submit(s, *at, s.lane);
}

/// Ends an operation that the driver does not have.
void op_core::end(op_slot& s, int error)
{
    s.outcome.error = error;
    s.ended = true;
    enqueue(s);
}

bool op_core::cancel(op_slot& s)
{
    if (s.timer)
    {
        auto& node = *static_cast<timers::node*>(std::exchange(s.timer, nullptr));
        operation_queue cancelled;
        timers_.cancel(node, 1, cancelled);
        timers_.recycle(node);
        cancelled.pop();
        end(s, ECANCELED);
        return true;
    }
    if (s.ended)
    {
        // Given back by the driver and not yet by us: some successes can be taken back.
        const auto before = s.outcome.error;
        driver_->cancel(s);
        return s.outcome.error != before;
    }
    if (!s.type->keep)
        s.items = 0;
    driver_->cancel(s);
    return true;
}

bool op_core::cancel(op::ticket t)
{
    from_outside held(*this);
    op_slot* s = find(t);
    return s && cancel(*s);
}

std::size_t op_core::cancel_all(op::source on)
{
    from_outside held(*this);
    std::size_t asked = 0;
    if (attachment* a = find(on))
        a->for_each([&](operation& op) { asked += cancel(static_cast<op_slot&>(op)); });
    return asked;
}

bool op_core::discard(op::ticket t)
{
    from_outside held(*this);
    op_slot* s = find(t);
    if (!s)
        return false;
    cancel(*s);
    s->discarded = true;
    --in_flight_;
    return true;
}

void op_core::flush()
{
    from_outside held(*this);
    driver_->flush();
}

void op_core::enqueue(op_slot& s) noexcept
{
    if (!std::exchange(s.in_ready, true))
        ready_.push(s);
}

/// Called by the driver, inside the section.
void op_core::keep_item(op_slot& s, std::uint64_t value)
{
    if (s.type->keep)
    {
        s.type->keep(s.payload(), value);
        ++s.items;
    }
    else if (s.discarded || s.cancel_requested)
        return; // of connections, their attachment keeps them
    else
        s.items |= request::accepts_many(s.request) ? 1 : value;
    enqueue(s);
}

void op_slot::keep_item(multishot_operation& self, std::uint64_t value)
{
    auto& s = static_cast<op_slot&>(self);
    s.core->keep_item(s, value);
}

// Waiting.

std::span<op::completion> op_core::wait(driver::clock::time_point deadline,
                                        std::span<op::completion> room) noexcept
{
    for (op::completion& c : room)
        c.reset();
    section_.lock();
    if (std::exchange(waiting_, true))
        terminate_with("op::slab::wait: another thread waits");
    section_.prefer_this_thread();
    std::size_t count = 0;
    for (;;)
    {
        sleep_or_look(deadline);
        operation_queue dead;
        count = hand_out_rings(room);
        count += hand_out(room.subspan(count), dead);
        if (!dead.empty())
        {
            section_.unlock();
            destroy(dead);
            section_.lock();
        }
        // acquire: what its caller did before `wake` is seen after this call
        const bool woken = woken_.exchange(false, std::memory_order_acquire);
        if (count || woken)
            break;
        if (room.empty() && (!ready_.empty() || any_rung_.load(std::memory_order_relaxed)))
            break;
        if (deadline != driver::clock::time_point::max() && driver::clock::now() >= deadline)
            break;
    }
    waiting_ = false;
    section_.unlock();
    return room.first(count);
}

void op_core::sleep_or_look(driver::clock::time_point deadline)
{
    operation_queue ended;
    // Whoever sets one of the two rings the driver afterwards, and that ends the sleep.
    const bool stays = !ready_.empty() || woken_.load(std::memory_order_relaxed)
        || any_rung_.load(std::memory_order_relaxed);
    if (stays)
        driver_->reap(ended);
    else
    {
        if (!timers_.empty())
            deadline = std::min(deadline, timers_.earliest());
        sleeping_ = true;
        driver_->wait(deadline, ended, &section_);
        sleeping_ = nudged_ = false;
    }
    absorb(ended);
    if (timers_.empty())
        return;
    operation_queue expired;
    timers_.take_expired(driver::clock::now(), expired);
    while (operation* op = expired.pop())
    {
        auto& s = static_cast<op_slot&>(*op);
        timers_.recycle(*static_cast<timers::node*>(std::exchange(s.timer, nullptr)));
        end(s, 0);
    }
}

void op_core::absorb(operation_queue& ended)
{
    while (operation* op = ended.pop())
    {
        auto& s = static_cast<op_slot&>(*op);
        s.ended = true;
        enqueue(s);
    }
}

/// From here on nothing changes the outcome any more; what was won is in the payload.
void op_core::settle(op_slot& s) noexcept
{
    driver_->deliver(s);
    s.type->finish(s.payload(), s.outcome);
    s.is = op_slot::state::handed;
}

std::size_t op_core::hand_out(std::span<op::completion> room, operation_queue& dead)
{
    std::size_t count = 0;
    while (ready_node* first = ready_.front())
    {
        auto& s = static_cast<op_slot&>(*first);
        const bool shown = !s.discarded && (s.items || s.ended);
        if (shown && count == room.size())
            break;
        if (shown)
        {
            op::completion& c = room[count++];
            c.token_ = s.token;
            if (s.items) // its end, if it is there, is the last
            {
                if (s.type->keep)
                {
                    op_item item = s.type->take_item(s.payload());
                    c.value_ = item.value;
                    c.buffer_ = std::move(item.buffer);
                    --s.items;
                }
                else
                    c.value_ = std::exchange(s.items, 0);
                c.error_ = 0;
                c.more_ = true;
                if (s.items || s.ended)
                    continue;
            }
            else
            {
                settle(s);
                c.slot_ = &s;
                c.value_ = s.outcome.value;
                c.error_ = s.outcome.error;
                c.more_ = false;
                --in_flight_;
                ++holders_;
            }
        }
        else if (s.ended)
        {
            settle(s);
            dead.push(s);
        }
        // else what a poll had found was dropped by a cancellation. `dead` links by another member.
        ready_.pop();
        s.in_ready = false;
    }
    return count;
}

std::size_t op_core::hand_out_rings(std::span<op::completion> room) noexcept
{
    std::size_t count = 0;
    if (!any_rung_.load(std::memory_order_relaxed)
        || !any_rung_.exchange(false, std::memory_order_acquire))
        return 0;
    for (auto& w : wakers_)
    {
        if (count == room.size())
        {
            any_rung_.store(true, std::memory_order_relaxed); // perhaps one of the others
            break;
        }
        // acquire: what its caller did before `wake` is seen by who gets the completion
        if (!w->rung.exchange(false, std::memory_order_acquire))
            continue;
        op::completion& c = room[count++];
        c.token_ = w->token;
        c.value_ = 0;
        c.error_ = 0;
        c.more_ = true;
    }
    return count;
}

void op_core::wake() noexcept
{
    // Whoever set it before us and found nobody to take it has rung, or is about to. release: see
    // `wait`.
    if (!woken_.exchange(true, std::memory_order_release))
        driver_->wake();
}

op_waker& op_core::add_waker(std::uint64_t token)
{
    auto made = std::make_unique<op_waker>();
    made->token = token;
    section_guard held(section_);
    wakers_.push_back(std::move(made));
    ++holders_;
    return *wakers_.back();
}

void op_core::remove_waker(op_waker& w) noexcept
{
    section_.lock();
    std::erase_if(wakers_, [&](auto& other) { return other.get() == &w; });
    let_go();
}

void op_core::ring(op_waker& w) noexcept
{
    // release: see `hand_out_rings`, for both
    if (w.rung.exchange(true, std::memory_order_release))
        return;
    any_rung_.store(true, std::memory_order_release);
    driver_->wake();
}

void op_core::adopt(buffer_source& s)
{
    section_guard held(section_);
    driver_->adopt(s);
    ++holders_;
}

std::uint32_t op_core::take(buffer_source& s)
{
    section_guard held(section_);
    return s.take();
}

void op_core::end_pool(buffer_source& s) noexcept
{
    {
        from_outside held(*this);
        driver_->release(s);
    }
    section_.lock();
    let_go();
}

void op_core::learn(memory_region& m)
{
    section_guard held(section_);
    driver_->register_memory(m);
    ++holders_;
}

void op_core::forget(memory_region& m) noexcept
{
    section_.lock();
    driver_->forget_memory(m);
    let_go();
}

int op_core::error_of(const memory_region& m)
{
    section_guard held(section_);
    return m.error;
}

std::size_t op_core::in_flight()
{
    section_guard held(section_);
    return in_flight_;
}

driver_counters op_core::counters()
{
    section_guard held(section_);
    return driver_->counters();
}

// Ends.

void op_core::destroy(operation_queue& dead) noexcept
{
    for (operation* op = dead.front(); op; op = op->next)
    {
        auto& s = static_cast<op_slot&>(*op);
        s.type->destroy(s.payload());
    }
    section_guard held(section_);
    while (operation* op = dead.pop())
        free(static_cast<op_slot&>(*op));
}

void op_core::release(op_slot& s) noexcept
{
    s.type->destroy(s.payload());
    section_.lock();
    free(s);
    let_go();
}

void release(op_slot& s) noexcept
{
    s.core->release(s);
}

/// Leaves the section, and with its last holder the core goes.
void op_core::let_go() noexcept
{
    const bool last = --holders_ == 0;
    section_.unlock();
    if (last)
        delete this;
}

void op_core::close() noexcept
{
    section_.lock();
    if (waiting_)
        terminate_with("op::slab: destroyed while a thread waits");
    operation_queue ended;
    driver_->shut_down(ended);
    while (ended.pop())
        ;
    operation_queue dead;
    for (op_slot* s : slots_)
        if (s->is == op_slot::state::pending)
        {
            if (s->timer)
                s->outcome.error = ECANCELED;
            settle(*s);
            dead.push(*s);
        }
    for (entry& e : sources_)
        if (e.at)
            driver_->detach(*e.at); // closes the connections that cancelled accepts have won
    driver_->detach(*nowhere_);
    section_.unlock();
    destroy(dead);
    section_.lock();
    let_go();
}

} // namespace proactor::detail
