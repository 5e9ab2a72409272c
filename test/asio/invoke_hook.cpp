// In older releases of Boost, handlers may have a function `asio_handler_invoke`, through which
// everything runs that is called on their behalf. The nested strand's `wrap` is made of it.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

#if !defined(BOOST_ASIO_NO_DEPRECATED) && defined(BOOST_ASIO_HANDLER_INVOKE_HOOK_HPP)

namespace {

// Counts what runs through its hook.
struct hooked
{
    int* through_hook;
    int* calls;

    template <typename... Args>
    void operator()(Args&&...) const
    {
        ++*calls;
    }

    template <typename Function>
    friend void asio_handler_invoke(Function& function, hooked* self)
    {
        int* const count = self->through_hook; // the function may hold the handler
        ++*count;
        function();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(invoke_hook)

BOOST_AUTO_TEST_CASE(every_step_of_a_composed_operation_runs_in_the_strand_that_wrapped_its_handler)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::context::strand strand(ctx);
    std::vector<bool> inside;
    std::string got(3, '\0');
    bool last = false;
    auto const after_each_step = [&](test::error_code ec, std::size_t n) -> std::size_t {
        if (n > 0)
            inside.push_back(strand.running_in_this_thread());
        return ec || n == got.size() ? 0 : 1;
    };
    asio::async_read(pair.a, asio::buffer(got), after_each_step,
                     strand.wrap([&](test::error_code ec, std::size_t) {
                         BOOST_TEST(!ec);
                         last = strand.running_in_this_thread();
                     }));
    asio::write(pair.b, asio::buffer("abc", 3));
    test::run(ctx);
    std::vector<bool> const expected(2, true); // nobody asks after the last step
    BOOST_TEST((inside == expected));
    BOOST_TEST(last);
    BOOST_TEST(got == "abc");
}

BOOST_AUTO_TEST_CASE(objects_call_handlers_through_their_hook)
{
    test::context ctx;
    int through = 0;
    int calls = 0;
    hooked const handler{&through, &calls};
    test::steady_timer timer(ctx, std::chrono::milliseconds(1));
    timer.async_wait(handler);
    test::run(ctx);
    BOOST_TEST(calls == 1);
    BOOST_TEST(through == 1);
}

BOOST_AUTO_TEST_CASE(the_context_calls_functions_through_their_hook)
{
    test::context ctx;
    int through = 0;
    int calls = 0;
    hooked const handler{&through, &calls};
    auto const dispatches = [&] { ctx.dispatch(handler); };
    auto const executes = [&] { ctx.get_executor().execute(handler); };
    ctx.post(handler);
    ctx.dispatch(handler);
    executes();
    BOOST_TEST(test::run(ctx) == 3u);
    BOOST_TEST(calls == 3);
    BOOST_TEST(through == 3);
    ctx.restart();
    ctx.post(dispatches);
    ctx.post(executes);
    BOOST_TEST(ctx.run() == 2u);
    BOOST_TEST(calls == 5);
    BOOST_TEST(through == 5);
}

BOOST_AUTO_TEST_CASE(a_handler_on_another_executor_keeps_its_hook)
{
    test::context ctx;
    int through = 0;
    int calls = 0;
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, test::strand>
        timer(test::strand(test::executor(ctx.get_executor())), std::chrono::milliseconds(1));
    timer.async_wait(hooked{&through, &calls});
    test::run(ctx);
    BOOST_TEST(calls == 1);
    BOOST_TEST(through == 1);
}

#if !PROACTOR_TEST_ORACLE
BOOST_AUTO_TEST_CASE(a_function_without_a_hook_may_be_called_once_only)
{
    struct once
    {
        int* calls;
        std::unique_ptr<int> owned = std::make_unique<int>(0);

        void operator()() && { ++*calls; }
    };
    test::context ctx;
    int calls = 0;
    ctx.get_executor().execute(once{&calls});
    test::run(ctx);
    BOOST_TEST(calls == 1);
}
#endif

BOOST_AUTO_TEST_SUITE_END()

#endif
