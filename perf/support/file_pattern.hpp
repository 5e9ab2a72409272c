// The contents of the file that is read: each word tells its own position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace perf {

inline constexpr std::size_t file_size = std::size_t{256} << 20;
inline constexpr std::size_t block_size = 4096;

/// Odd, so that it maps positions to words one to one.
constexpr std::uint64_t word_at(std::uint64_t position) noexcept
{
    return (position + 1) * 0x9e3779b97f4a7c15;
}

inline void fill(char* block, std::uint64_t position) noexcept
{
    for (std::size_t i = 0; i < block_size; i += 8)
    {
        const std::uint64_t word = word_at(position + i);
        std::memcpy(block + i, &word, 8);
    }
}

/// Looks at both ends of a block.
inline bool holds(const char* block, std::uint64_t position) noexcept
{
    std::uint64_t words[2];
    std::memcpy(&words[0], block, 8);
    std::memcpy(&words[1], block + block_size - 8, 8);
    return words[0] == word_at(position) && words[1] == word_at(position + block_size - 8);
}

} // namespace perf
