#include <proactor/detail/block_cache.hpp>

#include "recycled.hpp"

#include <new>
#include <utility>

namespace proactor::detail {

/// Null when the thread's own objects have gone.
block_cache* block_cache::make_for_this_thread()
{
    thread_local bool ended = false;
    struct guard
    {
        ~guard()
        {
            ended = true;
            if (block_cache* c = std::exchange(this_thread_, nullptr))
            {
                c->take_returned();
                recycled<block_cache>::put_back(*c);
            }
        }
    };
    if (!this_thread_ && !ended)
    {
        thread_local guard g;
        (void)g;
        this_thread_ = &recycled<block_cache>::take();
    }
    return this_thread_;
}

block_cache::header* block_cache::new_header(std::size_t size)
{
    if (size > static_cast<std::size_t>(-1) - sizeof(header))
        throw std::bad_alloc();
    return static_cast<header*>(::operator new(sizeof(header) + size));
}

void* block_cache::allocate_elsewhere(std::size_t size)
{
    const std::size_t size_class = class_of(size);
    block_cache* c = size_class < classes ? make_for_this_thread() : nullptr;
    if (c)
    {
        bin& b = c->bins_[size_class];
        if (!b.head)
            c->take_returned();
        if (b.head)
            return take(b);
        size = size_of(size_class);
    }
    header* h = new_header(size);
    h->owner = c;
    h->size_class = size_class;
    return h + 1;
}

void block_cache::free_elsewhere(header* h) noexcept
{
    if (!h->owner || h->owner == this_thread_)
        ::operator delete(h);
    else
        h->owner->returned_.push(*h);
}

void block_cache::take_returned() noexcept
{
    intrusive_queue<header> blocks;
    returned_.take(blocks);
    while (header* h = blocks.pop())
        if (bin& b = bins_[h->size_class]; b.room)
            keep(h, b);
        else
            ::operator delete(h);
}

} // namespace proactor::detail
