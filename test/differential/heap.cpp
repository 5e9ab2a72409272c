//
// Timers of equal expiry: Asio keeps them in a binary heap, whose order is a definite one.
//

#include "registry.hpp"

#include <boost/asio/deadline_timer.hpp>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace differential {

using namespace std::chrono_literals;

namespace {

/// Appends a name to a text; what an end was other than success stands behind the name.
auto note(std::string& order, std::string name)
{
    return [&order, name = std::move(name)](const error_code& ec) {
        order += (order.empty() ? "" : " ") + name;
        if (ec)
        {
            order += ec == asio::error::operation_aborted ? "-" : "?";
        }
    };
}

/// Timers that are called 1, 2, 3, ... in the order in which they were armed.
template <class Timer>
struct group
{
    explicit group(context& c) : ctx(c) {}

    template <class When>
    void arm(When when, int waits = 1)
    {
        timers.emplace_back(ctx).expires_at(when);
        const std::string name = std::to_string(timers.size());
        for (int i = 0; i < waits; ++i)
        {
            timers.back().async_wait(
                note(order, waits == 1 ? name : name + static_cast<char>('a' + i)));
        }
    }

    Timer& operator[](std::size_t number) { return timers[number - 1]; }

    void run(std::string_view name)
    {
        ctx.restart();
        order.clear();
        ctx.run();
        log(name, order);
    }

    context& ctx;
    std::deque<Timer> timers;
    std::string order;
};

using steady_group = group<steady_timer>;

// Before the system started, whenever that was.
const auto long_ago = steady_timer::time_point() - 24h;

} // namespace

PROACTOR_TEST_BODY(heap, equal)
{
    for (int count = 1; count <= 17; ++count)
    {
        context ctx;
        steady_group all(ctx);
        for (int i = 0; i < count; ++i)
        {
            all.arm(long_ago);
        }
        all.run("equal");
    }
}

PROACTOR_TEST_BODY(heap, equal_on_the_system_clock)
{
    for (int count = 2; count <= 9; ++count)
    {
        context ctx;
        group<system_timer> all(ctx);
        for (int i = 0; i < count; ++i)
        {
            all.arm(system_timer::time_point());
        }
        all.run("equal");
    }
}

PROACTOR_TEST_BODY(heap, equal_deadline_timers)
{
    using time = boost::posix_time::ptime;
    for (int count = 2; count <= 9; ++count)
    {
        context ctx;
        group<asio::basic_deadline_timer<time, asio::time_traits<time>, executor>> all(ctx);
        for (int i = 0; i < count; ++i)
        {
            all.arm(time(boost::gregorian::date(2020, 1, 1)));
        }
        all.run("equal");
    }
}

PROACTOR_TEST_BODY(heap, equal_in_the_future)
{
    context ctx;
    steady_group all(ctx);
    const auto soon = std::chrono::steady_clock::now() + 5ms;
    for (int i = 0; i < 9; ++i)
    {
        all.arm(soon, 1 + i % 2);
    }
    all.run("equal");
}

PROACTOR_TEST_BODY(heap, several_waits_on_each)
{
    for (int count = 2; count <= 9; ++count)
    {
        context ctx;
        steady_group all(ctx);
        for (int i = 0; i < count; ++i)
        {
            all.arm(long_ago, 3);
        }
        all.run("equal");
    }
}

// A wait on a timer that waits already changes nothing of its place.
PROACTOR_TEST_BODY(heap, waits_in_turns)
{
    context ctx;
    steady_group all(ctx);
    for (int i = 0; i < 6; ++i)
    {
        all.arm(long_ago);
    }
    for (std::size_t i : {4, 2, 6, 1})
    {
        all[i].async_wait(note(all.order, std::to_string(i) + '\''));
    }
    all.run("equal");
}

PROACTOR_TEST_BODY(heap, one_cancelled)
{
    for (std::size_t count = 2; count <= 9; ++count)
    {
        for (std::size_t gone = 1; gone <= count; ++gone)
        {
            context ctx;
            steady_group all(ctx);
            for (std::size_t i = 0; i < count; ++i)
            {
                all.arm(long_ago);
            }
            all[gone].cancel();
            all.run("without one");
        }
    }
}

PROACTOR_TEST_BODY(heap, two_cancelled)
{
    for (const auto& [first, second] :
         {std::pair(1, 2), std::pair(2, 1), std::pair(5, 3), std::pair(9, 4), std::pair(4, 8)})
    {
        context ctx;
        steady_group all(ctx);
        for (int i = 0; i < 9; ++i)
        {
            all.arm(long_ago);
        }
        all[static_cast<std::size_t>(first)].cancel();
        all[static_cast<std::size_t>(second)].cancel();
        all.run("without two");
    }
}

PROACTOR_TEST_BODY(heap, one_wait_of_two_cancelled)
{
    context ctx;
    steady_group all(ctx);
    for (int i = 0; i < 7; ++i)
    {
        all.arm(long_ago, 2);
    }
    log("cancel_one", all[3].cancel_one(), all[1].cancel_one(), all[1].cancel_one());
    all.run("fewer waits");
}

