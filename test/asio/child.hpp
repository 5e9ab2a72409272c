// Runs a body in a child process and tells how that ended: for what must end a process.
#pragma once

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <string>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

struct child_end
{
    bool exited = false;
    int status = 0;   // of exit, or the number of the signal
    std::string said; // on standard error
};

/// Fork, run the body, whose result is the exit status; kill the child at the time limit.
template <typename Body>
child_end in_child(Body body)
{
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    pid_t const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0)
    {
        // Boost.Test's own handlers would turn the end of the child into a report of the parent's.
        for (int const number : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTERM})
            std::signal(number, SIG_DFL);
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[0]);
        ::close(ends[1]);
        ::_exit(body());
    }
    ::close(ends[1]);
    child_end result;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;)
    {
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd readable{ends[0], POLLIN, 0};
        if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) == 0)
        {
            ::kill(child, SIGKILL);
            break;
        }
        char text[512];
        ssize_t const n = ::read(ends[0], text, sizeof text);
        if (n <= 0)
            break;
        result.said.append(text, static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    result.exited = WIFEXITED(status);
    result.status = result.exited ? WEXITSTATUS(status) : WTERMSIG(status);
    return result;
}

} // namespace test
