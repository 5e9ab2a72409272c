#ifndef PROACTOR_DETAIL_MAILBOX_HPP
#define PROACTOR_DETAIL_MAILBOX_HPP

#include <proactor/detail/intrusive_queue.hpp>

#include <atomic>
#include <cstddef>

namespace proactor::detail {

/// A queue from any thread to one consumer, which knows whether the consumer sleeps.
///
/// The consumer's sleep is a value of the head itself, so that putting something in and learning
/// that a sleeper must be woken is one atomic step: of a burst of producers exactly one rings.
template <typename T>
class mailbox
{
public:
    mailbox() = default;
    mailbox(const mailbox&) = delete;
    mailbox& operator=(const mailbox&) = delete;

    /// Any thread. True: the consumer slept, and this caller has to wake it.
    bool push(T& element) noexcept
    {
        T* old = head_.load(std::memory_order_relaxed);
        do
            element.next = old == asleep() ? nullptr : old;
        while (!head_.compare_exchange_weak(old, &element, std::memory_order_release,
                                            std::memory_order_relaxed));
        return old == asleep();
    }

    /// Any thread. True: the consumer slept, does so no longer, and this caller has to wake it.
    bool rouse() noexcept
    {
        T* expected = asleep();
        return head_.compare_exchange_strong(expected, nullptr, std::memory_order_relaxed);
    }

    /// Any thread: whether something lies inside.
    bool filled() const noexcept
    {
        const T* head = head_.load(std::memory_order_relaxed);
        return head && head != asleep();
    }

    /// Consumer. False: something lies inside, stay awake.
    bool sleep() noexcept
    {
        T* expected = nullptr;
        return head_.compare_exchange_strong(expected, asleep(), std::memory_order_relaxed);
    }

    /// Consumer: takes everything, oldest first, to the end of `target`, and returns how many.
    std::size_t take(intrusive_queue<T>& target) noexcept
    {
        if (!filled())
            return 0;
        // acquire: pairs with the release of each push, whose stores are chained by the exchanges
        T* newest = head_.exchange(nullptr, std::memory_order_acquire);
        T* oldest = nullptr;
        std::size_t count = 0;
        for (; newest; ++count)
        {
            T* older = static_cast<T*>(newest->next);
            newest->next = oldest;
            oldest = newest;
            newest = older;
        }
        while (oldest)
        {
            T* newer = static_cast<T*>(oldest->next);
            target.push(*oldest);
            oldest = newer;
        }
        return count;
    }

private:
    /// An address that no element can have.
    T* asleep() const noexcept
    {
        return reinterpret_cast<T*>(const_cast<std::atomic<T*>*>(&head_));
    }

    std::atomic<T*> head_{nullptr};
};

} // namespace proactor::detail

#endif
