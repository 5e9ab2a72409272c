#include "output.hpp"

#include <charconv>
#include <cmath>
#include <map>
#include <sstream>
#include <system_error>

namespace perf {

namespace {

constexpr int status_skipped = 77;
constexpr std::string_view skipped_prefix = "skipped: ";

std::optional<double> number(const std::string& line, std::string_view text)
{
    if (text == "-")
        return std::nullopt;
    double value = 0;
    const char* const last = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), last, value);
    if (error != std::errc() || rest != last || !std::isfinite(value) || value < 0)
        throw program_failure("printed '" + line + "', which is no metric and its value");
    return value;
}

} // namespace

figures read_output(const ended_process& ended, const std::vector<metric>& metrics)
{
    std::map<std::string, std::optional<double>, std::less<>> printed;
    std::istringstream lines(ended.output);
    for (std::string line; std::getline(lines, line);)
    {
        if (line.starts_with(skipped_prefix) && ended.status == status_skipped)
            return {{}, line.substr(skipped_prefix.size())};
        const std::size_t space = line.find(' ');
        if (space == std::string::npos)
            throw program_failure("printed '" + line + "'");
        printed[line.substr(0, space)] = number(line, std::string_view(line).substr(space + 1));
    }
    if (ended.status != 0)
        throw program_failure("exited with " + std::to_string(ended.status));

    figures result;
    for (const metric& m : metrics)
    {
        const auto found = printed.find(m.name);
        if (found == printed.end())
            throw program_failure("did not print " + std::string(m.name));
        result.values.push_back(found->second);
    }
    return result;
}

} // namespace perf
