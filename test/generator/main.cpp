//
// Runs generated programs and writes their outcomes.
//
//   --seeds A-B       these seeds, the outcomes to --out
//   --out FILE        where to (standard output if absent)
//   --runners N       threads inside run (1)
//   --limit SECONDS   how long one program may take (10)
//   --seed N          prints the program of this seed; with --run, its outcome too
//   --source          with --seed: a C++ program of plain Asio that does the same
//
// All programs run in one child process; if one hangs or crashes, its outcome says so and a new
// child goes on with the next. The exit status is 1 if that happened, 2 if the command line is at
// fault.
//

#include "generate.hpp"
#include "interpreter.hpp"
#include "print.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace {

using namespace generator;

struct options
{
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::string out;
    int runners = 1;
    int limit = 10;
    bool print = false;
    bool source = false;
    bool run = false;
};

[[noreturn]] void fail(std::string_view message)
{
    std::cerr << message << '\n';
    std::exit(2);
}

std::uint64_t number(std::string_view text)
{
    std::uint64_t result = 0;
    const auto end = text.data() + text.size();
    if (std::from_chars(text.data(), end, result).ptr != end || text.empty())
        fail("not a number: " + std::string(text));
    return result;
}

options parse(int argc, char** argv)
{
    options result;
    for (int i = 1; i < argc; ++i)
    {
        const std::string_view name = argv[i];
        const auto value = [&]() -> std::string_view {
            return ++i < argc ? argv[i] : (fail("value missing"), "");
        };
        if (name == "--seeds")
        {
            const auto range = value();
            const auto dash = range.find('-');
            if (dash == range.npos)
                fail("--seeds A-B");
            result.first = number(range.substr(0, dash));
            result.last = number(range.substr(dash + 1));
        }
        else if (name == "--seed")
        {
            result.first = result.last = number(value());
            result.print = true;
        }
        else if (name == "--out")
            result.out = value();
        else if (name == "--runners")
            result.runners = static_cast<int>(number(value()));
        else if (name == "--limit")
            result.limit = static_cast<int>(number(value()));
        else if (name == "--source")
            result.source = true;
        else if (name == "--run")
            result.run = true;
        else
            fail("unknown option " + std::string(name));
    }
    return result;
}

std::string outcome_of(std::uint64_t seed, int runners)
{
    const program p = generate(seed, runners);
    try
    {
        interpreter i(p);
        return i.run();
    }
    catch (const std::exception& error)
    {
        return std::string("uncaught ") + error.what() + '\n';
    }
}

void write_all(int to, std::string_view text)
{
    while (!text.empty())
    {
        const auto n = ::write(to, text.data(), text.size());
        if (n <= 0)
            std::_Exit(3);
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

struct child
{
    pid_t id;
    int output;
};

child start_child(const options& wanted, std::uint64_t first)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe failed");
    std::cout.flush();
    const pid_t id = ::fork();
    if (id < 0)
        fail("fork failed");
    if (id > 0)
    {
        ::close(ends[1]);
        return {id, ends[0]};
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends[0]);
    for (std::uint64_t seed = first; seed <= wanted.last; ++seed)
        write_all(ends[1],
                  "[seed " + std::to_string(seed) + "]\n" + outcome_of(seed, wanted.runners)
                      + "end\n");
    std::exit(0);
}

void print_stacks(pid_t id)
{
    static int left = 2;
    if (left-- <= 0)
        return;
    const std::string command = "command -v gdb >/dev/null && timeout 8 gdb -p "
        + std::to_string(id) + " -batch -ex 'thread apply all bt 24' >&2 2>/dev/null";
    if (std::system(command.c_str()) != 0)
        std::cerr << "(no stacks)" << std::endl;
}

/// Reads outcomes until the child ends or says nothing for too long; false if it does.
bool collect(const child& c, int limit, std::string& text)
{
    for (;;)
    {
        pollfd poller{c.output, POLLIN, 0};
        const int n = ::poll(&poller, 1, limit * 1000);
        if (n == 0)
            return false;
        if (n < 0)
            continue;
        char buffer[65536];
        const auto size = ::read(c.output, buffer, sizeof(buffer));
        if (size <= 0)
            return true;
        text.append(buffer, static_cast<std::size_t>(size));
    }
}

int run_all(const options& wanted, std::ostream& out)
{
    int bad = 0;
    for (std::uint64_t next = wanted.first; next <= wanted.last;)
    {
        const child c = start_child(wanted, next);
        std::string text;
        const bool in_time = collect(c, wanted.limit, text);
        std::uint64_t done = 0;
        for (std::size_t at = 0; (at = text.find("\nend\n", at)) != text.npos; ++at)
            ++done;
        const std::uint64_t current = next + done;
        if (!in_time)
        {
            std::cerr << "seed " << current << " hangs" << std::endl;
            print_stacks(c.id);
            ::kill(c.id, SIGKILL);
        }
        ::close(c.output);
        int status = 0;
        while (::waitpid(c.id, &status, 0) < 0 && errno == EINTR)
        {
        }
        // A program's outcome is written whole or not at all.
        const auto end = text.rfind("\nend\n");
        out << (end == text.npos ? std::string() : text.substr(0, end + 5));
        next = current;
        if (next > wanted.last && in_time && status == 0)
            break;
        ++bad;
        if (!in_time)
            out << "[seed " << current << "]\nHANG\nend\n";
        else
            out << "[seed " << current << "]\nCRASH " << status << "\nend\n";
        if (in_time)
            std::cerr << "seed " << current << " crashes, status " << status << std::endl;
        ++next;
    }
    return bad == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    ::signal(SIGPIPE, SIG_IGN);
    const options wanted = parse(argc, argv);
    if (wanted.print)
    {
        const program p = generate(wanted.first, wanted.runners);
        if (wanted.source)
            print_source(p, wanted.first, std::cout);
        else
            print_steps(p, std::cout);
        if (wanted.run)
            std::cout << outcome_of(wanted.first, wanted.runners);
        return 0;
    }
    if (wanted.out.empty())
        return run_all(wanted, std::cout);
    std::ofstream file(wanted.out);
    if (!file)
        fail("cannot write " + wanted.out);
    return run_all(wanted, file);
}
