#include <proactor/buffer_source.hpp>

#include <proactor/detail/annotations.hpp>
#include <proactor/detail/at_fork.hpp>
#include <proactor/driver.hpp>

#include <bit>
#include <cassert>
#include <mutex>
#include <new>
#include <utility>

namespace proactor {

namespace {

/// Direct transfers of files want it; others gain by not sharing cache lines.
constexpr std::align_val_t alignment{4096};
constexpr std::size_t line = 64;

std::size_t stride_of(std::size_t size) noexcept
{
    return (size + line - 1) / line * line;
}

} // namespace

buffer_source* buffer_source::make(std::size_t count, std::size_t size, pool_options options)
{
    return new buffer_source(count, size, options);
}

buffer_source::buffer_source(std::size_t count, std::size_t size, pool_options options)
    : count_(count)
    , size_(size)
    , stride_(stride_of(size))
    , in_parts_(options.in_parts)
    , bundles_(options.bundles && !options.in_parts)
    , pieces_(new piece[2 * count])
    , inside_(static_cast<std::int64_t>(count))
    , away_(static_cast<std::int64_t>(count))
{
    memory_ = static_cast<std::byte*>(::operator new(count * stride_, alignment));
    for (std::size_t i = 0; i != 2 * count; ++i)
        pieces_[i].number = static_cast<std::uint32_t>(i + 1);
    for (std::size_t i = count; i-- != 0;)
    {
        pieces_[i].data = memory_ + i * stride_;
        push(pieces_[i]);
        detail::annotate_cached(pieces_[i].data, stride_);
    }
}

buffer_source::~buffer_source()
{
    detail::annotate_in_use(memory_, count_ * stride_);
    ::operator delete(memory_, alignment);
    for (std::size_t i = count_; i != count_ + spares_; ++i)
    {
        detail::annotate_in_use(pieces_[i].data, stride_);
        ::operator delete(pieces_[i].data, alignment);
    }
}

void buffer_source::release() noexcept
{
    // acq_rel: whoever is the last sees what all the others have done.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    come_back(returned_.exchange(closed, std::memory_order_acq_rel));
    come_home(static_cast<std::int64_t>(count_ + spares_ + part_count_) - out_);
}

/// So many pieces that were away are not. The last one takes the object along.
void buffer_source::come_home(std::int64_t n) noexcept
{
    if (away_.fetch_sub(n, std::memory_order_acq_rel) == n)
        delete this;
}

void buffer_source::give_back(std::uint32_t number) noexcept
{
    piece& p = at(number);
    annotate_unused(p);
    const std::uint32_t free = let_go(p);
    // As long as this piece is away, the object stays; while its owner is told, a second one is.
    bool tell = false;
    for (top last = returned_.load(std::memory_order_relaxed);;)
    {
        if (last == closed)
            return come_home(tell ? 2 : 1);
        if (last == awaited && !tell)
        {
            away_.fetch_add(1, std::memory_order_relaxed);
            tell = true;
        }
        p.next = lists(last) ? &at(last.number) : nullptr;
        if (returned_.compare_exchange_weak(last, {number, last.count + free},
                                            std::memory_order_release, std::memory_order_relaxed))
            break;
    }
    if (tell)
    {
        tell_owner();
        come_home(1);
    }
}

void buffer_source::tell_owner() noexcept
{
    std::lock_guard held(detail::leaf_mutex());
    if (owner)
        owner->buffer_came();
}

void buffer_source::keep(driver& by) noexcept
{
    acquire();
    std::lock_guard held(detail::leaf_mutex());
    owner = &by;
}

void buffer_source::part() noexcept
{
    {
        std::lock_guard held(detail::leaf_mutex());
        owner = nullptr;
        owner_note = 0;
    }
    release();
}

void buffer_source::push(piece& p) noexcept
{
    piece*& list = p.number > count_ ? free_spares_ : free_;
    p.next = list;
    list = &p;
    p.used = 0;
}

void buffer_source::annotate_unused(piece& p) const noexcept
{
    const std::size_t all = is_part(p.number) ? capacity(p.number) : stride_;
    detail::annotate_cached(p.data + p.used, all - p.used);
}

std::uint32_t buffer_source::taken(piece& p) noexcept
{
    hold(p);
    detail::annotate_in_use(p.data, stride_);
    return p.number;
}

/// Somebody has it, or a part of it.
void buffer_source::hold(piece& p) noexcept
{
    ++out_;
    if (!in_parts_ || p.held.fetch_add(1, std::memory_order_relaxed) == 0)
        count_inside(-1);
}

/// Somebody who had it, or a part, has not. Returns whether nobody else has: on any thread.
bool buffer_source::let_go(piece& p) noexcept
{
    if (!in_parts_)
        return true;
    piece& whole = is_part(p.number) ? *static_cast<slice&>(p).of : p;
    return whole.held.fetch_sub(1, std::memory_order_relaxed) == 1;
}

std::uint32_t buffer_source::take() noexcept
{
    if (!free_ || inside_.load(std::memory_order_relaxed) <= 0)
        fetch();
    if (inside_.load(std::memory_order_relaxed) <= 0
        || (!free_ && !free_spares_ && !make_spare()))
        return none;
    piece*& list = free_ ? free_ : free_spares_;
    piece& p = *list;
    list = p.next;
    return taken(p);
}

/// All free buffers are with the system, which does not give one back without an operation of its own.
bool buffer_source::make_spare() noexcept
{
    if (spares_ == count_)
        return false;
    auto* memory = static_cast<std::byte*>(::operator new(stride_, alignment, std::nothrow));
    if (!memory)
        return false;
    piece& p = pieces_[count_ + spares_++];
    p.data = memory;
    push(p);
    away_.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void buffer_source::put(std::uint32_t number) noexcept
{
    piece& p = at(number);
    annotate_unused(p);
    if (let_go(p))
        count_inside(1);
    come_back(p);
    top expected = awaited;
    if (returned_.load(std::memory_order_relaxed) == awaited
        && returned_.compare_exchange_strong(expected, {}, std::memory_order_relaxed))
        tell_owner();
}

void buffer_source::fetch() noexcept
{
    if (!any_returned())
        return;
    // acquire: pairs with the release of each return, whose stores are chained by the exchanges
    come_back(returned_.exchange({}, std::memory_order_acquire));
}

void buffer_source::come_back(top last) noexcept
{
    if (!lists(last))
        return;
    count_inside(last.count);
    for (piece* p = &at(last.number); p;)
    {
        piece* older = p->next;
        come_back(*p);
        p = older;
    }
}

void buffer_source::come_back(piece& p) noexcept
{
    --out_;
    if (!is_part(p.number))
        return p.open ? leave(p) : push(p);
    p.next = free_parts_;
    free_parts_ = &p;
    piece& whole = *static_cast<slice&>(p).of;
    if (--whole.parts != 0)
        return;
    if (rest_ == &whole)
        leave(*std::exchange(rest_, nullptr));
    else if (!whole.open)
        push(whole);
}

std::uint32_t buffer_source::lend() noexcept
{
    fetch();
    if (!free_)
        return none;
    piece& p = *free_;
    free_ = p.next;
    p.lent = true;
    p.open = in_parts_;
    ++rounds_;
    return p.number;
}

void buffer_source::filled(std::uint32_t number) noexcept
{
    piece& p = pieces_[number - 1];
    assert(p.lent);
    p.lent = false;
    taken(p);
}

void buffer_source::end_loan() noexcept
{
    for (std::size_t i = 0; i != count_; ++i)
        if (piece& p = pieces_[i]; std::exchange(p.lent, false))
            close(p);
}

bool buffer_source::ask_for_notice() noexcept
{
    fetch();
    top expected{};
    return inside_.load(std::memory_order_relaxed) <= 0
        && (returned_.compare_exchange_strong(expected, awaited, std::memory_order_relaxed)
            || expected == awaited);
}

/// No more parts of it will follow.
void buffer_source::close(piece& p) noexcept
{
    p.open = false;
    if (p.parts == 0)
        push(p);
}

/// Nobody fills it for now.
void buffer_source::leave(piece& p) noexcept
{
    if (rest_ || p.parts == 0 || p.used == size_)
        close(p);
    else
        rest_ = &p;
}

std::uint32_t buffer_source::take_rest() noexcept
{
    piece* p = std::exchange(rest_, nullptr);
    if (!p)
    {
        const std::uint32_t number = take();
        if (number != none)
            at(number).open = true;
        return number;
    }
    hold(*p);
    detail::annotate_in_use(p->data + p->used, stride_ - p->used);
    return p->number;
}

std::uint32_t buffer_source::split(std::uint32_t number, std::size_t bytes)
{
    if (is_part(number))
        return number;
    piece& p = at(number);
    const std::uint32_t made = make_part(p, bytes); // whose holder follows on that of the buffer
    annotate_unused(p);
    leave(p);
    return made;
}

std::uint32_t buffer_source::filled_part(std::uint32_t number, std::size_t bytes, bool more)
{
    piece& p = at(number);
    std::uint32_t made = none;
    if (bytes != 0)
    {
        hold(p);
        made = make_part(p, bytes);
    }
    if (!more)
    {
        p.lent = false;
        close(p);
    }
    return made;
}

std::uint32_t buffer_source::make_part(piece& of, std::size_t bytes)
{
    if (!free_parts_)
        fetch();
    if (!free_parts_)
        make_parts();
    auto& made = static_cast<slice&>(*free_parts_);
    free_parts_ = made.next;
    made.of = &of;
    made.data = of.data + of.used;
    made.size = bytes;
    of.used += static_cast<std::uint32_t>(bytes);
    ++of.parts;
    detail::annotate_in_use(made.data, bytes);
    return made.number;
}

namespace {

constexpr std::size_t first_parts = 64; ///< in the first array

}

void buffer_source::make_parts()
{
    const std::size_t n = first_parts + part_count_;
    auto& made = parts_[static_cast<std::size_t>(std::bit_width(n / first_parts)) - 1];
    made = std::make_unique<slice[]>(n);
    for (std::size_t i = n; i-- != 0;)
    {
        made[i].number = static_cast<std::uint32_t>(2 * count_ + part_count_ + i + 1);
        made[i].next = free_parts_;
        free_parts_ = &made[i];
    }
    part_count_ += n;
    away_.fetch_add(static_cast<std::int64_t>(n), std::memory_order_relaxed);
}

buffer_source::slice& buffer_source::slice_at(std::uint32_t number) const noexcept
{
    const std::size_t n = first_parts + number - 2 * count_ - 1;
    const auto array = static_cast<std::size_t>(std::bit_width(n / first_parts)) - 1;
    return parts_[array][n - (first_parts << array)];
}

} // namespace proactor
