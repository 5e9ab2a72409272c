// The samples of doc/buffers.md, compiled and used.
#include <proactor.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <iostream>

#include "../support/handles.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace {

boost::asio::awaitable<void> echo(boost::asio::ip::tcp::socket socket)
{
    using boost::asio::experimental::as_tuple;
    std::vector<char> buffer(4096);
    for (;;)
    {
        auto [ec, n, filled] = co_await proactor::async_read_some(
            socket, std::move(buffer), as_tuple(boost::asio::use_awaitable));
        if (ec)
            co_return;
        auto [n_sent, slice] = co_await proactor::async_write(
            socket, proactor::buffer_slice(std::move(filled), 0, n), boost::asio::use_awaitable);
        buffer = std::move(slice).release();
    }
}

boost::asio::awaitable<void> echo(boost::asio::ip::tcp::socket socket, proactor::buffer_pool& pool)
{
    using boost::asio::experimental::as_tuple;
    for (;;)
    {
        auto [ec, buffer] = co_await proactor::async_receive(
            socket, pool, as_tuple(boost::asio::use_awaitable));
        if (ec == boost::asio::error::no_buffer_space)
            co_await pool.async_wait(boost::asio::use_awaitable);
        else if (ec)
            co_return;
        else
            co_await proactor::async_write(socket, std::move(buffer), boost::asio::use_awaitable);
    }
}

boost::asio::awaitable<void> publish(boost::asio::ip::tcp::socket& socket, std::vector<char> page)
{
    auto [n, buffer, copied] = co_await proactor::async_write_zc(socket, std::move(page),
                                                                 boost::asio::use_awaitable);
    std::cout << n << " bytes, " << (copied ? "copied" : "in place") << '\n';
}

boost::asio::awaitable<void> answer_from_where_it_came(boost::asio::ip::udp::socket& socket)
{
    socket.set_option(proactor::receive_packet_info(true));
    auto [n, request, control, info] = co_await proactor::async_receive_msg(
        socket, std::vector<char>(2048), proactor::control_buffer_for<proactor::packet_info>(),
        boost::asio::use_awaitable);
    proactor::control_buffer_for<proactor::packet_info> from;
    if (auto arrived = control.get<proactor::packet_info>())
        from.add(*arrived); // not another address of this machine
    co_await proactor::async_send_msg(socket,
                                      proactor::buffer_slice(std::move(request), 0, n),
                                      std::move(from), info.sender, boost::asio::use_awaitable);
}

boost::asio::awaitable<std::size_t> count_lines(proactor::random_access_file file)
{
    using boost::asio::use_awaitable;
    proactor::registered_buffers buffers(file, 8, 64 << 10); // 8 of 64 KiB
    proactor::registered_buffer buffer = buffers.acquire();
    std::size_t lines = 0;
    for (std::uint64_t at = 0; at != file.size();)
    {
        const std::size_t n = co_await file.async_read_some_at(
            at, boost::asio::buffer(buffer), use_awaitable);
        lines += static_cast<std::size_t>(
            std::count(buffer.data(), buffer.data() + n, std::byte{'\n'}));
        at += n;
    }
    co_return lines;
}

} // namespace

struct packet
{
    std::unique_ptr<char[]> memory;
    std::size_t length;
};

template <>
struct proactor::buffer_traits<packet>
{
    static constexpr bool data_stays = true; // moving a packet does not move its bytes
    static void* data(packet& p) noexcept { return p.memory.get(); }
    static std::size_t size(const packet& p) noexcept { return p.length; }
};

BOOST_AUTO_TEST_SUITE(samples_of_buffers)

BOOST_AUTO_TEST_CASE(a_packet_comes_back_from_the_echo)
{
    using tcp = boost::asio::ip::tcp;
    proactor::io_context context;
    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    tcp::socket client(context);
    client.connect(acceptor.local_endpoint());
    co_spawn(context, echo(acceptor.accept()), boost::asio::detached);
    std::string got;
    proactor::async_write(client, std::string("to and fro"),
                          [](boost::system::error_code, std::size_t, std::string) {});
    proactor::async_read(client, packet{std::make_unique<char[]>(10), 10},
                         [&](boost::system::error_code, std::size_t n, packet p) {
                             got.assign(p.memory.get(), n);
                             client.close();
                         });
    context.run();
    BOOST_TEST(got == "to and fro");
}

BOOST_AUTO_TEST_CASE(an_echo_out_of_a_pool)
{
    using tcp = boost::asio::ip::tcp;
    proactor::io_context context;
    proactor::buffer_pool pool(context, 1, 4);
    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    tcp::socket client(context);
    client.connect(acceptor.local_endpoint());
    co_spawn(context, echo(acceptor.accept(), pool), boost::asio::detached);
    std::string got;
    proactor::async_write(client, std::string("to and fro"),
                          [](boost::system::error_code, std::size_t, std::string) {});
    proactor::async_read(client, std::string(10, '.'),
                         [&](boost::system::error_code, std::size_t, std::string s)
                         {
                             got = std::move(s);
                             client.close();
                         });
    context.run();
    BOOST_TEST(got == "to and fro");
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(a_page_is_published)
{
    using tcp = boost::asio::ip::tcp;
    proactor::io_context context;
    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    tcp::socket client(context);
    client.connect(acceptor.local_endpoint());
    tcp::socket peer = acceptor.accept();
    co_spawn(context, publish(client, std::vector<char>(100'000, 'p')),
             [](std::exception_ptr e) { BOOST_TEST(!e); });
    std::size_t got = 0;
    proactor::async_read(peer, std::vector<char>(100'000),
                         [&](boost::system::error_code, std::size_t n, std::vector<char>) {
                             got = n;
                         });
    context.run();
    BOOST_TEST(got == 100'000u);
}

BOOST_AUTO_TEST_CASE(an_answer_comes_from_where_the_request_went)
{
    using udp = boost::asio::ip::udp;
    proactor::io_context context;
    udp::socket server(context, {udp::v4(), 0});
    udp::socket client(context, {boost::asio::ip::address_v4::loopback(), 0});
    auto const second = boost::asio::ip::make_address_v4("127.0.0.2");
    udp::endpoint const to(second, server.local_endpoint().port());
    client.send_to(boost::asio::buffer("request", 7), to);
    co_spawn(context, answer_from_where_it_came(server), boost::asio::detached);
    context.run();
    char bytes[10];
    udp::endpoint from;
    BOOST_TEST(client.receive_from(boost::asio::buffer(bytes), from) == 7u);
    BOOST_TEST(from == to);
}

BOOST_AUTO_TEST_CASE(lines_are_counted)
{
    test::temporary_file const name;
    test::write_all(name.file(), std::string(99'999, 'x') + "\n" + std::string(50'000, '\n'));
    proactor::io_context context;
    std::size_t lines = 0;
    co_spawn(context,
             count_lines({context, name.path(), proactor::random_access_file::read_only}),
             [&](std::exception_ptr e, std::size_t n) {
                 BOOST_TEST(!e);
                 lines = n;
             });
    context.run();
    BOOST_TEST(lines == 50'001u);
}

BOOST_AUTO_TEST_SUITE_END()
