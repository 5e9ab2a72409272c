// Datagrams with control data: addresses, hop limits, traffic classes, times, and many in one
// message.
#include "../support/context.hpp"
#include "../support/skip.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <linux/net_tstamp.h>

namespace asio = boost::asio;
using test::error_code;
using test::udp;

namespace {

using all_kinds =
    proactor::control_buffer_for<proactor::packet_info, proactor::ttl, proactor::traffic_class,
                                 proactor::timestamp, proactor::segment_size>;
using info_type = proactor::message_info<udp::endpoint>;

/// Two sockets of one family; the first may be missing here.
struct udp_pair
{
    explicit udp_pair(test::context& ctx, asio::ip::address const& local = loopback_v4())
        : sender(ctx, udp::endpoint(local, 0)), receiver(ctx, udp::endpoint(local, 0))
    {
        receiver.set_option(proactor::receive_packet_info(true));
        receiver.set_option(proactor::receive_ttl(true));
        receiver.set_option(proactor::receive_ecn(true));
        receiver.set_option(proactor::receive_timestamp(true));
    }

    static asio::ip::address loopback_v4() { return asio::ip::address_v4::loopback(); }

    udp::endpoint to() const { return receiver.local_endpoint(); }

    test::udp_socket sender;
    test::udp_socket receiver;
};

struct received
{
    int calls = 0;
    error_code ec;
    std::size_t n = 0;
    info_type info;

    auto handler()
    {
        return [this](error_code e, std::size_t bytes, info_type i) {
            ++calls;
            ec = e;
            n = bytes;
            info = i;
        };
    }
};

auto const no_error = [](error_code ec, std::size_t) { BOOST_TEST(!ec, ec.message()); };

void carries_everything(asio::ip::address const& local)
{
    test::context ctx;
    udp_pair pair(ctx, local);
    all_kinds wanted;
    BOOST_TEST(wanted.add(proactor::ttl{7}));
    BOOST_TEST(wanted.add(proactor::traffic_class::of(10, proactor::ecn::ect0)));
    BOOST_TEST(wanted.add(proactor::packet_info{local, 0}));
    BOOST_TEST(!wanted.overflowed());
    std::array<char, 20> bytes{};
    all_kinds control;
    received got;
    auto const before = std::chrono::system_clock::now() - std::chrono::seconds(1);
    proactor::async_receive_msg(pair.receiver, asio::buffer(bytes), control, got.handler());
    proactor::async_send_msg(pair.sender, asio::buffer("hello", 5), wanted, pair.to(), no_error);
    test::run(ctx);
    BOOST_TEST(!got.ec);
    BOOST_TEST(got.n == 5u);
    BOOST_TEST(std::string(bytes.data(), 5) == "hello");
    BOOST_TEST(got.info.sender == pair.sender.local_endpoint());
    BOOST_TEST(!got.info.truncated());
    BOOST_TEST(!got.info.control_truncated());
    BOOST_TEST(got.info.flags == 0);

    auto const arrived = control.get<proactor::packet_info>();
    BOOST_REQUIRE(arrived.has_value());
    BOOST_TEST(arrived->address == local);
    BOOST_TEST(arrived->interface != 0u);
    BOOST_TEST(control.get<proactor::ttl>().value().hops == 7);
    auto const traffic = control.get<proactor::traffic_class>();
    BOOST_REQUIRE(traffic.has_value());
    BOOST_TEST((traffic->ecn() == proactor::ecn::ect0));
    BOOST_TEST(traffic->dscp() == 10u);
    auto const time = control.get<proactor::timestamp>();
    BOOST_REQUIRE(time.has_value());
    BOOST_TEST((time->software > before));
    BOOST_TEST((time->software < std::chrono::system_clock::now() + std::chrono::seconds(1)));
    BOOST_TEST(!control.get<proactor::segment_size>());
    int messages = 0;
    for ([[maybe_unused]] auto const& m : control)
        ++messages;
    BOOST_TEST(messages == 4);
}

std::string pattern(std::size_t n)
{
    std::string s(n, '.');
    for (std::size_t i = 0; i != n; ++i)
        s[i] = static_cast<char>('a' + i / 100 % 26);
    return s;
}

} // namespace

