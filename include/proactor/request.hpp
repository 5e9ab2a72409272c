#ifndef PROACTOR_REQUEST_HPP
#define PROACTOR_REQUEST_HPP

#include <proactor/native_buffer.hpp>
#include <proactor/native_handle.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

namespace proactor {
class buffer_source;
}

/// What a driver can be asked to do, as plain data: no header of the operating system, no type of
/// Asio. The handle is the attachment's. Everything a request points to must stay where it is until
/// the operation's terminal completion.
///
/// A new operation is one type here and one overload for each family of drivers; a family that
/// forgets it does not compile.
namespace proactor::request {

/// Completes by itself with value 0.
struct nothing
{
};

// Transfers move some bytes, perhaps fewer than asked. A `whole` one goes on until all of its buffers
// have been moved, the stream or file ends, or an error comes, a cancellation's too, which then stands
// beside the bytes moved before it. It takes what has been moved off its list of buffers.

/// Reads from a stream without a position. Value: bytes; 0 is end of file.
struct read
{
    buffer_list buffers;
    bool whole = false;
};

/// Writes to a stream without a position. Value: bytes.
struct write
{
    buffer_list buffers;
    bool whole = false;
};

/// Reads at a position of a file. Value: bytes; 0 is end of file.
struct read_at
{
    buffer_list buffers;
    std::uint64_t offset = 0;
    bool whole = false;
};

/// Writes at a position of a file. Value: bytes.
struct write_at
{
    buffer_list buffers;
    std::uint64_t offset = 0;
    bool whole = false;
};

/// Receives from a connected socket. `flags` are the system's `MSG_` bits. Value: bytes; 0 from a
/// `stream` is its end.
struct receive
{
    buffer_list buffers;
    int flags = 0;
    bool stream = false;
    bool whole = false; ///< of a stream
};

/// Sends on a connected socket. Value: bytes.
struct send
{
    buffer_list buffers;
    int flags = 0;
    bool whole = false; ///< of a stream
};

/// Sends on a connected socket, where the system can without copying the bytes. It completes when the
/// system reads the buffers no more, which may take until the peer has acknowledged them. Value: bytes.
struct send_zc
{
    /// Of the outcome's flags: no byte was copied.
    static constexpr std::uint32_t in_place = 1;

    buffer_list buffers;
    int flags = 0;
    bool whole = false;         ///< of a stream
    bool copies = false;        ///< a plain send; set by the driver for one that was copied, too
    bool even_if_copied = false; ///< also where the system had to copy before

