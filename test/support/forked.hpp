#ifndef PROACTOR_TEST_SUPPORT_FORKED_HPP
#define PROACTOR_TEST_SUPPORT_FORKED_HPP

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <system_error>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace test {

/// In the child of a process with threads, Clang 16's ThreadSanitizer may find locks of its own held, and
/// calls epoll_pwait2(2) twice: what the first has found is lost.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool thread_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool thread_sanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool thread_sanitizer = false;
#endif

/// What a child process finds out. It has no business in the parent's test framework.
class findings
{
public:
    void operator()(bool holds, char const* what)
    {
        if (holds)
            return;
        ++wrong_;
        std::fprintf(stderr, "child: not so: %s\n", what);
    }
    int wrong() const { return wrong_; }

private:
    int wrong_ = 0;
};

/// A child process. It ends at the end of its body or after 25 seconds, without running destructors
/// of what it has inherited.
class forked
{
public:
    template <typename Body>
    explicit forked(Body body) : pid_(::fork())
    {
        if (pid_ < 0)
            throw std::system_error(errno, std::generic_category(), "fork");
        if (pid_ == 0)
            ::_exit(run(body));
    }
    forked(forked&& other) noexcept : pid_(other.pid_) { other.pid_ = 0; }
    forked(forked const&) = delete;
    ~forked()
    {
        if (pid_ > 0)
        {
            ::kill(pid_, SIGKILL);
            end();
        }
    }

    pid_t id() const { return pid_; }

    /// Waits. The exit status, which counts what did not hold, or minus the signal that ended it.
    int end()
    {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0)
            if (errno != EINTR)
                return -1000;
        pid_ = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

private:
    template <typename Body>
    static int run(Body& body)
    {
        // The test framework's would report in the name of the parent.
        for (int const number : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTERM, SIGALRM})
            std::signal(number, SIG_DFL);
        ::alarm(25);
        findings found;
        try
        {
            body(found);
        }
        catch (std::exception const& e)
        {
            found(false, e.what());
        }
        return found.wrong();
    }

    pid_t pid_;
};

} // namespace test

#endif