BOOST_AUTO_TEST_SUITE(datagrams_with_control_data)

BOOST_AUTO_TEST_CASE(of_ip_version_4)
{
    carries_everything(asio::ip::address_v4::loopback());
}

BOOST_AUTO_TEST_CASE(of_ip_version_6)
{
    test::context ctx;
    error_code ec;
    test::udp_socket probe(ctx);
    if (probe.open(udp::v6(), ec) || probe.bind({asio::ip::address_v6::loopback(), 0}, ec))
        return test::skipped("IPv6: " + ec.message());
    carries_everything(asio::ip::address_v6::loopback());
}

BOOST_AUTO_TEST_CASE(leave_from_the_address_that_was_chosen)
{
    test::context ctx;
    udp_pair pair(ctx);
    test::udp_socket anywhere(ctx, udp::endpoint(udp::v4(), 0));
    auto const source = asio::ip::make_address_v4("127.0.0.2");
    proactor::control_buffer_for<proactor::packet_info> from;
    from.add(proactor::packet_info{source});
    proactor::async_send_msg(anywhere, asio::buffer("x", 1), from, pair.to(), no_error);
    char byte;
    all_kinds control;
    received got;
    proactor::async_receive_msg(pair.receiver, asio::buffer(&byte, 1), control, got.handler());
    test::run(ctx);
    BOOST_TEST(got.info.sender == udp::endpoint(source, anywhere.local_endpoint().port()));
}

BOOST_AUTO_TEST_CASE(are_cut_and_say_so)
{
    test::context ctx;
    udp_pair pair(ctx);
    all_kinds none;
    char bytes[3];
    all_kinds control;
    received got;
    proactor::async_receive_msg(pair.receiver, asio::buffer(bytes), control, got.handler());
    proactor::async_send_msg(pair.sender, asio::buffer("hello", 5), none, pair.to(), no_error);
    test::run(ctx);
    BOOST_TEST(!got.ec);
    BOOST_TEST(got.n == 3u);
    BOOST_TEST(got.info.truncated());
    BOOST_TEST(!got.info.control_truncated());
}

BOOST_AUTO_TEST_CASE(lose_control_data_without_room_and_say_so)
{
    test::context ctx;
    udp_pair pair(ctx);
    all_kinds none;
    char bytes[10];
    // Not a header, a header and a part of its data, one of them, and not the rest.
    for (std::size_t room : {1u, 18u, 32u})
    {
        received got;
        std::size_t whole = 0;
        auto const receive = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
            proactor::control_buffer<N> control;
            proactor::async_receive_msg(pair.receiver, asio::buffer(bytes), control, got.handler());
            proactor::async_send_msg(pair.sender, asio::buffer("hello", 5), none, pair.to(),
                                     no_error);
            test::run(ctx);
            for (proactor::control_message const m : control)
                whole += m.value<timespec>(SOL_SOCKET, SO_TIMESTAMPNS).has_value();
        };
        if (room == 1)
            receive(std::integral_constant<std::size_t, 1>());
        else if (room == 18)
            receive(std::integral_constant<std::size_t, 18>());
        else
            receive(std::integral_constant<std::size_t, 32>());
        BOOST_TEST(!got.ec);
        BOOST_TEST(got.n == 5u);
        BOOST_TEST(got.info.control_truncated());
        BOOST_TEST(whole == (room == 32 ? 1u : 0u));
    }
}

BOOST_AUTO_TEST_CASE(are_not_sent_without_what_had_no_room)
{
    test::context ctx;
    udp_pair pair(ctx);
    proactor::control_buffer<24> small;
    BOOST_TEST(!small.add(proactor::ttl{7})); // in both forms
    BOOST_TEST(small.overflowed());
    error_code refused;
    auto const refusal = [&](error_code ec, std::size_t n) {
        refused = ec;
        BOOST_TEST(n == 0u);
    };
    proactor::async_send_msg(pair.sender, asio::buffer("x", 1), small, pair.to(), refusal);
    BOOST_TEST(!refused); // not inside its own start
    test::run(ctx);
    BOOST_TEST(refused == asio::error::no_buffer_space);
    BOOST_TEST(pair.receiver.available() == 0u);
    small.clear();
    BOOST_TEST(!small.overflowed());
    proactor::async_send_msg(pair.sender, asio::buffer("x", 1), small, pair.to(), no_error);
    test::run(ctx);
    BOOST_TEST(pair.receiver.available() == 1u);
}

