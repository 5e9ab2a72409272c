#ifndef PROACTOR_DETAIL_OP_SLOT_HPP
#define PROACTOR_DETAIL_OP_SLOT_HPP

#include <proactor/buffer_traits.hpp>
#include <proactor/operation.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace proactor::detail {

/// What an operation of `proactor::op` asks of a driver, and where it queues.
struct prepared
{
    request::any request;
    proactor::lane lane;
};

/// The system's header of a datagram, beside the operation that needs one.
struct message
{
    alignas(8) std::byte header[56];
    native_buffer piece;
};

// By the platform.
void fill_header(message& m, void* address, std::uint32_t address_size) noexcept;
std::uint32_t address_size(const message& m) noexcept;
lane lane_of_receive(int flags) noexcept;
int without_signal(int flags) noexcept;

template <typename Buffer, typename Part>
buffer_list bytes_of(Buffer& b, const Part& p)
{
    const std::size_t size = buffer_traits<Buffer>::size(b);
    const std::size_t first = std::min(p.first, size);
    auto* data = static_cast<std::byte*>(static_cast<void*>(buffer_traits<Buffer>::data(b)));
    return {{data + first, std::min(p.count, size - first)}, nullptr, 1};
}

template <typename Op>
concept has_message = requires(Op& o, message& m)
{
    o.prepare(m);
};

template <typename Op>
concept has_deadline = requires(const Op& o)
{
    {
        o.deadline
        } -> std::convertible_to<std::chrono::steady_clock::time_point>;
};

struct no_message
{
};

/// An operation of `proactor::op` where it stays until it is taken.
template <typename Op>
struct op_payload
{
    template <typename From>
    explicit op_payload(From&& from) : op(std::forward<From>(from))
    {
    }

    prepared prepare()
    {
        if constexpr (has_message<Op>)
            return op.prepare(message);
        else
            return op.prepare();
    }

    void finish([[maybe_unused]] const outcome& o) noexcept
    {
        if constexpr (requires { op.finish(o, message); })
            op.finish(o, message);
        else if constexpr (requires { op.finish(o); })
            op.finish(o);
    }

    Op op;
    [[no_unique_address]] std::conditional_t<has_message<Op>, detail::message, no_message> message;
};

/// What the slab has to know of a type of operations.
struct op_type
{
    std::size_t size;
    void (*finish)(void* payload, const outcome&) noexcept;
    void (*destroy)(void* payload) noexcept;
    bool timed;
};

/// One object for each type: its address identifies it.
template <typename Op>
inline constexpr op_type op_type_of{
    sizeof(op_payload<Op>),
    [](void* p, const outcome& o) noexcept { static_cast<op_payload<Op>*>(p)->finish(o); },
    [](void* p) noexcept { static_cast<op_payload<Op>*>(p)->~op_payload(); }, has_deadline<Op>};

class op_core;
struct op_waker;

/// What waits to be handed to the caller of `slab::wait`.
struct ready_node
{
    ready_node* next = nullptr;
};

/// The place of one operation in a slab, with the payload behind it. Its memory is kept until the
/// slab has gone, so a stale ticket may look.
class alignas(std::max_align_t) op_slot final : public multishot_operation, public ready_node
{
public:
    enum class state : std::uint8_t
    {
        free,
        starting, ///< its payload is being made, by the thread that has reserved it
        pending,  ///< submitted, and its end not handed out
        handed    ///< a completion owns it
    };

    op_slot(op_core& core, std::uint32_t index, std::uint8_t size_class) noexcept
        : multishot_operation(nullptr, &keep_item), core(&core), index(index),
          size_class(size_class)
    {
    }

    void* payload() noexcept { return this + 1; }

    template <typename Op>
    op_payload<Op>& payload_of() noexcept
    {
        return *std::launder(static_cast<op_payload<Op>*>(payload()));
    }

    op_core* core;
    const op_type* type = nullptr;
    void* timer = nullptr; ///< the timers' node, of one that waits for its time
    std::chrono::steady_clock::time_point deadline{};
    std::uint64_t token = 0;
    std::uint64_t items = 0; ///< of a poll that goes on, merged: those that nobody has looked at
    op_slot* next_free = nullptr;
    std::uint32_t index;
    std::uint32_t generation = 1;
    std::uint8_t size_class;
    state is = state::free;
    bool ended = false;     ///< the outcome is there
    bool in_ready = false;  ///< queued to be handed out
    bool discarded = false; ///< nobody wants to hear of its end

private:
    static void keep_item(multishot_operation& self, std::uint64_t value);
};

/// Destroys the payload, and gives the place of an operation that was handed out back to its slab.
void release(op_slot& s) noexcept;

} // namespace proactor::detail

#endif
