#include <proactor/buffer_source.hpp>

#include <proactor/detail/annotations.hpp>
#include <proactor/detail/at_fork.hpp>
#include <proactor/driver.hpp>

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

buffer_source* buffer_source::make(std::size_t count, std::size_t size)
{
    return new buffer_source(count, size);
}

buffer_source::buffer_source(std::size_t count, std::size_t size)
    : count_(count)
    , size_(size)
    , stride_(stride_of(size))
    , pieces_(new piece[2 * count])
    , inside_(static_cast<std::int64_t>(count))
    , away_(static_cast<std::int64_t>(count))
{
    memory_ = static_cast<std::byte*>(::operator new(count * stride_, alignment));
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
    fetch();
    const top last = returned_.exchange(closed, std::memory_order_acq_rel);
    const std::int64_t home = inside_.load(std::memory_order_relaxed) + last.count
        + static_cast<std::int64_t>(spares_);
    come_home(home);
}

/// So many buffers that were away are not. The last one takes the object along.
void buffer_source::come_home(std::int64_t n) noexcept
{
    if (away_.fetch_sub(n, std::memory_order_acq_rel) == n)
        delete this;
}

void buffer_source::give_back(std::uint32_t number) noexcept
{
    piece& p = pieces_[number - 1];
    detail::annotate_cached(p.data, stride_);
    // As long as this buffer is away, the object stays; while its owner is told, a second one is.
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
        p.next = last.count ? &pieces_[last.number - 1] : nullptr;
        if (returned_.compare_exchange_weak(last, {number, last.count + 1},
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

std::uint32_t buffer_source::taken(piece& p) noexcept
{
    count_inside(-1);
    detail::annotate_in_use(p.data, stride_);
    return number_of(p);
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
    piece& p = pieces_[number - 1];
    detail::annotate_cached(p.data, stride_);
    push(p);
    count_inside(1);
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
    const top last = returned_.exchange({}, std::memory_order_acquire);
    count_inside(last.count);
    piece* p = &pieces_[last.number - 1];
    while (p)
    {
        piece* older = p->next;
        push(*p);
        p = older;
    }
}

std::uint32_t buffer_source::lend() noexcept
{
    fetch();
    if (!free_)
        return none;
    piece& p = *free_;
    free_ = p.next;
    p.lent = true;
    ++rounds_;
    return number_of(p);
}

void buffer_source::filled(std::uint32_t number) noexcept
{
    piece& p = pieces_[number - 1];
    p.lent = false;
    taken(p);
}

void buffer_source::end_loan() noexcept
{
    for (std::size_t i = 0; i != count_; ++i)
        if (piece& p = pieces_[i]; std::exchange(p.lent, false))
            push(p);
}

bool buffer_source::ask_for_notice() noexcept
{
    fetch();
    top expected{};
    return inside_.load(std::memory_order_relaxed) <= 0
        && (returned_.compare_exchange_strong(expected, awaited, std::memory_order_relaxed)
            || expected == awaited);
}

} // namespace proactor
