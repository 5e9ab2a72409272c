#ifndef PROACTOR_NATIVE_BUFFER_HPP
#define PROACTOR_NATIVE_BUFFER_HPP

#include <proactor/config.hpp>

#include <cstddef>
#include <cstdint>

namespace proactor {

/// One piece of memory in the layout that the system's vectored calls take (`iovec`, `WSABUF`), so
/// that a list of them is filled once and handed down as it is. Drivers assert the layout.
struct native_buffer
{
#if PROACTOR_WINDOWS
    native_buffer() = default;
    native_buffer(void* d, std::size_t n) noexcept
        : size(static_cast<unsigned long>(n))
        , data(d)
    {
    }
    unsigned long size = 0;
    void* data = nullptr;
#else
    void* data = nullptr;
    std::size_t size = 0;
#endif
};

/// The buffers of one request. A single buffer stands in the list itself; several stand beside the
/// operation, in memory that lives until its terminal completion.
struct buffer_list
{
    native_buffer single;
    native_buffer* many = nullptr; ///< null: `single` is the list
    std::uint32_t count = 1;             ///< of `many`

    const native_buffer* data() const noexcept { return many ? many : &single; }
    std::size_t size() const noexcept { return many ? count : 1; }

    /// Takes the first `n` bytes off. False: no byte is left. Those beside the operation are changed, too.
    bool drop(std::uint64_t n) noexcept
    {
        const auto off = [](native_buffer& b, std::uint64_t bytes)
        {
            b.data = static_cast<std::byte*>(b.data) + bytes;
            b.size -= static_cast<decltype(b.size)>(bytes);
        };
        if (!many)
        {
            off(single, n);
            return single.size != 0;
        }
        for (; count != 0 && n >= many->size; ++many, --count)
            n -= many->size;
        if (count != 0)
            off(*many, n);
        return count != 0;
    }

    std::size_t bytes() const noexcept
    {
        std::size_t n = 0;
        for (std::size_t i = 0; i != size(); ++i)
            n += data()[i].size;
        return n;
    }
};

} // namespace proactor

#endif
