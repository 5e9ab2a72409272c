#ifndef PROACTOR_DETAIL_INTRUSIVE_QUEUE_HPP
#define PROACTOR_DETAIL_INTRUSIVE_QUEUE_HPP

namespace proactor::detail {

/// First in, first out, linked through the elements' public member `next`. Owns nothing.
template <typename T>
class intrusive_queue
{
public:
    intrusive_queue() = default;
    intrusive_queue(const intrusive_queue&) = delete;
    intrusive_queue& operator=(const intrusive_queue&) = delete;

    bool empty() const noexcept { return !head_; }
    T* front() const noexcept { return head_; }

    void push(T& element) noexcept
    {
        element.next = nullptr;
        (tail_ ? tail_->next : head_) = &element;
        tail_ = &element;
    }

    void push_front(T& element) noexcept
    {
        element.next = head_;
        head_ = &element;
        if (!tail_)
            tail_ = &element;
    }

    /// Takes all elements of `other` behind its own.
    void splice(intrusive_queue& other) noexcept
    {
        if (other.empty())
            return;
        (tail_ ? tail_->next : head_) = other.head_;
        tail_ = other.tail_;
        other.head_ = other.tail_ = nullptr;
    }

    /// Null when empty.
    T* pop() noexcept
    {
        T* first = head_;
        if (first)
        {
            head_ = static_cast<T*>(first->next);
            if (!head_)
                tail_ = nullptr;
            first->next = nullptr;
        }
        return first;
    }

private:
    T* head_ = nullptr;
    T* tail_ = nullptr;
};

/// Members of a list that an element can leave from the middle.
struct list_hook
{
    list_hook* before = this;
    list_hook* after = this;

    list_hook() = default;
    list_hook(const list_hook&) = delete;
    list_hook& operator=(const list_hook&) = delete;

    bool linked() const noexcept { return after != this; }

    /// Links this one before `position`; before a list's own hook means at its end.
    void link_before(list_hook& position) noexcept
    {
        before = position.before;
        after = &position;
        before->after = this;
        position.before = this;
    }

    void unlink() noexcept
    {
        before->after = after;
        after->before = before;
        before = after = this;
    }
};

} // namespace proactor::detail

#endif
