#include "checksum.hpp"

#include <array>

namespace driver_by_hand {

namespace {

constexpr std::uint32_t polynomial = 0x04c11db7;

constexpr std::array<std::uint32_t, 256> make_table()
{
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte != 256; ++byte)
    {
        std::uint32_t crc = byte << 24;
        for (int bit = 0; bit != 8; ++bit)
            crc = crc & 0x8000'0000 ? crc << 1 ^ polynomial : crc << 1;
        table[byte] = crc;
    }
    return table;
}

constexpr auto table = make_table();

std::uint32_t with_byte(std::uint32_t crc, std::uint8_t byte)
{
    return crc << 8 ^ table[crc >> 24 ^ byte];
}

} // namespace

void checksum::add(std::span<char const> bytes)
{
    for (char const byte : bytes)
        crc_ = with_byte(crc_, static_cast<std::uint8_t>(byte));
    size_ += bytes.size();
}

std::uint32_t checksum::value() const
{
    auto crc = crc_;
    for (auto left = size_; left != 0; left >>= 8) // the length is part of the sum
        crc = with_byte(crc, static_cast<std::uint8_t>(left));
    return ~crc;
}

} // namespace driver_by_hand
