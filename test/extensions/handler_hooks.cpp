// What a handler says by functions found beside it reaches the operations behind our own: how it is
// called, in older releases of Boost, and whether it continues another one.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct counts
{
    int through_hook = 0;
    int calls = 0;
};

struct hooked
{
    counts* seen;

    template <typename... Args>
    void operator()(Args&&...) const
    {
        ++seen->calls;
    }

    template <typename Function>
    friend void asio_handler_invoke(Function& function, hooked* self)
    {
        counts* const seen = self->seen; // the function may hold the handler
        ++seen->through_hook;
        function();
    }

    friend bool asio_handler_is_continuation(hooked*) { return true; }
};

// Gives a byte at a time, and notes what each handler says of itself.
struct asking_stream
{
    using executor_type = test::context::executor_type;

    executor_type executor;
    std::vector<bool> continues{};

    executor_type get_executor() const { return executor; }

    template <typename Buffers, typename Handler>
    void async_read_some(Buffers const&, Handler handler)
    {
        using asio::asio_handler_is_continuation;
        continues.push_back(asio_handler_is_continuation(&handler));
        asio::post(executor, [h = std::move(handler)]() mutable { h(test::error_code(), 1); });
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(handler_hooks)

#if !defined(BOOST_ASIO_NO_DEPRECATED) && defined(BOOST_ASIO_HANDLER_INVOKE_HOOK_HPP)

BOOST_AUTO_TEST_CASE(of_one_behind_a_timeout)
{
    test::context ctx;
    counts seen;
    test::steady_timer timer(ctx, 1ms);
    timer.async_wait(proactor::timeout(1h, hooked{&seen}));
    test::run(ctx);
    BOOST_TEST(seen.calls == 1);
    BOOST_TEST(seen.through_hook == 1);
}

BOOST_AUTO_TEST_CASE(of_one_that_waits_for_a_tick)
{
    test::context ctx;
    counts seen;
    proactor::basic_interval<test::executor> ticks(ctx, 1ms);
    ticks.async_next(hooked{&seen});
    test::run(ctx);
    BOOST_TEST(seen.calls == 1);
    BOOST_TEST(seen.through_hook == 1);
}

BOOST_AUTO_TEST_CASE(of_one_that_waits_for_an_event)
{
    test::context ctx;
    counts seen;
    proactor::basic_event<test::executor> event(ctx);
    event.async_wait(hooked{&seen});
    event.notify();
    test::run(ctx);
    BOOST_TEST(seen.calls == 1);
    BOOST_TEST(seen.through_hook == 1);
}

BOOST_AUTO_TEST_CASE(of_those_that_get_buffers)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    asio::write(pair.b, asio::buffer("abcdef", 6));
    counts owned, pooled, sent;
    proactor::buffer_pool pool(ctx, 4, 3);
    proactor::async_read(pair.a, std::string(3, '\0'), hooked{&owned});
    proactor::async_receive(pair.a, pool, hooked{&pooled});
    proactor::async_write(pair.a, std::string(3, '\0'), hooked{&sent});
    test::run(ctx);
    for (counts const* c : {&owned, &pooled, &sent})
    {
        BOOST_TEST(c->calls == 1);
        BOOST_TEST(c->through_hook == 1);
    }
}

BOOST_AUTO_TEST_CASE(of_one_whose_bytes_are_spliced)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    asio::write(pair.b, asio::buffer("x", 1));
    counts seen;
    proactor::async_splice(pair.a, writer, 1, hooked{&seen});
    test::run(ctx);
    BOOST_TEST(seen.calls == 1);
    BOOST_TEST(seen.through_hook == 1);
}

#endif

BOOST_AUTO_TEST_CASE(whether_it_continues)
{
    test::context ctx;
    asking_stream stream{ctx.get_executor()};
    auto const expect = [&](std::vector<bool> const& expected) {
        test::run(ctx);
        BOOST_TEST((stream.continues == expected));
        stream.continues.clear();
    };
    proactor::async_read(stream, std::string(3, '\0'), [](auto&&...) {});
    expect({false, true, true});
    counts seen;
    proactor::async_read_some(stream, std::string(3, '\0'), hooked{&seen});
    expect({true});
    proactor::async_read(stream, std::string(2, '\0'), proactor::timeout(1h, hooked{&seen}));
    expect({true, true});
    BOOST_TEST(seen.calls == 2);
}

BOOST_AUTO_TEST_SUITE_END()
