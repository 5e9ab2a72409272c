#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace driver_by_hand {

// The checksum of POSIX cksum(1), over bytes that come in order.
class checksum
{
public:
    void add(std::span<char const> bytes);

    std::uint32_t value() const;
    std::uint64_t size() const { return size_; }

private:
    std::uint32_t crc_ = 0;
    std::uint64_t size_ = 0;
};

} // namespace driver_by_hand
