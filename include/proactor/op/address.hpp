#ifndef PROACTOR_OP_ADDRESS_HPP
#define PROACTOR_OP_ADDRESS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace proactor::op {

/// The address of a socket: the bytes of the system's own type, `sockaddr_in` or another.
struct address
{
    static constexpr std::uint32_t capacity = 128;

    /// Copies what a call such as `getsockname` has filled, or the program itself. What is longer
    /// than `capacity` is no address of any system, and is cut.
    static address of(const void* sockaddr, std::size_t size) noexcept
    {
        address a;
        a.size = static_cast<std::uint32_t>(std::min<std::size_t>(size, capacity));
        std::memcpy(a.bytes, sockaddr, a.size);
        return a;
    }

    /// Copies an object of the system's type.
    template <typename Sockaddr>
    static address of(const Sockaddr& a) noexcept
    {
        return of(&a, sizeof a);
    }

    /// Copies it back into an object of the system's type, whose rest is zero.
    template <typename Sockaddr>
    Sockaddr as() const noexcept
    {
        Sockaddr a{};
        std::memcpy(&a, bytes, std::min<std::size_t>(size, sizeof a));
        return a;
    }

    friend bool operator==(const address& a, const address& b) noexcept
    {
        return a.size == b.size && std::memcmp(a.bytes, b.bytes, a.size) == 0;
    }

    alignas(8) std::byte bytes[capacity] = {};
    std::uint32_t size = 0; ///< 0 is no address
};

} // namespace proactor::op

#endif
