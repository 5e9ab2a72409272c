// Every I/O object of Asio's instantiates with the context's executor and does the cheapest thing
// it can.
//
// Objects that Proactor does not serve itself run on Asio's own services, on the same context.
#include "../support/context.hpp"
#include "../support/skip.hpp"

#include <boost/asio/deadline_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace asio = boost::asio;
using ex = test::executor;
using namespace std::chrono_literals;

namespace {

// Constructs, moves and rebinds an object that can be open or not.
template <typename Object>
void moves_and_rebinds(test::context& ctx)
{
    using rebound = typename Object::template rebind_executor<test::strand>::other;
    static_assert(std::is_same_v<typename rebound::executor_type, test::strand>);
    Object object(ctx);
    Object moved(std::move(object));
    Object on_executor(ex(ctx.get_executor()));
    on_executor = std::move(moved);
    BOOST_TEST((on_executor.get_executor() == ex(ctx.get_executor())));
    rebound on_strand(asio::make_strand(ex(ctx.get_executor())));
    BOOST_TEST(!on_strand.is_open());
}

} // namespace

// Whole classes, every member function of them.
template class asio::basic_stream_socket<asio::ip::tcp, ex>;
template class asio::basic_socket_acceptor<asio::ip::tcp, ex>;
template class asio::basic_datagram_socket<asio::ip::udp, ex>;
template class asio::basic_raw_socket<asio::ip::icmp, ex>;
template class asio::basic_waitable_timer<std::chrono::steady_clock,
                                          asio::wait_traits<std::chrono::steady_clock>, ex>;
template class asio::basic_waitable_timer<std::chrono::system_clock,
                                          asio::wait_traits<std::chrono::system_clock>, ex>;
template class asio::posix::basic_descriptor<ex>;
template class asio::posix::basic_stream_descriptor<ex>;
template class asio::basic_signal_set<ex>;
template class asio::ip::basic_resolver<asio::ip::tcp, ex>;
template class asio::basic_serial_port<ex>;
template class asio::basic_readable_pipe<ex>;
template class asio::basic_writable_pipe<ex>;
template class asio::basic_stream_socket<asio::local::stream_protocol, ex>;
template class asio::basic_datagram_socket<asio::local::datagram_protocol, ex>;
template class asio::basic_seq_packet_socket<asio::generic::seq_packet_protocol, ex>;

BOOST_AUTO_TEST_SUITE(every_object_compiles)

BOOST_AUTO_TEST_CASE(objects_move_and_rebind)
{
    test::context ctx;
    moves_and_rebinds<asio::basic_stream_socket<asio::ip::tcp, ex>>(ctx);
    moves_and_rebinds<asio::basic_socket_acceptor<asio::ip::tcp, ex>>(ctx);
    moves_and_rebinds<asio::basic_datagram_socket<asio::ip::udp, ex>>(ctx);
    moves_and_rebinds<asio::basic_raw_socket<asio::ip::icmp, ex>>(ctx);
    moves_and_rebinds<asio::basic_stream_socket<asio::local::stream_protocol, ex>>(ctx);
    moves_and_rebinds<asio::basic_socket_acceptor<asio::local::stream_protocol, ex>>(ctx);
    moves_and_rebinds<asio::basic_datagram_socket<asio::local::datagram_protocol, ex>>(ctx);
    moves_and_rebinds<asio::basic_stream_socket<asio::generic::stream_protocol, ex>>(ctx);
    moves_and_rebinds<asio::basic_datagram_socket<asio::generic::datagram_protocol, ex>>(ctx);
    moves_and_rebinds<asio::basic_raw_socket<asio::generic::raw_protocol, ex>>(ctx);
    moves_and_rebinds<asio::basic_seq_packet_socket<asio::generic::seq_packet_protocol, ex>>(ctx);
    moves_and_rebinds<asio::posix::basic_stream_descriptor<ex>>(ctx);
    moves_and_rebinds<asio::basic_readable_pipe<ex>>(ctx);
    moves_and_rebinds<asio::basic_writable_pipe<ex>>(ctx);
    moves_and_rebinds<asio::basic_serial_port<ex>>(ctx);
}

