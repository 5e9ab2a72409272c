// Boost.Process: version 2 on the context's descriptors and pipes; version 1, whose asynchronous
// parts name Asio's io_context, beside the context.
#define BOOST_PROCESS_USE_STD_FS 1

#include "../support/context.hpp"
#include "../support/skip.hpp"

#include <boost/test/unit_test.hpp>
#include <boost/version.hpp>

#if BOOST_VERSION >= 108600
BOOST_AUTO_TEST_CASE(process)
{
    test::skipped("this release of Boost.Process is not of headers only");
}
#else

#include <boost/optional.hpp>
#include <boost/process.hpp>
#include <boost/process/v2.hpp>

#include <csignal>
#include <future>
#include <string>
#include <type_traits>
#include <vector>

#include <unistd.h>

namespace asio = boost::asio;
namespace v1 = boost::process;
namespace v2 = boost::process::v2;
using namespace std::chrono_literals;
using test::awaitable;
using test::error_code;
using test::use_awaitable;
using process = v2::basic_process<test::executor>;
using words = std::vector<std::string>;

namespace {

void no_exception(std::exception_ptr e)
{
    BOOST_TEST(!e);
}

process shell(test::context& ctx, std::string const& script)
{
    return process(ctx.get_executor(), "/bin/sh", words{"-c", script});
}

} // namespace

// Version 2 takes any executor.
BOOST_AUTO_TEST_SUITE(process_v2)

BOOST_AUTO_TEST_CASE(much_text_through_a_child)
{
    test::context ctx;
    test::writable_pipe in(ctx);
    test::readable_pipe out(ctx);
    process child(ctx.get_executor(), "/bin/cat", words{}, v2::process_stdio{in, out, {}});
    std::string const sent(1'000'000, 'p');
    std::string got;
    int exit_code = -1;
    auto const write = [&]() -> awaitable<void> {
        co_await asio::async_write(in, asio::buffer(sent), use_awaitable);
        in.close();
    };
    auto const read = [&]() -> awaitable<void> {
        error_code ec;
        co_await asio::async_read(out, asio::dynamic_buffer(got),
                                  asio::redirect_error(use_awaitable, ec));
        BOOST_TEST(ec == asio::error::eof);
        exit_code = co_await child.async_wait(use_awaitable);
    };
    asio::co_spawn(ctx, write(), no_exception);
    asio::co_spawn(ctx, read(), no_exception);
    test::run(ctx);
    BOOST_TEST((got == sent));
    BOOST_TEST(exit_code == 0);
}

BOOST_AUTO_TEST_CASE(many_children_and_their_exit_codes)
{
    test::context ctx;
    std::vector<int> got(20, -1);
    std::vector<process> children;
    children.reserve(got.size()); // a wait refers to its process
    for (std::size_t i = 0; i != got.size(); ++i)
    {
        children.push_back(shell(ctx, "exit " + std::to_string(i)));
        children.back().async_wait([&got, i](error_code ec, int code) {
            BOOST_TEST(!ec);
            got[i] = code;
        });
    }
    test::run(ctx);
    for (std::size_t i = 0; i != got.size(); ++i)
        BOOST_TEST(got[i] == static_cast<int>(i));
}

BOOST_AUTO_TEST_CASE(a_child_that_has_exited_before_the_wait)
{
    test::context ctx;
    test::readable_pipe out(ctx);
    process child(ctx.get_executor(), "/bin/sh", words{"-c", "exit 3"},
                  v2::process_stdio{nullptr, out, {}});
    char byte;
    error_code ec;
    out.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::eof);
    int got = -1;
    bool inside = true;
    child.async_wait([&](error_code e, int code) {
        BOOST_TEST(!e);
        BOOST_TEST(!inside);
        got = code;
    });
    inside = false;
    test::run(ctx);
    BOOST_TEST(got == 3);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_when_the_child_is_killed)
{
    test::context ctx;
    // Without exec the shell's own child would outlive it and keep our output open.
    process child = shell(ctx, "exec sleep 60");
    bool ended = false;
    child.async_wait([&](error_code ec, int code) {
        BOOST_TEST(!ec);
        BOOST_TEST(code == SIGKILL); // of a signal, 1.81 gives the number
        ended = true;
    });
    ctx.poll();
    BOOST_TEST(!ended);
    error_code ec;
    child.terminate(ec);
    BOOST_TEST(!ec);
    test::run(ctx);
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(a_wait_is_cancelled_and_begun_again)
{
    test::context ctx;
    test::writable_pipe in(ctx);
    process child(ctx.get_executor(), "/bin/cat", words{}, v2::process_stdio{in, nullptr, {}});
    asio::cancellation_signal stop;
    error_code first;
    int second = -1;
    child.async_wait(
        asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, int) { first = ec; }));
    ctx.poll();
    stop.emit(asio::cancellation_type::terminal);
    test::run(ctx);
    BOOST_TEST(first == asio::error::operation_aborted);
    BOOST_TEST(child.running());
    child.async_wait([&](error_code ec, int code) {
        BOOST_TEST(!ec);
        second = code;
    });
    in.close();
    test::run(ctx);
    BOOST_TEST(second == 0);
}

