#include "http_path.hpp"

#include <boost/beast/core/string.hpp>

#include <cstddef>

namespace file_server {
namespace {

std::optional<unsigned char> hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return static_cast<unsigned char>(c - '0');
    if (c >= 'a' && c <= 'f')
        return static_cast<unsigned char>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return static_cast<unsigned char>(c - 'A' + 10);
    return std::nullopt;
}

std::optional<std::string> decode(std::string_view segment)
{
    std::string out;
    out.reserve(segment.size());
    for (std::size_t i = 0; i < segment.size(); ++i)
    {
        char c = segment[i];
        if (c == '%')
        {
            if (segment.size() - i < 3)
                return std::nullopt;
            auto const high = hex_digit(segment[i + 1]);
            auto const low = hex_digit(segment[i + 2]);
            if (!high || !low)
                return std::nullopt;
            c = static_cast<char>(*high * 16 + *low);
            i += 2;
        }
        out.push_back(c);
    }
    return out;
}

bool is_refused(std::string_view decoded)
{
    // A backslash separates on some systems; refusing it everywhere keeps one rule.
    return decoded == ".." || decoded.find_first_of(std::string_view("/\\\0", 3)) != decoded.npos;
}

// The part of the target from its path on; empty when there is none that we accept.
std::string_view skip_authority(std::string_view target)
{
    constexpr std::string_view scheme = "http://";
    if (!boost::beast::iequals(target.substr(0, scheme.size()), scheme))
        return target;
    target.remove_prefix(scheme.size());
    auto const authority = target.substr(0, target.find_first_of("/?#"));
    if (authority.empty())
        return {};
    target.remove_prefix(authority.size());
    return target.empty() ? "/" : target;
}

} // namespace

std::optional<std::string> path_below_root(std::string_view target)
{
    auto path = skip_authority(target);
    path = path.substr(0, path.find('?'));
    if (path.empty() || path.front() != '/' || path.find('#') != path.npos)
        return std::nullopt;

    bool const names_folder = path.back() == '/';
    std::string result;
    while (!path.empty())
    {
        path.remove_prefix(1);
        auto const raw = path.substr(0, path.find('/'));
        path.remove_prefix(raw.size());

        auto const segment = decode(raw);
        if (!segment || is_refused(*segment))
            return std::nullopt;
        if (segment->empty() || *segment == ".")
            continue;
        if (!result.empty())
            result += '/';
        result += *segment;
    }
    if (names_folder)
        result += result.empty() ? "index.html" : "/index.html";
    return result;
}

} // namespace file_server
