// The samples of doc/asio_interop.md, line by line.
#include <proactor.hpp>

#include <boost/asio.hpp>
#include <boost/test/unit_test.hpp>

#include <type_traits>

namespace asio = boost::asio;

namespace typed {

using executor = proactor::io_context::executor_type;
using socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, executor>;

} // namespace typed

BOOST_AUTO_TEST_SUITE(asio_interop)

BOOST_AUTO_TEST_CASE(objects_of_both_widths)
{
    proactor::io_context context;
    asio::ip::tcp::socket plain_socket(context);
    asio::steady_timer plain_timer(context);
    typed::socket socket(context);
    typed::timer timer(context, std::chrono::milliseconds(1));
    int done = 0;
    plain_timer.expires_after(std::chrono::milliseconds(1));
    plain_timer.async_wait([&](auto) { ++done; });
    timer.async_wait([&](auto) { ++done; });
    context.run();
    BOOST_TEST(done == 2);
}

BOOST_AUTO_TEST_CASE(a_foreign_context)
{
    proactor::io_context context;
    bool crossed = false;
    asio::io_context foreign;
    asio::steady_timer theirs(foreign, std::chrono::milliseconds(1));
    theirs.async_wait(asio::bind_executor(context, [&](auto) { crossed = true; }));
    foreign.run();
    BOOST_TEST(!crossed);
    context.run();
    BOOST_TEST(crossed);
}

BOOST_AUTO_TEST_SUITE_END()
