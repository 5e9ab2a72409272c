#include <proactor/error.hpp>

#include <cstdio>
#include <exception>

namespace proactor::detail {

void terminate_with(const char* message) noexcept
{
    std::fprintf(stderr, "proactor: %s\n", message);
    std::fflush(stderr);
    std::terminate();
}

} // namespace proactor::detail
