// The synchronous functions of sockets and acceptors: they take effect at once and report as Asio
// does.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace asio = boost::asio;

BOOST_AUTO_TEST_SUITE(tcp_synchronous)

BOOST_AUTO_TEST_CASE(read_and_write_and_end_of_file)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    BOOST_TEST(asio::write(pair.a, asio::buffer("hello", 5)) == 5u);
    std::string got(5, '\0');
    BOOST_TEST(asio::read(pair.b, asio::buffer(got)) == 5u);
    BOOST_TEST(got == "hello");
    pair.a.send(asio::buffer("!", 1));
    BOOST_TEST(pair.b.receive(asio::buffer(got)) == 1u);
    pair.a.shutdown(test::tcp_socket::shutdown_send);
    test::error_code ec;
    BOOST_TEST(pair.b.read_some(asio::buffer(got), ec) == 0u);
    BOOST_TEST(ec == asio::error::eof);
    BOOST_CHECK_THROW(pair.b.read_some(asio::buffer(got)), test::system_error);
    BOOST_TEST(pair.b.read_some(asio::mutable_buffer(), ec) == 0u);
    BOOST_TEST(!ec);
}

BOOST_AUTO_TEST_CASE(synchronous_reads_block_until_data_arrives)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    pair.b.async_read_some(asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
    pair.a.write_some(asio::buffer("1", 1));
    test::run(ctx); // asynchronous use may make the descriptor non-blocking inside
    BOOST_TEST(!pair.b.non_blocking());
    std::promise<void> reading;
    std::thread writer([&, began = reading.get_future()]() mutable {
        began.wait_for(test::limit);
        pair.a.write_some(asio::buffer("2", 1));
    });
    reading.set_value();
    BOOST_TEST(pair.b.read_some(asio::buffer(&byte, 1)) == 1u);
    writer.join();
    BOOST_TEST(byte == '2');
}

BOOST_AUTO_TEST_CASE(non_blocking_makes_synchronous_functions_return_would_block)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    BOOST_TEST(!pair.a.non_blocking());
    pair.a.non_blocking(true);
    BOOST_TEST(pair.a.non_blocking());
    char byte = 0;
    test::error_code ec;
    pair.a.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::would_block);
    bool got = false;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code e, std::size_t) { got = !e; });
    pair.b.write_some(asio::buffer("n", 1));
    test::run(ctx); // asynchronous operations do not care
    BOOST_TEST(got);
    std::string const much(1 << 20, 'x');
    while (!ec || ec == asio::error::would_block)
    {
        pair.a.write_some(asio::buffer(much), ec);
        if (ec)
            break;
    }
    BOOST_TEST(ec == asio::error::would_block);

    test::tcp_acceptor acceptor(ctx, test::loopback());
    acceptor.non_blocking(true);
    test::tcp_socket none(ctx);
    BOOST_TEST(acceptor.accept(none, ec) == asio::error::would_block);
    acceptor.non_blocking(false);
    BOOST_TEST(!acceptor.non_blocking());
}

BOOST_AUTO_TEST_CASE(native_non_blocking)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    pair.a.native_non_blocking(true);
    BOOST_TEST(pair.a.native_non_blocking());
    BOOST_TEST((::fcntl(pair.a.native_handle(), F_GETFL) & O_NONBLOCK) != 0);
    char byte = 0;
    BOOST_TEST(::recv(pair.a.native_handle(), &byte, 1, 0) == -1);
    BOOST_TEST((errno == EAGAIN || errno == EWOULDBLOCK));
    bool got = false;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code e, std::size_t) { got = !e; });
    ctx.poll();
    BOOST_TEST(!got);
    pair.b.write_some(asio::buffer("n", 1));
    test::run(ctx);
    BOOST_TEST(got);
}

BOOST_AUTO_TEST_CASE(options)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    pair.a.set_option(test::tcp::no_delay(true));
    pair.a.set_option(test::tcp_socket::keep_alive(true));
    pair.a.set_option(test::tcp_socket::send_buffer_size(65536));
    pair.a.set_option(test::tcp_socket::receive_buffer_size(65536));
    pair.a.set_option(test::tcp_socket::linger(true, 5));
    test::tcp::no_delay no_delay;
    test::tcp_socket::keep_alive keep_alive;
    test::tcp_socket::receive_buffer_size receive_size;
    test::tcp_socket::linger linger;
    pair.a.get_option(no_delay);
    pair.a.get_option(keep_alive);
    pair.a.get_option(receive_size);
    pair.a.get_option(linger);
    BOOST_TEST(no_delay.value());
    BOOST_TEST(keep_alive.value());
    BOOST_TEST(receive_size.value() >= 65536);
    BOOST_TEST(linger.enabled());
    BOOST_TEST(linger.timeout() == 5);

    test::tcp_acceptor acceptor(ctx);
    acceptor.open(test::tcp::v4());
    acceptor.set_option(test::tcp_acceptor::reuse_address(true));
    acceptor.set_option(asio::socket_base::enable_connection_aborted(true));
    test::tcp_acceptor::reuse_address reuse;
    acceptor.get_option(reuse);
    BOOST_TEST(reuse.value());
    asio::socket_base::enable_connection_aborted aborted;
    acceptor.get_option(aborted);
    BOOST_TEST(aborted.value());
}

