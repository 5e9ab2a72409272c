#include <echo_server/server.hpp>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <ostream>
#include <string>
#include <thread>

namespace echo_server {

std::ostream& boost_test_print_type(std::ostream& out, session_kind kind)
{
    return out << static_cast<int>(kind);
}

} // namespace echo_server

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using echo_server::session_kind;

session_kind const every_kind[] = {session_kind::coroutine, session_kind::callback,
                                   session_kind::future};

std::string echoed(tcp::socket& to, std::string const& words)
{
    asio::write(to, asio::buffer(words));
    std::string reply(words.size(), '\0');
    asio::read(to, asio::buffer(reply));
    return reply;
}

} // namespace

BOOST_AUTO_TEST_SUITE(echo_sessions)

BOOST_DATA_TEST_CASE(everything_comes_back_until_a_signal_ends_the_server, every_kind, kind)
{
    echo_server::context context;
    echo_server::server server(context, 0, kind);
    auto const port = server.port();
    std::jthread loop([&context] { context.run(); });

    asio::io_context ours;
    tcp::endpoint const where(asio::ip::address_v4::loopback(), port);
    std::string const large(100'000, 'x');
    {
        tcp::socket one_that_ends_by_itself(ours);
        one_that_ends_by_itself.connect(where);
        BOOST_TEST(echoed(one_that_ends_by_itself, "hello") == "hello");
    }
    tcp::socket first(ours), second(ours);
    first.connect(where);
    second.connect(where);
    BOOST_TEST(echoed(second, "a") == "a");
    BOOST_TEST((echoed(first, large) == large));

    std::raise(SIGTERM);
    loop.join();
    boost::system::error_code error;
    char byte;
    first.read_some(asio::buffer(&byte, 1), error);
    BOOST_TEST(error == asio::error::eof);
    BOOST_TEST(server.sessions_served() == 3);
    BOOST_TEST(server.bytes_served() == 5 + 1 + large.size());
}

BOOST_AUTO_TEST_SUITE_END()
