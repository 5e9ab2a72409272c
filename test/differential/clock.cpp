//
// Timers on clocks and traits of the user, and synchronous waits that signals interrupt.
//

#include "registry.hpp"

#include <boost/asio/deadline_timer.hpp>

#include <algorithm>
#include <csignal>
#include <string>

#include <sys/time.h>

namespace differential {

using namespace std::chrono_literals;

namespace {

using steady = std::chrono::steady_clock;

/// Other times in the type of steady_clock's.
template <int Hours>
struct shifted_clock
{
    using duration = steady::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = steady::time_point;
    [[maybe_unused]] static constexpr bool is_steady = true;

    static time_point now() noexcept { return steady::now() + std::chrono::hours(Hours); }
};

/// Whose time points are its own, and whose seconds last a millisecond.
struct hurried_clock
{
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<hurried_clock>;
    [[maybe_unused]] static constexpr bool is_steady = true;

    static time_point now() noexcept
    {
        return time_point(
            std::chrono::duration_cast<duration>(steady::now().time_since_epoch() * 1000));
    }
};

template <class Clock>
struct counting_traits
{
    static typename Clock::duration to_wait_duration(const typename Clock::duration& d)
    {
        ++asked;
        return d;
    }
    static typename Clock::duration to_wait_duration(const typename Clock::time_point& t)
    {
        ++asked;
        return t - Clock::now();
    }

    static inline int asked = 0;
};

/// How long the system has to wait for that clock.
struct hurried_traits
{
    static hurried_clock::duration to_wait_duration(const hurried_clock::duration& d)
    {
        return d / 1000 + 1us;
    }
    static hurried_clock::duration to_wait_duration(const hurried_clock::time_point& t)
    {
        return to_wait_duration(t - hurried_clock::now());
    }
};

/// Looks again soon, however long there is to wait.
template <class Clock>
struct impatient_traits
{
    using duration = typename Clock::duration;

