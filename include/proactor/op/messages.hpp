#ifndef PROACTOR_OP_MESSAGES_HPP
#define PROACTOR_OP_MESSAGES_HPP

#include <proactor/buffer_traits.hpp>
#include <proactor/control_buffer.hpp>
#include <proactor/detail/op_slot.hpp>
#include <proactor/op/address.hpp>
#include <proactor/op/operations.hpp>

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <utility>

/// Messages with control data: addresses of this machine, time to live, time stamps, descriptors.
namespace proactor::op {

template <typename Control>
concept control_data
    = std::derived_from<Control, control_messages> && std::move_constructible<Control>;

/// Receives one message of any socket. Value: bytes; what does not fit is lost, and `received` says so.
/// Descriptors that come belong to `control`, which closes those that nobody takes.
template <owned_mutable_buffer Buffer, control_data Control>
struct receive_message
{
    Buffer buffer;
    Control control;
    int flags = 0;
    op::part part = {};
    address from = {}; ///< filled
    int received = 0;  ///< filled: the system's bits, such as `MSG_TRUNC` and `MSG_CTRUNC`
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare(detail::message& m)
    {
        m.bytes = detail::bytes_of(buffer, part, pieces);
        from.size = address::capacity;
        detail::fill_header(m, from.bytes, from.size);
        const auto room = control.room();
        detail::fill_control(m, room.data(), room.size());
        return {request::receive_message{&m.header, detail::with_own_handles(flags)},
                detail::lane_of_receive(flags)};
    }
    void finish(const outcome& o, const detail::message& m) noexcept
    {
        from.size = o.error ? 0 : std::min(detail::address_size(m), address::capacity);
        received = o.error ? 0 : detail::flags_of(m);
        control.filled(o.error ? 0 : detail::control_size(m));
    }
};

/// Sends one message, where the socket is connected to or to an address. Value: bytes. Descriptors in `control`
/// stay their owner's, open until the end. A control buffer that has overflowed is `no_buffer_space`.
template <owned_buffer Buffer, control_data Control>
struct send_message
{
    Buffer buffer;
    Control control;
    address to = {};
    int flags = 0;
    op::part part = {};
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare(detail::message& m)
    {
        m.bytes = detail::bytes_of(buffer, part, pieces);
        detail::fill_header(m, to.size ? to.bytes : nullptr, to.size);
        if (const auto c = control.bytes(); !c.empty()) // only read: sendmsg(2)
            detail::fill_control(m, const_cast<std::byte*>(c.data()), c.size());
        return {request::send_message{&m.header, detail::without_signal(flags)}, lane::write,
                control.overflowed() ? ENOBUFS : 0};
    }
};

template <typename Buffer, typename Control>
receive_message(Buffer, Control, int = 0, part = {}) -> receive_message<Buffer, Control>;
template <typename Buffer, typename Control>
send_message(Buffer, Control, address = {}, int = 0, part = {}) -> send_message<Buffer, Control>;

} // namespace proactor::op

#endif
