#include "process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace perf {

namespace {

using clock = std::chrono::steady_clock;

/// The first processors that this process may use; fewer than asked for if there are no more.
cpu_set_t processor_set(processors on)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    int left = on == processors::all ? CPU_SETSIZE : on == processors::two ? 2 : 1;
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE && left > 0; ++cpu)
        if (CPU_ISSET(cpu, &allowed))
        {
            CPU_SET(cpu, &chosen);
            --left;
        }
    return chosen;
}

[[noreturn]] void become(const command& c, const cpu_set_t& where, int output)
{
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, STDOUT_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : c.words)
        arguments.push_back(const_cast<char*>(word.c_str())); // execv changes nothing
    arguments.push_back(nullptr);
    // Nor does putenv, which keeps the text until the program takes this one's place.
    if ((c.setting.empty() || ::putenv(const_cast<char*>(c.setting.c_str())) == 0)
        && ::sched_setaffinity(0, sizeof where, &where) == 0)
        ::execv(arguments[0], arguments.data());
    std::fprintf(stderr, "%s: %s\n", arguments[0], std::strerror(errno));
    ::_exit(126);
}

class child
{
public:
    child(const command& c, const cpu_set_t& where)
    {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            throw program_failure(std::string("pipe2: ") + std::strerror(errno));
        pid_ = ::fork();
        if (pid_ == 0)
            become(c, where, ends[1]);
        ::close(ends[1]);
        output_ = ends[0];
        if (pid_ < 0)
        {
            ::close(output_);
            throw program_failure(std::string("fork: ") + std::strerror(errno));
        }
        ::setpgid(pid_, pid_); // here too: whoever is first
    }
    child(const child&) = delete;
    ~child()
    {
        ::close(output_);
        if (pid_ < 0)
            return;
        ::kill(-pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    /// Whether it closed its output before the deadline.
    bool read_all(std::string& output, clock::time_point deadline)
    {
        for (;;)
        {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
            pollfd readable{output_, POLLIN, 0};
            const int ready =
                ::poll(&readable, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
            if (ready == 0)
                return false;
            char some[4096];
            const ssize_t n = ready > 0 ? ::read(output_, some, sizeof some) : -1;
            if (n == 0)
                return true;
            if (n > 0)
                output.append(some, static_cast<std::size_t>(n));
            else if (errno != EINTR)
                return false;
        }
    }

    int wait()
    {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR)
        {
        }
        pid_ = -1;
        return status;
    }

private:
    pid_t pid_;
    int output_;
};

} // namespace

std::string to_string(const command& c)
{
    std::string text = c.setting;
    for (const std::string& word : c.words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

ended_process run_process(const command& c, processors on, std::chrono::milliseconds limit)
{
    const auto deadline = clock::now() + limit;
    child running(c, processor_set(on));
    ended_process result{};
    if (!running.read_all(result.output, deadline))
        throw program_failure("not done after " + std::to_string(limit.count()) + " ms");
    const int status = running.wait();
    if (WIFSIGNALED(status))
        throw program_failure(std::string("died of ") + ::strsignal(WTERMSIG(status)));
    result.status = WEXITSTATUS(status);
    return result;
}

} // namespace perf
