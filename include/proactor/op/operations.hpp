#ifndef PROACTOR_OP_OPERATIONS_HPP
#define PROACTOR_OP_OPERATIONS_HPP

#include <proactor/buffer_traits.hpp>
#include <proactor/detail/op_slot.hpp>
#include <proactor/op/address.hpp>
#include <proactor/unique_handle.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

/// What a slab can be asked to do. Each is a struct that owns all that its operation needs, is
/// moved into the slab, and comes back out of the completion (`completion::take`) with what it has
/// won.
///
/// Those with a buffer take any type that `buffer_traits` knows, and arrays, vectors and tuples of these,
/// which are filled or emptied one after the other, in one call of the system (of 1024 pieces at most). It
/// may move fewer bytes than asked; `completion::value` says how many. `flags` are the system's own bits
/// (`MSG_`, `O_`). Behind this page stand `<proactor/op/pooled.hpp>`, `messages.hpp`, `names.hpp`,
/// `file_data.hpp` and `calls.hpp`.
namespace proactor::op {

using request::readiness;

/// The bytes of a buffer that an operation uses: `count` from `first` on, and no more than there
/// are.
struct part
{
    std::size_t first = 0;
    std::size_t count = static_cast<std::size_t>(-1);
};

/// Completes by itself.
struct nothing
{
    static constexpr bool on_source = false;
    detail::prepared prepare() { return {request::nothing{}, lane::none}; }
};

/// Reads from a stream without a position, such as a pipe. Value: bytes; 0 is its end.
template <owned_mutable_buffer Buffer>
struct read
{
    Buffer buffer;
    op::part part = {};
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        return {request::read{detail::bytes_of(buffer, part, pieces)}, lane::read};
    }
};

/// Writes to a stream without a position. Value: bytes.
template <owned_buffer Buffer>
struct write
{
    Buffer buffer;
    op::part part = {};
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        return {request::write{detail::bytes_of(buffer, part, pieces)}, lane::write};
    }
};

/// Reads at a position of a file. Value: bytes; 0 is the file's end. A `whole` one goes on until
/// the part is full, the file ends or an error comes, which then stands beside the bytes read
/// before it.
template <owned_mutable_buffer Buffer>
struct read_at
{
    Buffer buffer;
    std::uint64_t offset = 0;
    bool whole = false;
    op::part part = {};
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        return {request::read_at{detail::bytes_of(buffer, part, pieces), offset, whole},
                lane::none};
    }
};

/// Writes at a position of a file. Value: bytes; `whole` as in `read_at`.
template <owned_buffer Buffer>
struct write_at
{
    Buffer buffer;
    std::uint64_t offset = 0;
    bool whole = false;
    op::part part = {};
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        return {request::write_at{detail::bytes_of(buffer, part, pieces), offset, whole},
                lane::none};
    }
};

/// Receives from a connected socket. Value: bytes; from a stream, 0 is its end. One of urgent data
/// does not wait behind others; if TCP gives one of those the bytes behind it first, it is gone.
template <owned_mutable_buffer Buffer>
struct receive
{
    Buffer buffer;
    int flags = 0;
    op::part part = {};
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        return {request::receive{detail::bytes_of(buffer, part, pieces), flags},
                detail::lane_of_receive(flags)};
    }
};

/// Sends on a connected socket, without a signal where the peer has gone. Value: bytes.
template <owned_buffer Buffer>
struct send
{
    Buffer buffer;
    int flags = 0;
    op::part part = {};
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        return {request::send{detail::bytes_of(buffer, part, pieces), detail::without_signal(flags)},
                lane::write};
    }
};

/// As `send`, without copying the bytes where the system can: it completes when the system reads the
/// buffer no more, and what is sent behind it does not wait for that. `detach` that leaves the handle
/// open and the slab's end reset the connection of one that is not complete.
template <owned_buffer Buffer>
struct send_zc
{
    Buffer buffer;
    int flags = 0;
    op::part part = {};
    bool even_if_copied = false; ///< also where the system has had to copy before
    bool copied = true;          ///< filled
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        request::send_zc r;
        r.buffers = detail::bytes_of(buffer, part, pieces);
        r.flags = detail::without_signal(flags);
        r.even_if_copied = even_if_copied;
        return {r, lane::write};
    }
    void finish(const outcome& o) noexcept { copied = !(o.flags & request::send_zc::in_place); }
};

/// Sends `count` bytes of a file on a connected socket, or what there is of them. Value: bytes. The file
/// stays the caller's, and open until the end.
struct send_file
{
    native_handle file;
    std::uint64_t offset = 0;
    std::uint64_t count = 0;

    static constexpr bool on_source = true;
    detail::prepared prepare() { return {request::send_file{file, offset, count}, lane::write}; }
};

/// Receives a datagram and its sender's address. Value: bytes; what does not fit is lost.
template <owned_mutable_buffer Buffer>
struct receive_from
{
    Buffer buffer;
    int flags = 0;
    op::part part = {};
    address from = {}; ///< filled
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare(detail::message& m)
    {
        m.bytes = detail::bytes_of(buffer, part, pieces);
        from.size = address::capacity;
        detail::fill_header(m, from.bytes, from.size);
        return {request::receive_message{&m.header, flags}, detail::lane_of_receive(flags)};
    }
    void finish(const outcome& o, const detail::message& m) noexcept
    {
        from.size = o.error ? 0 : std::min(detail::address_size(m), address::capacity);
    }
};

