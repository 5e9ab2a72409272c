#ifndef PROACTOR_TEST_SUPPORT_MAPPED_MEMORY_HPP
#define PROACTOR_TEST_SUPPORT_MAPPED_MEMORY_HPP

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <system_error>

#include <sys/mman.h>

namespace test {

/// Pages of memory that a test can exchange behind the back of whoever has pinned them: what is
/// written by an address alone is then seen here, and what goes to pinned pages is not.
class mapped_memory
{
public:
    static constexpr std::size_t page = 4096;

    explicit mapped_memory(std::size_t pages) : size_(pages * page), data_(map(nullptr, 0)) {}
    ~mapped_memory() { ::munmap(data_, size_); }
    mapped_memory(const mapped_memory&) = delete;
    mapped_memory& operator=(const mapped_memory&) = delete;

    /// At the same address, and zero.
    void exchange() { map(data_, MAP_FIXED); }

    std::byte* data() const noexcept { return static_cast<std::byte*>(data_); }
    std::size_t size() const noexcept { return size_; }
    std::span<std::byte> bytes() const noexcept { return {data(), size_}; }

    void fill(char c) { std::memset(data_, c, size_); }
    bool holds(std::size_t offset, std::string_view text) const
    {
        return std::memcmp(data() + offset, text.data(), text.size()) == 0;
    }

private:
    void* map(void* at, int flags) const
    {
        void* const m =
            ::mmap(at, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
        if (m == MAP_FAILED)
            throw std::system_error(errno, std::generic_category(), "mmap");
        return m;
    }

    const std::size_t size_;
    void* const data_;
};

} // namespace test

#endif
