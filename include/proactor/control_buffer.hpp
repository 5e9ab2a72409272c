#ifndef PROACTOR_CONTROL_BUFFER_HPP
#define PROACTOR_CONTROL_BUFFER_HPP

#include <proactor/unique_handle.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <type_traits>
#include <utility>

namespace proactor {

class control_messages;

namespace detail {

/// Where the system goes on behind so many bytes: cmsg(3).
constexpr std::size_t control_aligned(std::size_t n) noexcept
{
    return (n + alignof(cmsghdr) - 1) / alignof(cmsghdr) * alignof(cmsghdr);
}

} // namespace detail

/// One control message as the system gave it (`cmsghdr`), in the buffer that it stands in.
struct control_message
{
    int level = 0;
    int type = 0;
    std::span<const std::byte> data;

    bool is(int l, int t) const noexcept { return level == l && type == t; }

    /// Its data as the system's structure. Nothing: it is of another kind, or was cut short.
    template <typename T>
        requires std::is_trivially_copyable_v<T>
    std::optional<T> value(int l, int t) const noexcept
    {
        if (!is(l, t) || data.size() < sizeof(T))
            return {};
        T copy;
        std::memcpy(&copy, data.data(), sizeof copy);
        return copy;
    }
};

/// A kind of control message that is received: `static optional<T> from(const control_message&)`.
template <typename T>
concept receivable_control = requires(const control_message& m) {
    { T::from(m) } -> std::same_as<std::optional<T>>;
};

/// A kind that is sent: `bool to(control_messages&) const` adds it.
template <typename T>
concept sendable_control = requires(const T& t, control_messages& c) {
    { t.to(c) } -> std::same_as<bool>;
};

/// The control messages of one datagram, in memory that a `control_buffer` has.
///
/// Descriptors that have been received belong to the buffer, which closes those that nobody takes.
/// Descriptors that are sent stay their owner's, who keeps them open until the send has completed.
class control_messages
{
    static constexpr std::size_t header_size = detail::control_aligned(sizeof(cmsghdr));

public:
    /// What one message with so many bytes of data takes up.
    static constexpr std::size_t space(std::size_t data) noexcept
    {
        return header_size + detail::control_aligned(data);
    }

    class iterator
    {
    public:
        using value_type = control_message;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::forward_iterator_tag;

        iterator() = default;

        control_message operator*() const noexcept
        {
            const cmsghdr h = header();
            return {h.cmsg_level, h.cmsg_type, rest_.subspan(header_size, length(h) - header_size)};
        }
        iterator& operator++() noexcept
        {
            rest_ =
                rest_.subspan(std::min(rest_.size(), detail::control_aligned(length(header()))));
            stop_at_end();
            return *this;
        }
        iterator operator++(int) noexcept
        {
            iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const iterator& other) const noexcept
        {
            return rest_.data() == other.rest_.data();
        }
        bool operator==(std::default_sentinel_t) const noexcept { return rest_.empty(); }

    private:
        friend class control_messages;

        explicit iterator(std::span<const std::byte> rest) noexcept : rest_(rest) { stop_at_end(); }

        cmsghdr header() const noexcept
        {
            cmsghdr h;
            std::memcpy(&h, rest_.data(), sizeof h);
            return h;
        }
        std::size_t length(const cmsghdr& h) const noexcept
        {
            return std::min<std::size_t>(rest_.size(), h.cmsg_len);
        }
        void stop_at_end() noexcept
        {
            if (rest_.size() < header_size || header().cmsg_len < header_size)
                rest_ = rest_.last(0);
        }

        std::span<const std::byte> rest_;
    };

    control_messages(const control_messages&) = delete;
    control_messages& operator=(const control_messages&) = delete;

    std::size_t capacity() const noexcept { return capacity_; }
    bool empty() const noexcept { return size_ == 0; }
    iterator begin() const noexcept { return iterator(bytes()); }
    std::default_sentinel_t end() const noexcept { return {}; }

    /// The first message of a kind.
    template <receivable_control T>
    std::optional<T> get() const
    {
        for (const control_message m : *this)
            if (std::optional<T> found = T::from(m))
                return found;
        return {};
    }

    /// Takes the first descriptor that came and has not been taken. Without one, an empty handle.
    unique_handle take_handle() noexcept
    {
        native_handle taken = invalid_handle;
        if (received_)
            each_handle([&](native_handle h, std::byte* place) {
                if (taken != invalid_handle || h == invalid_handle)
                    return;
                taken = h;
                std::memcpy(place, &invalid_handle, sizeof invalid_handle);
            });
        return unique_handle(taken);
    }

