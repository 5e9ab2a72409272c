#ifndef PROACTOR_SRC_DRIVER_OP_CORE_HPP
#define PROACTOR_SRC_DRIVER_OP_CORE_HPP

#include <proactor/op/slab.hpp>

#include <proactor/detail/at_fork.hpp>
#include <proactor/detail/section.hpp>
#include <proactor/detail/timer_heap.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <vector>

namespace proactor::detail {

/// What `op::waker` leaves in its slab.
struct op_waker
{
    std::uint64_t token;
    std::atomic<bool> rung{false};
};

/// The slab behind `op::slab`: places of operations, timers, what is ready, and the driver. It
/// stays until the slab, all wakers, pools, registered memory and completions with an operation have gone.
///
/// Everything but the atomic members is touched inside the section only; a user's code (moves and
/// destructors of buffers) runs outside.
class op_core final : private at_fork
{
public:
    explicit op_core(std::unique_ptr<proactor::driver> driver);
    ~op_core();
    op_core(const op_core&) = delete;
    op_core& operator=(const op_core&) = delete;

    op::source attach(native_handle handle);
    bool detach(op::source s, bool close_handle);
    native_handle take_kept(op::source s);

    op_slot& reserve(const op_type& type);
    void abandon(op_slot& s, bool made) noexcept;
    op::ticket start(op_slot& s, const op::source* on, std::uint64_t token);
    bool cancel(op::ticket t);
    std::size_t cancel_all(op::source s);
    bool discard(op::ticket t);
    void flush();

    std::span<op::completion> wait(driver::clock::time_point deadline,
                                   std::span<op::completion> room) noexcept;

    void wake() noexcept;
    op_waker& add_waker(std::uint64_t token);
    void remove_waker(op_waker& w) noexcept;
    void ring(op_waker& w) noexcept;

    void adopt(buffer_source& s);
    std::uint32_t take(buffer_source& s);
    void end_pool(buffer_source& s) noexcept;
    void learn(memory_region& m);
    void forget(memory_region& m) noexcept;
    int error_of(const memory_region& m);

    /// The slab has gone.
    void close() noexcept;

    /// Destroys the payload of an operation that was handed out.
    void release(op_slot& s) noexcept;

    void keep_item(op_slot& s, std::uint64_t value);

    std::size_t in_flight();
    const char* name() const noexcept { return driver_->name(); }
    driver_counters counters();

private:
    struct steady_traits
    {
        using time_type = driver::clock::time_point;
        static bool less_than(const time_type& a, const time_type& b) noexcept { return a < b; }
    };
    using timers = timer_heap<steady_traits>;

    struct entry
    {
        attachment* at = nullptr;
        std::uint32_t generation = 1;
        std::uint32_t next_free = none;
    };
    static constexpr std::uint32_t none = static_cast<std::uint32_t>(-1);

    /// Places have room for 64 bytes, 128, 256, ...: as many classes as a size has bits.
    static constexpr std::size_t smallest = 64;
    static constexpr std::size_t classes = 58;

    class from_outside;

    void before_fork() noexcept override;
    void after_fork(bool in_child) noexcept override;
    timers::node& arm(op_slot& s);
    void begin(op_slot& s, const op::source* on, std::uint64_t token) noexcept;
    void sleep_or_look(driver::clock::time_point deadline);
    void absorb(operation_queue& ended);
    void end(op_slot& s, int error);
    bool cancel(op_slot& s);
    void enqueue(op_slot& s) noexcept;
    std::size_t hand_out(std::span<op::completion> room, operation_queue& dead);
    std::size_t hand_out_rings(std::span<op::completion> room) noexcept;
    void settle(op_slot& s) noexcept;
    void destroy(operation_queue& dead) noexcept;
    void free(op_slot& s) noexcept;
    void let_go() noexcept;
    attachment* find(op::source s) noexcept;
    op_slot* find(op::ticket t) noexcept;

    section section_;
    std::unique_ptr<proactor::driver> driver_;
    attachment* nowhere_; ///< for operations without a handle

    std::vector<entry> sources_;
    std::uint32_t free_source_ = none;

    std::vector<op_slot*> slots_;
    std::array<op_slot*, classes> free_slots_{};
    timers timers_;
    intrusive_queue<ready_node> ready_;
    std::size_t in_flight_ = 0;
    std::size_t holders_ = 1; ///< slab, wakers, pools, memory, completions with an operation

    std::vector<std::unique_ptr<op_waker>> wakers_;

    bool waiting_ = false;  ///< a thread is inside `wait`
    bool sleeping_ = false; ///< it may be outside of the section
    bool nudged_ = false;   ///< and somebody wakes it

    std::atomic<bool> woken_{false};
    std::atomic<bool> any_rung_{false}; ///< some waker's `rung` may be set
};

} // namespace proactor::detail

#endif
