#include "server_process.hpp"

#include "check.hpp"
#include "processors.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace echo {

namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void become(char** arguments, placement const& where, int output)
{
    try
    {
        check(::prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
        run_on(where.server_start);
        run_on(where.server);
        check(::dup2(output, STDOUT_FILENO), "dup2");
        check(::execvp(arguments[0], arguments), arguments[0]);
    }
    catch (std::exception const& error)
    {
        std::fprintf(stderr, "echo_client: cannot start the server: %s\n", error.what());
    }
    ::_exit(127);
}

void kill_and_wait(pid_t pid)
{
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
}

} // namespace

server_process::server_process(char** arguments, placement const& where)
{
    int pipe[2];
    check(::pipe2(pipe, O_CLOEXEC), "pipe2");
    output_ = unique_fd(pipe[0]);
    unique_fd input(pipe[1]);
    pid_ = check(::fork(), "fork");
    if (pid_ == 0)
        become(arguments, where, input.get());
    try
    {
        if (int const error = ::clock_getcpuclockid(pid_, &cpu_clock_))
            fail(error, "clock_getcpuclockid");
        input = unique_fd(); // the server's end alone keeps the pipe open
        port_ = read_port();
    }
    catch (...)
    {
        kill_and_wait(pid_);
        throw;
    }
}

server_process::~server_process()
{
    if (pid_ > 0)
        kill_and_wait(pid_);
}

unsigned short server_process::read_port()
{
    constexpr std::string_view before = "listening on 127.0.0.1:";
    auto const limit = clock::now() + std::chrono::seconds(10);
    std::string line;
    while (line.empty() || line.back() != '\n')
    {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(limit - clock::now());
        pollfd waiting{output_.get(), POLLIN, 0};
        if (left.count() <= 0
            || check(::poll(&waiting, 1, static_cast<int>(left.count())), "poll") == 0)
            throw std::runtime_error("the server has not said within 10 s where it listens");
        char letter;
        if (check(::read(output_.get(), &letter, 1), "read") == 0)
            throw std::runtime_error("the server ended before it listened");
        line.push_back(letter);
    }
    unsigned short port = 0;
    auto const end = line.data() + line.size() - 1;
    if (!line.starts_with(before)
        || std::from_chars(line.data() + before.size(), end, port).ptr != end || port == 0)
        throw std::runtime_error("the server said instead of its port: " + line);
    return port;
}

std::chrono::nanoseconds server_process::cpu_time() const
{
    timespec t;
    check(::clock_gettime(cpu_clock_, &t), "clock_gettime");
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

std::size_t server_process::private_memory() const
{
    // Of the files that tell, the one that counts each page.
    std::ifstream file("/proc/" + std::to_string(pid_) + "/smaps_rollup");
    for (std::string word; file >> word;)
        if (std::size_t kibibytes = 0; word == "Private_Dirty:" && file >> kibibytes)
            return kibibytes * 1024;
    throw std::runtime_error("the server's smaps_rollup does not tell its memory");
}

void server_process::pause()
{
    check(::kill(pid_, SIGSTOP), "kill");
    int status = 0;
    check(::waitpid(pid_, &status, WUNTRACED), "waitpid");
    if (WIFSTOPPED(status))
        return;
    pid_ = -1;
    throw std::runtime_error("the server has ended by itself");
}

void server_process::resume()
{
    check(::kill(pid_, SIGCONT), "kill");
}

void server_process::stop()
{
    ::kill(pid_, SIGTERM);
    auto const limit = clock::now() + std::chrono::seconds(2);
    int status = 0;
    while (check(::waitpid(pid_, &status, WNOHANG), "waitpid") == 0)
    {
        if (clock::now() > limit)
            throw std::runtime_error("the server did not end within 2 s");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    pid_ = -1;
    if (status != 0)
        throw std::runtime_error(
            WIFEXITED(status)
                ? "the server ended with status " + std::to_string(WEXITSTATUS(status))
                : "the server ended by signal " + std::to_string(WTERMSIG(status)));
}

} // namespace echo
