//
// SIGCHLD with real children, numbers that are none, and what the flags of a registration do.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <boost/version.hpp>

#include <algorithm>
#include <csignal>
#include <functional>

#include <sys/wait.h>

namespace differential {

using namespace std::chrono_literals;

namespace {

template <class Function>
pid_t child(Function function)
{
    const pid_t process = ::fork();
    if (process == 0)
    {
        function();
        ::_exit(0);
    }
    return process;
}

pid_t child_that_exits(int status)
{
    return child([status] { ::_exit(status); });
}

// Blocks until the child is as the options say; only its state is looked at, not taken.
void await_child(pid_t process, int options)
{
    siginfo_t info = {};
    ::waitid(P_PID, static_cast<id_t>(process), &info, options | WNOWAIT);
}

} // namespace

PROACTOR_TEST_BODY(signal_child, statuses)
{
    context ctx;
    signal_set signals(ctx, SIGCHLD);
    std::vector<int> statuses;
    std::function<void(const error_code&, int)> reap = [&](const error_code& ec, int number) {
        if (ec || number != SIGCHLD)
        {
            log("unexpected", ec, number);
            return;
        }
        int status = 0;
        while (::waitpid(-1, &status, WNOHANG) > 0)
        {
            statuses.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
        }
        if (statuses.size() < 5)
        {
            signals.async_wait(reap);
        }
    };
    signals.async_wait(reap);
    for (int i = 0; i < 4; ++i)
    {
        child_that_exits(i);
    }
    child([] { ::raise(SIGKILL); });
    ctx.run();
    std::sort(statuses.begin(), statuses.end());
    for (const int status : statuses)
    {
        log("status", status);
    }
}

PROACTOR_TEST_BODY(signal_child, ended_before_the_wait)
{
    context ctx;
    signal_set signals(ctx, SIGCHLD);
    const pid_t process = child_that_exits(3);
    await_child(process, WEXITED);
    signals.async_wait(report{"wait"});
    ctx.run();
    int status = 0;
    log("waitpid", ::waitpid(process, &status, 0) == process, WEXITSTATUS(status));
}

PROACTOR_TEST_BODY(signal_child, stopped_and_continued)
{
    context ctx;
    signal_set signals(ctx, SIGCHLD);
    const pid_t process = child([] { ::pause(); });
    ::kill(process, SIGSTOP);
    await_child(process, WSTOPPED);
    signals.async_wait(report{"stopped"});
    ctx.run();
    ctx.restart();
    ::kill(process, SIGCONT);
    await_child(process, WCONTINUED);
    signals.async_wait(report{"continued"});
    ctx.run();
    ctx.restart();
    ::kill(process, SIGKILL);
    signals.async_wait(report{"killed"});
    ctx.run();
    int status = 0;
    log("waitpid", ::waitpid(process, &status, 0) == process, WTERMSIG(status));
}

PROACTOR_TEST_BODY(signal_child, two_sets_see_one_child)
{
    context ctx;
    signal_set first(ctx, SIGCHLD);
    signal_set second(ctx, SIGCHLD, SIGUSR1);
    int seen = 0;
    first.async_wait([&](const error_code& ec, int number) { seen += !ec && number == SIGCHLD; });
    second.async_wait([&](const error_code& ec, int number) { seen += !ec && number == SIGCHLD; });
    const pid_t process = child_that_exits(0);
    ctx.run();
    log("seen", seen, ::waitpid(process, nullptr, 0) == process);
}

PROACTOR_TEST_BODY(signal_child, numbers)
{
    context ctx;
    for (const int number : {0, -1, 1, 9, 19, 31, 32, 33, 34, 63, 64, 65, 66, 127, 128, 1 << 30})
    {
        signal_set signals(ctx);
        error_code ec;
        signals.add(number, ec);
        log("add", number, ec);
        signals.remove(number, ec);
        log("remove", number, ec);
        signals.remove(number, ec);
        log("again", number, ec);
    }
    signal_set signals(ctx);
    attempt("add 0", [&] { signals.add(0); });
    attempt("remove 65", [&] { signals.remove(65); });
    attempt("constructor", [&] { signal_set(ctx, SIGUSR1, SIGKILL); });
    attempt("constructor of three", [&] { signal_set(ctx, SIGUSR1, SIGUSR2, 65); });
    // What had been added before the error was taken back.
    struct sigaction action = {};
    ::sigaction(SIGUSR1, nullptr, &action);
    log("default", action.sa_handler == SIG_DFL);
}

PROACTOR_TEST_BODY(signal_child, real_time_signals)
{
    context ctx;
    signal_set signals(ctx, SIGRTMIN, SIGRTMAX);
    std::vector<int> numbers;
    const auto note = [&](const error_code& ec, int number) {
        numbers.push_back(ec ? -1 : number);
    };
    ::raise(SIGRTMAX);
    ::raise(SIGRTMIN);
    ::raise(SIGRTMIN);
    for (int i = 0; i < 3; ++i)
    {
        signals.async_wait(note);
        ctx.run();
        ctx.restart();
    }
    std::sort(numbers.begin(), numbers.end());
    for (const int number : numbers)
    {
        log("number", number == SIGRTMIN, number == SIGRTMAX);
    }
}

#if BOOST_VERSION >= 108200

namespace {

using flags = asio::signal_set_base::flags;

struct named_flags
{
    const char* name;
    flags value;
};

const named_flags all_flags[] = {
    {"none", flags::none},
    {"restart", flags::restart},
    {"no_child_stop", flags::no_child_stop},
    {"no_child_wait", flags::no_child_wait},
    {"dont_care", flags::dont_care},
    {"restart no_child_stop",
     static_cast<flags>(static_cast<int>(flags::restart) | static_cast<int>(flags::no_child_stop))},
};

int flags_of_action(int number)
{
    struct sigaction action = {};
    ::sigaction(number, nullptr, &action);
    return action.sa_flags & (SA_RESTART | SA_NOCLDSTOP | SA_NOCLDWAIT);
}

} // namespace

PROACTOR_TEST_BODY(signal_child, flags_and_conflicts)
{
    for (const auto& [name, first_flags] : all_flags)
    {
        for (const auto& [other, second_flags] : all_flags)
        {
            context ctx;
            signal_set first(ctx);
            signal_set second(ctx);
            error_code ec;
            first.add(SIGCHLD, first_flags, ec);
            log(name, ec, flags_of_action(SIGCHLD));
            second.add(SIGCHLD, second_flags, ec);
            log(other, ec, flags_of_action(SIGCHLD));
            second.add(SIGCHLD, second_flags, ec);
            log("  twice", ec);
            first.add(SIGCHLD, second_flags, ec);
            log("  in the first", ec);
            second.add(SIGCHLD, ec);
            log("  without", ec);
            first.clear();
            log("  one less", flags_of_action(SIGCHLD));
            second.add(SIGCHLD, second_flags, ec);
            log("  now", ec, flags_of_action(SIGCHLD));
        }
    }
    context ctx;
    signal_set first(ctx);
    signal_set second(ctx);
    first.add(SIGUSR1, flags::restart);
    attempt("conflict", [&] { second.add(SIGUSR1, flags::none); });
    attempt("SIGKILL", [&] { second.add(SIGKILL, flags::restart); });
    error_code ec;
    second.add(65, flags::restart, ec);
    log("65", ec);
}

PROACTOR_TEST_BODY(signal_child, no_child_stop)
{
    context ctx;
    signal_set signals(ctx);
    signals.add(SIGCHLD, flags::no_child_stop);
    int waits = 0;
    signals.async_wait([&](const error_code& ec, int number) { ++waits, log("wait", ec, number); });
    const pid_t process = child([] { ::pause(); });
    ::kill(process, SIGSTOP);
    await_child(process, WSTOPPED);
    ctx.poll();
    log("stopped", waits);
    ::kill(process, SIGKILL);
    ctx.run();
    log("waitpid", ::waitpid(process, nullptr, 0) == process);
}

PROACTOR_TEST_BODY(signal_child, no_child_wait)
{
    context ctx;
    signal_set signals(ctx);
    signals.add(SIGCHLD, flags::no_child_wait);
    signals.async_wait(report{"wait"});
    const pid_t process = child_that_exits(0);
    ctx.run();
    // There is no zombie to be had.
    log("waitpid", ::waitpid(process, nullptr, 0), errno == ECHILD);
}

#endif

} // namespace differential