    /// How many descriptors wait to be taken.
    std::size_t handles() const noexcept
    {
        std::size_t n = 0;
        if (received_)
            each_handle([&](native_handle h, std::byte*) { n += h != invalid_handle; });
        return n;
    }

    // Building. A buffer that has been received into is cleared first. What does not fit is not
    // added, and the buffer has overflowed: a send refuses it with `no_buffer_space`.

    template <sendable_control T>
    bool add(const T& message)
    {
        return message.to(*this);
    }

    template <typename T>
        requires std::is_trivially_copyable_v<T>
    bool add(int level, int type, const T& value)
    {
        return add(level, type, std::as_bytes(std::span(&value, 1)));
    }

    bool add(int level, int type, std::span<const std::byte> data)
    {
        if (received_)
            clear();
        if (overflowed_ || space(data.size()) > capacity_ - size_)
        {
            overflowed_ = true;
            return false;
        }
        cmsghdr h{};
        h.cmsg_len = header_size + data.size();
        h.cmsg_level = level;
        h.cmsg_type = type;
        std::byte* const at = memory_ + size_;
        std::memset(at, 0, space(data.size()));
        std::memcpy(at, &h, sizeof h);
        if (!data.empty())
            std::memcpy(at + header_size, data.data(), data.size());
        size_ += space(data.size());
        return true;
    }

    /// Descriptors for the other end of a local socket (`SCM_RIGHTS`).
    bool add_handles(std::span<const native_handle> handles)
    {
        return add(SOL_SOCKET, SCM_RIGHTS, std::as_bytes(handles));
    }
    bool add_handle(native_handle handle) { return add_handles({&handle, 1}); }

    bool overflowed() const noexcept { return overflowed_; }

    /// Empties it, and closes descriptors that came and were not taken.
    void clear() noexcept
    {
        while (take_handle())
            ;
        size_ = 0;
        received_ = overflowed_ = false;
    }

    // For calls of the system by hand.

    /// As the system takes them.
    std::span<const std::byte> bytes() const noexcept { return {memory_, size_}; }

    /// All of the memory, for the system to write to.
    std::span<std::byte> room() noexcept
    {
        clear();
        std::memset(memory_, 0, capacity_); // so that nothing old is ever taken for a message
        return {memory_, capacity_};
    }

    /// The system has written so much of it, and its descriptors belong to the buffer.
    void filled(std::size_t size) noexcept
    {
        size_ = std::min(size, capacity_);
        received_ = true;
    }

protected:
    control_messages(std::byte* memory, std::size_t capacity) noexcept
        : memory_(memory), capacity_(capacity)
    {
    }
    ~control_messages() = default;

    /// From one that is no larger.
    void take(control_messages& other) noexcept
    {
        size_ = std::exchange(other.size_, 0);
        received_ = std::exchange(other.received_, false);
        overflowed_ = std::exchange(other.overflowed_, false);
        std::memcpy(memory_, other.memory_, size_);
    }

private:
    /// Those of `SCM_RIGHTS`, and of a message like it with the process of the sender,
    /// `SO_PASSPIDFD`.
    template <typename F>
    void each_handle(F f) const noexcept
    {
        constexpr int process = 4; // SCM_PIDFD
        for (const control_message m : *this)
            if (m.is(SOL_SOCKET, SCM_RIGHTS) || m.is(SOL_SOCKET, process))
                for (std::size_t i = 0; i + sizeof(native_handle) <= m.data.size();
                     i += sizeof(native_handle))
                {
                    std::byte* const place = memory_ + (m.data.data() + i - memory_);
                    native_handle h;
                    std::memcpy(&h, place, sizeof h);
                    f(h, place);
                }
    }

    std::byte* memory_;
    std::size_t capacity_;
    std::size_t size_ = 0;
    bool received_ = false;
    bool overflowed_ = false;
};

/// Room for control messages of `Capacity` bytes, without an allocation. Each takes
/// `control_messages::space(size of its data)`.
template <std::size_t Capacity>
class control_buffer : public control_messages
{
    static_assert(Capacity != 0);

public:
    control_buffer() noexcept : control_messages(memory_, Capacity) {}
    control_buffer(control_buffer&& other) noexcept : control_messages(memory_, Capacity)
    {
        take(other);
    }
    ~control_buffer() { clear(); }
    control_buffer& operator=(control_buffer&& other) noexcept
    {
        if (this != &other)
        {
            clear();
            take(other);
        }
        return *this;
    }

private:
    alignas(cmsghdr) std::byte memory_[Capacity];
};

/// Room for one message of each of these kinds, sent or received.
template <typename... Kinds>
using control_buffer_for = control_buffer<(Kinds::control_space + ... + 0)>;

} // namespace proactor

#endif