BOOST_AUTO_TEST_CASE(available_and_at_mark_and_io_control)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    BOOST_TEST(pair.a.available() == 0u);
    pair.b.write_some(asio::buffer("12345", 5));
    pair.a.wait(test::tcp_socket::wait_read);
    BOOST_TEST(pair.a.available() == 5u);
    test::tcp_socket::bytes_readable readable;
    pair.a.io_control(readable);
    BOOST_TEST(readable.get() == 5u);
    BOOST_TEST(!pair.a.at_mark());
    pair.b.send(asio::buffer("u", 1), test::tcp_socket::message_out_of_band);
    std::string five(5, '\0');
    asio::read(pair.a, asio::buffer(five));
    pair.a.wait(test::tcp_socket::wait_error);
    BOOST_TEST(pair.a.at_mark());
}

BOOST_AUTO_TEST_CASE(synchronous_wait)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    pair.a.wait(test::tcp_socket::wait_write);
    pair.b.write_some(asio::buffer("r", 1));
    pair.a.wait(test::tcp_socket::wait_read);
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    acceptor.wait(test::tcp_acceptor::wait_read);
    BOOST_TEST(acceptor.accept().is_open());
}

BOOST_AUTO_TEST_CASE(open_bind_listen_step_by_step)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx);
    BOOST_TEST(!acceptor.is_open());
    acceptor.open(test::tcp::v4());
    acceptor.bind(test::loopback());
    acceptor.listen(16);
    BOOST_TEST(acceptor.local_endpoint().port() != 0);
    test::tcp_socket client(ctx, test::tcp::v4());
    client.bind(test::loopback());
    auto const bound = client.local_endpoint();
    client.connect(acceptor.local_endpoint());
    BOOST_TEST(acceptor.accept().remote_endpoint() == bound);
    test::error_code ec;
    test::tcp_acceptor again(ctx, test::tcp::v4());
    BOOST_TEST(again.bind(acceptor.local_endpoint(), ec) == asio::error::address_in_use);
    BOOST_TEST(client.open(test::tcp::v4(), ec) == asio::error::already_open);
}

BOOST_AUTO_TEST_CASE(assign_release_and_native_handle)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    int const fd = pair.a.release();
    BOOST_TEST(!pair.a.is_open());
    test::tcp_socket other(ctx, test::tcp::v4(), fd);
    BOOST_TEST(other.native_handle() == fd);
    other.write_some(asio::buffer("a", 1));
    char byte = 0;
    pair.b.read_some(asio::buffer(&byte, 1));
    BOOST_TEST(byte == 'a');
    test::error_code ec;
    BOOST_TEST(other.assign(test::tcp::v4(), ::dup(fd), ec) == asio::error::already_open);
}

BOOST_AUTO_TEST_CASE(release_cancels_what_is_pending)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    test::error_code got;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           [&](test::error_code ec, std::size_t) { got = ec; });
    ctx.poll();
    int const fd = pair.a.release();
    test::run(ctx);
    BOOST_TEST(got == asio::error::operation_aborted);
    BOOST_TEST(::send(fd, "x", 1, 0) == 1);
    pair.b.read_some(asio::buffer(&byte, 1));
    BOOST_TEST(byte == 'x');
    ::close(fd);
}

BOOST_AUTO_TEST_CASE(shutdown_reaches_the_peer_and_this_side)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::error_code ec;
    char byte;
    pair.a.shutdown(test::tcp_socket::shutdown_receive);
    pair.a.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::eof);
    pair.a.shutdown(test::tcp_socket::shutdown_send);
    pair.a.write_some(asio::buffer("x", 1), ec);
    BOOST_TEST(ec == asio::error::broken_pipe);
    pair.b.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::eof);
    test::tcp_socket unconnected(ctx, test::tcp::v4());
    BOOST_TEST(unconnected.shutdown(test::tcp_socket::shutdown_both, ec)
               == asio::error::not_connected);
    BOOST_TEST((unconnected.remote_endpoint(ec) == test::tcp::endpoint()));
    BOOST_TEST(ec == asio::error::not_connected);
}

BOOST_AUTO_TEST_CASE(synchronous_functions_on_a_closed_socket)
{
    test::context ctx;
    test::tcp_socket socket(ctx);
    test::tcp_acceptor acceptor(ctx);
    test::error_code ec;
    char byte;
    socket.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    socket.write_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    BOOST_TEST(socket.bind(test::loopback(), ec) == asio::error::bad_descriptor);
    BOOST_TEST(socket.shutdown(test::tcp_socket::shutdown_both, ec) == asio::error::bad_descriptor);
    BOOST_TEST(socket.cancel(ec) == asio::error::bad_descriptor);
    BOOST_TEST(socket.set_option(test::tcp::no_delay(true), ec) == asio::error::bad_descriptor);
    BOOST_TEST(socket.wait(test::tcp_socket::wait_read, ec) == asio::error::bad_descriptor);
    BOOST_TEST(socket.available(ec) == 0u);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    socket.local_endpoint(ec);
    BOOST_TEST(ec == asio::error::bad_descriptor);
    BOOST_TEST(acceptor.listen(1, ec) == asio::error::bad_descriptor);
    BOOST_TEST(acceptor.accept(socket, ec) == asio::error::bad_descriptor);
    BOOST_TEST(!socket.close(ec));
    BOOST_TEST(!ec);
}

BOOST_AUTO_TEST_SUITE_END()
