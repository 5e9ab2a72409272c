// Copies by cp(1), its start included.
#include "workload.hpp"

#include <cerrno>

#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace {

void run(char* const* words)
{
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, words[0], nullptr, nullptr, words, environ);
    if (error == ENOENT)
        throw perf::cannot_run("no cp on this system");
    perf::check(error == 0, "cp cannot be started");
    int status = 0;
    perf::check(::waitpid(pid, &status, 0) == pid && status == 0, "cp failed");
}

void copy(const perf::assignment& a)
{
    perf::copies work(a);
    std::string words[] = {"cp", "--reflink=never", "--", work.source(), work.target()};
    char* const arguments[] = {words[0].data(), words[1].data(), words[2].data(),
                               words[3].data(), words[4].data(), nullptr};
    work.measure([&] { run(arguments); }, false);
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, copy);
}