BOOST_AUTO_TEST_CASE(that_the_system_does_not_understand_are_its_error)
{
    test::context ctx;
    udp_pair pair(ctx);
    all_kinds control;
    control.add(IPPROTO_IP, IP_TTL, short(7));
    error_code refused;
    proactor::async_send_msg(pair.sender, asio::buffer("x", 1), control, pair.to(),
                             [&](error_code ec, std::size_t) { refused = ec; });
    test::run(ctx);
    BOOST_TEST(refused == asio::error::invalid_argument);
}

BOOST_AUTO_TEST_CASE(are_cut_into_segments_by_the_system)
{
    test::context ctx;
    udp_pair pair(ctx);
    proactor::control_buffer_for<proactor::segment_size> segments;
    segments.add(proactor::segment_size{100});
    std::string const sent = pattern(950);
    std::size_t n_sent = 0;
    proactor::async_send_msg(pair.sender, asio::buffer(sent), segments, pair.to(),
                             [&](error_code ec, std::size_t n) {
                                 BOOST_TEST(!ec, ec.message());
                                 n_sent = n;
                             });
    test::run(ctx);
    BOOST_TEST(n_sent == 950u);
    std::string got;
    for (int i = 0; i != 10; ++i)
    {
        std::array<char, 200> bytes{};
        std::size_t const n = pair.receiver.receive(asio::buffer(bytes));
        BOOST_TEST(n == (i == 9 ? 50u : 100u));
        got.append(bytes.data(), n);
    }
    BOOST_TEST(got == sent);
    BOOST_TEST(pair.receiver.available() == 0u);
}

BOOST_AUTO_TEST_CASE(of_one_sender_come_in_one_message)
{
    test::context ctx;
    udp_pair pair(ctx);
    pair.receiver.set_option(proactor::udp_gro(true));
    proactor::control_buffer_for<proactor::segment_size> segments;
    segments.add(proactor::segment_size{100});
    std::string const sent = pattern(950);
    std::string bytes(4000, '.');
    all_kinds control;
    received got;
    proactor::async_receive_msg(pair.receiver, asio::buffer(bytes), control, got.handler());
    proactor::async_send_msg(pair.sender, asio::buffer(sent), segments, pair.to(), no_error);
    test::run(ctx);
    BOOST_TEST(got.n == 950u);
    BOOST_TEST(bytes.substr(0, got.n) == sent);
    BOOST_TEST(control.get<proactor::segment_size>().value().bytes == 100);
    std::vector<std::string> parts;
    proactor::for_each_datagram(
        std::span<char const>(bytes.data(), got.n), control,
        [&](std::span<char const> d) { parts.emplace_back(d.data(), d.size()); });
    BOOST_TEST(parts.size() == 10u);
    BOOST_TEST(parts.front() == sent.substr(0, 100));
    BOOST_TEST(parts.back() == sent.substr(900));

    // One that is alone says nothing, and one that is empty is one all the same.
    proactor::async_receive_msg(pair.receiver, asio::buffer(bytes), control, got.handler());
    pair.sender.send_to(asio::const_buffer(), pair.to());
    test::run(ctx);
    BOOST_TEST(got.n == 0u);
    int alone = 0;
    proactor::for_each_datagram(std::span<char const>(bytes.data(), got.n), control,
                                [&](std::span<char const>) { ++alone; });
    BOOST_TEST(alone == 1);
}

