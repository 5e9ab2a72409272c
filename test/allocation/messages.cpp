// Messages with control data need no heap once they are warm.
#include "steady_state.hpp"

#if !PROACTOR_TEST_ORACLE

#include <string>
#include <utility>

namespace asio = boost::asio;

namespace {

using control = proactor::control_buffer_for<proactor::packet_info, proactor::ttl>;
using info_type = proactor::message_info<test::udp::endpoint>;

struct exchange
{
    explicit exchange(test::context& ctx)
        : a(ctx, any_port()), b(ctx, any_port()), bytes(1000, '.'), text(1000, '.')
    {
        b.set_option(proactor::receive_packet_info(true));
        b.set_option(proactor::receive_ttl(true));
    }

    static test::udp::endpoint any_port() { return {asio::ip::address_v4::loopback(), 0}; }

    void next()
    {
        out.clear();
        out.add(proactor::ttl{7});
        proactor::async_send_msg(a, asio::buffer(bytes), out, b.local_endpoint(),
                                 [](test::error_code, std::size_t) {});
        proactor::async_receive_msg(b, asio::buffer(bytes), in,
                                    [this](test::error_code, std::size_t n, info_type) {
                                        received += n;
                                        hops += in.get<proactor::ttl>().value().hops;
                                        next_owned();
                                    });
    }

    void next_owned()
    {
        proactor::async_send_msg(a, std::move(text), std::move(out), b.local_endpoint(),
                                 [this](test::error_code, std::size_t, std::string t, control c) {
                                     out = std::move(c);
                                     receive(std::move(t));
                                 });
    }

    void receive(std::string t)
    {
        proactor::async_receive_msg(
            b, std::move(t), std::move(in),
            [this](test::error_code, std::size_t n, std::string s, control c, info_type) {
                received += n;
                hops += c.get<proactor::ttl>().value().hops;
                text = std::move(s);
                in = std::move(c);
                if (--left > 0)
                    next();
            });
    }

    test::udp_socket a, b;
    std::string bytes, text;
    control out, in;
    std::size_t received = 0;
    int hops = 0;
    int left = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(messages)

BOOST_AUTO_TEST_CASE(borrowed_and_owned)
{
    test::context ctx;
    exchange e(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(test::allocations_when_warm([&] {
        e.left = 100;
        e.next();
        test::run(ctx);
    }));
    BOOST_TEST(e.received == 3u * 2 * 100 * 1000);
    BOOST_TEST(e.hops == 3 * 2 * 100 * 7);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
