// Sends that complete when the kernel reads their buffers no more.
#include "connection.hpp"

#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/use_future.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace asio = boost::asio;
using proactor::async_send_zc;
using proactor::async_write_zc;
using proactor::zero_copy;
using test::bytes;
using test::connection;
using test::held_size;
using test::pattern;
using test::sent;

namespace {

constexpr zero_copy always{0, true};

// Starts a send that the peer does not read. True: the kernel holds its buffer.
bool hold(test::context& ctx, connection& c, sent<bytes>& done, bytes b = pattern(held_size))
{
    async_send_zc(c.socket, std::move(b), always, done.handler());
    for (int i = 0; i != 20; ++i)
    {
        ctx.restart();
        ctx.poll();
    }
    BOOST_TEST(done.calls == (test::sends_in_place(ctx) ? 0 : 1));
    return done.calls == 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sends_in_place)

BOOST_AUTO_TEST_CASE(a_small_one_is_copied)
{
    test::context ctx;
    connection c(ctx);
    sent<std::string> done;
    async_send_zc(c.socket, std::string("small"), done.handler());
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == 5u);
    BOOST_TEST(done.copied);
    BOOST_TEST(done.buffer == "small");
    BOOST_TEST(test::read_some(c.peer) == "small");
}

BOOST_AUTO_TEST_CASE(one_completes_when_the_peer_has_read)
{
    test::context ctx;
    connection c(ctx);
    sent<bytes> done;
    bytes const all = pattern(held_size);
    bytes buffer = all;
    char const* const memory = buffer.data();
    hold(ctx, c, done, std::move(buffer));
    BOOST_TEST((test::receive_all(ctx, c.peer, all.size()) == all));
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == all.size());
    BOOST_TEST(done.copied); // on loopback
    BOOST_TEST((done.buffer.data() == memory));
}

BOOST_AUTO_TEST_CASE(what_follows_does_not_wait)
{
    test::context ctx;
    connection c(ctx);
    sent<bytes> first;
    bool const held = hold(ctx, c, first);
    sent<std::string> second;
    async_send_zc(c.socket, std::string("second"), second.handler());
    std::size_t third = 0;
    c.socket.async_send(asio::buffer("third", 5),
                        [&](test::error_code, std::size_t n) { third = n; });
    test::run_until(ctx, [&] { return third != 0; });
    BOOST_TEST(second.calls == 1);
    BOOST_TEST(first.calls == (held ? 0 : 1));
    bytes const got = test::receive_all(ctx, c.peer, held_size + 11);
    BOOST_TEST((bytes(got.begin(), got.end() - 11) == pattern(held_size)));
    BOOST_TEST(std::string(got.end() - 11, got.end()) == "secondthird");
    test::run(ctx);
    BOOST_TEST(first.calls == 1);
}

BOOST_AUTO_TEST_CASE(after_a_copy_a_socket_gets_plain_sends)
{
    test::context ctx;
    connection c(ctx);
    sent<bytes> first;
    hold(ctx, c, first);
    test::receive_all(ctx, c.peer, held_size);
    test::run(ctx);
    BOOST_TEST(first.calls == 1);
    // Held it would not complete.
    sent<bytes> second;
    async_send_zc(c.socket, pattern(held_size), second.handler());
    test::run(ctx);
    BOOST_TEST(second.calls == 1);
    BOOST_TEST(second.n == held_size);
    BOOST_TEST(second.copied);
    test::receive_all(ctx, c.peer, held_size);
    sent<bytes> third;
    hold(ctx, c, third);
    test::receive_all(ctx, c.peer, held_size);
    test::run(ctx);
    BOOST_TEST(third.calls == 1);
}

BOOST_AUTO_TEST_CASE(a_whole_one_goes_on_until_all_is_sent)
{
    test::context ctx;
    connection c(ctx);
    for (zero_copy const& when : {zero_copy{}, always})
    {
        bytes const all = pattern(6 << 20);
        sent<bytes> done;
        async_write_zc(c.socket, bytes(all), when, done.handler());
        BOOST_TEST((test::receive_all(ctx, c.peer, all.size()) == all));
        test::run(ctx);
        BOOST_TEST(done.calls == 1);
        BOOST_TEST(!done.ec);
        BOOST_TEST(done.n == all.size());
        BOOST_TEST((done.buffer == all));
    }
}

