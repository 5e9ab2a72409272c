#include "client_program.hpp"

#include <charconv>
#include <cstdio>
#include <exception>
#include <optional>
#include <system_error>

namespace echo {

namespace {

constexpr int exit_skipped = 77;

std::optional<std::chrono::milliseconds> parse_milliseconds(std::string_view text)
{
    unsigned value = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value == 0 || value > 600'000)
        return std::nullopt;
    return std::chrono::milliseconds(value);
}

} // namespace

void allow_descriptors(rlim_t wanted)
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    if (limit.rlim_max < wanted)
        throw cannot_run_here{"RLIMIT_NOFILE is below " + std::to_string(wanted)};
    limit.rlim_cur = wanted;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run_client(int argc, char** argv, char const* usage, bool (*measure)(client_order const&))
{
    auto const duration = argc > 3 ? parse_milliseconds(argv[2]) : std::nullopt;
    try
    {
        if (duration && measure({argv[1], *duration, argv + 3}))
            return 0;
        std::fputs(usage, stderr);
    }
    catch (cannot_run_here const& here)
    {
        std::printf("skipped: %s\n", here.reason.c_str());
        return exit_skipped;
    }
    catch (std::exception const& error)
    {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    }
    return 1;
}

} // namespace echo
