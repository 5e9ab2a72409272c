#include "command_line.hpp"

#include "scenarios.hpp"

#include <charconv>
#include <string_view>
#include <system_error>

namespace perf {

namespace {

unsigned positive(std::string_view option, std::string_view text)
{
    unsigned value = 0;
    const char* const last = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), last, value);
    if (error != std::errc() || rest != last || value == 0 || value > 1'000'000)
        throw usage_error(std::string(option) + ": '" + std::string(text)
                          + "' is not a number from 1 to 1000000");
    return value;
}

void require_scenario(const std::string& name)
{
    std::string names;
    for (const scenario& s : scenarios())
    {
        if (s.name == name)
            return;
        names += names.empty() ? "" : ", ";
        names += s.name;
    }
    throw usage_error("--only: no scenario '" + name + "': " + names);
}

} // namespace

options parse_command_line(int argc, char** argv)
{
    options result;
    for (int i = 1; i < argc; ++i)
    {
        const std::string_view option = argv[i];
        const auto value = [&]() -> std::string {
            if (++i == argc || !*argv[i])
                throw usage_error(std::string(option) + ": its value is missing");
            return argv[i];
        };
        if (option == "--quick")
            result.quick = true;
        else if (option == "--only")
            require_scenario(result.only = value());
        else if (option == "--json")
            result.json = value();
        else if (option == "--rounds")
            result.rounds = positive(option, value());
        else if (option == "--milliseconds")
            result.window = std::chrono::milliseconds(positive(option, value()));
        else
            throw usage_error("no option '" + std::string(option) + "'");
    }
    if (result.json.empty())
        throw usage_error("--json FILE is missing");
    return result;
}

} // namespace perf
