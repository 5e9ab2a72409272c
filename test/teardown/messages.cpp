// Messages on the way when everybody goes: buffer, control data, header and sender are memory that the
// kernel writes to, and the peer sends when nobody is left.
#include "in_flight.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;

namespace {

using test::udp;
using control = proactor::control_buffer_for<proactor::packet_info, proactor::ttl>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(messages, test::clean_process)

BOOST_AUTO_TEST_CASE(of_sockets_survive_everybody)
{
    test::tally t;
    for (int round = 0; round != 24; ++round)
    {
        test::handle twin; // so that what comes late has somewhere to go
        test::handle const peer = test::inet_socket(SOCK_DGRAM);
        sockaddr_in to{};
        auto const send = [&](std::string const& text) {
            ::sendto(peer.get(), text.data(), text.size(), MSG_NOSIGNAL, test::generic(to),
                     sizeof to);
        };
        {
            std::optional<test::context> ctx(std::in_place);
            std::optional<test::udp_socket> socket(
                std::in_place, *ctx, udp::endpoint(asio::ip::address_v4::loopback(), 0));
            socket->set_option(proactor::receive_packet_info(true));
            socket->set_option(proactor::receive_ttl(true));
            twin.reset(::dup(socket->native_handle()));
            to = test::address_of(twin);
            auto const handler = [&t] {
                return [w = test::witness(t)](auto&&...) { w(); };
            };
            // Memory of the operation's own, of one piece and of several.
            proactor::async_receive_msg(*socket, std::vector<char>(100), control(), handler());
            proactor::async_receive_msg(*socket, std::array<std::string, 2>{"....", "...."},
                                        control(), 0, handler());
            if (round % 2)
                ctx->poll();
            if (round % 3 == 0)
                send("in time"); // for the first
            if (round % 3 == 1)
                ctx->poll_one();
            if (round % 4 == 3)
            {
                socket.reset();
                test::run(*ctx);
            }
            socket.reset();
            ctx.reset();
        }
        for (int i = 0; i != 3; ++i)
            send("sent when everybody has gone");
    }
    BOOST_TEST(t.destroyed == t.made);
    BOOST_TEST(t.called >= 12); // all of each fourth round
    BOOST_TEST(test::withheld_blocks_intact());
}

BOOST_AUTO_TEST_SUITE_END()