BOOST_AUTO_TEST_CASE(cancelling_an_execution_ends_the_child)
{
    test::context ctx;
    asio::cancellation_signal stop;
    bool ended = false;
    v2::async_execute(shell(ctx, "exec sleep 60"),
                      asio::bind_cancellation_slot(stop.slot(), [&](error_code ec, int code) {
                          BOOST_TEST(!ec);
                          BOOST_TEST(code == SIGKILL);
                          ended = true;
                      }));
    ctx.poll();
    BOOST_TEST(!ended);
    stop.emit(asio::cancellation_type::terminal);
    test::run(ctx);
    BOOST_TEST(ended);
}

// A launch notifies the context of the fork: before it, and after it in parent and child.
BOOST_AUTO_TEST_CASE(what_is_in_flight_survives_a_launch)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::steady_timer timer(ctx, 1ms);
    char got[2] = {};
    int done = 0;
    pair.a.async_read_some(asio::buffer(&got[0], 1),
                           [&](error_code ec, std::size_t) { done += !ec; });
    pair.b.async_read_some(asio::buffer(&got[1], 1),
                           [&](error_code ec, std::size_t) { done += !ec; });
    timer.async_wait([&](error_code ec) { done += !ec; });
    ctx.poll();
    for (int i = 0; i != 3; ++i)
    {
        process child = shell(ctx, "exit 0");
        BOOST_TEST(child.wait() == 0);
    }
    ctx.poll();
    BOOST_TEST(got[0] == 0);
    asio::write(pair.a, asio::buffer("1", 1));
    asio::write(pair.b, asio::buffer("2", 1));
    test::run(ctx);
    BOOST_TEST(done == 3);
    BOOST_TEST(got[0] == '2');
    BOOST_TEST(got[1] == '1');
}

BOOST_AUTO_TEST_CASE(an_open_pipe_to_a_child)
{
    test::context ctx;
    v2::basic_popen<test::executor> child(ctx.get_executor(), "/bin/cat", words{});
    std::string got(5, '\0');
    int exit_code = -1;
    auto const talk = [&]() -> awaitable<void> {
        co_await asio::async_write(child, asio::buffer("hello", 5), use_awaitable);
        co_await asio::async_read(child, asio::buffer(got), use_awaitable);
        child.get_stdin().close();
        exit_code = co_await child.async_wait(use_awaitable);
    };
    asio::co_spawn(ctx, talk(), no_exception);
    test::run(ctx);
    BOOST_TEST(got == "hello");
    BOOST_TEST(exit_code == 0);
}

BOOST_AUTO_TEST_SUITE_END()

// Version 1 starts children and makes pipes without a context. What waits or reads asynchronously
// takes an asio::io_context& by type.
BOOST_AUTO_TEST_SUITE(process_v1)

#if !PROACTOR_TEST_ORACLE
static_assert(!std::is_constructible_v<v1::async_pipe, test::context&>);
#endif

BOOST_AUTO_TEST_CASE(its_pipes_are_read_and_written_by_our_descriptors)
{
    test::context ctx;
    v1::pipe to_child, from_child;
    v1::child child("/bin/cat", v1::std_in<to_child, v1::std_out> from_child);
    test::stream_descriptor in(ctx, ::dup(to_child.native_sink()));
    test::stream_descriptor out(ctx, ::dup(from_child.native_source()));
    // The pipes hold both ends: end of file comes only when the ends that the child has are its
    // own.
    to_child.close();
    from_child.close();
    std::string const sent(300'000, 'v');
    std::string got;
    error_code end;
    asio::async_write(in, asio::buffer(sent), [&](error_code ec, std::size_t) {
        BOOST_TEST(!ec);
        in.close();
    });
    asio::async_read(out, asio::dynamic_buffer(got), [&](error_code ec, std::size_t) { end = ec; });
    test::run(ctx);
    child.wait();
    BOOST_TEST(end == asio::error::eof);
    BOOST_TEST((got == sent));
    BOOST_TEST(child.exit_code() == 0);
}

BOOST_AUTO_TEST_CASE(its_child_is_waited_for_by_a_process_of_version_2)
{
    test::context ctx;
    v1::child child("/bin/sh", "-c", "exit 7");
    process waiter(ctx.get_executor(), child.id());
    child.detach();
    int got = -1;
    waiter.async_wait([&](error_code ec, int code) {
        BOOST_TEST(!ec);
        got = code;
    });
    test::run(ctx);
    BOOST_TEST(got == 7);
}

BOOST_AUTO_TEST_CASE(its_asynchronous_parts_run_on_a_context_of_asio_beside_ours)
{
    test::context ctx;
    asio::io_context plain;
    test::tcp_pair pair(ctx);
    std::future<std::string> output;
    int exit_code = -1, read = 0;
    char byte = 0;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](error_code ec, std::size_t) { read += !ec; });
    v1::child child(
        "/bin/sh", "-c", "echo text; exit 5", v1::std_out > output, plain,
        v1::on_exit = [&](int code, std::error_code const& ec) {
            BOOST_TEST(!ec);
            exit_code = code;
            asio::write(pair.b, asio::buffer("x", 1));
        });
    test::run(plain);
    test::run(ctx);
    BOOST_TEST(output.get() == "text\n");
    BOOST_TEST(exit_code == 5);
    BOOST_TEST(read == 1);
    BOOST_TEST(byte == 'x');
}

BOOST_AUTO_TEST_SUITE_END()

#endif