/// Sends a datagram. Value: bytes.
template <owned_buffer Buffer>
struct send_to
{
    Buffer buffer;
    address to;
    int flags = 0;
    op::part part = {};
    [[no_unique_address]] detail::pieces_of<Buffer> pieces = {};

    static constexpr bool on_source = true;
    detail::prepared prepare(detail::message& m)
    {
        m.bytes = detail::bytes_of(buffer, part, pieces);
        detail::fill_header(m, to.bytes, to.size);
        return {request::send_message{&m.header, detail::without_signal(flags)}, lane::write};
    }
};

/// Takes connections until it is cancelled: a completion with `more()` tells that some have come, which
/// `slab::take_kept` gives in their order. What nobody takes is closed with its source.
struct accept_many
{
    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        request::accept r;
        r.many = true;
        return {r, lane::read};
    }
};

/// Takes a connection. Connections that died in the queue are skipped, unless `report_aborted`.
struct accept
{
    bool report_aborted = false;
    unique_handle handle = {}; ///< won
    address peer = {};         ///< filled

    static constexpr bool on_source = true;
    detail::prepared prepare()
    {
        peer.size = address::capacity;
        request::accept r;
        r.address = peer.bytes;
        r.address_size = &peer.size;
        r.report_aborted = report_aborted;
        return {r, lane::read};
    }
    void finish(const outcome& o) noexcept
    {
        peer.size = o.error ? 0 : std::min(peer.size, address::capacity);
        if (!o.error)
            handle.reset(static_cast<native_handle>(o.value));
    }
};

/// Connects a socket.
struct connect
{
    address to;

    static constexpr bool on_source = true;
    detail::prepared prepare() { return {request::connect{to.bytes, to.size}, lane::write}; }
};

/// Waits until a handle is ready for any of `what` (`read`, `write`, `priority`, `error`) or is
/// broken: `completion::ready` says for what, and perhaps more, as hints. A poll for nothing is
/// `EINVAL`.
///
/// With `many` it goes on: each time the handle becomes ready anew, and once if it is ready at
/// first, there is a completion with `more()`, until the poll ends by a cancellation or an error.
/// What becomes ready before somebody looks is merged into one completion, and one may come for
/// nothing: use the handle until it would block, and expect that it does so at once.
struct poll
{
    readiness what = readiness::read;
    bool many = false;

    static constexpr bool on_source = true;
    detail::prepared prepare() { return {request::poll{what, many}, lane::none}; }
};

/// Opens a file, close-on-exec. A directory that the path is relative to stays the caller's.
struct open
{
    std::string path;
    int flags = 0;
    unsigned mode = 0;
    unique_handle handle = {}; ///< won
    native_handle directory = working_directory;

    static constexpr bool on_source = false;
    detail::prepared prepare()
    {
        return {request::open{path.c_str(), flags, mode, directory}, lane::none};
    }
    void finish(const outcome& o) noexcept
    {
        if (!o.error)
            handle.reset(static_cast<native_handle>(o.value));
    }
};

/// Closes a handle that nothing is in flight on. One that comes back cancelled still has it.
struct close
{
    unique_handle handle;

    static constexpr bool on_source = false;
    detail::prepared prepare() { return {request::close{handle.get()}, lane::none}; }
    void finish(const outcome& o) noexcept
    {
        if (o.error != ECANCELED)
            (void)handle.release(); // gone, whatever its device had to say
    }
};

/// Writes a file's changes to its device.
struct sync
{
    bool data_only = false;

    static constexpr bool on_source = true;
    detail::prepared prepare() { return {request::sync{data_only}, lane::none}; }
};

/// Completes when its time has come, and not before.
struct timeout
{
    std::chrono::steady_clock::time_point deadline;

    static constexpr bool on_source = false;
    detail::prepared prepare() { return {request::nothing{}, lane::none}; }
};

template <typename Buffer>
read(Buffer, part = {}) -> read<Buffer>;
template <typename Buffer>
write(Buffer, part = {}) -> write<Buffer>;
template <typename Buffer>
read_at(Buffer, std::uint64_t = 0, bool = false, part = {}) -> read_at<Buffer>;
template <typename Buffer>
write_at(Buffer, std::uint64_t = 0, bool = false, part = {}) -> write_at<Buffer>;
template <typename Buffer>
receive(Buffer, int = 0, part = {}) -> receive<Buffer>;
template <typename Buffer>
send(Buffer, int = 0, part = {}) -> send<Buffer>;
template <typename Buffer>
send_zc(Buffer, int = 0, part = {}, bool = false, bool = true) -> send_zc<Buffer>;
template <typename Buffer>
receive_from(Buffer, int = 0, part = {}) -> receive_from<Buffer>;
template <typename Buffer>
send_to(Buffer, address, int = 0, part = {}) -> send_to<Buffer>;

} // namespace proactor::op

#endif
