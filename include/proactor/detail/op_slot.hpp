#ifndef PROACTOR_DETAIL_OP_SLOT_HPP
#define PROACTOR_DETAIL_OP_SLOT_HPP

#include <proactor/buffer_traits.hpp>
#include <proactor/operation.hpp>
#include <proactor/pooled_buffer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace proactor::detail {

/// What an operation of `proactor::op` asks of a driver, and where it queues.
struct prepared
{
    request::any request;
    proactor::lane lane;
    int refused = 0; ///< the system's code, for what is not even asked
};

/// The system's header of a message, beside the operation that needs one.
struct message
{
    alignas(8) std::byte header[56];
    buffer_list bytes;
};

// By the platform.
/// With the bytes that stand in the message.
void fill_header(message& m, void* address, std::uint32_t address_size) noexcept;
void fill_control(message& m, void* control, std::size_t size) noexcept;
std::uint32_t address_size(const message& m) noexcept;
std::size_t control_size(const message& m) noexcept;
int flags_of(const message& m) noexcept;
lane lane_of_receive(int flags) noexcept;
int without_signal(int flags) noexcept;
/// Handles that come are not inherited by other programs.
int with_own_handles(int flags) noexcept;

/// A list of buffers as the system takes it, beside the operation that owns them.
template <typename Buffer>
struct pieces_of
{
};
template <buffer_list_like Buffer>
struct pieces_of<Buffer>
{
    std::vector<native_buffer> all;
};
template <buffer_list_like Buffer>
    requires requires { std::tuple_size<Buffer>::value; }
struct pieces_of<Buffer>
{
    std::array<native_buffer, std::tuple_size_v<Buffer>> all;
};

template <single_buffer Buffer, typename Part>
native_buffer bytes_of(Buffer& b, const Part& p)
{
    const std::size_t size = buffer_traits<Buffer>::size(b);
    const std::size_t first = std::min(p.first, size);
    auto* data = static_cast<std::byte*>(
        const_cast<void*>(static_cast<const void*>(buffer_traits<Buffer>::data(b))));
    return {data + first, std::min(p.count, size - first)};
}
template <single_buffer Buffer, typename Part>
buffer_list bytes_of(Buffer& b, const Part& p, pieces_of<Buffer>&)
{
    return {bytes_of(b, p), nullptr, 1};
}
template <buffer_list_like Buffer, typename Part>
buffer_list bytes_of(Buffer& b, Part p, pieces_of<Buffer>& pieces)
{
    auto& all = pieces.all;
    std::size_t count = 0;
    const auto add = [&](auto& each)
    {
        const native_buffer piece = bytes_of(each, p);
        using each_traits = buffer_traits<std::remove_cvref_t<decltype(each)>>;
        p.first -= std::min<std::size_t>(p.first, each_traits::size(each));
        p.count -= piece.size;
        if (piece.size != 0)
            all[count++] = piece;
    };
    if constexpr (requires { std::tuple_size<Buffer>::value; })
        std::apply([&](auto&... each) { (add(each), ...); }, b);
    else
    {
        all.resize(b.size());
        for (auto& each : b)
            add(each);
    }
    if (count < 2)
        return {count ? all[0] : native_buffer(), nullptr, 1};
    return {{}, all.data(), static_cast<std::uint32_t>(count)};
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

/// One result of an operation that goes on.
struct op_item
{
    std::uint64_t value;
    pooled_buffer buffer;
};

/// Its results are somebody's, one by one; those of others merge.
template <typename Op>
concept keeps_items = requires(Op& o, std::uint64_t value)
{
    o.keep(value);
    {
        o.take_item()
        } -> std::same_as<op_item>;
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
    void (*keep)(void* payload, std::uint64_t item); ///< null: items merge
    op_item (*take_item)(void* payload) noexcept;
};

template <typename Op>
constexpr auto keep_of() noexcept -> void (*)(void*, std::uint64_t)
{
    if constexpr (keeps_items<Op>)
        return [](void* p, std::uint64_t item) { static_cast<op_payload<Op>*>(p)->op.keep(item); };
    else
        return nullptr;
}

template <typename Op>
constexpr auto take_item_of() noexcept -> op_item (*)(void*) noexcept
{
    if constexpr (keeps_items<Op>)
        return [](void* p) noexcept { return static_cast<op_payload<Op>*>(p)->op.take_item(); };
    else
        return nullptr;
}

/// One object for each type: its address identifies it.
template <typename Op>
inline constexpr op_type op_type_of{
    sizeof(op_payload<Op>),
    [](void* p, const outcome& o) noexcept { static_cast<op_payload<Op>*>(p)->finish(o); },
    [](void* p) noexcept { static_cast<op_payload<Op>*>(p)->~op_payload(); }, has_deadline<Op>,
    keep_of<Op>(), take_item_of<Op>()};

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
    /// Of an operation that goes on, what nobody has looked at: merged, or how many its payload keeps.
    std::uint64_t items = 0;
    int refused = 0;
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
