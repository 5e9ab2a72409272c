// Asio configured by macros that change what its headers declare: one source, a program for each macro.
// Both widths compile, and what the objects do is the same.
#include "../../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(configured)

BOOST_AUTO_TEST_CASE(objects_work)
{
    test::context ctx;
    int done = 0;
    auto const note = [&](test::error_code ec, auto&&...) { done += !ec; };
    test::tcp_pair pair(ctx);
    std::string got(4, '\0');
    asio::async_read(pair.a, asio::buffer(got), note);
    asio::async_write(pair.b, asio::buffer("text", 4), note);
    test::steady_timer timer(ctx, 1ms);
    timer.async_wait(asio::bind_executor(asio::make_strand(ctx), note));
    test::signal_set signals(ctx, SIGUSR1);
    signals.async_wait(note);
    std::raise(SIGUSR1);
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    char byte;
    reader.async_read_some(asio::buffer(&byte, 1), note);
    writer.async_write_some(asio::buffer("p", 1), note);
    test::tcp_resolver resolver(ctx);
    resolver.async_resolve("127.0.0.1", "80", note);
    test::udp_socket datagrams(ctx, {asio::ip::address_v4::loopback(), 0});
    test::udp::endpoint sender;
    char datagram;
    datagrams.async_receive_from(asio::buffer(&datagram, 1), sender, note);
    datagrams.async_send_to(asio::buffer("d", 1), datagrams.local_endpoint(), note);
    asio::post(ctx, [&] { ++done; });
    test::run(ctx);
    BOOST_TEST(done == 10);
    BOOST_TEST(got == "text");
}

BOOST_AUTO_TEST_CASE(coroutines_and_cancellation_work)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    bool ended = false;
    asio::co_spawn(
        ctx,
        [&]() -> test::awaitable<> {
            test::tcp_socket peer = co_await acceptor.async_accept(test::use_awaitable);
            char byte;
            co_await peer.async_read_some(asio::buffer(&byte, 1), test::use_awaitable);
            test::steady_timer timer(peer.get_executor(), 1h);
            auto const abort = [&] { timer.cancel(); };
            asio::post(ctx, abort);
            auto const [ec] = co_await timer.async_wait(asio::as_tuple(test::use_awaitable));
            ended = byte == 'c' && ec == asio::error::operation_aborted;
        },
        [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::tcp_socket client(ctx);
    client.async_connect(acceptor.local_endpoint(), [&](test::error_code ec) {
        BOOST_TEST(!ec);
        client.async_write_some(asio::buffer("c", 1), [](test::error_code, std::size_t) {});
    });
    test::run(ctx);
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(typed_objects_move_into_erased_ones)
{
    test::context ctx;
    asio::basic_stream_socket<test::tcp, test::context::executor_type> typed(ctx, test::tcp::v4());
    auto const handle = typed.native_handle();
    test::tcp::socket erased(std::move(typed));
    BOOST_TEST(erased.native_handle() == handle);
}

BOOST_AUTO_TEST_SUITE_END()
