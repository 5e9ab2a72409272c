#ifndef PROACTOR_DETAIL_ITEM_QUEUE_HPP
#define PROACTOR_DETAIL_ITEM_QUEUE_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

namespace proactor::detail {

/// A queue of items that takes memory as it grows, and keeps it.
class item_queue
{
public:
    std::size_t size() const noexcept { return size_; }

    void push(std::uint64_t item)
    {
        if (size_ == places_.size())
            grow();
        places_[(first_ + size_++) & (places_.size() - 1)] = item;
    }

    std::uint64_t pop() noexcept
    {
        --size_;
        return places_[first_++ & (places_.size() - 1)];
    }

private:
    void grow()
    {
        std::vector<std::uint64_t> larger(places_.empty() ? 4 : 2 * places_.size());
        for (std::size_t i = 0; i != size_; ++i)
            larger[i] = places_[(first_ + i) & (places_.size() - 1)];
        places_.swap(larger);
        first_ = 0;
    }

    std::vector<std::uint64_t> places_; ///< as many as a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace proactor::detail

#endif
