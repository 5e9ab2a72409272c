#include <proactor/error.hpp>

#include <cstdio>
#include <exception>
#include <system_error>

namespace proactor::detail {

void throw_system_error(int error, const char* what)
{
    throw std::system_error(error, std::system_category(), what);
}

void terminate_with(const char* message) noexcept
{
    std::fprintf(stderr, "proactor: %s\n", message);
    std::fflush(stderr);
    std::terminate();
}

} // namespace proactor::detail
