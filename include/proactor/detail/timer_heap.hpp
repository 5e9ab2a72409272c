#ifndef PROACTOR_DETAIL_TIMER_HEAP_HPP
#define PROACTOR_DETAIL_TIMER_HEAP_HPP

#include <proactor/operation.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace proactor::detail {

/// Waits ordered by their timers' expiry: a binary heap, whose entries know their places, so that a timer
/// leaves from anywhere. In which order equal times expire follows from its shape and from the side on which
/// ties are broken: both are those of Asio's heap, so that programs see the same order.
template <typename Traits>
class timer_heap
{
public:
    using time_type = typename Traits::time_type;

    /// The waits of one timer. Its memory is kept for good: a stale cancellation finds no key.
    struct node
    {
        operation_queue waits;
        std::size_t place = nowhere;
        node* next = nullptr;
    };

    bool empty() const noexcept { return entries_.empty(); }
    const time_type& earliest() const noexcept { return entries_.front().time; }

    node& make_node()
    {
        if (!free_)
            return nodes_.emplace_back();
        node* n = free_;
        free_ = n->next;
        return *n;
    }

    void recycle(node& n) noexcept
    {
        n.next = free_;
        free_ = &n;
    }

    /// True if the timer is now the earliest.
    bool add(node& n, const time_type& t, operation& wait)
    {
        if (n.place == nowhere)
        {
            entries_.push_back({t, &n});
            n.place = entries_.size() - 1;
            rise(n.place);
        }
        n.waits.push(wait);
        return n.place == 0;
    }

    /// Ends up to `most` waits, oldest first, as cancelled.
    std::size_t cancel(node& n, std::size_t most, operation_queue& cancelled)
    {
        std::size_t count = 0;
        for (; count != most; ++count)
        {
            operation* op = n.waits.pop();
            if (!op)
                break;
            end(*op, cancelled);
        }
        leave_if_done(n);
        return count;
    }

    void cancel_key(node& n, const void* key, operation_queue& cancelled)
    {
        operation_queue kept;
        while (operation* op = n.waits.pop())
            if (op->cancellation_key == key)
                end(*op, cancelled);
            else
                kept.push(*op);
        n.waits.splice(kept);
        leave_if_done(n);
    }

    void take_expired(const time_type& now, operation_queue& ready)
    {
        while (!empty() && !Traits::less_than(now, earliest()))
        {
            node& n = *entries_.front().timer;
            ready.splice(n.waits);
            remove(n);
        }
    }

    void take_all(operation_queue& all)
    {
        for (entry& e : entries_)
        {
            all.splice(e.timer->waits);
            e.timer->place = nowhere;
        }
        entries_.clear();
    }

private:
    static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

    struct entry
    {
        time_type time;
        node* timer;
    };

    static void end(operation& op, operation_queue& cancelled)
    {
        op.outcome.error = ECANCELED;
        cancelled.push(op);
    }

    void leave_if_done(node& n)
    {
        if (n.waits.empty() && n.place != nowhere)
            remove(n);
    }

    void remove(node& n)
    {
        const std::size_t hole = std::exchange(n.place, nowhere);
        entry last = std::move(entries_.back());
        entries_.pop_back();
        if (hole == entries_.size())
            return;
        put(hole, std::move(last));
        if (!rise(hole))
            sink(hole);
    }

    void put(std::size_t place, entry e)
    {
        e.timer->place = place;
        entries_[place] = std::move(e);
    }

    /// False: it stays where it is.
    bool rise(const std::size_t from)
    {
        std::size_t place = from;
        entry e = std::move(entries_[place]);
        while (place != 0)
        {
            const std::size_t parent = (place - 1) / 2;
            if (!Traits::less_than(e.time, entries_[parent].time))
                break;
            put(place, std::move(entries_[parent]));
            place = parent;
        }
        put(place, std::move(e));
        return place != from;
    }

    void sink(std::size_t place)
    {
        entry e = std::move(entries_[place]);
        for (std::size_t child; (child = 2 * place + 1) < entries_.size();)
        {
            if (child + 1 != entries_.size()
                && !Traits::less_than(entries_[child].time, entries_[child + 1].time))
                ++child; // also of two equal ones
            if (Traits::less_than(e.time, entries_[child].time))
                break;
            put(place, std::move(entries_[child]));
            place = child;
        }
        put(place, std::move(e));
    }

    std::vector<entry> entries_;
    std::deque<node> nodes_;
    node* free_ = nullptr;
};

} // namespace proactor::detail

#endif
