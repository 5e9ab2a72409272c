// Signal sets.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <optional>

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace asio = boost::asio;

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

BOOST_AUTO_TEST_SUITE_END()