    static duration to_wait_duration(const duration& d) { return std::min<duration>(d, 1ms); }
    static duration to_wait_duration(const typename Clock::time_point& t)
    {
        return to_wait_duration(t - Clock::now());
    }
};

template <class Clock, class Traits>
using user_timer = asio::basic_waitable_timer<Clock, Traits, executor>;

/// Waits of both kinds that end in time and not before it.
template <class Timer>
void exercise(std::string_view name, typename Timer::duration some)
{
    using clock = typename Timer::clock_type;
    context ctx;
    Timer timer(ctx, some);
    const auto start = steady::now();
    timer.async_wait([&](const error_code& ec) { log(name, ec, clock::now() >= timer.expiry()); });
    timer.async_wait(report{"second"});
    log_run("run_for", ctx, ctx.run_for(2s));
    log("in time", steady::now() - start < 2s);
    ctx.restart();
    log("expires_at", timer.expires_at(clock::now() + some));
    timer.async_wait([&](const error_code& ec) { log(name, ec, clock::now() >= timer.expiry()); });
    Timer far(ctx, clock::now() + std::chrono::hours(1000));
    far.async_wait(report{"far"});
    log_run("run_one_for", ctx, ctx.run_one_for(2s));
    log("far", far.cancel());
    ctx.run();

    error_code ec;
    timer.expires_after(some);
    timer.wait(ec);
    log("wait", ec, clock::now() >= timer.expiry());
    timer.expires_at(clock::now());
    timer.wait(ec);
    log("at once", ec);
    timer.expires_at(Timer::clock_type::time_point::min());
    timer.wait(ec);
    log("long ago", ec);
    ctx.restart();
    timer.async_wait(report{"long ago"});
    log("poll", ctx.poll());
    log("in time", steady::now() - start < 3s);
}

/// In the order of their clock, and what has expired on it at once.
template <class Timer>
void exercise_order()
{
    using clock = typename Timer::clock_type;
    context ctx;
    const auto now = clock::now();
    Timer last(ctx, now + 20ms);
    Timer second(ctx, now - 20min);
    Timer first(ctx, now - 30min);
    last.async_wait(report{"last"});
    second.async_wait(report{"second"});
    first.async_wait(report{"first"});
    log("poll", ctx.poll());
    log("before its time", clock::now() < last.expiry() || ctx.stopped());
    log("run_for", ctx.run_for(2s));
}

/// SIGALRM again and again, so that it comes while something waits.
class alarms
{
public:
    explicit alarms(int flags)
    {
        struct sigaction action = {};
        action.sa_handler = [](int) {};
        action.sa_flags = flags;
        ::sigaction(SIGALRM, &action, nullptr);
        repeat();
    }
    alarms() { repeat(); }
    ~alarms()
    {
        const itimerval none{};
        ::setitimer(ITIMER_REAL, &none, nullptr);
    }
    alarms(const alarms&) = delete;
    alarms& operator=(const alarms&) = delete;

private:
    static void repeat()
    {
        const itimerval every{{0, 5000}, {0, 5000}};
        ::setitimer(ITIMER_REAL, &every, nullptr);
    }
};

using ptime = boost::posix_time::ptime;
using deadline_timer = asio::basic_deadline_timer<ptime, asio::time_traits<ptime>, executor>;

} // namespace

PROACTOR_TEST_BODY(clock, ahead_of_steady)
{
    exercise<timer_on<shifted_clock<1>>>("ahead", 2ms);
}

PROACTOR_TEST_BODY(clock, behind_steady)
{
    exercise<timer_on<shifted_clock<-1>>>("behind", 2ms);
}

PROACTOR_TEST_BODY(clock, of_hurried_seconds)
{
    exercise<user_timer<hurried_clock, hurried_traits>>("hurried", 2s);
}

PROACTOR_TEST_BODY(clock, order_on_each)
{
    exercise_order<timer_on<shifted_clock<1>>>();
    exercise_order<timer_on<shifted_clock<-1>>>();
    exercise_order<user_timer<steady, impatient_traits<steady>>>();
}

PROACTOR_TEST_BODY(clock, side_by_side_with_steady)
{
    context ctx;
    timer_on<shifted_clock<1>> ahead(ctx, steady::now() + 30min);
    timer_on<shifted_clock<-1>> behind(ctx, steady::now() - 30min);
    steady_timer plain(ctx, steady::now() + 1h);
    ahead.async_wait(report{"ahead has expired"});
    behind.async_wait(report{"behind has not"});
    plain.async_wait(report{"plain has not"});
    log_run("run_for", ctx, ctx.run_for(5ms));
    log("behind", behind.cancel());
    log("plain", plain.cancel());
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(clock, traits_of_the_user)
{
    using counted = counting_traits<steady>;
    exercise<user_timer<steady, counted>>("counted", 2ms);
    log("asked", counted::asked > 0);
    exercise<user_timer<steady, impatient_traits<steady>>>("impatient", 5ms);
    exercise<user_timer<shifted_clock<1>, impatient_traits<shifted_clock<1>>>>("both", 5ms);
}

PROACTOR_TEST_BODY(clock, synchronous_wait_interrupted)
{
    for (const int flags : {0, SA_RESTART})
    {
        context ctx;
        const alarms again(flags);
        steady_timer timer(ctx, 1h);
        const auto expiry = timer.expiry();
        error_code ec;
        timer.wait(ec);
        log("wait", ec, timer.expiry() == expiry);
        attempt("throwing", [&] { timer.wait(); });
        timer.expires_at(steady_timer::time_point::max());
        timer.wait(ec);
        log("for ever", ec);
        timer.expires_after(-1h);
        timer.wait(ec);
        log("expired", ec);
        timer.async_wait(report{"asynchronous"});
        log("run", ctx.run());
        system_timer other(ctx, 1h);
        other.wait(ec);
        log("system", ec);
        timer_on<shifted_clock<1>> shifted(ctx, 1h);
        shifted.wait(ec);
        log("shifted", ec);
    }
}

PROACTOR_TEST_BODY(clock, synchronous_wait_interrupted_by_a_signal_of_a_set)
{
    context ctx;
    signal_set signals(ctx, SIGALRM);
    bool signalled = false;
    signals.async_wait([&](const error_code& e, int number) {
        signalled = true;
        log("signal", e, number == SIGALRM);
    });
    const alarms again;
    steady_timer timer(ctx, 1h);
    error_code ec;
    timer.wait(ec);
    log("wait", ec);
    while (!signalled)
    {
        ctx.run_one();
    }
}

PROACTOR_TEST_BODY(clock, asynchronous_wait_is_not_interrupted)
{
    context ctx;
    const alarms again(0);
    steady_timer timer(ctx, 20ms);
    timer.async_wait(
        [&](const error_code& ec) { log("wait", ec, steady::now() >= timer.expiry()); });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(clock, infinities_of_deadline_timers)
{
    using namespace boost::posix_time;
    context ctx;
    deadline_timer timer(ctx);
    log("default", timer.expires_at().is_not_a_date_time());
    for (const special_values value : {neg_infin, min_date_time})
    {
        error_code ec;
        timer.expires_at(ptime(value));
        timer.wait(ec);
        log("wait", static_cast<int>(value), ec, timer.expires_at().is_special());
        timer.async_wait(report{"asynchronous"});
        ctx.restart();
        log("run", ctx.run());
    }
    timer.expires_from_now(time_duration(neg_infin));
    timer.wait();
    log("relative", timer.expires_at().is_neg_infinity());
    timer.async_wait(report{"relative"});
    ctx.restart();
    log("run", ctx.run());
    timer.expires_from_now(time_duration(pos_infin));
    timer.async_wait(report{"for ever"});
    ctx.restart();
    log_run("run_for", ctx, ctx.run_for(2ms));
    log("cancel", timer.expires_at().is_pos_infinity(), timer.cancel());
    ctx.run();
}

// Nobody waits for ever here: either the call refuses, or the signal ends it.
PROACTOR_TEST_BODY(clock, synchronous_wait_for_ever)
{
    using namespace boost::posix_time;
    context ctx;
    const alarms again(0);
    deadline_timer timer(ctx, ptime(pos_infin));
    error_code ec;
    timer.wait(ec);
    log("wait", ec);
    attempt("throwing", [&] { timer.wait(); });
    timer.expires_at(ptime(max_date_time));
    timer.wait(ec);
    log("until the last of dates", ec);
    timer.expires_from_now(hours(1));
    timer.wait(ec);
    log("an hour", ec);
}

} // namespace differential