    /// Whether it goes on after a part.
    bool goes_on(std::uint64_t moved) const noexcept
    {
        return whole && moved != 0 && moved < buffers.bytes();
    }
};

/// Sends a part of a file on a connected socket, without a copy through this process, until all of it is
/// sent, the file ends or an error comes. Value: bytes.
struct send_file
{
    native_handle file = invalid_handle; ///< stays open until the operation's end
    std::uint64_t offset = 0;
    std::uint64_t count = 0;
};

/// The system's header of a datagram with its address (`msghdr`, `WSAMSG`), beside the operation.
/// The kernel may write to it: address length and received flags are read from it afterwards.
struct receive_message
{
    void* header = nullptr;
    int flags = 0;
};

struct send_message
{
    const void* header = nullptr;
    int flags = 0;
};

/// Takes one connection. Value: its handle. The kind of the new socket is given because some
/// systems want the socket beforehand; `address` may be null.
///
/// With `many`, without an address, it goes on until it is cancelled or has `enough`: each connection
/// waits on the attachment for its taker, and the operation, which is a `multishot_operation`, gets an
/// item with the handle's value.
struct accept
{
    int family = 0;
    int type = 0;
    int protocol = 0;
    void* address = nullptr;
    std::uint32_t* address_size = nullptr;
    /// Connections that died in the queue are skipped, unless the user wants to hear of them.
    bool report_aborted = false;
    bool many = false;
};

/// Connects a socket. Value: 0.
struct connect
{
    const void* address = nullptr;
    std::uint32_t address_size = 0;
};

/// What a handle can be ready for: a set of bits. The second half may come without being asked for, as
/// hints.
enum class readiness : std::uint8_t
{
    none = 0,
    read = 1,
    write = 2,
    priority = 4, ///< urgent data, and what devices use it for
    error = 8,
    read_closed = 16,
    write_closed = 32
};

constexpr readiness operator|(readiness a, readiness b) noexcept
{
    return static_cast<readiness>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr readiness& operator|=(readiness& a, readiness b) noexcept
{
    return a = a | b;
}
/// Whether they have a bit in common.
constexpr bool operator&(readiness a, readiness b) noexcept
{
    return (static_cast<unsigned>(a) & static_cast<unsigned>(b)) != 0;
}

/// Waits until the handle is ready for any of `what`, or broken. Value: the `readiness` found.
///
/// With `many` it goes on until it is cancelled: each time the handle becomes ready anew (and once if
/// it is ready at first) the operation, which is a `multishot_operation`, gets an item with that value.
struct poll
{
    readiness what = readiness::read;
    bool many = false;
};

/// Opens `path`, relative to a directory, close-on-exec. Value: the handle. Flags and mode are the
/// system's own.
struct open
{
    const char* path = nullptr;
    int flags = 0;
    unsigned mode = 0;
    native_handle directory = working_directory;
};

/// Writes a file's changes to its device. Value: 0.
struct sync
{
    bool data_only = false;
};

/// Closes a handle that nothing is in flight on, which may take as long as its device. Value: 0.
struct close
{
    native_handle handle = invalid_handle;
};

/// Calls a function on a thread that may block. Value: what it returns; negative is an error of the
/// system. A call that has begun cannot be cancelled, and no signal interrupts it.
struct call
{
    std::int64_t (*function)(void* argument) = nullptr; ///< must not throw
    void* argument = nullptr;
};

/// A name in the file system, relative to a directory. Flags below are the system's own, and so are
/// modes; a request that says nothing of its value has 0.
struct name
{
    const char* path = nullptr;
    native_handle directory = working_directory;
};

/// Asks what the file system knows of a name, `statx(2)`. `result` is the system's structure.
struct stat
{
    name what;
    int flags = 0;
    unsigned mask = 0;
    void* result = nullptr;
};

struct rename
{
    name from;
    name to;
    unsigned flags = 0;
};

/// Removes a name, that of an empty directory if the flags say so.
struct remove
{
    name what;
    int flags = 0;
};

struct create_directory
{
    name what;
    unsigned mode = 0;
};

struct link
{
    name existing;
    name created;
    int flags = 0;
};

struct symlink
{
    const char* target = nullptr;
    name created;
};

/// Gives a file its size.
struct truncate
{
    std::uint64_t size = 0;
};

/// Changes what is allocated to a part of a file, `fallocate(2)`.
struct allocate
{
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    int mode = 0;
};

/// Says how a part of a file will be used, `posix_fadvise(3)`. Size 0 is all that follows.
struct advise
{
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    int advice = 0;
};

/// Writes a part of a file's data to its device, and nothing else. Size 0 is all that follows.
struct sync_range
{
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    unsigned flags = 0;
};

/// A transfer into a buffer that the driver takes out of a source when there is something to put there. Its
/// number stands in `outcome.flags` of a success with data. Without a free one: `ENOBUFS`, at the start or when
/// data comes, which stays where it is.
struct into_pool
{
    buffer_source* source = nullptr;
    // The driver's own.
    std::uint32_t taken = 0;
    std::uint32_t round = 0;
};

/// As `receive`, or as `receive_message` with a header, whose buffers are not looked at.
///
/// With `many`, without a header, it goes on until it is cancelled, has `enough` or ends, by an error, for
/// want of a buffer or at the end of its stream, with success: what comes is an item, see `item_of`.
struct receive_pooled : into_pool
{
    void* header = nullptr;
    int flags = 0;
    bool stream = false;
    bool many = false;
};

/// Whether how it is cut makes no difference.
constexpr bool of_stream(const receive_pooled& r) noexcept
{
    return r.stream && !r.header;
}

/// The value of an item of a receive: the bytes, and the number of their buffer, whom the owner of the
/// operation now has; none for a datagram without bytes.
constexpr std::uint64_t item_of(std::uint64_t bytes, std::uint32_t buffer) noexcept
{
    return bytes | std::uint64_t(buffer) << 32;
}
constexpr std::uint32_t bytes_of(std::uint64_t item) noexcept
{
    return static_cast<std::uint32_t>(item);
}
constexpr std::uint32_t buffer_of(std::uint64_t item) noexcept
{
    return static_cast<std::uint32_t>(item >> 32);
}

/// As `read`.
struct read_pooled : into_pool
{
};

/// As `read_at`.
struct read_pooled_at : into_pool
{
    std::uint64_t offset = 0;
};

/// Completes when a buffer of the source is free. Value: 0.
struct await_buffer
{
    buffer_source* source = nullptr;
};

/// One of some plain types, `std::variant` without what plain data do not need: every user compiles it.
template <typename... Ts>
class one_of
{
    static_assert(((std::is_trivially_copyable_v<Ts> && std::is_trivially_destructible_v<Ts>)&&...));

public:
    static constexpr std::size_t size = sizeof...(Ts);

    template <typename T>
    static constexpr std::size_t index_of = []
    {
        constexpr bool is[] = {std::is_same_v<T, Ts>...};
        std::size_t i = 0;
        while (!is[i]) // that it is none of them does not compile
            ++i;
        return i;
    }();

    /// The first of them.
    one_of() noexcept : one_of(first{}) {}
    template <typename T>
        requires(std::is_same_v<T, Ts> || ...)
    one_of(const T& value) noexcept
    {
        emplace<T>(value);
    }

    std::size_t index() const noexcept { return index_; }

    template <typename T>
    T& emplace(const T& value = {}) noexcept
    {
        index_ = static_cast<std::uint8_t>(index_of<T>);
        return *::new (static_cast<void*>(bytes_)) T(value);
    }

    template <typename T>
    bool is() const noexcept
    {
        return index_ == index_of<T>;
    }

    /// Null if it is another.
    template <typename T>
    T* get_if() noexcept
    {
        return is<T>() ? std::launder(reinterpret_cast<T*>(bytes_)) : nullptr;
    }
    template <typename T>
    const T* get_if() const noexcept
    {
        return is<T>() ? std::launder(reinterpret_cast<const T*>(bytes_)) : nullptr;
    }

    /// To be called only if it is this one.
    template <typename T>
    T& get() noexcept
    {
        assert(is<T>());
        return *get_if<T>();
    }
    template <typename T>
    const T& get() const noexcept
    {
        assert(is<T>());
        return *get_if<T>();
    }

    /// Calls `f` with it.
    template <typename F>
    auto visit(F&& f) const
    {
        using result = decltype(f(std::declval<const first&>()));
        using call = result (*)(const one_of&, F&);
        static constexpr call calls[]
            = {[](const one_of& self, F& f) -> result { return f(self.get<Ts>()); }...};
        return calls[index_](*this, f);
    }

    /// Calls `f` with the types as its arguments.
    template <typename F>
    static constexpr auto of_all(F f)
    {
        return f.template operator()<Ts...>();
    }

private:
    using first = std::tuple_element_t<0, std::tuple<Ts...>>;

    alignas(std::max({alignof(Ts)...})) std::byte bytes_[std::max({sizeof(Ts)...})];
    std::uint8_t index_;
};

using any = one_of<nothing, read, write, read_at, write_at, receive, send, receive_message,
                   send_message, accept, connect, poll, open, sync, close, call, stat, rename,
                   remove, create_directory, link, symlink, truncate, allocate, advise, sync_range,
                   receive_pooled, read_pooled, read_pooled_at, await_buffer, send_zc, send_file>;

template <typename Any, typename F>
[[gnu::noinline]] bool if_rarer_transfer(Any& r, F f)
{
    if (auto* t = r.template get_if<read_at>())
        return f(*t);
    if (auto* t = r.template get_if<write_at>())
        return f(*t);
    if (auto* t = r.template get_if<read>())
        return f(*t);
    if (auto* t = r.template get_if<write>())
        return f(*t);
    if (auto* t = r.template get_if<send_zc>())
        return f(*t);
    return false;
}

/// Calls `f(transfer)` if it is one, else returns false.
template <typename Any, typename F>
bool if_transfer(Any& r, F f)
{
    if (auto* t = r.template get_if<receive>())
        return f(*t);
    if (auto* t = r.template get_if<send>())
        return f(*t);
    return if_rarer_transfer(r, f);
}

template <typename Request>
inline constexpr std::size_t index_of = any::index_of<Request>;

/// Whether it names a source of buffers.
inline bool names_source(const any& r) noexcept
{
    static_assert(index_of<await_buffer> - index_of<receive_pooled> == 3);
    return r.index() - index_of<receive_pooled> <= 3; // those before it wrap round
}

/// The transfer into a pooled buffer that it is, or null.
template <typename Any>
auto pooled(Any& r) noexcept
{
    using result = std::conditional_t<std::is_const_v<Any>, const into_pool, into_pool>*;
    if (!names_source(r)) [[likely]]
        return result(nullptr);
    if (auto* t = r.template get_if<receive_pooled>())
        return result(t);
    if (auto* t = r.template get_if<read_pooled>())
        return result(t);
    return result(r.template get_if<read_pooled_at>());
}

/// The source that it names, or null.
inline buffer_source* source_of(const any& r) noexcept
{
    if (const into_pool* p = pooled(r))
        return p->source;
    const auto* wait = r.template get_if<await_buffer>();
    return wait ? wait->source : nullptr;
}

/// Whether it is a transfer that asks for all of its buffers.
inline bool is_whole(const any& r) noexcept
{
    return if_transfer(r, [](const auto& t) { return t.whole; })
        || r.is<send_file>();
}

/// Takes `moved` bytes off such a transfer. True: it has to go on.
inline bool advance(any& r, std::uint64_t moved) noexcept
{
    if (auto* f = r.template get_if<send_file>())
    {
        f->offset += moved;
        f->count -= moved;
        return moved != 0 && f->count != 0;
    }
    return if_transfer(r,
                       [moved](auto& t)
                       {
                           if (!t.whole || moved == 0 || !t.buffers.drop(moved))
                               return false;
                           if constexpr (requires { t.offset; })
                               t.offset += moved;
                           return true;
                       });
}

/// Whether it is an accept of one connection, which its success carries.
inline bool accepts_one(const any& r) noexcept
{
    const auto* a = r.template get_if<accept>();
    return a && !a->many;
}

/// Whether it is an accept that goes on.
inline bool accepts_many(const any& r) noexcept
{
    const auto* a = r.template get_if<accept>();
    return a && a->many;
}

/// Whether it is a receive that goes on.
inline bool receives_many(const any& r) noexcept
{
    const auto* t = r.template get_if<receive_pooled>();
    return t && t->many;
}

/// Whether a success with this value can be taken back, and nothing is lost: a connection is kept for
/// the next accept, and the end of a stream or readiness can be learned again.
inline bool revocable(const any& r, std::uint64_t value) noexcept
{
    if (const auto* t = r.template get_if<receive>())
        return t->stream && value == 0;
    if (r.is<read>() || r.is<read_pooled>())
        return value == 0;
    if (const auto* t = r.template get_if<receive_pooled>())
        return t->stream && value == 0;
    return accepts_one(r) || r.is<poll>();
}

/// Whether a success carries a handle that somebody must take or close (law 4).
inline bool wins_handle(const any& r) noexcept
{
    return accepts_one(r) || r.is<open>();
}

} // namespace proactor::request

#endif
