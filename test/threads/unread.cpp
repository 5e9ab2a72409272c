// What is unread is asked for while other threads run and sleep: nothing is lost, nobody sleeps too long.
#include "runners.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>
#include <type_traits>
#include <vector>

namespace asio = boost::asio;

namespace {

using lane = std::conditional_t<PROACTOR_TEST_DROP_IN, test::executor, test::strand>;
using lane_socket = asio::basic_stream_socket<test::tcp, lane>;

// Reads what comes, and asks what there is: each byte is in one answer at the most.
struct looking
{
    lane_socket socket;
    std::size_t const expected;
    std::array<char, 16> data{};
    std::size_t got = 0;
    bool too_many = false;

    looking(lane_socket s, std::size_t n) : socket(std::move(s)), expected(n) {}

    void look()
    {
        std::size_t const unread = socket.available();
        too_many |= got + unread > expected;
    }

    void read()
    {
        socket.async_read_some(asio::buffer(data),
                               [this](test::error_code ec, std::size_t n)
                               {
                                   got += n;
                                   look();
                                   if (!ec && got != expected)
                                       read();
                               });
        look();
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(unread)

BOOST_AUTO_TEST_CASE(is_asked_for_on_any_thread)
{
    constexpr std::size_t bytes = PROACTOR_TEST_SANITIZED ? 500 : 2000;
    test::context ctx;
    std::vector<std::unique_ptr<looking>> all;
    std::vector<test::tcp_socket> peers;
    {
        test::tcp_acceptor acceptor(ctx, test::loopback());
        for (int i = 0; i != 4; ++i)
        {
            lane_socket socket{lane(asio::make_strand(test::executor(ctx.get_executor())))};
            socket.connect(acceptor.local_endpoint());
            peers.push_back(acceptor.accept());
            all.push_back(std::make_unique<looking>(std::move(socket), bytes));
        }
    }
    test::runners threads(ctx, 2);
    for (auto& each : all)
        asio::post(each->socket.get_executor(), [&each] { each->read(); });
    for (std::size_t sent = 0; sent != bytes; ++sent)
        for (std::size_t i = 0; i != peers.size(); ++i)
        {
            asio::write(peers[i], asio::buffer("x", 1));
            if (sent % 8 == i)
                asio::post(all[i]->socket.get_executor(), [&each = *all[i]] { each.look(); });
        }
    threads.join();
    for (auto& each : all)
    {
        BOOST_TEST(each->got == bytes);
        BOOST_TEST(!each->too_many);
    }
}

BOOST_AUTO_TEST_SUITE_END()
