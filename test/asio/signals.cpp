// Signal sets.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace asio = boost::asio;

namespace {

void (*disposition(int signal))(int)
{
    struct sigaction now = {};
    ::sigaction(signal, nullptr, &now);
    return now.sa_handler;
}

/// Asio's own signal set, on a context of its own, beside ours.
struct foreign_set
{
    asio::io_context ctx;
    asio::signal_set set{ctx};
    int got = 0;

    explicit foreign_set(int signal) { set.add(signal); }

    /// How often the signal has come since the last time.
    int take()
    {
        got = 0;
        wait();
        ctx.restart();
        ctx.poll();
        set.cancel();
        ctx.restart();
        ctx.poll();
        return got;
    }

private:
    void wait()
    {
        set.async_wait([this](test::error_code ec, int) {
            if (!ec)
            {
                ++got;
                wait();
            }
        });
    }
};

struct own_set
{
    test::context ctx;
    test::signal_set set{ctx};

    explicit own_set(int signal) { set.add(signal); }

    int take()
    {
        int got = 0;
        auto const wait = [&](auto self) -> void {
            set.async_wait([&, self](test::error_code ec, int) {
                if (!ec)
                {
                    ++got;
                    self(self);
                }
            });
        };
        wait(wait);
        ctx.restart();
        ctx.poll();
        set.cancel();
        ctx.restart();
        ctx.poll();
        return got;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(signals)

BOOST_AUTO_TEST_CASE(a_signal_that_was_raised_arrives)
{
    test::context ctx;
    test::signal_set set(ctx, SIGUSR1, SIGUSR2);
    int got = 0;
    set.async_wait([&](test::error_code ec, int number) { got = ec ? -1 : number; });
    BOOST_TEST(ctx.poll() == 0u);
    std::raise(SIGUSR2);
    test::run(ctx);
    BOOST_TEST(got == SIGUSR2);
}

BOOST_AUTO_TEST_CASE(signals_raised_while_nobody_waits_are_kept)
{
    test::context ctx;
    test::signal_set set(ctx, SIGUSR1);
    std::raise(SIGUSR1);
    std::raise(SIGUSR1);
    int got = 0;
    auto const count = [&](test::error_code ec, int number) { got += !ec && number == SIGUSR1; };
    set.async_wait(count);
    set.async_wait(count);
    test::run(ctx);
    BOOST_TEST(got == 2);
}

BOOST_AUTO_TEST_CASE(every_set_that_holds_the_signal_gets_it)
{
    test::context ctx;
    test::context other;
    test::signal_set first(ctx, SIGUSR1);
    test::signal_set second(ctx, SIGUSR1);
    test::signal_set third(other, SIGUSR1);
    int got = 0;
    auto const count = [&](test::error_code ec, int) { got += !ec; };
    first.async_wait(count);
    second.async_wait(count);
    third.async_wait(count);
    std::raise(SIGUSR1);
    test::run(ctx);
    test::run(other);
    BOOST_TEST(got == 3);
}

BOOST_AUTO_TEST_CASE(cancel_and_destruction_abort_the_waits)
{
    test::context ctx;
    std::optional<test::signal_set> set(std::in_place, ctx, SIGUSR1);
    int aborted = 0;
    auto const count = [&](test::error_code ec, int number) {
        aborted += ec == asio::error::operation_aborted && number == 0;
    };
    set->async_wait(count);
    set->async_wait(count);
    set->cancel();
    test::run(ctx);
    BOOST_TEST(aborted == 2);
    set->async_wait(count);
    set.reset();
    test::run(ctx);
    BOOST_TEST(aborted == 3);
}

BOOST_AUTO_TEST_CASE(add_remove_clear)
{
    test::context ctx;
    test::signal_set set(ctx);
    set.add(SIGUSR1);
    set.add(SIGUSR1);
    set.add(SIGUSR2);
    set.remove(SIGUSR2);
    test::error_code ec;
    BOOST_TEST(set.add(-1, ec) == asio::error::invalid_argument);
    BOOST_TEST(set.remove(100'000, ec) == asio::error::invalid_argument);
    BOOST_CHECK_THROW(set.add(SIGKILL), test::system_error);
    int got = 0;
    set.async_wait([&](test::error_code, int number) { got = number; });
    std::raise(SIGUSR1);
    test::run(ctx);
    BOOST_TEST(got == SIGUSR1);
    set.clear();
    set.async_wait([&](test::error_code e, int) { got = e ? -1 : 1; });
    ctx.restart();
    ctx.poll();
    BOOST_TEST(got == SIGUSR1);
    set.cancel();
    test::run(ctx);
    BOOST_TEST(got == -1);
}

BOOST_AUTO_TEST_CASE(the_disposition_is_restored_with_the_last_set)
{
    struct sigaction before = {};
    ::sigaction(SIGUSR2, nullptr, &before);
    {
        test::context ctx;
        test::signal_set set(ctx, SIGUSR2);
        struct sigaction during = {};
        ::sigaction(SIGUSR2, nullptr, &during);
        BOOST_TEST((during.sa_handler != SIG_DFL));
    }
    struct sigaction after = {};
    ::sigaction(SIGUSR2, nullptr, &after);
    BOOST_TEST((after.sa_handler == SIG_DFL));
}

BOOST_AUTO_TEST_CASE(a_child_process_that_ends)
{
    test::context ctx;
    test::signal_set set(ctx, SIGCHLD);
    int status = -1;
    pid_t const child = ::fork();
    if (child == 0)
        ::_exit(7);
    BOOST_REQUIRE(child > 0);
    auto const wait = [&](auto self) -> void {
        set.async_wait([&, self](test::error_code ec, int) {
            if (!ec && ::waitpid(child, &status, WNOHANG) == 0)
                self(self);
        });
    };
    wait(wait);
    test::run(ctx);
    BOOST_TEST(WIFEXITED(status));
    BOOST_TEST(WEXITSTATUS(status) == 7);
}

BOOST_AUTO_TEST_CASE(a_signal_interrupts_a_sleeping_loop)
{
    test::context ctx;
    test::signal_set set(ctx, SIGALRM);
    int got = 0;
    set.async_wait([&](test::error_code, int number) { got = number; });
    itimerval soon = {};
    soon.it_value.tv_usec = 20'000;
    itimerval old = {};
    ::setitimer(ITIMER_REAL, &soon, &old);
    test::run(ctx);
    BOOST_TEST(got == SIGALRM);
}

BOOST_AUTO_TEST_CASE(unrelated_signals_do_not_end_a_run_or_fail_an_operation)
{
    struct sigaction ignore = {};
    struct sigaction old = {};
    ignore.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &ignore, &old);
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, std::chrono::milliseconds(30));
    char byte = 0;
    test::error_code read = asio::error::fault;
    test::error_code waited = asio::error::fault;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code ec, std::size_t) { read = ec; });
    timer.async_wait([&](test::error_code ec) {
        waited = ec;
        pair.b.write_some(asio::buffer("x", 1));
    });
    itimerval often = {};
    often.it_value.tv_usec = often.it_interval.tv_usec = 1'000;
    itimerval const never = {};
    ::setitimer(ITIMER_REAL, &often, nullptr);
    test::run(ctx);
    ::setitimer(ITIMER_REAL, &never, nullptr);
    ::sigaction(SIGALRM, &old, nullptr);
    BOOST_TEST(!read);
    BOOST_TEST(!waited);
}

BOOST_AUTO_TEST_CASE(asios_own_sets_and_ours_share_a_signal)
{
    for (bool const ours_first : {true, false})
        for (bool const ours_last : {true, false})
        {
            std::optional<own_set> ours;
            std::optional<foreign_set> theirs;
            if (ours_first)
                ours.emplace(SIGUSR1);
            theirs.emplace(SIGUSR1);
            if (!ours)
                ours.emplace(SIGUSR1);
            std::raise(SIGUSR1);
            std::raise(SIGUSR1);
            BOOST_TEST(ours->take() == 2);
            BOOST_TEST(theirs->take() == 2);
            if (ours_last)
                theirs.reset();
            else
                ours.reset();
            std::raise(SIGUSR1); // and the process lives
            if (ours)
                BOOST_TEST(ours->take() == 1);
            else
                BOOST_TEST(theirs->take() == 1);
            ours.reset();
            theirs.reset();
            BOOST_TEST((disposition(SIGUSR1) == SIG_DFL));
        }
}

BOOST_AUTO_TEST_CASE(asios_own_sets_come_and_go_beside_ours)
{
    own_set ours(SIGUSR1);
    own_set second(SIGUSR1);
    for (int i = 0; i != 3; ++i)
    {
        foreign_set theirs(SIGUSR1);
        foreign_set others(SIGUSR2);
        ours.set.remove(SIGUSR1);
        ours.set.add(SIGUSR1);
        std::raise(SIGUSR1);
        BOOST_TEST(ours.take() == 1);
        BOOST_TEST(second.take() == 1);
        BOOST_TEST(theirs.take() == 1);
        BOOST_TEST(others.take() == 0);
        theirs.set.remove(SIGUSR1);
        std::raise(SIGUSR1);
        BOOST_TEST(ours.take() == 1);
        BOOST_TEST(second.take() == 1);
        BOOST_TEST(theirs.take() == 0);
        theirs.set.add(SIGUSR1);
        ours.set.clear();
        second.set.clear();
        std::raise(SIGUSR1);
        BOOST_TEST(theirs.take() == 1);
        BOOST_TEST(ours.take() == 0);
        ours.set.add(SIGUSR1);
        second.set.add(SIGUSR1);
    }
}

BOOST_AUTO_TEST_CASE(one_of_several_sets_gives_it_up)
{
    own_set first(SIGUSR1);
    own_set other(SIGUSR1);
    test::signal_set third(first.ctx, SIGUSR1, SIGUSR2);
    first.set.remove(SIGUSR1);
    std::raise(SIGUSR1);
    BOOST_TEST(first.take() == 0);
    BOOST_TEST(other.take() == 1);
    int got = 0;
    third.async_wait([&](test::error_code ec, int number) { got = ec ? -1 : number; });
    test::run(first.ctx);
    BOOST_TEST(got == SIGUSR1);
    other.set.clear();
    third.clear();
    BOOST_TEST((disposition(SIGUSR1) == SIG_DFL));
    BOOST_TEST((disposition(SIGUSR2) == SIG_DFL));
}

// A wait is the set's, not its signals': it stays when they go.
BOOST_AUTO_TEST_CASE(what_was_kept_goes_with_the_registration)
{
    own_set ours(SIGUSR1);
    std::raise(SIGUSR1);
    ours.set.remove(SIGUSR1);
    ours.set.add(SIGUSR1);
    BOOST_TEST(ours.take() == 0);
    int got = 0;
    ours.set.async_wait([&](test::error_code, int number) { got = number; });
    ours.set.clear();
    ours.set.add(SIGUSR2);
    std::raise(SIGUSR2);
    test::run(ours.ctx);
    BOOST_TEST(got == SIGUSR2);
}

BOOST_AUTO_TEST_CASE(signals_come_while_nobody_runs_the_context)
{
    own_set ours(SIGUSR1);
    ours.ctx.poll();
    std::thread([] { ::kill(::getpid(), SIGUSR1); }).join();
    for (int i = 0; i != 100; ++i)
        std::raise(SIGUSR1);
    int got = 0;
    test::yield_until([&] { return (got += ours.take()) == 101; });
}

BOOST_AUTO_TEST_CASE(several_children_end)
{
    test::context ctx;
    test::signal_set set(ctx, SIGCHLD);
    constexpr int children = 20;
    int ended = 0;
    int waits = 0;
    auto const wait = [&](auto self) -> void {
        set.async_wait([&, self](test::error_code ec, int number) {
            if (ec || number != SIGCHLD)
                return;
            ++waits;
            int status = 0;
            while (::waitpid(-1, &status, WNOHANG) > 0) // one signal may stand for several
            {
                ++ended;
                BOOST_TEST(status == 0);
            }
            if (ended != children)
                self(self);
        });
    };
    wait(wait);
    for (int i = 0; i != children; ++i)
        if (::fork() == 0)
            ::_exit(0);
    test::run(ctx);
    BOOST_TEST(ended == children);
    BOOST_TEST(waits >= 1);
    BOOST_TEST(waits <= children);
}

BOOST_AUTO_TEST_CASE(writing_to_nobody_raises_no_signal)
{
    test::context ctx;
    test::signal_set set(ctx, SIGPIPE);
    bool came = false;
    set.async_wait([&](test::error_code ec, int) { came = !ec; });
    test::tcp_pair pair(ctx);
    pair.b.close();
    std::string const text(1 << 16, '.');
    test::error_code ec;
    while (!ec)
        pair.a.write_some(asio::buffer(text), ec);
    test::error_code failed;
    asio::async_write(pair.a, asio::buffer(text), [&](test::error_code e, std::size_t) {
        failed = e;
        set.cancel();
    });
    test::run(ctx);
    BOOST_TEST(failed == asio::error::broken_pipe);
    BOOST_TEST(!came);
    // A pipe has no such flag: the signal comes, as in Asio.
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    reader.close();
    set.async_wait([&](test::error_code e, int) { came = !e; });
    writer.write_some(asio::buffer(text), ec);
    BOOST_TEST(ec == asio::error::broken_pipe);
    test::run(ctx);
    BOOST_TEST(came);
}

#if PROACTOR_HAS_SIGNAL_FLAGS
BOOST_AUTO_TEST_CASE(flags_of_the_action)
{
    using flags = asio::signal_set_base::flags;
    test::context ctx;
    test::signal_set first(ctx);
    test::signal_set second(ctx);
    first.add(SIGUSR1, flags::restart);
    struct sigaction now = {};
    ::sigaction(SIGUSR1, nullptr, &now);
    BOOST_TEST((now.sa_flags & SA_RESTART) != 0);
    second.add(SIGUSR1);
    test::error_code ec;
    test::signal_set third(ctx);
    third.add(SIGUSR1, flags::no_child_stop, ec);
    BOOST_TEST(ec == asio::error::invalid_argument);
    third.add(SIGUSR1, flags::restart, ec);
    BOOST_TEST(!ec);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
