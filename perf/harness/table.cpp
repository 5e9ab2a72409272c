#include "table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

namespace perf {

namespace {

using line = std::vector<std::string>;

/// Three significant digits, but no exponent and all digits before the point.
std::string figure(double value)
{
    std::array<char, 64> text;
    const int decimals = value == 0 || value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 4;
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

std::string ratio(double subject, double peer)
{
    if (peer == 0)
        return subject == 0 ? "both 0" : "peer 0";
    std::array<char, 64> text;
    std::snprintf(text.data(), text.size(), "%.2f", subject / peer);
    return text.data();
}

const summary* find(const row& r, std::string_view peer)
{
    const auto found = std::ranges::find(r.results, peer, [](const auto& p) { return p.first; });
    return found == r.results.end() ? nullptr : &found->second;
}

line heading(const scenario& s, std::string_view own_key)
{
    line cells{std::string(s.name), "metric", "better", std::string(own_key), "from", "to"};
    for (const peer& p : s.peers)
        if (p.key != own_key)
            cells.push_back("/ " + std::string(p.key));
    return cells;
}

/// Of a row that is skipped, or that has the peer with this key.
line body(const row& r, std::string_view own_key)
{
    line cells{std::string(r.variant->name), std::string(r.metric->name)};
    if (r.skipped)
    {
        cells.push_back("skipped: " + *r.skipped);
        return cells;
    }
    const summary* const own = find(r, own_key);
    cells.push_back(r.metric->better == better::lower ? "lower" : "higher");
    for (const double value : {own->median, own->min, own->max})
        cells.push_back(figure(value));
    for (const peer& p : r.scenario->peers)
        if (p.key != own_key)
        {
            const summary* const other = find(r, p.key);
            cells.push_back(other ? ratio(own->median, other->median) : "skipped");
        }
    return cells;
}

std::string aligned(const std::vector<line>& lines)
{
    std::vector<std::size_t> widths(lines.front().size());
    for (const line& l : lines)
        if (l.size() == widths.size()) // a reason to skip is as long as it likes
            for (std::size_t i = 0; i < l.size(); ++i)
                widths[i] = std::max(widths[i], l[i].size());

    constexpr std::size_t words = 3; // the first columns, which stand left
    std::string text;
    for (const line& l : lines)
    {
        std::string one;
        for (std::size_t i = 0; i < l.size(); ++i)
        {
            const std::size_t padding = widths[i] > l[i].size() ? widths[i] - l[i].size() : 0;
            one += i ? "  " : "";
            one += i < words ? l[i] + std::string(padding, ' ') : std::string(padding, ' ') + l[i];
        }
        text += one.substr(0, one.find_last_not_of(' ') + 1) + '\n';
    }
    return text;
}

/// The scenario's rows; nothing where that peer has no figures in any of them.
std::string compared(std::span<const row> rows, std::string_view own_key)
{
    std::vector<line> lines{heading(*rows.front().scenario, own_key)};
    for (const row& r : rows)
        if (find(r, own_key) || (r.skipped && own_key == subject))
            lines.push_back(body(r, own_key));
    return lines.size() > 1 ? '\n' + aligned(lines) : "";
}

} // namespace

std::string to_table(const std::vector<row>& rows)
{
    std::string text = "Medians and range of a driver; then its median / the peer's.\n";
    for (auto first = rows.begin(); first != rows.end();)
    {
        const auto last = std::find_if(first, rows.end(),
                                       [&](const row& r) { return r.scenario != first->scenario; });
        for (const std::string_view own_key : {subject, other_driver})
            text += compared({first, last}, own_key);
        first = last;
    }
    return text;
}

} // namespace perf
