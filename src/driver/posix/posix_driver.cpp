#include "posix_driver.hpp"

#include <proactor/buffer_source.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

namespace proactor::detail {

namespace {

using next = attempted::next;

/// A look at the driver copies so much of files from the system's memory: some 100 us.
constexpr unsigned read_unit = 4096;
constexpr unsigned units_a_look = 128;
constexpr unsigned connections_a_look = 64;

/// What a read of a file may copy, or 0 for all else.
std::size_t copied(const operation& op) noexcept
{
    if (const auto* r = op.request.get_if<request::read_at>())
        return std::max<std::size_t>(1, r->buffers.bytes());
    if (const auto* r = op.request.get_if<request::read_pooled_at>())
        return r->source->size();
    return 0;
}

bool is_positioned(const operation& op) noexcept
{
    return op.request.is<request::read_at>()
        || op.request.is<request::write_at>();
}

bool sends(const operation& op) noexcept
{
    return op.request.is<request::send>()
        || op.request.is<request::write>()
        || op.request.is<request::send_message>()
        || op.request.is<request::send_zc>()
        || op.request.is<request::send_file>();
}

} // namespace

void posix_driver::try_later(operation& op) noexcept
{
    op.phase = operation::phase::untried;
    untried_.push(op);
}

void posix_driver::try_untried()
{
    budget_ = units_a_look;
    while (operation* op = untried_.pop())
        try_one(*op);
}

void posix_driver::try_one(operation& op)
{
    if (is_positioned(op) && is_direct(*op.attached))
    {
        if (op.cancel_requested || !start_direct(op))
            block(op);
        return;
    }
    if (const std::size_t bytes = copied(op))
    {
        const std::size_t units = (bytes + read_unit - 1) / read_unit;
        if (units > units_a_look)
            return block(op); // a copy that long is work for another thread, in memory or not
        if (units > budget_)
        {
            postponed_.push(op);
            postponed_any_.store(true, std::memory_order_relaxed);
            return;
        }
        budget_ -= static_cast<unsigned>(units);
    }
    if (request::accepts_many(op.request)) [[unlikely]]
        return accept_many(op);
    const bool receives_many = request::receives_many(op.request);
    if (receives_many && (op.cancel_requested || has_enough(op)))
        return finish(op, op.cancel_requested ? ECANCELED : 0, 0);
    const bool into_pool = request::pooled(op.request) != nullptr;
    if (into_pool && !take_buffer(op)) [[unlikely]]
        return;
    const bool again = op.driver_turn++ != 0;
    // Below the mark at which a system tells of room it may take a little all the same: a success that
    // nobody has waited for, and behind which a composed operation would go on after its cancellation.
    if (again && op.cancel_requested && sends(op))
        return finish(op, ECANCELED, 0);
    ++counters_.system_calls;
    const auto [then, drained, result] = detail::attempt(op.attached->handle(), op, again);
    switch (then)
    {
    case next::done:
        op.immediate = !again;
        if (drained)
            op.attached->notes.drained = true;
        if (receives_many && result >= 0)
            received(op, static_cast<std::uint64_t>(result));
        else if (result < 0)
            finish(op, static_cast<int>(-result), 0);
        else
            finish(op, 0, static_cast<std::uint64_t>(result));
        break;
    case next::wait:
        if (op.cancel_requested)
            return finish(op, ECANCELED, 0);
        if (into_pool)
            put_buffer(op); // what waits holds none
        op.phase = operation::phase::polled;
        await(op);
        break;
    case next::block:
        block(op);
        break;
    }
}

/// Takes connections until there is none, its owner has enough, or others should have their turn.
void posix_driver::accept_many(operation& op)
{
    for (unsigned taken = 0;; ++taken)
    {
        if (op.cancel_requested)
            return finish(op, ECANCELED, 0);
        if (has_enough(op))
            return finish(op, 0, 0);
        if (taken == connections_a_look)
        {
            postponed_.push(op);
            return postponed_any_.store(true, std::memory_order_relaxed);
        }
        ++counters_.system_calls;
        const auto [then, drained, result] = detail::attempt(op.attached->handle(), op, true);
        if (then != next::done)
            break;
        if (result < 0)
            return finish(op, static_cast<int>(-result), 0);
        keep(op, static_cast<native_handle>(result));
    }
    op.phase = operation::phase::polled;
    await(op);
}

/// Goes on as long as there are buffers, and its owner has not enough.
void posix_driver::received(operation& op, std::uint64_t bytes)
{
    if (bytes == 0 && op.request.get<request::receive_pooled>().stream)
        return finish(op, 0, 0);
    give(op, bytes);
    if (has_enough(op))
        finish(op, 0, 0);
    else
        start(op);
}

/// Whether a file was opened for direct transfers: open(2), O_DIRECT.
bool posix_driver::is_direct(attachment& a) noexcept
{
    if (a.notes.direct == handle_notes::answer::unknown)
    {
        const int flags = ::fcntl(a.handle(), F_GETFL);
        a.notes.direct = flags >= 0 && (flags & O_DIRECT) ? handle_notes::answer::yes
                                                          : handle_notes::answer::no;
    }
    return a.notes.direct == handle_notes::answer::yes;
}

void posix_driver::block(operation& op)
{
    if (op.cancel_requested)
        return finish(op, ECANCELED, 0);
    if (request::pooled(op.request) && !take_buffer(op))
        return;
    if (!pool_)
        pool_ = std::make_unique<blocking_pool>(limits_, &perform_on_pool, this);
    op.phase = operation::phase::pooled;
    const int error = pool_->submit(op);
    if (!error)
        return;
    // A handle is closed here, however long that takes, rather than lost.
    const std::int64_t result = op.request.is<request::close>()
        ? perform(invalid_handle, op, pool_job::in(op).interrupted)
        : -error;
    finish(op, static_cast<int>(-result), 0);
}

void posix_driver::perform_on_pool(void* self, operation& op) noexcept
{
    auto& d = *static_cast<posix_driver*>(self);
    auto& job = pool_job::in(op);
    job.result = perform(op.attached->handle(), op, job.interrupted);
    if (d.returned_.push(op))
        d.wake();
}

bool posix_driver::stop_trying(operation& op)
{
    switch (op.phase)
    {
    case operation::phase::untried: // is tried nevertheless: what is there already, it gets
        return true;
    case operation::phase::pooled:
        if (auto& job = pool_job::in(op); job.interrupted.load(std::memory_order_relaxed))
            return true;
        else if (pool_->withdraw(op))
            try_later(op);
        else if (!op.request.is<request::call>()) // a function need not know EINTR
        {
            job.interrupted.store(true, std::memory_order_relaxed);
            job.link_before(interrupted_);
            pool_->interrupt(op);
        }
        return true;
    default:
        return false;
    }
}

void posix_driver::take_all_returned()
{
    if (!postponed_.empty())
    {
        untried_.splice(postponed_);
        postponed_any_.store(false, std::memory_order_relaxed);
    }
    operation_queue back;
    returned_.take(back);
    while (operation* op = back.pop())
    {
        if (auto& job = pool_job::in(*op); job.linked())
            job.unlink();
        take_back(*op);
    }
    for (list_hook* h = interrupted_.after; h != &interrupted_; h = h->after)
        pool_->interrupt(static_cast<pool_job*>(h)->of);
}

void posix_driver::take_back(operation& op)
{
    const std::int64_t result = pool_job::in(op).result;
    if (result == -ECANCELED && !op.cancel_requested)
        try_later(op); // interrupted by `end_calls`
    else if (result == -EAGAIN || result == -EINTR)
    {
        op.driver_turn = 1; // it may wait for its peer
        try_later(op);
    }
    else if (result < 0)
        finish(op, static_cast<int>(-result), 0);
    else
        finish(op, 0, static_cast<std::uint64_t>(result));
}

bool posix_driver::end_calls()
{
    if (!pool_)
        return true;
    take_returned();
    bool running = false;
    for_each_in_flight(
        [&](operation& op)
        {
            if (op.phase != operation::phase::pooled)
                return;
            auto& job = pool_job::in(op);
            const bool asked = job.interrupted.load(std::memory_order_relaxed);
            if (!asked && pool_->withdraw(op))
                return try_later(op);
            running = true;
            if (!asked && !op.request.is<request::call>())
            {
                job.interrupted.store(true, std::memory_order_relaxed);
                job.link_before(interrupted_); // is interrupted again at the next look
                pool_->interrupt(op);
            }
        });
    if (running)
        return false;
    pool_.reset();
    return true;
}

void posix_driver::after_fork(bool in_child) noexcept
{
    if (!in_child)
        return;
    inherited_ = true;
    part_from_parent();
}

void posix_driver::abandon() noexcept
{
    wake_up();
    operation_queue back;
    returned_.take(back);
    while (operation* op = back.pop())
        if (pool_job::in(*op).result != -ECANCELED)
            take_back(*op);
    for (operation_queue* q : {&untried_, &postponed_})
        while (q->pop())
            ;
    postponed_any_.store(false, std::memory_order_relaxed);
    interrupted_.before = interrupted_.after = &interrupted_;
    // Its threads are not here, and its destructor would wait for them.
    [[maybe_unused]] const auto* lost = pool_.release();
}

driver::clock::time_point posix_driver::look_again_by(clock::time_point deadline) const noexcept
{
    constexpr std::chrono::milliseconds patience{1};
    return interrupted_.linked() ? std::min(deadline, clock::now() + patience) : deadline;
}

} // namespace proactor::detail
