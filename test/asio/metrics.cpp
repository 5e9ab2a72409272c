// What the context counts, and the bounds that its design promises.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include <time.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(metrics)

#if !PROACTOR_TEST_ORACLE

namespace {

// Both ends of a connection on one context: `rounds` requests of 64 bytes, each answered.
class conversation
{
public:
    conversation(test::context& ctx, int rounds) : pair_(ctx), left_(rounds) {}

    void start()
    {
        answer();
        ask();
    }

    int left() const { return left_; }

private:
    void ask()
    {
        pair_.a.async_write_some(asio::buffer(request_), [this](test::error_code ec, std::size_t) {
            if (!ec)
                asio::async_read(pair_.a, asio::buffer(reply_),
                                 [this](test::error_code e, std::size_t) {
                                     if (e)
                                         return;
                                     if (--left_ == 0)
                                         pair_.a.close();
                                     else
                                         ask();
                                 });
        });
    }

    void answer()
    {
        pair_.b.async_read_some(asio::buffer(echo_), [this](test::error_code ec, std::size_t n) {
            if (!ec)
                asio::async_write(pair_.b, asio::buffer(echo_, n),
                                  [this](test::error_code e, std::size_t) {
                                      if (!e)
                                          answer();
                                  });
        });
    }

    test::tcp_pair pair_;
    int left_;
    std::array<char, 64> request_{}, reply_{}, echo_{};
};

struct totals
{
    proactor::metrics before, after;
    std::uint64_t requests;

    double system_calls_per_request() const
    {
        return static_cast<double>(after.system_calls - before.system_calls)
            / static_cast<double>(requests);
    }
};

totals echo(test::context& ctx, int connections, int rounds)
{
    std::vector<std::unique_ptr<conversation>> all;
    for (int i = 0; i < connections; ++i)
        all.push_back(std::make_unique<conversation>(ctx, rounds));
    auto const before = ctx.metrics();
    for (auto const& one : all)
        one->start();
    test::run(ctx);
    for (auto const& one : all)
        BOOST_REQUIRE(one->left() == 0);
    return {before, ctx.metrics(), static_cast<std::uint64_t>(connections * rounds)};
}

bool submits_in_batches(test::context& ctx)
{
    return ctx.metrics().driver == std::string("io_uring");
}

} // namespace

BOOST_AUTO_TEST_CASE(a_fresh_context_has_done_nothing)
{
    test::context ctx;
    auto const m = ctx.metrics();
    BOOST_TEST(m.submissions == 0u);
    BOOST_TEST(m.completions == 0u);
    BOOST_TEST(m.in_flight == 0u);
    BOOST_TEST(m.sleeps == 0u);
    BOOST_TEST(m.wakes == 0u);
}

BOOST_AUTO_TEST_CASE(sixty_four_connections_need_few_system_calls_per_request)
{
    test::context ctx;
    auto const t = echo(ctx, 64, 200);
    // A driver that tries makes four transfers here, and two tries that come too early.
    BOOST_TEST(t.system_calls_per_request() < (submits_in_batches(ctx) ? 0.1 : 6.5),
               t.system_calls_per_request() << " system calls per request");
    if (submits_in_batches(ctx))
        BOOST_TEST(t.after.system_calls - t.before.system_calls <= t.after.turns - t.before.turns);
    BOOST_TEST(t.after.submissions == t.after.completions + t.after.in_flight);
}

BOOST_AUTO_TEST_CASE(system_calls_do_not_exceed_turns_at_one_connection)
{
    test::context ctx;
    auto const t = echo(ctx, 1, 2000);
    if (submits_in_batches(ctx))
        BOOST_TEST(t.after.system_calls - t.before.system_calls <= t.after.turns - t.before.turns);
    BOOST_TEST(t.after.wakes <= t.after.sleeps);
}

BOOST_AUTO_TEST_CASE(posts_inside_need_no_system_call)
{
    test::context ctx;
    int left = 100'000;
    auto const again = [&](auto self) -> void {
        if (--left > 0)
            asio::post(ctx, [self] { self(self); });
    };
    asio::post(ctx, [&] { again(again); });
    auto const before = ctx.metrics();
    test::run(ctx);
    auto const after = ctx.metrics();
    BOOST_TEST(left == 0);
    BOOST_TEST(after.sleeps == before.sleeps);
    BOOST_TEST(after.system_calls - before.system_calls <= after.turns - before.turns);
}

BOOST_AUTO_TEST_CASE(a_thread_that_was_alone_is_taken_over_in_the_middle_of_a_handler)
{
    test::context ctx;
    std::latch computing(1);
    std::latch seen(1);
    int left = 10'000; // long enough to be alone for some turns
    auto const again = [&](auto self) -> void {
        if (--left > 0)
            return asio::post(ctx, [self] { self(self); });
        computing.count_down();
        seen.wait();
    };
    asio::post(ctx, [&] { again(again); });
    std::thread runner([&] { ctx.run_for(test::limit); });
    computing.wait();
    auto const m = ctx.metrics();
    seen.count_down();
    runner.join();
    BOOST_TEST(m.takeovers == 1u);
    BOOST_TEST(m.handlers >= 10'000u);
}

BOOST_AUTO_TEST_CASE(only_a_sleeper_is_woken)
{
    test::context ctx;
    auto work = asio::make_work_guard(ctx);
    std::thread runner([&] { ctx.run_for(test::limit); });
    std::atomic<int> ran = 0;
    for (int burst = 1; burst <= 100; ++burst)
    {
        for (int i = 0; i < 100; ++i)
            asio::post(ctx, [&] { ++ran; });
        test::yield_until([&] { return ran == burst * 100; });
    }
    work.reset();
    runner.join();
    auto const m = ctx.metrics();
    BOOST_TEST(m.wakes <= m.sleeps);
    BOOST_TEST(m.wakes < 10'000u); // of as many posts; how many find a sleeper is the scheduler's
}

BOOST_AUTO_TEST_CASE(an_idle_context_uses_no_cpu)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, 1h);
    char byte;
    pair.a.async_read_some(asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
    timer.async_wait([](test::error_code) {});
    auto const cpu = [] {
        timespec t{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
    };
    ctx.run_for(10ms);
    auto const before = cpu();
    ctx.run_for(5s);
    auto const used = cpu() - before;
    double const in_ms = std::chrono::duration<double, std::milli>(used).count();
    BOOST_TEST(in_ms < 5.0);
}

#endif

BOOST_AUTO_TEST_SUITE_END()
