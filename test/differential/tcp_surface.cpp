//
// Accepting in all its forms, options, endpoints, and Asio's composed operations over TCP.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <iostream>
#include <memory>

#include <netinet/tcp.h>

namespace differential {

PROACTOR_TEST_BODY(tcp_surface, accept_forms)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    std::vector<tcp_socket> clients;
    const auto come = [&] {
        clients.emplace_back(ctx);
        clients.back().connect(acceptor.local_endpoint());
    };
    const auto matches = [&](const tcp::endpoint& peer) {
        return peer == clients.back().local_endpoint();
    };
    tcp::endpoint endpoint;
    {
        tcp_socket peer(ctx);
        acceptor.async_accept(peer, report{"into a socket"});
        come();
        ctx.run();
        ctx.restart();
        log("peer", peer, matches(peer.remote_endpoint()));
    }
    {
        tcp_socket peer(ctx);
        acceptor.async_accept(peer, endpoint, report{"with endpoint"});
        come();
        ctx.run();
        ctx.restart();
        log("peer", peer, matches(endpoint));
    }
    acceptor.async_accept([&](const error_code& ec, tcp_socket peer) {
        log("move", ec, peer, matches(peer.remote_endpoint()));
    });
    come();
    ctx.run();
    ctx.restart();
    acceptor.async_accept(endpoint, [&](const error_code& ec, tcp_socket peer) {
        log("move with endpoint", ec, peer, matches(endpoint));
    });
    come();
    ctx.run();
    ctx.restart();
    auto strand = asio::make_strand(ctx.get_executor());
    using strand_socket = asio::basic_stream_socket<tcp, decltype(strand)>;
    acceptor.async_accept(strand, [&](const error_code& ec, strand_socket peer) {
        log("move on a strand", ec, peer, peer.get_executor() == strand);
    });
    come();
    ctx.run();
    ctx.restart();
    come();
    log("sync", acceptor.accept());
    come();
    log("sync with endpoint", acceptor.accept(endpoint));
    log("endpoint", matches(endpoint));
    come();
    tcp_socket peer(ctx);
    acceptor.accept(peer, endpoint);
    log("sync into a socket", peer, matches(endpoint));
}

PROACTOR_TEST_BODY(tcp_surface, accept_onto_another_context)
{
    context ctx;
    context other;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    char byte = 0;
    acceptor.async_accept(other.get_executor(), [&](const error_code& ec, auto peer) {
        log("accept", ec, peer, &peer.get_executor().context() == &other);
        auto held = std::make_shared<decltype(peer)>(std::move(peer));
        held->async_read_some(
            asio::buffer(&byte, 1),
            [held](const error_code& read, std::size_t n) { log("read", read, n); });
    });
    client.connect(acceptor.local_endpoint());
    ctx.run();
    asio::write(client, asio::buffer("x", 1));
    log("other", other.run());
}

PROACTOR_TEST_BODY(tcp_surface, endpoints)
{
    context ctx;
    connection c(ctx);
    log("client", c.client.local_endpoint() == c.server.remote_endpoint(),
        c.client.remote_endpoint() == c.server.local_endpoint());
    log("address", c.client.local_endpoint().address().to_string());
    c.server.close();
    error_code ec;
    char byte;
    c.client.read_some(asio::buffer(&byte, 1), ec);
    log("after the peer left", c.client.remote_endpoint() == c.acceptor.local_endpoint());
}

namespace {

template <class Option, class Object>
void try_option(const char* name, Object& object, const Option& wanted)
{
    error_code set;
    object.set_option(wanted, set);
    error_code get;
    Option value;
    object.get_option(value, get);
    if constexpr (requires { value.timeout(); })
    {
        log(name, set, get, value.enabled(), value.timeout());
    }
    else
    {
        log(name, set, get, value.value());
    }
}

} // namespace

