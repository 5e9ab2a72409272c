#ifndef PROACTOR_TEST_SUPPORT_ALIASED_MEMORY_HPP
#define PROACTOR_TEST_SUPPORT_ALIASED_MEMORY_HPP

#include "handles.hpp"

#include <cstddef>
#include <span>

#include <sys/mman.h>

namespace test {

/// A long buffer that takes little memory: the same few pages again and again.
class aliased_memory
{
public:
    static constexpr std::size_t period = 4u << 20;

    explicit aliased_memory(std::size_t size)
        : size_(size)
        , room_((size + period - 1) / period * period)
        , data_(map(nullptr, room_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1))
    {
        const handle pages(checked(::memfd_create("aliased", MFD_CLOEXEC), "memfd_create"));
        checked(::ftruncate(pages.get(), period), "ftruncate");
        for (std::size_t at = 0; at != room_; at += period)
            map(data_ + at, period, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, pages.get());
    }
    ~aliased_memory() { ::munmap(data_, room_); }
    aliased_memory(const aliased_memory&) = delete;
    aliased_memory& operator=(const aliased_memory&) = delete;

    std::span<char> bytes() const noexcept { return {data_, size_}; }
    /// All that is there to be different.
    std::span<char> pages() const noexcept { return {data_, period}; }

private:
    static char* map(void* at, std::size_t size, int protection, int flags, int fd)
    {
        void* const m = ::mmap(at, size, protection, flags, fd, 0);
        if (m == MAP_FAILED)
            throw std::system_error(errno, std::generic_category(), "mmap");
        return static_cast<char*>(m);
    }

    const std::size_t size_;
    const std::size_t room_;
    char* const data_;
};

} // namespace test

#endif