BOOST_AUTO_TEST_CASE(have_a_device_s_time_where_there_is_one)
{
    test::context ctx;
    udp_pair pair(ctx);
    pair.receiver.set_option(proactor::receive_timestamp(false));
    pair.receiver.set_option(
        proactor::timestamping(SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
    // The system begins to look at its clock some time after it was asked to.
    std::optional<proactor::timestamp> time;
    auto const deadline = std::chrono::steady_clock::now() + test::limit;
    while (!time && std::chrono::steady_clock::now() < deadline)
    {
        char bytes[10];
        all_kinds control;
        received got;
        proactor::async_receive_msg(pair.receiver, asio::buffer(bytes), control, got.handler());
        pair.sender.send_to(asio::buffer("hello", 5), pair.to());
        test::run(ctx);
        time = control.get<proactor::timestamp>();
    }
    BOOST_REQUIRE(time.has_value());
    BOOST_TEST((time->software.time_since_epoch().count() != 0));
    BOOST_TEST(time->hardware.time_since_epoch().count() == 0);
}

BOOST_AUTO_TEST_CASE(own_their_memory)
{
    test::context ctx;
    udp_pair pair(ctx);
    pair.sender.connect(pair.to());
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> test::awaitable<> {
            all_kinds wanted;
            wanted.add(proactor::ttl{9});
            auto [n_sent, text, unchanged] = co_await proactor::async_send_msg(
                pair.sender, std::string("hello"), std::move(wanted), test::use_awaitable);
            BOOST_TEST(n_sent == 5u);
            BOOST_TEST(text == "hello");
            BOOST_TEST(!unchanged.empty());
            std::array<std::string, 2> pieces{"..", "......"}; // GCC 12 ends a temporary twice
            auto [n, filled, control, info] = co_await proactor::async_receive_msg(
                pair.receiver, std::move(pieces), all_kinds(), test::use_awaitable);
            BOOST_TEST(n == 5u);
            BOOST_TEST(filled[0] == "he");
            BOOST_TEST(filled[1] == "llo...");
            BOOST_TEST(info.sender == pair.sender.local_endpoint());
            auto const hops = control.template get<proactor::ttl>();
            BOOST_TEST(hops.value().hops == 9);
            ended = true;
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(come_back_when_they_are_cancelled)
{
    test::context ctx;
    udp_pair pair(ctx);
    asio::cancellation_signal signal;
    char bytes[10];
    all_kinds control;
    control.add(proactor::ttl{1});
    received got;
    proactor::async_receive_msg(pair.receiver, asio::buffer(bytes), control,
                                asio::bind_cancellation_slot(signal.slot(), got.handler()));
    ctx.poll();
    BOOST_TEST(got.calls == 0);
    signal.emit(asio::cancellation_type::total);
    test::run(ctx);
    BOOST_TEST(got.ec == asio::error::operation_aborted);
    BOOST_TEST(control.empty());

    int calls = 0;
    proactor::async_receive_msg(
        pair.receiver, std::string(3, '.'), std::move(control), 0,
        [&](error_code ec, std::size_t, std::string text, all_kinds back, info_type) {
            ++calls;
            BOOST_TEST(ec == asio::error::operation_aborted);
            BOOST_TEST(text == "...");
            BOOST_TEST(back.empty());
        });
    pair.receiver.close();
    test::run(ctx);
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(on_a_socket_that_is_not_open_are_an_error)
{
    test::context ctx;
    test::udp_socket closed(ctx);
    char bytes[10];
    all_kinds control;
    received got;
    proactor::async_receive_msg(closed, asio::buffer(bytes), control, got.handler());
    BOOST_TEST(got.calls == 0);
    test::run(ctx);
    BOOST_TEST(got.ec == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(are_peeked_at)
{
    test::context ctx;
    udp_pair pair(ctx);
    pair.sender.send_to(asio::buffer("hello", 5), pair.to());
    for (auto const flags : {asio::socket_base::message_peek, 0})
    {
        char bytes[10];
        all_kinds control;
        received got;
        proactor::async_receive_msg(pair.receiver, asio::buffer(bytes), control, flags,
                                    got.handler());
        test::run(ctx);
        BOOST_TEST(got.n == 5u);
        BOOST_TEST(control.get<proactor::ttl>().has_value());
    }
    BOOST_TEST(pair.receiver.available() == 0u);
}

// With a receive of data in flight beside it.
BOOST_AUTO_TEST_CASE(that_were_sent_come_back_with_their_times)
{
    test::context ctx;
    udp_pair pair(ctx);
    pair.sender.set_option(proactor::timestamping(
        SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY));
    char answer[10];
    char nothing[1];
    all_kinds of_answer;
    proactor::control_buffer<256> of_sent;
    received data;
    received sent;
    proactor::async_receive_msg(pair.sender, asio::buffer(answer), of_answer, data.handler());
    proactor::async_receive_msg(pair.sender, asio::buffer(nothing), of_sent, MSG_ERRQUEUE,
                                sent.handler());
    ctx.poll();
    BOOST_TEST(sent.calls == 0);
    pair.sender.send_to(asio::buffer("hello", 5), pair.to());
    test::run_until(ctx, [&] { return sent.calls; });
    BOOST_TEST(!sent.ec, sent.ec.message());
    BOOST_TEST(sent.info.from_error_queue());
    BOOST_TEST(of_sent.get<proactor::timestamp>().has_value());
    BOOST_TEST(data.calls == 0);
    pair.receiver.send_to(asio::buffer("answer", 6), pair.sender.local_endpoint());
    test::run(ctx);
    BOOST_TEST(data.n == 6u);
}

// Asio's own sockets on Asio's own context.
BOOST_AUTO_TEST_CASE(work_on_foreign_sockets)
{
    using socket = asio::basic_datagram_socket<udp, asio::io_context::executor_type>;
    asio::io_context foreign;
    socket a(foreign, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    socket b(foreign, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    b.set_option(proactor::receive_ttl(true));
    all_kinds wanted;
    wanted.add(proactor::ttl{7});
    int calls = 0;
    proactor::async_receive_msg(
        b, std::string(10, '.'), all_kinds(),
        [&](error_code ec, std::size_t n, std::string text, all_kinds control, info_type info) {
            ++calls;
            BOOST_TEST(!ec);
            BOOST_TEST(text.substr(0, n) == "hello");
            BOOST_TEST(info.sender == a.local_endpoint());
            BOOST_TEST(control.get<proactor::ttl>().value().hops == 7);
        });
    foreign.poll();
    proactor::async_send_msg(a, asio::buffer("hello", 5), wanted, b.local_endpoint(), no_error);
    foreign.run();
    BOOST_TEST(calls == 1);

    foreign.restart();
    asio::cancellation_signal signal;
    char bytes[10];
    received got;
    proactor::async_receive_msg(b, asio::buffer(bytes), wanted,
                                asio::bind_cancellation_slot(signal.slot(), got.handler()));
    foreign.poll();
    signal.emit(asio::cancellation_type::total);
    foreign.run();
    BOOST_TEST(got.ec == asio::error::operation_aborted);

    foreign.restart();
    proactor::control_buffer<1> small;
    small.add(proactor::ttl{7});
    error_code refused;
    proactor::async_send_msg(a, asio::buffer("x", 1), small, b.local_endpoint(),
                             [&](error_code ec, std::size_t) { refused = ec; });
    BOOST_TEST(!refused);
    foreign.run();
    BOOST_TEST(refused == asio::error::no_buffer_space);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(socket_options)

BOOST_AUTO_TEST_CASE(are_set_and_read)
{
    test::context ctx;
    test::udp_socket socket(ctx, udp::v4());
    auto const check = [&]<typename Option>(Option option, auto value) {
        option = value;
        socket.set_option(option);
        Option read;
        socket.get_option(read);
        BOOST_TEST(read.value() == value);
    };
    for (bool const on : {true, false})
    {
        check(proactor::receive_packet_info(), on);
        check(proactor::receive_ttl(), on);
        check(proactor::receive_ecn(), on);
        check(proactor::receive_timestamp(), on);
        check(proactor::udp_gro(), on);
    }
    check(proactor::udp_segment(), 1200);
    check(proactor::timestamping(), int(SOF_TIMESTAMPING_SOFTWARE));
    socket.set_option(proactor::timestamping(0));
}

BOOST_AUTO_TEST_CASE(cut_what_is_sent)
{
    test::context ctx;
    udp_pair pair(ctx);
    pair.sender.set_option(proactor::udp_segment(100));
    pair.sender.send_to(asio::buffer(pattern(250)), pair.to());
    char bytes[300];
    for (std::size_t const n : {100u, 100u, 50u})
        BOOST_TEST(pair.receiver.receive(asio::buffer(bytes)) == n);
}

BOOST_AUTO_TEST_SUITE_END()
