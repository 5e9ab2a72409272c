#include "program.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>

namespace perf {

namespace {

constexpr int status_skipped = 77;

assignment parse(int argc, char** argv)
{
    int milliseconds = 0;
    if (argc == 3)
    {
        const char* const end = argv[2] + std::strlen(argv[2]);
        const auto [rest, error] = std::from_chars(argv[2], end, milliseconds);
        if (error == std::errc() && rest == end && milliseconds > 0)
            return {argv[1], std::chrono::milliseconds(milliseconds)};
    }
    throw std::invalid_argument("usage: PROGRAM VARIANT MILLISECONDS");
}

} // namespace

void check(bool condition, const char* what)
{
    if (!condition)
        throw std::runtime_error(what);
}

void print_metric(std::string_view metric, double value)
{
    std::printf("%.*s %.9g\n", static_cast<int>(metric.size()), metric.data(), value);
}

int run_program(int argc, char** argv, void (*program)(const assignment&))
try
{
    program(parse(argc, argv));
    return std::fflush(stdout) == 0 ? 0 : 1;
}
catch (const cannot_run& e)
{
    std::printf("skipped: %s\n", e.what());
    return status_skipped;
}
catch (const std::exception& e)
{
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
}

} // namespace perf
