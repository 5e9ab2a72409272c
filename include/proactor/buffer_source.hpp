#ifndef PROACTOR_BUFFER_SOURCE_HPP
#define PROACTOR_BUFFER_SOURCE_HPP

#include <proactor/config.hpp>
#include <proactor/native_buffer.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace proactor {

class driver;

/// How a pool hands out its buffers.
struct pool_options
{
    /// What a stream of bytes brings takes only as much of a buffer as it fills, and what comes next follows
    /// behind it: with large buffers short messages cost no more than their bytes, and long ones few
    /// operations. A buffer is free again when all of its parts have come back, so one part that is kept for
    /// long keeps its neighbours. Operations other than receives on streams have a buffer of their own.
    ///
    /// On io_uring (Linux 6.15) a `receive_stream` has the kernel do it, and other receives out of such a pool are
    /// a call each.
    bool in_parts = false;

    /// What is there for a `receive_stream` of bytes is received at once, into as many buffers as it takes, which
    /// then come one after the other: of use to messages that are longer than a buffer. What a stream gets ahead
    /// of its waits may exceed its bound, by all buffers of the pool up to 256; others wait until some are back.
    ///
    /// On io_uring (Linux 6.16), where other receives out of such a pool are a call each; without effect elsewhere,
    /// and with `in_parts`.
    bool bundles = false;
};

/// Memory in buffers of one size, out of which a driver fills one when there is something to fill it with:
/// what waits for data holds none. Requests such as `request::receive_pooled` name it.
///
/// A driver tells a success by the buffer's number in `outcome.flags`, which may be that of a part of one;
/// whoever gets it calls `give_back` once. The first driver that is asked for something keeps the source
/// until `driver::release`.
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
    static buffer_source* make(std::size_t count, std::size_t size, pool_options options = {});
    buffer_source(const buffer_source&) = delete;
    buffer_source& operator=(const buffer_source&) = delete;

    std::size_t size() const noexcept { return size_; }
    std::size_t count() const noexcept { return count_; }
    bool in_parts() const noexcept { return in_parts_; }
    bool bundles() const noexcept { return bundles_; }

    /// How many buffers nobody has, or has a part of. Exact while no other thread takes or returns any.
    std::size_t available() const noexcept
    {
        const top last = returned_.load(std::memory_order_acquire);
        const std::int64_t n = inside_.load(std::memory_order_relaxed) + last.count;
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }

    /// The memory of a buffer that somebody has.
    void* data(std::uint32_t number) const noexcept { return at(number).data; }

    /// How much of it there is.
    std::size_t capacity(std::uint32_t number) const noexcept
    {
        return is_part(number) ? slice_at(number).size : size_;
    }

    void give_back(std::uint32_t number) noexcept;

    void acquire() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    // For drivers, with their exclusive access.

    /// Takes a buffer, or none.
    std::uint32_t take() noexcept;

    /// The same for what comes in parts: takes what is left of a buffer, or a whole one.
    std::uint32_t take_rest() noexcept;

    /// Where the next bytes go of a buffer that was taken.
    native_buffer room(std::uint32_t number) const noexcept
    {
        const piece& p = at(number);
        return {p.data + p.used, size_ - p.used};
    }

    /// So many have been put there: makes them a part for somebody, and leaves the rest for the next one. A
    /// part stays as it is.
    std::uint32_t split(std::uint32_t number, std::size_t bytes);

    /// Undoes a `take`, or what has made a part.
    void put(std::uint32_t number) noexcept;

    /// Whether buffers have been returned that `fetch` has not seen.
    bool any_returned() const noexcept
    {
        return lists(returned_.load(std::memory_order_relaxed));
    }

    /// Whether `lend` may find one.
    bool any_free() const noexcept { return free_ != nullptr || any_returned(); }

    /// Moves what has been returned to where `take` finds it.
    void fetch() noexcept;

    /// Lends a free buffer to the system, which may fill it; none if there is none.
    std::uint32_t lend() noexcept;

    /// The system has filled a lent one; somebody has it now.
    void filled(std::uint32_t number) noexcept;

    /// The same with so many bytes behind those it had: returns their part, none for 0. With `more` the
    /// system goes on with the buffer.
    std::uint32_t filled_part(std::uint32_t number, std::size_t bytes, bool more);

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
    /// A buffer, or a part of one.
    struct piece
    {
        piece* next = nullptr;
        std::byte* data = nullptr;
        std::uint32_t number = none;
        bool lent = false;
        bool open = false;       ///< more parts of it will follow
        std::uint32_t used = 0;  ///< bytes of its parts
        std::uint32_t parts = 0; ///< that `fetch` has not seen come back
        std::atomic<std::uint32_t> held{0}; ///< in parts: by how many, so that the last one is known at once
    };
    struct slice : piece
    {
        piece* of = nullptr;
        std::size_t size = 0;
    };

    buffer_source(std::size_t count, std::size_t size, pool_options options);
    ~buffer_source();

    /// The last piece of those that have been returned, and how many buffers are free with them.
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
    static constexpr bool lists(top t) noexcept { return t.number - 1 < closed.number - 1; }

    bool is_part(std::uint32_t number) const noexcept { return number > 2 * count_; }
    slice& slice_at(std::uint32_t number) const noexcept;
    piece& at(std::uint32_t number) const noexcept
    {
        return is_part(number) ? slice_at(number) : pieces_[number - 1];
    }

    void annotate_unused(piece& p) const noexcept;
    void push(piece& p) noexcept;
    void close(piece& p) noexcept;
    void leave(piece& p) noexcept;
    std::uint32_t taken(piece& p) noexcept;
    void hold(piece& p) noexcept;
    bool let_go(piece& p) noexcept;
    void come_back(piece& p) noexcept;
    void come_back(top last) noexcept;
    std::uint32_t make_part(piece& of, std::size_t bytes);
    void make_parts();
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
    const bool in_parts_;
    const bool bundles_;
    std::byte* memory_;
    /// Behind those of the pool as many spares: a driver that has lent all may need one itself.
    std::unique_ptr<piece[]> pieces_;
    std::size_t spares_ = 0;
    /// Descriptions of parts, each array twice as long as the one before: other threads look into them while
    /// one is added.
    std::array<std::unique_ptr<slice[]>, 26> parts_;
    std::size_t part_count_ = 0;
    std::int64_t out_ = 0; ///< pieces that somebody has, or had when `fetch` looked
    std::uint32_t rounds_ = 0;
    std::size_t granted_ = 0;
    std::size_t granted_before_ = 0;
    piece* free_ = nullptr;
    piece* free_spares_ = nullptr;
    piece* free_parts_ = nullptr;
    piece* rest_ = nullptr; ///< a buffer with room behind its parts
    std::atomic<std::int64_t> inside_; ///< the count without what somebody has; changed by the driver
    std::atomic<top> returned_{top{}};
    std::atomic<std::int64_t> references_{1};
    std::atomic<std::int64_t> away_; ///< at the end: pieces that have to come home before the object goes
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
