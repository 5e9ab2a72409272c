#ifndef PROACTOR_BUFFER_SOURCE_HPP
#define PROACTOR_BUFFER_SOURCE_HPP

#include <proactor/config.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace proactor {

class driver;

/// Memory in buffers of one size, out of which a driver fills one when there is something to fill it with:
/// what waits for data holds none. Requests such as `request::receive_pooled` name it.
///
/// A driver tells a success by the buffer's number in `outcome.flags`; whoever gets it calls `give_back`
/// once. The first driver that is asked for something keeps the source until `driver::release`.
///
/// The object is shared: it goes when nobody holds a reference any more and all buffers are back.
///
/// Threads: the public members but those named otherwise are safe on any thread.
class buffer_source
{
public:
    /// No buffer; the first one's number is 1.
    static constexpr std::uint32_t none = 0;
    static constexpr std::size_t most = 32768;

    /// `count` buffers, at least 1 and at most `most`, of `size` bytes. Holds one reference for the caller.
    static buffer_source* make(std::size_t count, std::size_t size);
    buffer_source(const buffer_source&) = delete;
    buffer_source& operator=(const buffer_source&) = delete;

    std::size_t size() const noexcept { return size_; }
    std::size_t count() const noexcept { return count_; }

    /// How many buffers nobody has. Exact while no other thread takes or returns any.
    std::size_t available() const noexcept
    {
        const top last = returned_.load(std::memory_order_acquire);
        const std::int64_t n = inside_.load(std::memory_order_relaxed) + last.count;
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }

    /// The memory of a buffer that somebody has.
    void* data(std::uint32_t number) const noexcept { return pieces_[number - 1].data; }

    void give_back(std::uint32_t number) noexcept;

    void acquire() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    // For drivers, with their exclusive access.

    /// Takes a buffer, or none.
    std::uint32_t take() noexcept;

    /// Undoes it.
    void put(std::uint32_t number) noexcept;

    /// Whether buffers have been returned that `fetch` has not seen.
    bool any_returned() const noexcept { return returned_.load(std::memory_order_relaxed).count != 0; }

    /// Whether `lend` may find one.
    bool any_free() const noexcept { return free_ != nullptr || any_returned(); }

    /// Moves what has been returned to where `take` finds it.
    void fetch() noexcept;

    /// Lends a free buffer to the system, which may fill it; none if there is none.
    std::uint32_t lend() noexcept;

    /// The system has filled a lent one; somebody has it now.
    void filled(std::uint32_t number) noexcept;

    /// Grows with each buffer that is lent.
    std::uint32_t rounds() const noexcept { return rounds_; }

    /// The system gives all back that it has not filled.
    void end_loan() noexcept;

    /// The driver wants to hear of the next buffer that comes back. False: there is one.
    bool ask_for_notice() noexcept;

    /// Whether a free buffer is left for one more wait, which is told and takes it soon or not at all.
    bool grant() noexcept
    {
        if (available() <= granted_ + granted_before_)
            return false;
        ++granted_;
        return true;
    }

    /// What was granted before the last call is taken by now.
    void begin_grants() noexcept { granted_before_ = std::exchange(granted_, 0); }

    driver* owner = nullptr;         ///< who keeps it; changed by `keep` and `part`
    std::uint32_t owner_note = 0;    ///< the owner's own
    bool abandoned = false;          ///< its user needs it no longer
    void keep(driver& by) noexcept;
    void part() noexcept;

private:
    struct piece
    {
        piece* next = nullptr;
        std::byte* data = nullptr;
        bool lent = false;
    };

    buffer_source(std::size_t count, std::size_t size);
    ~buffer_source();

    /// The last buffer of those that have been returned, and how many they are. The count also keeps an
    /// exchange from taking a list for an older one with the same last buffer.
    struct alignas(8) top
    {
        std::uint32_t number;
        std::uint32_t count;
        bool operator==(const top&) const = default;
    };
    static_assert(std::atomic<top>::is_always_lock_free);

    // In the place of a number, with nothing returned.
    static constexpr top awaited{static_cast<std::uint32_t>(-1), 0}; ///< the owner wants to hear of one
    static constexpr top closed{static_cast<std::uint32_t>(-2), 0};  ///< nobody will take what is returned

    std::uint32_t number_of(const piece& p) const noexcept
    {
        return static_cast<std::uint32_t>(&p - pieces_.get()) + 1;
    }
    bool is_spare(const piece& p) const noexcept { return number_of(p) > count_; }
    void push(piece& p) noexcept
    {
        piece*& list = is_spare(p) ? free_spares_ : free_;
        p.next = list;
        list = &p;
    }
    std::uint32_t taken(piece& p) noexcept;
    bool make_spare() noexcept;
    void count_inside(std::int64_t n) noexcept
    {
        inside_.store(inside_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void tell_owner() noexcept;
    void come_home(std::int64_t n) noexcept;

    const std::size_t count_;
    const std::size_t size_;
    const std::size_t stride_;
    std::byte* memory_;
    /// Behind those of the pool as many spares: a driver that has lent all may need one itself.
    std::unique_ptr<piece[]> pieces_;
    std::size_t spares_ = 0;
    std::uint32_t rounds_ = 0;
    std::size_t granted_ = 0;
    std::size_t granted_before_ = 0;
    piece* free_ = nullptr;
    piece* free_spares_ = nullptr;
    std::atomic<std::int64_t> inside_; ///< the count without what somebody has; changed by the driver
    std::atomic<top> returned_{top{}};
    std::atomic<std::int64_t> references_{1};
    std::atomic<std::int64_t> away_; ///< at the end: buffers that have to come home before the object goes
};

namespace detail {

struct release_source
{
    void operator()(buffer_source* s) const noexcept { s->release(); }
};
using source_reference = std::unique_ptr<buffer_source, release_source>;

inline source_reference share(buffer_source& s) noexcept
{
    s.acquire();
    return source_reference(&s);
}

} // namespace detail

} // namespace proactor

#endif
