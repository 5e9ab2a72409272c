#pragma once

#include <cerrno>
#include <system_error>

namespace echo {

[[noreturn]] inline void fail(int error, char const* what)
{
    throw std::system_error(error, std::generic_category(), what);
}

// The result of a system call that says -1 for an error.
template <typename Result>
Result check(Result result, char const* call)
{
    if (result == Result(-1))
        fail(errno, call);
    return result;
}

} // namespace echo