BOOST_AUTO_TEST_CASE(several_buffers)
{
    test::context ctx;
    connection c(ctx);
    std::vector<bytes> pieces;
    bytes all;
    for (int i = 0; i != 100; ++i) // more than one call of the system takes
    {
        pieces.push_back(bytes(10'000, static_cast<char>('a' + i % 26)));
        all.insert(all.end(), pieces.back().begin(), pieces.back().end());
    }
    auto const given = pieces;
    sent<std::vector<bytes>> done;
    async_write_zc(c.socket, std::move(pieces), always, done.handler());
    BOOST_TEST((test::receive_all(ctx, c.peer, all.size()) == all));
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == all.size());
    BOOST_TEST((done.buffer == given));
}

BOOST_AUTO_TEST_CASE(nothing_and_errors_give_the_buffer_back)
{
    test::context ctx;
    connection c(ctx);
    sent<std::string> nothing;
    async_send_zc(c.socket, std::string(), always, nothing.handler());
    test::run(ctx);
    BOOST_TEST(nothing.calls == 1);
    BOOST_TEST(!nothing.ec);

    test::tcp_socket closed(ctx);
    sent<bytes> failed;
    async_write_zc(closed, pattern(held_size), always, failed.handler());
    test::run(ctx);
    BOOST_TEST(failed.calls == 1);
    BOOST_TEST(failed.ec == asio::error::bad_descriptor);
    BOOST_TEST(failed.n == 0u);
    BOOST_TEST(failed.buffer.size() == held_size);

    c.peer.reset(); // with nothing unread
    sent<bytes> gone[2];
    for (auto& s : gone)
    {
        async_write_zc(c.socket, pattern(4 << 20), always, s.handler());
        test::run(ctx);
    }
    BOOST_TEST(!!gone[1].ec);
    BOOST_TEST(gone[1].buffer.size() == 4u << 20);
}

BOOST_AUTO_TEST_CASE(kinds_of_sockets_that_cannot_get_plain_sends)
{
    namespace local = asio::local;
    using socket = asio::basic_stream_socket<local::stream_protocol, test::executor>;
    test::context ctx;
    auto [a, b] = test::socket_pair();
    socket s(ctx, local::stream_protocol(), a.release());
    for (int i = 0; i != 2; ++i)
    {
        bytes const all = pattern(1 << 20);
        sent<bytes> done;
        async_write_zc(s, bytes(all), always, done.handler());
        BOOST_TEST((test::receive_all(ctx, b, all.size()) == all));
        test::run(ctx);
        BOOST_TEST(done.calls == 1);
        BOOST_TEST(done.ec == test::error_code());
        BOOST_TEST(done.n == all.size());
        BOOST_TEST(done.copied);
    }
}

BOOST_AUTO_TEST_CASE(datagrams)
{
    using asio::ip::udp;
    test::context ctx;
    udp::endpoint const any(asio::ip::address_v4::loopback(), 0);
    test::udp_socket a(ctx, any), b(ctx, any);
    a.connect(b.local_endpoint());
    bytes const all = pattern(20'000);
    sent<bytes> done;
    async_send_zc(a, bytes(all), always, done.handler());
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(done.n == all.size());
    bytes got(30'000);
    got.resize(b.receive(asio::buffer(got)));
    BOOST_TEST((got == all));
}

BOOST_AUTO_TEST_CASE(sockets_of_others)
{
    asio::io_context theirs;
    test::handle const listener = test::tcp_listener();
    asio::ip::tcp::socket socket(theirs);
    socket.connect(test::loopback(ntohs(test::address_of(listener).sin_port)));
    test::handle const peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    sent<std::string> done;
    async_write_zc(socket, std::string("theirs"), always, done.handler());
    theirs.run();
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(done.n == 6u);
    BOOST_TEST(done.copied);
    BOOST_TEST(test::read_some(peer) == "theirs");
}

BOOST_AUTO_TEST_CASE(completion_tokens)
{
    test::context ctx;
    connection c(ctx);
    auto future = async_send_zc(c.socket, std::string("future"), asio::use_future);
    test::run(ctx);
    BOOST_TEST(std::get<0>(future.get()) == 6u);
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> test::awaitable<> {
            auto [ec, n, buffer, copied] = co_await async_write_zc(
                c.socket, std::string("coroutine"), asio::experimental::as_tuple(test::use_awaitable));
            BOOST_TEST(!ec);
            BOOST_TEST(n == 9u);
            BOOST_TEST(buffer == "coroutine");
            BOOST_TEST(copied);
            ended = true;
        },
        asio::detached);
    test::run(ctx);
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(started_by_another_thread)
{
    test::context ctx;
    connection c(ctx);
    auto work = asio::make_work_guard(ctx);
    std::thread runner([&] { ctx.run(); });
    sent<bytes> done;
    bytes const all = pattern(held_size);
    async_write_zc(c.socket, bytes(all), always, done.handler());
    bytes got(all.size());
    BOOST_TEST(::recv(c.peer.get(), got.data(), got.size(), MSG_WAITALL)
               == static_cast<ssize_t>(all.size()));
    work.reset();
    runner.join();
    BOOST_TEST((got == all));
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(done.n == all.size());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sends_in_place_that_end_early)

BOOST_AUTO_TEST_CASE(a_cancellation_of_what_is_sent_comes_too_late)
{
    test::context ctx;
    connection c(ctx);
    asio::cancellation_signal signal;
    sent<bytes> done;
    async_send_zc(c.socket, pattern(held_size), always,
                  asio::bind_cancellation_slot(signal.slot(), done.handler()));
    ctx.poll();
    signal.emit(asio::cancellation_type::terminal);
    c.socket.cancel();
    ctx.poll();
    BOOST_TEST((test::receive_all(ctx, c.peer, held_size) == pattern(held_size)));
    test::run(ctx);
    BOOST_TEST(done.calls == 1);
    BOOST_TEST(!done.ec);
    BOOST_TEST(done.n == held_size);
}

BOOST_AUTO_TEST_CASE(a_cancelled_whole_one_tells_its_part)
{
    for (bool const by_slot : {true, false})
    {
        test::context ctx;
        connection c(ctx);
        asio::cancellation_signal signal;
        sent<bytes> done;
        bytes const all = pattern(16 << 20);
        async_write_zc(c.socket, bytes(all), always,
                       asio::bind_cancellation_slot(signal.slot(), done.handler()));
        for (int i = 0; i != 10; ++i)
            ctx.poll();
        BOOST_TEST(done.calls == 0);
        if (by_slot)
            signal.emit(asio::cancellation_type::terminal);
        else
            c.socket.cancel();
        // What was sent before is delivered, and followed by what comes next.
        std::string const next = "next";
        c.socket.async_send(asio::buffer(next), [&](test::error_code ec, std::size_t) {
            BOOST_TEST(!ec);
            c.socket.shutdown(asio::socket_base::shutdown_send);
        });
        bytes got = test::receive_all(ctx, c.peer, all.size());
        test::run(ctx);
        BOOST_TEST(done.calls == 1);
        BOOST_TEST(done.ec == asio::error::operation_aborted);
        BOOST_TEST(done.n > 0u);
        BOOST_TEST(done.n < all.size());
        BOOST_TEST(got.size() == done.n + next.size());
        BOOST_TEST(std::equal(got.begin(), got.end() - 4, all.begin()));
        BOOST_TEST(std::string(got.end() - 4, got.end()) == next);
        BOOST_TEST(done.buffer.size() == all.size());
    }
}

BOOST_AUTO_TEST_CASE(a_close_resets_the_connection_and_waits_for_nobody)
{
    for (int way = 0; way != 3; ++way)
    {
        test::context ctx;
        std::optional<connection> c(std::in_place, ctx);
        sent<bytes> done;
        bool const held = hold(ctx, *c, done);
        test::handle const peer = std::move(c->peer);
        test::handle released;
        auto const before = std::chrono::steady_clock::now();
        switch (way)
        {
        case 0:
            c->socket.close();
            break;
        case 1:
            released.reset(c->socket.release());
            break;
        case 2:
            c.reset();
            break;
        }
        test::run(ctx);
        auto const took = std::chrono::steady_clock::now() - before;
        BOOST_TEST((took < std::chrono::seconds(10)));
        BOOST_TEST(done.calls == 1);
        BOOST_TEST(!done.ec);
        BOOST_TEST(done.n == held_size);
        BOOST_TEST((done.buffer == pattern(held_size)));
        if (!held)
            continue;
        char rest[8192];
        ssize_t n = 0;
        while ((n = ::recv(peer.get(), rest, sizeof rest, 0)) > 0)
            ;
        BOOST_TEST(n == -1);
        BOOST_TEST(errno == ECONNRESET);
    }
}

BOOST_AUTO_TEST_CASE(a_context_goes_while_the_peer_does_not_read)
{
    for (int way = 0; way != 3; ++way)
    {
        auto const witness = std::make_shared<bytes>(pattern(held_size));
        std::optional<test::context> ctx(std::in_place);
        auto c = std::make_shared<connection>(*ctx);
        test::handle const peer = std::move(c->peer);
        using kept = proactor::kept_span<char const, std::shared_ptr<bytes>>;
        for (int i = 0; i != 3; ++i)
        {
            kept buffer(std::span<char const>(*witness), witness);
            auto handler = [c](test::error_code, std::size_t, kept const&, bool) {};
            if (way == 2)
                async_write_zc(c->socket, std::move(buffer), always, std::move(handler));
            else
                async_send_zc(c->socket, std::move(buffer), always, std::move(handler));
        }
        if (way != 0)
            ctx->poll();
        c.reset(); // the handlers have it
        ctx.reset();
        BOOST_TEST(witness.use_count() == 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
