#include "byte_range.hpp"

#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <limits>
#include <optional>

namespace file_server {
namespace {

// A number too large for the type is larger than any file, too, and so it saturates.
std::optional<std::uint64_t> parse_number(std::string_view digits)
{
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    if (digits.empty())
        return std::nullopt;
    std::uint64_t value = 0;
    for (char const c : digits)
    {
        if (c < '0' || c > '9')
            return std::nullopt;
        auto const digit = static_cast<std::uint64_t>(c - '0');
        value = value > (most - digit) / 10 ? most : value * 10 + digit;
    }
    return value;
}

std::string_view trim(std::string_view text)
{
    auto const begin = text.find_first_not_of(" \t");
    if (begin == text.npos)
        return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool takes_bytes_unit(std::string_view& field)
{
    constexpr std::string_view unit = "bytes=";
    if (!boost::beast::iequals(field.substr(0, unit.size()), unit))
        return false;
    field.remove_prefix(unit.size());
    return true;
}

range_decision whole(std::uint64_t size)
{
    return {range_kind::whole, {0, size}};
}

} // namespace

range_decision decide_range(std::string_view field, std::uint64_t size)
{
    if (!takes_bytes_unit(field))
        return whole(size);

    auto const spec = trim(field);
    auto const dash = spec.find('-');
    if (dash == spec.npos)
        return whole(size);
    auto const first = parse_number(spec.substr(0, dash));
    auto const last = parse_number(spec.substr(dash + 1));

    if (dash == 0)
    { // the last N bytes
        if (!last || (size == 0 && *last > 0))
            return whole(size);
        if (*last == 0)
            return {range_kind::unsatisfiable, {}};
        auto const length = std::min(*last, size);
        return {range_kind::part, {size - length, length}};
    }

    bool const open_ended = dash + 1 == spec.size();
    if (!first || (!last && !open_ended) || (last && *last < *first))
        return whole(size);
    if (*first >= size)
        return {range_kind::unsatisfiable, {}};
    auto const end = open_ended ? size - 1 : std::min(*last, size - 1);
    return {range_kind::part, {*first, end - *first + 1}};
}

} // namespace file_server