PROACTOR_TEST_BODY(tcp_surface, options)
{
    using base = asio::socket_base;
    context ctx;
    connection c(ctx);
    tcp_socket& socket = c.client;
    for (const bool on : {true, false})
    {
        try_option("no_delay", socket, tcp::no_delay(on));
        try_option("keep_alive", socket, base::keep_alive(on));
        try_option("reuse_address", socket, base::reuse_address(on));
        try_option("broadcast", socket, base::broadcast(on));
        try_option("do_not_route", socket, base::do_not_route(on));
        try_option("out_of_band_inline", socket, base::out_of_band_inline(on));
        try_option("linger", socket, base::linger(on, on ? 7 : 0));
        try_option("enable_connection_aborted", c.acceptor, base::enable_connection_aborted(on));
        try_option("enable_connection_aborted on a socket", socket,
                   base::enable_connection_aborted(on));
        try_option("v6_only", socket, asio::ip::v6_only(on));
        try_option("enable_loopback", socket, asio::ip::multicast::enable_loopback(on));
    }
    try_option("send_buffer_size", socket, base::send_buffer_size(20000));
    try_option("receive_buffer_size", socket, base::receive_buffer_size(20000));
    try_option("send_low_watermark", socket, base::send_low_watermark(2));
    try_option("receive_low_watermark", socket, base::receive_low_watermark(2));
    try_option("unicast hops", socket, asio::ip::unicast::hops(9));
    try_option("multicast hops", socket, asio::ip::multicast::hops(9));
    using timeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
    try_option("user timeout", socket, timeout(1234));
    using unknown = asio::detail::socket_option::integer<IPPROTO_TCP, 9999>;
    try_option("unknown", socket, unknown(1));
    attempt("throwing", [&] { socket.set_option(unknown(1)); });
}

PROACTOR_TEST_BODY(tcp_surface, composed_reads)
{
    context ctx;
    connection c(ctx);
    asio::write(c.server, asio::buffer("0123456789abcdefghij", 20));
    char data[32] = {};
    asio::async_read(c.client, asio::buffer(data), asio::transfer_exactly(5), report{"exactly"});
    ctx.run();
    ctx.restart();
    log("data", std::string_view(data, 5));
    asio::async_read(c.client, asio::buffer(data, 10), asio::transfer_all(), report{"all"});
    ctx.run();
    ctx.restart();
    log("data", std::string_view(data, 10));
    asio::async_read(c.client, asio::buffer(data), asio::transfer_at_least(2), report{"at least"});
    ctx.run();
    ctx.restart();
    log("data", std::string_view(data, 5));
    c.server.close();
    asio::async_read(c.client, asio::buffer(data), report{"at the end"});
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_surface, composed_read_of_a_short_stream)
{
    context ctx;
    connection c(ctx);
    char data[32];
    asio::async_read(c.client, asio::buffer(data), report{"read"});
    ctx.poll();
    asio::write(c.server, asio::buffer("short", 5));
    ctx.poll();
    c.server.close();
    ctx.run();
    log("data", std::string_view(data, 5));
}

PROACTOR_TEST_BODY(tcp_surface, composed_read_cancelled_half_way)
{
    context ctx;
    connection c(ctx);
    char data[32];
    std::size_t got = 0;
    const auto more = [&](const error_code& ec, std::size_t n) -> std::size_t {
        got = n;
        return ec ? 0 : sizeof(data) - n;
    };
    asio::async_read(c.client, asio::buffer(data), more, report{"read"});
    asio::write(c.server, asio::buffer("half", 4));
    while (got != 4)
    {
        ctx.poll();
    }
    c.client.cancel();
    ctx.run();
    log("data", std::string_view(data, 4));
}

PROACTOR_TEST_BODY(tcp_surface, read_until)
{
    context ctx;
    connection c(ctx);
    std::string text;
    asio::write(c.server, asio::buffer("one\ntwo\nthree", 13));
    for (int i = 0; i < 2; ++i)
    {
        asio::async_read_until(c.client, asio::dynamic_buffer(text), '\n',
                               [&](const error_code& ec, std::size_t n) {
                                   log("line", ec, text.substr(0, n - 1));
                                   text.erase(0, n);
                               });
        ctx.run();
        ctx.restart();
    }
    c.server.close();
    asio::async_read_until(c.client, asio::dynamic_buffer(text), '\n', report{"last"});
    ctx.run();
    ctx.restart();
    log("left", text);
    std::string small;
    asio::async_read_until(c.client, asio::dynamic_buffer(small, 0), '\n', report{"no room"});
    ctx.run();
    asio::streambuf buffer;
    error_code ec;
    log("sync", asio::read_until(c.client, buffer, '\n', ec));
    log("sync", ec);
}

