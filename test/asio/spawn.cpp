// Stackful coroutines (Boost.Context) on the context.
#include "../support/context.hpp"

#include <boost/asio/spawn.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using yield_context = asio::basic_yield_context<test::executor>;

BOOST_AUTO_TEST_SUITE(spawn)

BOOST_AUTO_TEST_CASE(echo_between_two_stackful_coroutines)
{
    test::context ctx;
    test::executor const ex = ctx.get_executor();
    test::tcp_acceptor acceptor(ctx, test::loopback());
    std::string received;
    asio::spawn(
        ex,
        [&](yield_context yield) {
            test::tcp_socket socket = acceptor.async_accept(yield);
            char data[8];
            test::error_code ec;
            while (std::size_t const n = socket.async_read_some(asio::buffer(data), yield[ec]))
                asio::async_write(socket, asio::buffer(data, n), yield);
            BOOST_TEST(ec == asio::error::eof);
        },
        asio::detached);
    asio::spawn(
        ex,
        [&](yield_context yield) {
            test::tcp_socket socket(yield.get_executor());
            socket.async_connect(acceptor.local_endpoint(), yield);
            asio::async_write(socket, asio::buffer(std::string("stackful")), yield);
            received.resize(8);
            asio::async_read(socket, asio::buffer(received), yield);
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(received == "stackful");
}

BOOST_AUTO_TEST_CASE(timers_and_exceptions)
{
    test::context ctx;
    test::executor const ex = ctx.get_executor();
    bool aborted = false;
    asio::spawn(
        ex,
        [&](yield_context yield) {
            test::steady_timer timer(yield.get_executor(), 1ms);
            timer.async_wait(yield);
            timer.expires_after(1h);
            asio::post(yield.get_executor(), [&] { timer.cancel(); });
            try
            {
                timer.async_wait(yield);
            }
            catch (test::system_error const& e)
            {
                aborted = e.code() == asio::error::operation_aborted;
            }
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(aborted);
}

BOOST_AUTO_TEST_CASE(spawn_on_a_strand)
{
    test::context ctx;
    test::strand const strand = asio::make_strand(test::executor(ctx.get_executor()));
    bool inside = false;
    asio::spawn(
        strand,
        [&](asio::basic_yield_context<test::strand> yield) {
            asio::post(yield);
            inside = strand.running_in_this_thread();
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(inside);
}

BOOST_AUTO_TEST_CASE(destroying_the_context_unwinds_the_stack)
{
    auto alive = std::make_shared<int>(0);
    std::weak_ptr<int> const watch = alive;
    {
        test::context ctx;
        asio::spawn(
            test::executor(ctx.get_executor()),
            [keep = std::move(alive)](yield_context yield) {
                test::steady_timer timer(yield.get_executor(), 1h);
                timer.async_wait(yield);
            },
            asio::detached);
        ctx.poll();
        BOOST_TEST(!watch.expired());
    }
    BOOST_TEST(watch.expired());
}

BOOST_AUTO_TEST_SUITE_END()
