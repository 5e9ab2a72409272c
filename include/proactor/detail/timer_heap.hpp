#ifndef PROACTOR_DETAIL_TIMER_HEAP_HPP
#define PROACTOR_DETAIL_TIMER_HEAP_HPP

#include <proactor/operation.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <deque>
#include <type_traits>
#include <utility>
#include <vector>

namespace proactor::detail {

/// Waits ordered by their timers' expiry: a heap of four children a node, whose entries know their
/// places, so that a timer leaves from anywhere. Equal times expire in the order in which they came
/// to wait only as far as a heap keeps it, as in Asio.
template <typename Traits>
class timer_heap
{
public:
    using time_type = typename Traits::time_type;

    /// Whether the clock's own time is what the engine waits by.
    static constexpr bool is_steady
        = std::is_same_v<time_type, std::chrono::steady_clock::time_point>;

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
    static constexpr std::size_t children = 4;

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
        if (hole != entries_.size() - 1)
        {
            put(hole, std::move(entries_.back()));
            entries_.pop_back();
            sink(hole);
            rise(hole);
        }
        else
            entries_.pop_back();
    }

    void put(std::size_t place, entry e)
    {
        e.timer->place = place;
        entries_[place] = std::move(e);
    }

    void rise(std::size_t place)
    {
        entry e = std::move(entries_[place]);
        while (place != 0)
        {
            const std::size_t parent = (place - 1) / children;
            if (!Traits::less_than(e.time, entries_[parent].time))
                break;
            put(place, std::move(entries_[parent]));
            place = parent;
        }
        put(place, std::move(e));
    }

    void sink(std::size_t place)
    {
        entry e = std::move(entries_[place]);
        for (;;)
        {
            const std::size_t first = place * children + 1;
            if (first >= entries_.size())
                break;
            std::size_t least = first;
            for (std::size_t c = first + 1; c < first + children && c < entries_.size(); ++c)
                if (Traits::less_than(entries_[c].time, entries_[least].time))
                    least = c;
            if (!Traits::less_than(entries_[least].time, e.time))
                break;
            put(place, std::move(entries_[least]));
            place = least;
        }
        put(place, std::move(e));
    }

    std::vector<entry> entries_;
    std::deque<node> nodes_;
    node* free_ = nullptr;
};

} // namespace proactor::detail

#endif