PROACTOR_TEST_BODY(tcp_surface, composed_writes)
{
    context ctx;
    connection c(ctx);
    const std::array<asio::const_buffer, 2> parts{asio::buffer("hello ", 6),
                                                  asio::buffer("world", 5)};
    asio::async_write(c.client, parts, report{"all"});
    ctx.run();
    ctx.restart();
    log("peer", read_exactly(c.server, 11));
    asio::async_write(c.client, parts, asio::transfer_exactly(3), report{"exactly"});
    ctx.run();
    ctx.restart();
    log("peer", read_exactly(c.server, 3));
    std::string dynamic = "dynamic";
    asio::async_write(c.client, asio::dynamic_buffer(dynamic), report{"dynamic"});
    ctx.run();
    log("peer", read_exactly(c.server, 7));
    log("consumed", dynamic);
}

PROACTOR_TEST_BODY(tcp_surface, buffered_stream)
{
    context ctx;
    connection c(ctx);
    asio::buffered_stream<tcp_socket&> stream(c.client);
    asio::write(c.server, asio::buffer("buffered", 8));
    char data[4];
    for (int i = 0; i < 2; ++i)
    {
        asio::async_read(stream, asio::buffer(data), report{"read"});
        ctx.run();
        ctx.restart();
        log("data", std::string_view(data, 4));
    }
    asio::async_write(stream, asio::buffer("out", 3), report{"write"});
    ctx.run();
    ctx.restart();
    stream.async_flush(report{"flush"});
    ctx.run();
    log("peer", read_exactly(c.server, 3));
}

PROACTOR_TEST_BODY(tcp_surface, connect_over_a_range)
{
    context ctx;
    refusing_port first(ctx);
    refusing_port second(ctx);
    tcp_acceptor acceptor(ctx, any_port());
    const std::vector<tcp::endpoint> endpoints{first.endpoint(), second.endpoint(),
                                               acceptor.local_endpoint(), first.endpoint()};
    tcp_socket socket(ctx);
    asio::async_connect(socket, endpoints, [&](const error_code& ec, const tcp::endpoint& chosen) {
        log("connect", ec, chosen == endpoints[2]);
    });
    ctx.run();
    ctx.restart();
    log("accepted", acceptor.accept());
    socket.close();
    const std::vector<tcp::endpoint> hopeless{first.endpoint(), second.endpoint()};
    asio::async_connect(socket, hopeless, [&](const error_code& ec, const tcp::endpoint& chosen) {
        log("hopeless", ec, chosen == tcp::endpoint());
    });
    ctx.run();
    ctx.restart();
    log("socket", socket);
    asio::async_connect(socket, std::vector<tcp::endpoint>(),
                        [&](const error_code& ec, const tcp::endpoint&) { log("none", ec); });
    ctx.run();
    ctx.restart();
    int asked = 0;
    asio::async_connect(
        socket, endpoints,
        [&](const error_code&, const tcp::endpoint& next) {
            ++asked;
            return next == acceptor.local_endpoint();
        },
        [&](const error_code& ec, const tcp::endpoint& chosen) {
            log("condition", ec, chosen == endpoints[2], asked);
        });
    ctx.run();
    error_code ec;
    log("sync", asio::connect(socket, endpoints, ec) == endpoints[2]);
    log("sync", ec);
}

PROACTOR_TEST_BODY(tcp_surface, resolve_a_literal_address)
{
    context ctx;
    asio::ip::basic_resolver<tcp, executor> resolver(ctx);
    tcp_acceptor acceptor(ctx, any_port());
    const std::string port = std::to_string(acceptor.local_endpoint().port());
    tcp_socket socket(ctx);
    resolver.async_resolve("127.0.0.1", port, tcp::resolver::numeric_host,
                           [&](const error_code& ec, const tcp::resolver::results_type& results) {
                               log("resolve", ec, results.size());
                               asio::async_connect(
                                   socket, results,
                                   [&](const error_code& connect, const tcp::endpoint& chosen) {
                                       log("connect", connect, chosen == acceptor.local_endpoint());
                                   });
                           });
    ctx.run();
    ctx.restart();
    resolver.async_resolve("not an address", port, tcp::resolver::numeric_host,
                           [&](const error_code& ec, const tcp::resolver::results_type& results) {
                               log("resolve", ec, results.size());
                           });
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_surface, iostream)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp::iostream stream(acceptor.local_endpoint());
    tcp_socket server = acceptor.accept();
    stream << "hello" << std::endl;
    log("peer", read_exactly(server, 6).substr(0, 5));
    asio::write(server, asio::buffer("word\n", 5));
    std::string word;
    stream >> word;
    log("word", word);
    server.close();
    log("more", static_cast<bool>(stream >> word));
}

} // namespace differential
