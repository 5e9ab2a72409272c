#ifndef PROACTOR_TEST_SUPPORT_DECLARED_THREADS_HPP
#define PROACTOR_TEST_SUPPORT_DECLARED_THREADS_HPP

#include <proactor.hpp>

#include <cstdlib>

namespace test {

/// A context that declares as many threads as PROACTOR_TEST_THREADS of the environment says, any
/// number of them without it or where the program gives a concurrency hint.
struct declared_threads_context : proactor::io_context
{
    using proactor::io_context::io_context;

    declared_threads_context() : io_context(options()) {}

private:
    static proactor::context_options options()
    {
        const char* const threads = std::getenv("PROACTOR_TEST_THREADS");
        proactor::context_options result;
        result.threads = threads ? static_cast<unsigned>(std::atoi(threads)) : 0;
        return result;
    }
};

} // namespace test

#endif
