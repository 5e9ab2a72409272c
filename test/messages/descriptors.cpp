// Descriptors that go through local sockets: they arrive, and none is left over, however it ends.
#include "../support/context.hpp"
#include "../support/handles.hpp"

#include <boost/asio/generic/seq_packet_protocol.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using test::error_code;

namespace {

using stream = asio::local::stream_protocol;
using stream_socket = asio::basic_stream_socket<stream, test::executor>;
using datagram_socket = asio::basic_datagram_socket<asio::local::datagram_protocol, test::executor>;
using seq_packet_socket =
    asio::basic_seq_packet_socket<asio::generic::seq_packet_protocol, test::executor>;
using control_of_4 = proactor::control_buffer<proactor::control_messages::space(4 * sizeof(int))>;
using info_type = proactor::message_info<stream::endpoint>;

constexpr int rounds = 100;

/// As many descriptors afterwards as before.
struct no_leak
{
    std::size_t before = test::open_descriptors();
    void teardown() { BOOST_TEST(test::open_descriptors() == before); }
};

template <typename Socket>
struct pair_of
{
    pair_of(test::context& ctx, typename Socket::protocol_type const& protocol) : a(ctx), b(ctx)
    {
        auto handles = test::socket_pair(protocol.type());
        a.assign(protocol, handles.a.release());
        b.assign(protocol, handles.b.release());
    }
    Socket a, b;
};

/// Sends a byte with descriptors, by a plain call.
void send_handles(test::handle const& to, std::vector<int> const& handles)
{
    proactor::control_buffer<proactor::control_messages::space(16 * sizeof(int))> control;
    BOOST_REQUIRE(control.add_handles(handles));
    char byte = 'd';
    iovec piece{&byte, 1};
    msghdr m{};
    m.msg_iov = &piece;
    m.msg_iovlen = 1;
    m.msg_control = const_cast<std::byte*>(control.bytes().data());
    m.msg_controllen = control.bytes().size();
    test::checked(static_cast<int>(::sendmsg(to.get(), &m, 0)), "sendmsg");
}

/// A socket of ours and the plain other end.
struct half_plain
{
    explicit half_plain(test::context& ctx)
    {
        auto handles = test::socket_pair();
        peer = std::move(handles.b);
        socket.emplace(ctx);
        socket->assign(stream(), handles.a.release());
    }
    test::handle peer;
    std::optional<stream_socket> socket;
};

bool closes_on_exec(proactor::unique_handle const& h)
{
    return ::fcntl(h.get(), F_GETFD) & FD_CLOEXEC;
}

template <typename Socket>
void sends_and_receives(typename Socket::protocol_type const& protocol)
{
    test::context ctx;
    pair_of<Socket> pair(ctx, protocol);
    auto pipe = test::pipe_pair();
    control_of_4 out;
    std::array const sent{pipe.b.get(), pipe.b.get()};
    BOOST_TEST(out.add_handles(sent));
    control_of_4 in;
    std::string text(10, '.');
    int calls = 0;
    proactor::async_receive_msg(pair.b, asio::buffer(text), in,
                                [&](error_code ec, std::size_t n, auto const& info) {
                                    ++calls;
                                    BOOST_TEST(!ec, ec.message());
                                    BOOST_TEST(n == 5u);
                                    BOOST_TEST(!info.truncated());
                                    BOOST_TEST(!info.control_truncated());
                                });
    proactor::async_send_msg(pair.a, asio::buffer("hello", 5), out,
                             [&](error_code ec, std::size_t n) {
                                 ++calls;
                                 BOOST_TEST(!ec, ec.message());
                                 BOOST_TEST(n == 5u);
                             });
    test::run(ctx);
    BOOST_TEST(calls == 2);
    BOOST_TEST(text.substr(0, 5) == "hello");
    pipe.b.reset();
    BOOST_TEST(in.handles() == 2u);
    auto first = in.take_handle();
    BOOST_REQUIRE(!!first);
    BOOST_TEST(in.handles() == 1u);
    BOOST_TEST(closes_on_exec(first));
    test::handle const writer(first.release());
    test::write_all(writer, "through the pipe");
    BOOST_TEST(test::read_some(pipe.a) == "through the pipe");
    BOOST_TEST(!!in.take_handle());
    BOOST_TEST(!in.take_handle());
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(descriptors, no_leak)

BOOST_AUTO_TEST_CASE(go_through_streams)
{
    sends_and_receives<stream_socket>({});
}

BOOST_AUTO_TEST_CASE(go_with_datagrams)
{
    sends_and_receives<datagram_socket>({});
}

BOOST_AUTO_TEST_CASE(go_with_records)
{
    sends_and_receives<seq_packet_socket>({AF_UNIX, 0});
}

BOOST_AUTO_TEST_CASE(that_nobody_takes_are_closed)
{
    test::context ctx;
    half_plain pair(ctx);
    test::handle const h = test::any_handle();
    std::size_t const before = test::open_descriptors();
    char bytes[1];
    int calls = 0;
    {
        control_of_4 in;
        auto const receive = [&] {
            proactor::async_receive_msg(*pair.socket, asio::buffer(bytes), in,
                                        [&](error_code, std::size_t, info_type) { ++calls; });
            send_handles(pair.peer, {h.get(), h.get()});
            test::run(ctx);
            BOOST_TEST(test::open_descriptors() == before + 2);
        };
        receive();
        receive(); // closes those of the first
        control_of_4 moved(std::move(in));
        BOOST_TEST(in.handles() == 0u);
        BOOST_TEST(moved.handles() == 2u);
        in = std::move(moved);
        BOOST_TEST(in.handles() == 2u);
        in.add(proactor::ttl{1});
        BOOST_TEST(test::open_descriptors() == before);
        BOOST_TEST(in.handles() == 0u);
        receive();
    }
    BOOST_TEST(calls == 3);
    BOOST_TEST(test::open_descriptors() == before);
    BOOST_TEST(test::is_open(h.get()));
}

BOOST_AUTO_TEST_CASE(without_room_are_closed_and_the_loss_is_told)
{
    test::context ctx;
    test::handle const h = test::any_handle();
    half_plain pair(ctx);
    std::size_t const before = test::open_descriptors();
    for (std::size_t const sent : {5u, 6u, 16u})
    {
        int calls = 0;
        char bytes[1];
        control_of_4 in;
        proactor::async_receive_msg(*pair.socket, asio::buffer(bytes), in,
                                    [&](error_code ec, std::size_t n, info_type info) {
                                        ++calls;
                                        BOOST_TEST(!ec);
                                        BOOST_TEST(n == 1u);
                                        BOOST_TEST(info.control_truncated());
                                    });
        send_handles(pair.peer, std::vector<int>(sent, h.get()));
        test::run(ctx);
        BOOST_TEST(calls == 1);
        BOOST_TEST(in.handles() == 4u);
        BOOST_TEST(test::open_descriptors() == before + 4);
    }
    BOOST_TEST(test::open_descriptors() == before);
    // And none where there is no room for a single one.
    proactor::control_buffer<16> small;
    char bytes[1];
    bool told = false;
    proactor::async_receive_msg(
        *pair.socket, asio::buffer(bytes), small,
        [&](error_code, std::size_t, info_type info) { told = info.control_truncated(); });
    send_handles(pair.peer, {h.get()});
    test::run(ctx);
    BOOST_TEST(told);
    BOOST_TEST(small.handles() == 0u);
    BOOST_TEST(test::open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(that_won_against_a_cancellation_are_delivered)
{
    test::context ctx;
    test::handle const h = test::any_handle();
    half_plain pair(ctx);
    std::size_t const before = test::open_descriptors();
    int won = 0;
    int wrong = 0;
    for (int round = 0; round < rounds; ++round)
    {
        asio::cancellation_signal signal;
        char bytes[1];
        control_of_4 in;
        std::optional<error_code> ended;
        proactor::async_receive_msg(
            *pair.socket, asio::buffer(bytes), in,
            asio::bind_cancellation_slot(
                signal.slot(), [&](error_code ec, std::size_t, info_type) { ended = ec; }));
        if (round & 1)
            ctx.poll();
        if (round & 2)
            signal.emit(asio::cancellation_type::terminal);
        if (round & 4 && round & 2)
            ctx.poll_one();
        send_handles(pair.peer, {h.get()});
        if (!(round & 2))
            signal.emit(asio::cancellation_type::terminal);
        test::run(ctx);
        wrong += !ended || in.handles() != (*ended ? 0u : 1u);
        wrong += test::open_descriptors() != before + in.handles();
        if (ended && *ended)
        {
            // It is the next receive's.
            proactor::async_receive_msg(*pair.socket, asio::buffer(bytes), in,
                                        [&](error_code ec, std::size_t, info_type) { ended = ec; });
            test::run(ctx);
            wrong += *ended || in.handles() != 1u;
        }
        else
            ++won;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE(won << " of " << rounds << " receives won");
}

// The handlers go without having been called, before or after the message has come.
BOOST_AUTO_TEST_CASE(on_the_way_at_teardown_are_closed)
{
    test::handle const h = test::any_handle();
    std::size_t const before = test::open_descriptors();
    std::size_t came = 0;
    for (int round = 0; round < rounds; ++round)
    {
        int called = 0;
        char bytes[1];
        control_of_4 in;
        {
            test::context ctx;
            half_plain pair(ctx);
            if (round & 1)
                proactor::async_receive_msg(*pair.socket, asio::buffer(bytes), in,
                                            [&](error_code, std::size_t, info_type) { ++called; });
            else
                proactor::async_receive_msg(
                    *pair.socket, std::vector<char>(1), control_of_4(),
                    [&](error_code, std::size_t, auto, auto, info_type) { ++called; });
            if (round & 2)
                ctx.poll();
            send_handles(pair.peer, {h.get(), h.get()});
            if (round & 4)
                pair.socket.reset();
        }
        BOOST_TEST(called == 0);
        came += in.handles();
        in.clear();
        BOOST_TEST(test::open_descriptors() == before);
    }
    BOOST_TEST(came != 0u);
}

BOOST_AUTO_TEST_CASE(that_were_to_be_sent_stay_their_owner_s)
{
    test::handle const h = test::any_handle();
    control_of_4 control;
    BOOST_TEST(control.add_handle(h.get()));
    {
        test::context ctx;
        half_plain pair(ctx);
        char bytes[1];
        proactor::async_receive_msg(*pair.socket, asio::buffer(bytes), control,
                                    [](error_code, std::size_t, info_type) {});
        ctx.poll();
    }
    control.clear();
    BOOST_TEST(test::is_open(h.get()));
    control.add_handle(h.get());
    {
        control_of_4 moved(std::move(control));
        BOOST_TEST(moved.handles() == 0u);
        BOOST_TEST(!moved.take_handle());
    }
    BOOST_TEST(test::is_open(h.get()));
}

BOOST_AUTO_TEST_CASE(survive_their_socket)
{
    test::context ctx;
    test::handle const h = test::any_handle();
    std::size_t const before = test::open_descriptors();
    int wrong = 0;
    std::size_t came = 0;
    for (int round = 0; round < rounds; ++round)
    {
        half_plain pair(ctx);
        int called = 0;
        proactor::async_receive_msg(
            *pair.socket, std::vector<char>(1), control_of_4(),
            [&](error_code ec, std::size_t, std::vector<char> b, control_of_4 in, info_type) {
                ++called;
                wrong += b.size() != 1;
                wrong += in.handles() != (ec ? 0u : 1u);
                came += in.handles();
            });
        if (round & 1)
            ctx.poll();
        send_handles(pair.peer, {h.get()});
        pair.socket.reset();
        pair.peer.reset();
        test::run(ctx);
        wrong += called != 1;
        wrong += test::open_descriptors() != before;
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(came != 0u);
}

BOOST_AUTO_TEST_CASE(meet_a_close_while_the_loop_sleeps)
{
    test::context ctx;
    auto work = asio::make_work_guard(ctx);
    std::thread loop([&] { ctx.run(); });
    test::handle const h = test::any_handle();
    std::atomic<int> ended = 0;
    std::atomic<int> wrong = 0;
    for (int round = 0; round < rounds; ++round)
    {
        half_plain pair(ctx);
        proactor::async_receive_msg(
            *pair.socket, std::vector<char>(1), control_of_4(),
            [&](error_code ec, std::size_t, std::vector<char>, control_of_4 in, info_type) {
                wrong += in.handles() != (ec ? 0u : 1u);
                ++ended;
            });
        send_handles(pair.peer, {h.get()});
        pair.socket.reset();
        test::yield_until([&] { return ended == round + 1; });
    }
    BOOST_TEST(wrong == 0);
    work.reset();
    loop.join();
}

BOOST_AUTO_TEST_CASE(end_with_their_stream)
{
    test::context ctx;
    half_plain pair(ctx);
    char bytes[1];
    control_of_4 in;
    error_code ended;
    std::size_t n = 9;
    auto const handler = [&](error_code ec, std::size_t bytes_received, info_type info) {
        ended = ec;
        n = bytes_received;
        BOOST_TEST(info.sender == stream::endpoint());
    };
    // Nothing to receive into ends at once, and takes nothing.
    proactor::async_receive_msg(*pair.socket, asio::mutable_buffer(), in, handler);
    test::run(ctx);
    BOOST_TEST(!ended);
    BOOST_TEST(n == 0u);
    BOOST_TEST(in.empty());
    proactor::async_receive_msg(
        *pair.socket, std::array<std::string, 2>(), control_of_4(),
        [&](error_code ec, std::size_t, auto, control_of_4 back, info_type info) {
            BOOST_TEST(!ec);
            BOOST_TEST(back.empty());
            BOOST_TEST(info.sender == stream::endpoint());
        });
    test::run(ctx);

    pair.peer.reset();
    proactor::async_receive_msg(*pair.socket, asio::buffer(bytes), in, handler);
    test::run(ctx);
    BOOST_TEST(ended == asio::error::eof);

    control_of_4 out;
    out.add_handle(ctx.poll() ? 0 : 1);
    proactor::async_send_msg(*pair.socket, asio::buffer("x", 1), out,
                             [&](error_code ec, std::size_t) { ended = ec; });
    test::run(ctx);
    BOOST_TEST(ended == asio::error::broken_pipe);
}

BOOST_AUTO_TEST_CASE(are_passed_on_as_they_came)
{
    test::context ctx;
    half_plain first(ctx);
    half_plain second(ctx);
    auto pipe = test::pipe_pair();
    std::size_t const before = test::open_descriptors();
    send_handles(first.peer, {pipe.b.get()});
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> test::awaitable<> {
            auto [n, bytes, control, info] = co_await proactor::async_receive_msg(
                *first.socket, std::string(1, '.'), control_of_4(), test::use_awaitable);
            auto [n_sent, same, sent] = co_await proactor::async_send_msg(
                *second.socket, std::move(bytes), std::move(control), test::use_awaitable);
            BOOST_TEST(n_sent == n);
            BOOST_TEST(same == "d");
            BOOST_TEST(sent.handles() == 1u);
            ended = true;
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(ended);
    BOOST_TEST(test::open_descriptors() == before);
    stream_socket got(ctx);
    got.assign(stream(), second.peer.release());
    control_of_4 in;
    char bytes[1];
    proactor::async_receive_msg(got, asio::buffer(bytes), in,
                                [](error_code, std::size_t, info_type) {});
    test::run(ctx);
    test::handle const writer(in.take_handle().release());
    test::write_all(writer, "twice");
    BOOST_TEST(test::read_some(pipe.a) == "twice");
}

BOOST_AUTO_TEST_CASE(that_are_not_open_are_the_system_s_error)
{
    test::context ctx;
    half_plain pair(ctx);
    control_of_4 out;
    out.add_handle(-1);
    error_code ended;
    proactor::async_send_msg(*pair.socket, asio::buffer("x", 1), out,
                             [&](error_code ec, std::size_t) { ended = ec; });
    test::run(ctx);
    BOOST_TEST(ended == asio::error::bad_descriptor);
}

// Asio's own sockets on Asio's own context.
BOOST_AUTO_TEST_CASE(come_to_foreign_sockets)
{
    test::handle const h = test::any_handle();
    std::size_t const before = test::open_descriptors();
    {
        asio::io_context foreign;
        auto handles = test::socket_pair();
        asio::basic_stream_socket<stream, asio::io_context::executor_type> socket(
            foreign, stream(), handles.a.release());
        char bytes[1];
        control_of_4 in;
        error_code ended = asio::error::would_block;
        auto const receive = [&] {
            foreign.restart();
            proactor::async_receive_msg(socket, asio::buffer(bytes), in,
                                        [&](error_code ec, std::size_t, info_type) { ended = ec; });
        };
        receive();
        foreign.poll();
        send_handles(handles.b, {h.get()});
        foreign.run();
        BOOST_TEST(!ended);
        BOOST_TEST(closes_on_exec(in.take_handle()));
        receive();
        handles.b.reset();
        foreign.run();
        BOOST_TEST(ended == asio::error::eof);
        receive(); // and nobody waits for it
    }
    BOOST_TEST(test::open_descriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()