BOOST_AUTO_TEST_CASE(udp)
{
    test::context ctx;
    test::udp_socket a(ctx, {asio::ip::address_v4::loopback(), 0});
    test::udp_socket b(ctx, {asio::ip::address_v4::loopback(), 0});
    test::udp::endpoint sender;
    char data[16];
    std::size_t got = 0;
    b.async_receive_from(asio::buffer(data), sender,
                         [&](test::error_code ec, std::size_t n) { got = ec ? 0 : n; });
    a.async_send_to(asio::buffer("datagram", 8), b.local_endpoint(),
                    [](test::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    test::run(ctx);
    BOOST_TEST(got == 8u);
    BOOST_TEST(sender == a.local_endpoint());
    a.connect(b.local_endpoint());
    b.connect(a.local_endpoint());
    a.async_send(asio::buffer("x", 1), [](test::error_code, std::size_t) {});
    b.async_receive(asio::buffer(data), [&](test::error_code, std::size_t n) { got = n; });
    test::run(ctx);
    BOOST_TEST(got == 1u);
}

BOOST_AUTO_TEST_CASE(local_sockets)
{
    test::context ctx;
    asio::basic_stream_socket<asio::local::stream_protocol, ex> a(ctx);
    asio::basic_stream_socket<asio::local::stream_protocol, ex> b(ctx);
    asio::local::connect_pair(a, b);
    char byte = 0;
    asio::async_read(a, asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
    asio::async_write(b, asio::buffer("l", 1), [](test::error_code, std::size_t) {});
    test::run(ctx);
    BOOST_TEST(byte == 'l');

    asio::basic_datagram_socket<asio::local::datagram_protocol, ex> c(ctx);
    asio::basic_datagram_socket<asio::local::datagram_protocol, ex> d(ctx);
    asio::local::connect_pair(c, d);
    c.async_receive(asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
    d.async_send(asio::buffer("d", 1), [](test::error_code, std::size_t) {});
    test::run(ctx);
    BOOST_TEST(byte == 'd');
}

BOOST_AUTO_TEST_CASE(local_acceptor_with_an_abstract_name)
{
    test::context ctx;
    std::string name(1, '\0');
    name += "proactor-test-" + std::to_string(::getpid());
    asio::local::stream_protocol::endpoint const endpoint(name);
    asio::basic_socket_acceptor<asio::local::stream_protocol, ex> acceptor(ctx, endpoint);
    asio::basic_stream_socket<asio::local::stream_protocol, ex> client(ctx);
    int done = 0;
    acceptor.async_accept(
        [&](test::error_code ec, auto socket) { done += !ec && socket.is_open(); });
    client.async_connect(endpoint, [&](test::error_code ec) { done += !ec; });
    test::run(ctx);
    BOOST_TEST(done == 2);
}

BOOST_AUTO_TEST_CASE(generic_sockets)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    asio::basic_stream_socket<asio::generic::stream_protocol, ex> a(std::move(pair.a));
    char byte = 0;
    a.async_read_some(asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
    pair.b.async_write_some(asio::buffer("g", 1), [](test::error_code, std::size_t) {});
    test::run(ctx);
    BOOST_TEST(byte == 'g');
}

BOOST_AUTO_TEST_CASE(sequenced_packets)
{
    test::context ctx;
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    asio::generic::seq_packet_protocol const protocol(AF_UNIX, 0);
    using socket = asio::basic_seq_packet_socket<asio::generic::seq_packet_protocol, ex>;
    socket a(ctx, protocol, ends[0]);
    socket b(ctx, protocol, ends[1]);
    char data[8];
    std::size_t got = 0;
    asio::socket_base::message_flags flags = 0;
    a.async_receive(asio::buffer(data), flags, [&](test::error_code, std::size_t n) { got = n; });
    b.async_send(asio::buffer("packet", 6), 0, [](test::error_code, std::size_t) {});
    test::run(ctx);
    BOOST_TEST(got == 6u);
}

BOOST_AUTO_TEST_CASE(raw_sockets_need_a_privilege)
{
    test::context ctx;
    asio::basic_raw_socket<asio::ip::icmp, ex> socket(ctx);
    test::error_code ec;
    socket.open(asio::ip::icmp::v4(), ec);
    if (!ec)
        BOOST_TEST(socket.is_open());
    else if (ec == asio::error::access_denied || ec == asio::error::no_permission
             || ec == asio::error::address_family_not_supported)
        test::skipped("no raw sockets: " + ec.message());
    else
        BOOST_ERROR("raw socket: " + ec.message());
}

BOOST_AUTO_TEST_CASE(pipes)
{
    test::context ctx;
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    std::string got(4, '\0');
    test::error_code end;
    asio::async_read(reader, asio::buffer(got), [&](test::error_code, std::size_t) {
        reader.async_read_some(asio::buffer(got.data(), 1),
                               [&](test::error_code ec, std::size_t) { end = ec; });
    });
    asio::async_write(writer, asio::buffer("pipe", 4),
                      [&](test::error_code, std::size_t) { writer.close(); });
    test::run(ctx);
    BOOST_TEST(got == "pipe");
    BOOST_TEST(end == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(serial_port)
{
    test::context ctx;
    asio::basic_serial_port<ex> port(ctx);
    test::error_code ec;
    port.open("/dev/null/nothing", ec);
    BOOST_TEST(ec.failed());
    BOOST_TEST(!port.is_open());
    asio::serial_port_base::baud_rate rate(9600);
    port.set_option(rate, ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    port.get_option(rate, ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(resolvers)
{
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    std::size_t found = 0;
    std::string name;
    resolver.async_resolve(
        "127.0.0.1", "80",
        asio::ip::resolver_base::numeric_host | asio::ip::resolver_base::numeric_service,
        [&](test::error_code ec, auto results) { found = ec ? 0 : results.size(); });
    resolver.async_resolve(test::loopback(80), [&](test::error_code ec, auto results) {
        if (!ec && !results.empty())
            name = results.begin()->host_name();
    });
    test::run(ctx);
    BOOST_TEST(found == 1u);
    BOOST_TEST(!name.empty());
    BOOST_TEST(resolver.resolve("127.0.0.1", "80").size() == 1u);
    asio::ip::basic_resolver<asio::ip::udp, ex> of_udp(ctx);
    BOOST_TEST(of_udp.resolve("127.0.0.1", "80").size() == 1u);
    asio::ip::basic_resolver<asio::ip::icmp, ex> of_icmp(ctx);
    of_icmp.cancel();
}

BOOST_AUTO_TEST_CASE(timers_of_every_kind)
{
    test::context ctx;
    test::steady_timer steady(ctx, 1ms);
    test::system_timer system(ctx, 1ms);
    test::high_resolution_timer high(ctx, 1ms);
    int fired = 0;
    auto const count = [&](test::error_code ec) { fired += !ec; };
    steady.async_wait(count);
    system.async_wait(count);
    high.async_wait(count);
    test::run(ctx);
    BOOST_TEST(fired == 3);
#if !defined(BOOST_ASIO_NO_DEPRECATED)
    asio::basic_deadline_timer<boost::posix_time::ptime,
                               asio::time_traits<boost::posix_time::ptime>, ex>
        deadline(ctx, boost::posix_time::milliseconds(1));
    deadline.async_wait(count);
    test::run(ctx);
    BOOST_TEST(fired == 4);
#endif
}

BOOST_AUTO_TEST_CASE(objects_with_the_default_executor)
{
    // In the typed width these stay Asio's own, and work on the context all the same.
    test::context ctx;
    asio::ip::tcp::acceptor acceptor(ctx, test::loopback());
    asio::ip::tcp::socket client(ctx);
    asio::ip::udp::socket datagrams(ctx, {asio::ip::address_v4::loopback(), 0});
    asio::steady_timer timer(ctx, 1ms);
    asio::signal_set signals(ctx);
    int done = 0;
    acceptor.async_accept(
        [&](test::error_code ec, asio::ip::tcp::socket s) { done += !ec && s.is_open(); });
    client.async_connect(acceptor.local_endpoint(), [&](test::error_code ec) { done += !ec; });
    timer.async_wait([&](test::error_code ec) { done += !ec; });
    test::run_until(ctx, [&] { return done == 3; });
    BOOST_TEST(done == 3);
#if !defined(BOOST_ASIO_NO_DEPRECATED)
    asio::deadline_timer deadline(ctx, boost::posix_time::milliseconds(1));
    deadline.async_wait([&](test::error_code ec) { done += !ec; });
    test::run_until(ctx, [&] { return done == 4; });
    BOOST_TEST(done == 4);
#endif
}

BOOST_AUTO_TEST_CASE(objects_of_foreign_contexts)
{
    // A thread pool and a plain io_context in the same program keep Asio's own implementation.
    asio::io_context foreign;
    asio::steady_timer timer(foreign, 1ms);
    asio::ip::tcp::acceptor acceptor(foreign, test::loopback());
    asio::ip::tcp::socket client(foreign);
    int done = 0;
    timer.async_wait([&](test::error_code ec) { done += !ec; });
    acceptor.async_accept([&](test::error_code ec, asio::ip::tcp::socket) { done += !ec; });
    client.async_connect(acceptor.local_endpoint(), [&](test::error_code ec) { done += !ec; });
    test::run(foreign);
    BOOST_TEST(done == 3);
    asio::thread_pool pool(1);
    asio::steady_timer on_pool(pool, 1ms);
    std::atomic<bool> fired = false;
    on_pool.async_wait([&](test::error_code ec) { fired = !ec; });
    pool.join();
    BOOST_TEST(fired);
}

BOOST_AUTO_TEST_SUITE_END()
