#include <proactor/op/slab.hpp>

#include "op_core.hpp"

namespace proactor::op {

slab::slab(std::unique_ptr<proactor::driver> driver) : core_(new detail::op_core(std::move(driver)))
{
}

slab::~slab()
{
    core_->close();
}

source slab::attach(native_handle handle)
{
    return core_->attach(handle);
}

bool slab::detach(source s, bool close_handle)
{
    return core_->detach(s, close_handle);
}

bool slab::cancel(ticket t)
{
    return core_->cancel(t);
}

std::size_t slab::cancel_all(source s)
{
    return core_->cancel_all(s);
}

bool slab::discard(ticket t)
{
    return core_->discard(t);
}

unique_handle slab::take_kept(source s)
{
    return unique_handle(core_->take_kept(s));
}

void slab::flush()
{
    core_->flush();
}

std::span<completion> slab::wait(clock::time_point deadline, std::span<completion> room) noexcept
{
    return core_->wait(deadline, room);
}

void slab::wake() noexcept
{
    core_->wake();
}

std::size_t slab::in_flight() const
{
    return core_->in_flight();
}

const char* slab::name() const noexcept
{
    return core_->name();
}

driver_counters slab::counters() const
{
    return core_->counters();
}

detail::op_slot& slab::reserve(const detail::op_type& type)
{
    return core_->reserve(type);
}

void slab::abandon(detail::op_slot& s, bool made) noexcept
{
    core_->abandon(s, made);
}

ticket slab::start(detail::op_slot& s, const source* on, std::uint64_t token)
{
    return core_->start(s, on, token);
}

waker::waker(slab& s, std::uint64_t token) : core_(s.core_), state_(&core_->add_waker(token)) {}

waker::~waker()
{
    core_->remove_waker(*state_);
}

void waker::wake() const noexcept
{
    core_->ring(*state_);
}

} // namespace proactor::op
