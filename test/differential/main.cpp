//
// Runs every body in a child process and writes its outcome to a file.
//
//   --out FILE       where the outcomes go (standard output if absent)
//   --only NAME      one body, or one topic
//   --list           the names, nothing run
//   --limit SECONDS  how long one body may take (5)
//
// A body that does not end in time leaves the line HANG, one that dies leaves the line CRASH.
// The exit status is 1 if there was one of these, 2 if the command line or the system is at fault.
//

#include "registry.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace differential {

std::map<std::string, body>& bodies()
{
    static std::map<std::string, body> all;
    return all;
}

namespace {

// The pipe to the parent, in a child. Lines are shorter than PIPE_BUF, hence whole whatever
// thread writes them, and those written before a crash are not lost.
int outcome = -1;

struct options
{
    std::string out;
    std::string only;
    bool list = false;
    std::chrono::seconds limit{5};
};

[[noreturn]] void fail(const std::string& message)
{
    std::cerr << message << '\n';
    std::exit(2);
}

options parse(int argc, char** argv)
{
    options result;
    for (int i = 1; i < argc; ++i)
    {
        const std::string_view name = argv[i];
        const auto value = [&]() -> const char* {
            return ++i < argc ? argv[i] : (fail("value missing"), nullptr);
        };
        if (name == "--list")
        {
            result.list = true;
        }
        else if (name == "--out")
        {
            result.out = value();
        }
        else if (name == "--only")
        {
            result.only = value();
        }
        else if (name == "--limit")
        {
            result.limit = std::chrono::seconds(std::atoi(value()));
        }
        else
        {
            fail("unknown option " + std::string(name));
        }
    }
    return result;
}

[[noreturn]] void run_child(body function)
{
    try
    {
        function();
    }
    catch (...)
    {
        log("uncaught", std::current_exception());
    }
    std::exit(0);
}

// Three are enough to understand, and each costs seconds of the time limit of the whole.
void print_stacks(pid_t child, const std::string& name)
{
    static int left = 3;
    std::cerr << name << " hangs" << std::endl;
    if (left-- > 0)
    {
        const std::string command = "command -v gdb >/dev/null && timeout 8 gdb -p "
            + std::to_string(child) + " -batch -ex 'thread apply all bt 24' >&2 2>/dev/null";
        if (std::system(command.c_str()) != 0)
        {
            std::cerr << "(no stacks)" << std::endl;
        }
    }
}

// Appends what the child writes until it has ended; false if time ran out first.
bool collect(int from, std::chrono::seconds limit, std::string& text)
{
    using clock = std::chrono::steady_clock;
    const auto deadline = clock::now() + limit;
    for (;;)
    {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
        if (left.count() <= 0)
        {
            return false;
        }
        pollfd poller{from, POLLIN, 0};
        if (::poll(&poller, 1, static_cast<int>(left.count())) <= 0)
        {
            continue;
        }
        char buffer[4096];
        const ssize_t n = ::read(from, buffer, sizeof(buffer));
        if (n == 0)
        {
            return true;
        }
        if (n > 0)
        {
            text.append(buffer, static_cast<std::size_t>(n));
        }
    }
}

bool run_one(const std::string& name, body function, std::chrono::seconds limit, std::ostream& out)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
    {
        fail("pipe failed");
    }
    std::cout.flush();
    const pid_t child = ::fork();
    if (child < 0)
    {
        fail("fork failed");
    }
    if (child == 0)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(ends[0]);
        outcome = ends[1];
        run_child(function);
    }
    ::close(ends[1]);
    std::string text;
    const bool in_time = collect(ends[0], limit, text);
    if (!in_time)
    {
        print_stacks(child, name);
        ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
    {
    }
    if (!in_time)
    {
        text += "HANG\n";
    }
    else if (WIFSIGNALED(status))
    {
        text += "CRASH signal " + std::to_string(WTERMSIG(status)) + '\n';
    }
    else if (WEXITSTATUS(status) != 0)
    {
        text += "CRASH exit " + std::to_string(WEXITSTATUS(status)) + '\n';
    }
    out << '[' << name << "]\n" << text << std::flush;
    return in_time && status == 0;
}

bool selected(const std::string& name, const std::string& only)
{
    return only.empty() || name == only || name.starts_with(only + '.');
}

} // namespace

void write_line(std::string_view line)
{
    const std::string whole = "  " + std::string(line) + '\n';
    if (::write(outcome, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size()))
    {
        std::abort();
    }
}

} // namespace differential

int main(int argc, char** argv)
{
    using namespace differential;
    const options wanted = parse(argc, argv);
    std::ofstream file;
    if (!wanted.out.empty())
    {
        file.open(wanted.out);
        if (!file)
        {
            fail("cannot write " + wanted.out);
        }
    }
    std::ostream& out = wanted.out.empty() ? std::cout : file;

    int count = 0;
    int bad = 0;
    for (const auto& [name, function] : bodies())
    {
        if (!selected(name, wanted.only))
        {
            continue;
        }
        ++count;
        if (wanted.list)
        {
            std::cout << name << '\n';
        }
        else if (!run_one(name, function, wanted.limit, out))
        {
            std::cerr << name << ": hang or crash\n";
            ++bad;
        }
    }
    if (count == 0)
    {
        fail("no such body");
    }
    if (!wanted.list)
    {
        std::cerr << count << " bodies, " << bad << " hung or crashed\n";
    }
    return bad == 0 ? 0 : 1;
}
