#include "json.hpp"

#include <charconv>
#include <cstdio>
#include <string_view>

namespace perf {

namespace {

std::string quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char c : text)
    {
        if (c == '"' || c == '\\')
            result += '\\';
        if (static_cast<unsigned char>(c) >= 0x20)
            result += c;
        else
        {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
            result += escaped;
        }
    }
    return result + '"';
}

std::string number(double value)
{
    char text[40];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    return {text, end}; // the shortest text has room
}

std::string field(std::string_view key, const std::string& value)
{
    return quoted(key) + ": " + value;
}

std::string results_of(const row& r)
{
    std::string text = "{";
    for (const auto& [peer, s] : r.results)
        text += (text.size() > 1 ? ", " : "") + field(peer, number(s.median));
    return text + "}";
}

std::string spread_of(const row& r)
{
    std::string text = "{";
    for (const auto& [peer, s] : r.results)
        text += (text.size() > 1 ? ", " : "")
            + field(peer, "[" + number(s.min) + ", " + number(s.max) + "]");
    return text + "}";
}

std::string object(const row& r)
{
    std::string text = "{" + field("name", quoted(r.scenario->name)) + ", "
        + field("variant", quoted(r.variant->name)) + ", " + field("metric", quoted(r.metric->name))
        + ", ";
    if (r.skipped)
        return text + field("skipped", quoted(*r.skipped)) + "}";
    return text + field("unit", quoted(r.metric->unit)) + ", "
        + field("better", quoted(r.metric->better == better::lower ? "lower" : "higher")) + ", "
        + field("results", results_of(r)) + ", " + field("spread", spread_of(r)) + "}";
}

} // namespace

std::string to_json(const std::vector<row>& rows)
{
    std::string text = "{\"scenarios\": [";
    for (const row& r : rows)
        text += (&r == rows.data() ? "\n  " : ",\n  ") + object(r);
    return text + "\n]}\n";
}

} // namespace perf
