#include <proactor/op/pooled.hpp>
#include <proactor/op/registered_memory.hpp>

#include "op_core.hpp"

#include <stdexcept>

namespace proactor::op {

namespace {

detail::source_reference make_source(std::size_t count, std::size_t size, pool_options options)
{
    if (count == 0 || count > buffer_pool::most || size == 0 || size >> 31)
        throw std::invalid_argument("proactor::op::buffer_pool: count or size");
    return detail::source_reference(buffer_source::make(count, size, options));
}

} // namespace

buffer_pool::buffer_pool(slab& s, std::size_t count, std::size_t size, pool_options options)
    : source_(make_source(count, size, options)), core_(s.core_)
{
    core_->adopt(*source_);
}

buffer_pool::~buffer_pool()
{
    core_->end_pool(*source_);
}

pooled_buffer buffer_pool::acquire()
{
    const std::uint32_t number = core_->take(*source_);
    return number == buffer_source::none ? pooled_buffer()
                                         : pooled_buffer(*source_, number, source_->size());
}

registered_memory::registered_memory(slab& s, std::span<std::byte> memory)
    : region_(memory), core_(s.core_)
{
    core_->learn(region_);
}

registered_memory::~registered_memory()
{
    core_->forget(region_);
}

std::error_code registered_memory::error() const
{
    return {core_->error_of(region_), std::system_category()};
}

} // namespace proactor::op
