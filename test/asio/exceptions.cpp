// An exception of a handler leaves through the run function, and the context can be entered again.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct thrown
{
    int value;
};

// The value that the call threw, or -1.
template <typename Call>
int caught(Call call)
{
    try
    {
        call();
    }
    catch (thrown const& e)
    {
        return e.value;
    }
    return -1;
}

} // namespace

BOOST_AUTO_TEST_SUITE(exceptions)

BOOST_AUTO_TEST_CASE(run_throws_what_the_handler_threw_and_goes_on_when_called_again)
{
    test::context ctx;
    int ran = 0;
    asio::post(ctx, [&] { ++ran; });
    asio::post(ctx, [] { throw thrown{7}; });
    asio::post(ctx, [&] { ++ran; });
    BOOST_TEST(caught([&] { ctx.run(); }) == 7);
    BOOST_TEST(!ctx.stopped());
    BOOST_TEST(ran == 1);
    BOOST_TEST(ctx.run() == 1u);
    BOOST_TEST(ran == 2);
    BOOST_TEST(ctx.stopped());
}

BOOST_AUTO_TEST_CASE(every_run_function_throws)
{
    test::context ctx;
    auto const arm = [&](int value) {
        ctx.restart();
        asio::post(ctx, [value] { throw thrown{value}; });
    };
    arm(1);
    BOOST_TEST(caught([&] { ctx.run_one(); }) == 1);
    arm(2);
    BOOST_TEST(caught([&] { ctx.poll(); }) == 2);
    arm(3);
    BOOST_TEST(caught([&] { ctx.poll_one(); }) == 3);
    arm(4);
    BOOST_TEST(caught([&] { ctx.run_for(1s); }) == 4);
    arm(5);
    BOOST_TEST(caught([&] { ctx.run_one_for(1s); }) == 5);
    arm(6);
    BOOST_TEST(caught([&] { ctx.run_until(std::chrono::steady_clock::now() + 1s); }) == 6);
    BOOST_TEST(ctx.run() == 0u);
}

BOOST_AUTO_TEST_CASE(a_throwing_handler_has_finished_its_work)
{
    test::context ctx;
    asio::post(ctx, [] { throw thrown{1}; });
    BOOST_TEST(caught([&] { ctx.run(); }) == 1);
    BOOST_TEST(ctx.stopped());
    BOOST_TEST(ctx.run_for(test::limit) == 0u);
}

BOOST_AUTO_TEST_CASE(an_inline_dispatch_throws_to_run_and_not_to_its_caller)
{
    test::context ctx;
    std::vector<std::string> seen;
    asio::post(ctx, [&] {
        try
        {
            asio::dispatch(ctx, [] { throw thrown{9}; });
            seen.emplace_back("outer goes on");
        }
        catch (thrown const&)
        {
            seen.emplace_back("caller");
        }
    });
    asio::post(ctx, [&] { seen.emplace_back("next"); });
    BOOST_TEST(caught([&] { ctx.run(); }) == 9);
    BOOST_REQUIRE(seen.size() == 1u);
    BOOST_TEST(seen[0] == "outer goes on");
    BOOST_TEST(ctx.run() == 1u);
    BOOST_TEST(seen.back() == "next");
}

BOOST_AUTO_TEST_CASE(an_io_handler_that_throws_leaves_the_other_operations_alive)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    std::size_t received = 0;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code, std::size_t n) { received += n; });
    pair.b.async_write_some(asio::buffer("x", 1),
                            [](test::error_code, std::size_t) { throw thrown{3}; });
    BOOST_TEST(caught([&] { test::run(ctx); }) == 3);
    test::run(ctx);
    BOOST_TEST(received == 1u);
    BOOST_TEST(byte == 'x');
}

BOOST_AUTO_TEST_CASE(a_timer_handler_throws_through_a_nested_run)
{
    test::context ctx;
    test::steady_timer timer(ctx, 1ms);
    timer.async_wait([](test::error_code) { throw thrown{4}; });
    int inner = -1;
    asio::post(ctx, [&] { inner = caught([&] { ctx.run_one(); }); });
    BOOST_TEST(test::run(ctx) >= 1u);
    BOOST_TEST(inner == 4);
}

BOOST_AUTO_TEST_CASE(operations_started_before_the_throw_reach_the_kernel)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    asio::post(ctx, [&] {
        pair.a.async_write_some(asio::buffer("k", 1), [](test::error_code, std::size_t) {});
        throw thrown{5};
    });
    BOOST_TEST(caught([&] { ctx.run(); }) == 5);
    char byte = 0;
    BOOST_TEST(pair.b.read_some(asio::buffer(&byte, 1)) == 1u);
    BOOST_TEST(byte == 'k');
    test::run(ctx);
}

BOOST_AUTO_TEST_CASE(a_coroutine_rethrows_through_co_spawn_without_a_handler)
{
    test::context ctx;
    auto const body = []() -> test::awaitable<> {
        throw thrown{6};
        co_return;
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) {
        if (e)
            std::rethrow_exception(e);
    });
    BOOST_TEST(caught([&] { ctx.run(); }) == 6);
}

BOOST_AUTO_TEST_SUITE_END()