PROACTOR_TEST_BODY(heap, one_cancelled_by_its_slot)
{
    context ctx;
    steady_group all(ctx);
    asio::cancellation_signal signal;
    for (int i = 0; i < 4; ++i)
    {
        all.arm(long_ago);
    }
    all[2].async_wait(asio::bind_cancellation_slot(signal.slot(), note(all.order, "with a slot")));
    all[2].async_wait(note(all.order, "behind it"));
    for (int i = 0; i < 3; ++i)
    {
        all.arm(long_ago);
    }
    signal.emit(asio::cancellation_type::total);
    all.run("one wait fewer");
}

PROACTOR_TEST_BODY(heap, one_rearmed)
{
    for (std::size_t again = 1; again <= 6; ++again)
    {
        context ctx;
        steady_group all(ctx);
        for (int i = 0; i < 6; ++i)
        {
            all.arm(long_ago);
        }
        log("cancelled", all[again].expires_at(long_ago));
        all[again].async_wait(note(all.order, "again"));
        all.run("one rearmed");
    }
}

PROACTOR_TEST_BODY(heap, rearmed_in_their_handlers)
{
    context ctx;
    std::deque<steady_timer> timers;
    std::string order;
    std::vector<int> left(7, 3);
    std::function<void(std::size_t)> arm = [&](std::size_t i) {
        timers[i].expires_at(long_ago);
        timers[i].async_wait([&, i](const error_code&) {
            order += ' ' + std::to_string(i + 1);
            if (--left[i] > 0)
            {
                arm(i);
            }
        });
    };
    for (std::size_t i = 0; i < left.size(); ++i)
    {
        timers.emplace_back(ctx);
        arm(i);
    }
    log("run", ctx.run());
    log("order", order);
}

PROACTOR_TEST_BODY(heap, armed_again_after_a_run)
{
    context ctx;
    steady_group all(ctx);
    for (int i = 0; i < 8; ++i)
    {
        all.arm(long_ago);
    }
    all.run("first");
    all.order.clear();
    for (std::size_t i = 8; i > 0; --i)
    {
        all[i].async_wait(note(all.order, std::to_string(i)));
    }
    ctx.restart();
    ctx.run();
    log("second", all.order);
}

PROACTOR_TEST_BODY(heap, few_different_expiries)
{
    unsigned random = 1;
    const auto next = [&random](unsigned end) {
        random = random * 1103515245 + 12345;
        return random / 65536 % end;
    };
    for (int round = 0; round < 200; ++round)
    {
        context ctx;
        steady_group all(ctx);
        const unsigned count = 2 + next(11);
        const unsigned hours = 1 + next(4);
        for (unsigned i = 0; i < count; ++i)
        {
            all.arm(long_ago + std::chrono::hours(next(hours)), 1 + static_cast<int>(next(2)));
        }
        for (unsigned i = next(4); i > 0; --i)
        {
            auto& chosen = all[1 + next(count)];
            if (next(2) == 0)
            {
                chosen.cancel();
            }
            else
            {
                chosen.expires_at(long_ago + std::chrono::hours(next(hours)));
                chosen.async_wait(note(all.order, "r"));
            }
        }
        all.run("mixed");
    }
}

PROACTOR_TEST_BODY(heap, one_moved)
{
    context ctx;
    steady_group all(ctx);
    for (int i = 0; i < 7; ++i)
    {
        all.arm(long_ago);
    }
    steady_timer moved(std::move(all[2]));
    steady_timer assigned(ctx);
    assigned = std::move(all[5]);
    all.run("moved");
}

PROACTOR_TEST_BODY(heap, one_destroyed)
{
    context ctx;
    std::deque<std::optional<steady_timer>> timers;
    std::string order;
    for (int i = 1; i <= 7; ++i)
    {
        timers.emplace_back(std::in_place, ctx, long_ago)
            ->async_wait(note(order, std::to_string(i)));
    }
    timers[2].reset();
    ctx.run();
    log("order", order);
}

PROACTOR_TEST_BODY(heap, between_timers_that_never_expire)
{
    using time = boost::posix_time::ptime;
    context ctx;
    group<asio::basic_deadline_timer<time, asio::time_traits<time>, executor>> all(ctx);
    const time then(boost::gregorian::date(2020, 1, 1));
    for (int i = 0; i < 8; ++i)
    {
        all.arm(i % 3 == 1 ? time(boost::posix_time::pos_infin) : then);
    }
    ctx.poll();
    log("poll", all.order);
    for (std::size_t i : {8, 2, 5})
    {
        all[i].cancel();
    }
    all.run("cancelled");
}

PROACTOR_TEST_BODY(heap, poll_one_by_one)
{
    context ctx;
    steady_group all(ctx);
    for (int i = 0; i < 9; ++i)
    {
        all.arm(long_ago);
    }
    while (ctx.poll_one() != 0)
    {
        all.order += ',';
    }
    log("order", all.order);
}

PROACTOR_TEST_BODY(heap, cancelled_by_the_first_handler)
{
    context ctx;
    steady_group all(ctx);
    std::size_t later = 0;
    steady_timer first(ctx, long_ago - 1h);
    first.async_wait([&](const error_code&) {
        for (std::size_t i : {5, 2})
        {
            later += all[i].cancel();
        }
    });
    const auto far = std::chrono::steady_clock::now() + 1h;
    for (int i = 0; i < 7; ++i)
    {
        all.arm(far);
    }
    ctx.run_one();
    log("cancelled", later);
    for (auto& timer : all.timers)
    {
        timer.cancel();
    }
    all.run("the rest");
}

} // namespace differential
