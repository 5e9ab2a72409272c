#pragma once

#include <cstdint>
#include <string_view>

namespace file_server {

struct byte_range
{
    std::uint64_t first = 0;
    std::uint64_t length = 0;

    bool operator==(byte_range const&) const = default;
};

enum class range_kind
{
    whole,
    part,
    unsatisfiable
};

struct range_decision
{
    range_kind kind = range_kind::whole;
    byte_range bytes;

    bool operator==(range_decision const&) const = default;
};

// Decides which bytes of a representation of `size` bytes a Range field asks for (RFC 9110, 14).
//
// One range of bytes is understood. What a server may ignore is ignored and gives the whole: an
// empty field, another unit, a malformed range, several ranges, and a suffix of an empty
// representation, which no Content-Range can express. `bytes` is empty when unsatisfiable.
range_decision decide_range(std::string_view field, std::uint64_t size);

} // namespace file_server
