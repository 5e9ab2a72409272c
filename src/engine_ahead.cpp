// What the system has given to operations ahead of their handlers.
#include <proactor/detail/engine.hpp>

#include "driver/handle.hpp"

namespace proactor::detail {

namespace {

/// Whether its bytes are no longer with the system.
bool takes_bytes(const request::any& r) noexcept
{
    if (const auto* t = r.get_if<request::receive>())
        return !peeks(t->flags);
    if (const auto* t = r.get_if<request::receive_message>())
        return !peeks(t->flags);
    if (const auto* t = r.get_if<request::receive_pooled>())
        return !t->many && !peeks(t->flags);
    return r.is<request::read>() || r.is<request::read_pooled>();
}

/// What was there when it was asked for Asio has taken then, too, and what follows another one of its
/// lane together with that one.
bool is_ahead(const operation& op) noexcept
{
    return op.lane == lane::read && !op.outcome.error && !op.immediate && !op.followed
        && takes_bytes(op.request);
}

} // namespace

engine::bytes_ahead engine::find_bytes_ahead(const attachment& a)
{
    section_guard held(section_);
    if (driver_->unflushed())
    {
        settle();
        wake_another();
    }
    // A driver that waits for readiness leaves the bytes where they are until its turn.
    if (driver_->serves(request::receive{}) == means::system && driver_->ready())
    {
        // Behind what will be posted until the loop looks, but for threads that look already.
        const bool others = followers_ || leader_;
        driver_->reap(others ? ready_ : early_);
        wake_another();
    }
    bytes_ahead found;
    for (const operation_queue* queue : {&ready_, &early_})
        for (const operation* op = queue->front(); op; op = op->next)
            if (op->attached == &a && op->generation == a.generation && is_ahead(*op))
            {
                const auto bytes = static_cast<std::size_t>(op->outcome.value);
                if (!found.any)
                    found.first = bytes;
                found.any = true;
                found.all += bytes;
            }
    return found;
}

} // namespace proactor::detail
