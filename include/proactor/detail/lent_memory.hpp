#ifndef PROACTOR_DETAIL_LENT_MEMORY_HPP
#define PROACTOR_DETAIL_LENT_MEMORY_HPP

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <vector>

namespace proactor::detail {

/// Memory in equal parts, which are lent and given back on any thread, without a lock: no child of
/// a fork finds it in the middle of a change.
class lent_memory
{
public:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t page = 4096;

    /// Its own, page-aligned; parts of a page and more begin on one.
    lent_memory(std::size_t count, std::size_t size)
        : size_(size), stride_(rounded(std::max<std::size_t>(size, 1), size < page ? 64 : page)),
          own_(allocate(count)), bytes_(own_.get(), count * stride_), count_(count)
    {
        make_map();
    }

    /// Its user's; what is left behind the last whole part is not lent.
    lent_memory(std::span<std::byte> memory, std::size_t size)
        : size_(size), stride_(size), bytes_(memory), count_(size ? memory.size() / size : 0)
    {
        make_map();
    }

    std::span<std::byte> bytes() const noexcept { return bytes_; }
    std::size_t count() const noexcept { return count_; }
    std::size_t size() const noexcept { return size_; }
    std::byte* part(std::size_t index) const noexcept { return bytes_.data() + index * stride_; }

    /// The index of a part, or `none`.
    std::size_t take() noexcept
    {
        for (std::size_t i = 0; i != free_.size(); ++i)
        {
            std::uint64_t seen = free_[i].load(std::memory_order_relaxed);
            // acquire: what the one who gave it back did to the part comes before what follows
            while (seen)
                if (free_[i].compare_exchange_weak(seen, seen & (seen - 1),
                                                   std::memory_order_acquire,
                                                   std::memory_order_relaxed))
                    return i * bits + static_cast<std::size_t>(std::countr_zero(seen));
        }
        return none;
    }

    void give_back(std::size_t index) noexcept
    {
        // release: see `take`
        free_[index / bits].fetch_or(bit(index), std::memory_order_release);
    }

    /// A hint.
    std::size_t available() const noexcept
    {
        std::size_t n = 0;
        for (const auto& word : free_)
            n += static_cast<std::size_t>(std::popcount(word.load(std::memory_order_relaxed)));
        return n;
    }

private:
    static constexpr std::size_t bits = 64;
    static std::uint64_t bit(std::size_t index) noexcept
    {
        return std::uint64_t(1) << index % bits;
    }

    struct release
    {
        void operator()(std::byte* p) const noexcept
        {
            ::operator delete(p, std::align_val_t(page));
        }
    };

    static std::size_t rounded(std::size_t n, std::size_t to)
    {
        if (n > std::numeric_limits<std::size_t>::max() - to)
            throw std::bad_alloc();
        return (n + to - 1) / to * to;
    }

    std::unique_ptr<std::byte, release> allocate(std::size_t count) const
    {
        if (count > (std::numeric_limits<std::size_t>::max() >> 1) / stride_)
            throw std::bad_alloc();
        // In whole pages: nothing else shares those that a system pins.
        const std::size_t all = std::max(page, rounded(count * stride_, page));
        return std::unique_ptr<std::byte, release>(
            static_cast<std::byte*>(::operator new(all, std::align_val_t(page))));
    }

    void make_map()
    {
        free_ = std::vector<std::atomic<std::uint64_t>>((count_ + bits - 1) / bits);
        for (std::size_t i = 0; i != count_; ++i)
            free_[i / bits].fetch_or(bit(i), std::memory_order_relaxed);
    }

    std::size_t size_;
    std::size_t stride_;
    std::unique_ptr<std::byte, release> own_;
    std::span<std::byte> bytes_;
    std::size_t count_;
    std::vector<std::atomic<std::uint64_t>> free_; ///< a bit a part
};

} // namespace proactor::detail

#endif
