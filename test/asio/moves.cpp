// Objects that change their type by a move: from the context's own executor to an erased one, from
// one protocol to a wider one, by construction and by assignment, idle and with operations in
// flight.
//
// In the typed width an object with an erased executor is served by Asio's own services, so the
// handle changes hands: what is in flight ends as by `release`. Everywhere else it goes along.
#include "../support/context.hpp"
#include "../support/skip.hpp"
#include "../support/terminal.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::error_code;

namespace {

using own = test::context::executor_type;
using any = asio::any_io_executor;

constexpr bool operations_go_along = PROACTOR_TEST_DROP_IN || PROACTOR_TEST_ORACLE;

/// An object class of Asio's with another executor.
template <typename Object, typename Executor>
using on = typename Object::template rebind_executor<Executor>::other;

/// How an operation ended.
struct ending
{
    int calls = 0;
    error_code ec;
    std::size_t n = 0;

    auto note()
    {
        return [this](error_code e, std::size_t count = 0) {
            ++calls;
            ec = e;
            n = count;
        };
    }
};

/// One byte from an asynchronous write to an asynchronous read.
template <typename Reader, typename Writer>
void carries_a_byte(test::context& ctx, Reader& reader, Writer& writer)
{
    char byte = 0;
    ending read;
    ending written;
    reader.async_read_some(asio::buffer(&byte, 1), read.note());
    writer.async_write_some(asio::buffer("b", 1), written.note());
    test::run_until(ctx, [&] { return read.calls && written.calls; });
    BOOST_TEST(!read.ec);
    BOOST_TEST(!written.ec);
    BOOST_TEST(byte == 'b');
}

/// By construction, and by assignment to an object that is open.
template <typename Erased, typename Typed>
Erased moved_twice(test::context& ctx, Typed& object, Erased old)
{
    auto const handle = object.native_handle();
    auto const of_old = old.native_handle();
    Erased constructed(std::move(object));
    BOOST_TEST(!object.is_open());
    BOOST_TEST(constructed.native_handle() == handle);
    BOOST_TEST((constructed.get_executor() == any(ctx.get_executor())));

    Typed again(ctx.get_executor());
    old = std::move(again);
    BOOST_TEST(!old.is_open());
    BOOST_TEST(::fcntl(of_old, F_GETFD) == -1);
    return constructed;
}

template <typename Typed, typename Erased>
constexpr bool converts =
    std::is_convertible_v<Typed&&, Erased>&&
        std::is_assignable_v<Erased&, Typed&&> && !std::is_convertible_v<Erased&&, Typed>;

template <typename Object>
constexpr bool converts_to_erased = converts<on<Object, own>, on<Object, any>>;

} // namespace

BOOST_AUTO_TEST_SUITE(moves)

BOOST_AUTO_TEST_CASE(every_object_class_converts_to_the_erased_executor_and_not_back)
{
    static_assert(converts_to_erased<asio::ip::tcp::socket>);
    static_assert(converts_to_erased<asio::ip::tcp::acceptor>);
    static_assert(converts_to_erased<asio::ip::udp::socket>);
    static_assert(converts_to_erased<asio::ip::icmp::socket>);
    static_assert(converts_to_erased<asio::local::stream_protocol::socket>);
    static_assert(converts_to_erased<asio::local::stream_protocol::acceptor>);
    static_assert(converts_to_erased<asio::local::datagram_protocol::socket>);
    static_assert(converts_to_erased<asio::generic::stream_protocol::socket>);
    static_assert(converts_to_erased<asio::generic::seq_packet_protocol::socket>);
    static_assert(converts_to_erased<asio::steady_timer>);
    static_assert(converts_to_erased<asio::system_timer>);
    static_assert(converts_to_erased<asio::posix::stream_descriptor>);
    static_assert(converts_to_erased<asio::readable_pipe>);
    static_assert(converts_to_erased<asio::writable_pipe>);
    static_assert(converts_to_erased<asio::serial_port>);
    static_assert(converts_to_erased<asio::ip::tcp::resolver>);
    static_assert(converts_to_erased<asio::ip::udp::resolver>);
#if !PROACTOR_TEST_ORACLE
    static_assert(converts_to_erased<proactor::stream_file>);
    static_assert(converts_to_erased<proactor::random_access_file>);
#endif
    // Neither has Asio moves of these.
    static_assert(!std::is_convertible_v<asio::basic_signal_set<own>&&, asio::signal_set>);

    // The same without a handle, at run time.
    test::context ctx;
    on<asio::ip::icmp::socket, own> raw(ctx);
    asio::ip::icmp::socket moved(std::move(raw));
    BOOST_TEST(!moved.is_open());
    moved = on<asio::ip::icmp::socket, own>(ctx);
    BOOST_TEST(!moved.is_open());
}

BOOST_AUTO_TEST_CASE(stream_sockets)
{
    test::context ctx;
    on<asio::ip::tcp::acceptor, own> acceptor(ctx, test::loopback());
    on<asio::ip::tcp::socket, own> typed(ctx);
    on<asio::ip::tcp::socket, own> peer(ctx);
    typed.connect(acceptor.local_endpoint());
    acceptor.accept(peer);
    carries_a_byte(ctx, typed, peer);
    typed.non_blocking(true);

    auto erased = moved_twice(ctx, typed, asio::ip::tcp::socket(ctx, asio::ip::tcp::v4()));
    BOOST_TEST(erased.non_blocking());
    BOOST_TEST(erased.remote_endpoint() == peer.local_endpoint());
    char byte;
    error_code ec;
    erased.read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::would_block);
    carries_a_byte(ctx, erased, peer);
    carries_a_byte(ctx, peer, erased);

    erased.close();
    BOOST_TEST(peer.read_some(asio::buffer(&byte, 1), ec) == 0u);
    BOOST_TEST(ec == asio::error::eof);
    typed.open(asio::ip::tcp::v4()); // what has been moved from can be used again
    BOOST_TEST(typed.is_open());
}

BOOST_AUTO_TEST_CASE(datagram_sockets)
{
    test::context ctx;
    asio::ip::udp::endpoint const anywhere(asio::ip::address_v4::loopback(), 0);
    on<asio::ip::udp::socket, own> typed(ctx, anywhere);
    on<asio::ip::udp::socket, own> peer(ctx, anywhere);
    auto const address = typed.local_endpoint();
    auto erased = moved_twice(ctx, typed, asio::ip::udp::socket(ctx, anywhere));
    BOOST_TEST(erased.local_endpoint() == address);
    char data[8];
    asio::ip::udp::endpoint sender;
    ending got;
    erased.async_receive_from(asio::buffer(data), sender, got.note());
    peer.send_to(asio::buffer("datagram", 8), address);
    test::run_until(ctx, [&] { return got.calls; });
    BOOST_TEST(!got.ec);
    BOOST_TEST(got.n == 8u);
    BOOST_TEST(sender == peer.local_endpoint());
}

BOOST_AUTO_TEST_CASE(sequenced_packet_sockets)
{
    test::context ctx;
    using socket = asio::generic::seq_packet_protocol::socket;
    asio::generic::seq_packet_protocol const protocol(AF_UNIX, 0);
    int ends[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    on<socket, own> typed(ctx, protocol, ends[0]);
    on<socket, own> peer(ctx, protocol, ends[1]);
    auto erased = moved_twice(ctx, typed, socket(ctx, protocol));
    char data[8];
    asio::socket_base::message_flags flags = 0;
    ending got;
    erased.async_receive(asio::buffer(data), flags, got.note());
    peer.send(asio::buffer("packet", 6), 0);
    test::run_until(ctx, [&] { return got.calls; });
    BOOST_TEST(!got.ec);
    BOOST_TEST(got.n == 6u);
}

BOOST_AUTO_TEST_CASE(raw_sockets)
{
    test::context ctx;
    on<asio::ip::icmp::socket, own> typed(ctx);
    error_code ec;
    if (typed.open(asio::ip::icmp::v4(), ec))
        return test::skipped("a raw socket needs a privilege");
    auto erased = moved_twice(ctx, typed, asio::ip::icmp::socket(ctx, asio::ip::icmp::v4()));
    ending waited;
    erased.async_wait(asio::socket_base::wait_write, waited.note());
    test::run_until(ctx, [&] { return waited.calls; });
    BOOST_TEST(!waited.ec);
}

BOOST_AUTO_TEST_CASE(acceptors)
{
    test::context ctx;
    on<asio::ip::tcp::acceptor, own> typed(ctx, test::loopback());
    auto const address = typed.local_endpoint();
    auto erased = moved_twice(ctx, typed, asio::ip::tcp::acceptor(ctx, test::loopback()));
    BOOST_TEST(erased.local_endpoint() == address);
    on<asio::ip::tcp::socket, own> client(ctx);
    asio::ip::tcp::socket server(ctx);
    ending accepted;
    erased.async_accept(server, accepted.note());
    client.connect(address);
    test::run_until(ctx, [&] { return accepted.calls; });
    BOOST_TEST(!accepted.ec);
    carries_a_byte(ctx, server, client);
}

BOOST_AUTO_TEST_CASE(an_accepted_socket_moves_into_an_erased_one)
{
    test::context ctx;
    on<asio::ip::tcp::acceptor, own> acceptor(ctx, test::loopback());
    on<asio::ip::tcp::socket, own> client(ctx);
    bool served = false;
    asio::co_spawn(
        ctx,
        [&]() -> asio::awaitable<void, own> {
            asio::ip::tcp::socket server =
                co_await acceptor.async_accept(asio::use_awaitable_t<own>());
            co_await asio::async_write(server, asio::buffer("hello", 5),
                                       asio::bind_executor(ctx, asio::use_awaitable_t<own>()));
            served = true;
        },
        [](std::exception_ptr e) { BOOST_TEST(!e); });
    client.connect(acceptor.local_endpoint());
    test::run_until(ctx, [&] { return served; });
    std::string got(5, '\0');
    asio::read(client, asio::buffer(got));
    BOOST_TEST(got == "hello");
}

BOOST_AUTO_TEST_CASE(timers)
{
    test::context ctx;
    on<asio::steady_timer, own> typed(ctx, 1ms);
    auto const expiry = typed.expiry();
    asio::steady_timer erased(std::move(typed));
    BOOST_TEST((erased.expiry() == expiry));
    BOOST_TEST((typed.expiry() == asio::steady_timer::time_point()));
    ending waited;
    erased.async_wait(waited.note());
    test::run_until(ctx, [&] { return waited.calls; });
    BOOST_TEST(!waited.ec);
    BOOST_TEST((std::chrono::steady_clock::now() >= expiry));

    ending of_old;
    erased.expires_after(1h);
    erased.async_wait(of_old.note());
    erased = on<asio::steady_timer, own>(ctx, 2h);
    test::run_until(ctx, [&] { return of_old.calls; });
    BOOST_TEST(of_old.ec == asio::error::operation_aborted);
    BOOST_TEST((erased.expiry() > std::chrono::steady_clock::now() + 1h));

    asio::system_timer system(on<asio::system_timer, own>(ctx, 1ms));
    system.async_wait(waited.note());
    test::run_until(ctx, [&] { return waited.calls == 2; });
    BOOST_TEST(!waited.ec);
}

BOOST_AUTO_TEST_CASE(timers_that_are_waited_for)
{
    test::context ctx;
    on<asio::steady_timer, own> typed(ctx, 50ms);
    ending waited;
    typed.async_wait(waited.note());
    ctx.poll();
    asio::steady_timer erased(std::move(typed));
    test::run_until(ctx, [&] { return waited.calls; });
    BOOST_TEST((waited.ec == error_code()) == operations_go_along);
    if (!operations_go_along)
        BOOST_TEST(waited.ec == asio::error::operation_aborted);
    typed.expires_after(1ms); // and again
    typed.async_wait(waited.note());
    test::run_until(ctx, [&] { return waited.calls == 2; });
    BOOST_TEST(!waited.ec);
}

BOOST_AUTO_TEST_CASE(descriptors)
{
    test::context ctx;
    int ends[2];
    int others[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    BOOST_REQUIRE(::pipe(others) == 0);
    on<asio::posix::stream_descriptor, own> reader(ctx, ends[0]);
    on<asio::posix::stream_descriptor, own> writer(ctx, ends[1]);
    reader.non_blocking(true);
    auto erased = moved_twice(ctx, reader, asio::posix::stream_descriptor(ctx, others[0]));
    auto erased_writer = moved_twice(ctx, writer, asio::posix::stream_descriptor(ctx, others[1]));
    BOOST_TEST(erased.non_blocking());
    BOOST_TEST(!erased_writer.non_blocking());
    carries_a_byte(ctx, erased, erased_writer);
}

BOOST_AUTO_TEST_CASE(pipes)
{
    test::context ctx;
    on<asio::readable_pipe, own> reader(ctx);
    on<asio::writable_pipe, own> writer(ctx);
    asio::connect_pipe(reader, writer);
    asio::readable_pipe old_reader(ctx);
    asio::writable_pipe old_writer(ctx);
    asio::connect_pipe(old_reader, old_writer);
    auto erased_reader = moved_twice(ctx, reader, std::move(old_reader));
    auto erased_writer = moved_twice(ctx, writer, std::move(old_writer));
    carries_a_byte(ctx, erased_reader, erased_writer);
}

BOOST_AUTO_TEST_CASE(serial_ports)
{
    test::context ctx;
    test::terminal line;
    test::terminal other;
    on<asio::serial_port, own> typed(ctx, line.device());
    typed.set_option(asio::serial_port_base::baud_rate(19200));
    auto erased = moved_twice(ctx, typed, asio::serial_port(ctx, other.device()));
    asio::serial_port_base::baud_rate rate;
    erased.get_option(rate);
    BOOST_TEST(rate.value() == 19200u);
    asio::posix::stream_descriptor far(ctx, line.release());
    carries_a_byte(ctx, erased, far);
    carries_a_byte(ctx, far, erased);
}

BOOST_AUTO_TEST_CASE(resolvers)
{
    test::context ctx;
    on<asio::ip::tcp::resolver, own> typed(ctx);
    asio::ip::tcp::resolver erased(std::move(typed));
    BOOST_TEST((erased.get_executor() == any(ctx.get_executor())));
    std::size_t found = 0;
    auto const count = [&](error_code ec, auto results) { found += ec ? 0 : results.size(); };
    erased.async_resolve("127.0.0.1", "80", count);
    test::run_until(ctx, [&] { return found == 1; });
    erased = on<asio::ip::tcp::resolver, own>(ctx);
    erased.async_resolve("127.0.0.1", "80", count);
    test::run_until(ctx, [&] { return found == 2; });
}

#if !PROACTOR_TEST_ORACLE
BOOST_AUTO_TEST_CASE(files)
{
    // Ours on whichever executor: what is in flight goes along in both widths.
    test::context ctx;
    using flags = proactor::stream_file;
    proactor::basic_random_access_file<own> typed(
        ctx, "moves.tmp", flags::read_write | flags::create | flags::truncate);
    ::unlink("moves.tmp");
    ending written;
    typed.async_write_some_at(0, asio::buffer("file", 4), written.note());
    proactor::random_access_file erased(std::move(typed));
    BOOST_TEST(!typed.is_open());
    test::run(ctx);
    BOOST_TEST(!written.ec);
    BOOST_TEST(written.n == 4u);
    proactor::random_access_file assigned(ctx);
    assigned = proactor::basic_random_access_file<own>(ctx, ::dup(erased.native_handle()));
    BOOST_TEST(assigned.size() == 4u);
    proactor::basic_stream_file<own> stream(ctx, ::dup(erased.native_handle()));
    stream.seek(1, flags::seek_set);
    proactor::stream_file erased_stream(std::move(stream));
    std::string got(3, '\0');
    erased_stream.read_some(asio::buffer(got));
    BOOST_TEST(got == "ile");
}
#endif

BOOST_AUTO_TEST_CASE(operations_in_flight)
{
    test::context ctx;
    on<asio::ip::tcp::acceptor, own> acceptor(ctx, test::loopback());
    on<asio::ip::tcp::socket, own> typed(ctx);
    on<asio::ip::tcp::socket, own> peer(ctx);
    typed.connect(acceptor.local_endpoint());
    acceptor.accept(peer);
    char bytes[2] = {};
    ending read;
    ending accepted;
    asio::ip::tcp::socket server(ctx);
    typed.async_read_some(asio::buffer(&bytes[0], 1), read.note());
    acceptor.async_accept(server, accepted.note());
    ctx.poll();
    asio::ip::tcp::socket erased(std::move(typed));
    asio::ip::tcp::acceptor erased_acceptor(std::move(acceptor));
    if (operations_go_along)
    {
        asio::write(peer, asio::buffer("a", 1));
        on<asio::ip::tcp::socket, own>(ctx).connect(erased_acceptor.local_endpoint());
    }
    test::run_until(ctx, [&] { return read.calls && accepted.calls; });
    if (operations_go_along)
    {
        BOOST_TEST(!read.ec);
        BOOST_TEST(!accepted.ec);
        BOOST_TEST(bytes[0] == 'a');
        BOOST_TEST(server.is_open());
    }
    else
    {
        BOOST_TEST(read.ec == asio::error::operation_aborted);
        BOOST_TEST(accepted.ec == asio::error::operation_aborted);
    }
    // Nothing is lost: what comes from now on is the new objects'.
    server.close();
    erased.async_read_some(asio::buffer(&bytes[1], 1), read.note());
    erased_acceptor.async_accept(server, accepted.note());
    asio::write(peer, asio::buffer("b", 1));
    on<asio::ip::tcp::socket, own> client(ctx);
    client.connect(erased_acceptor.local_endpoint());
    test::run_until(ctx, [&] { return read.calls == 2 && accepted.calls == 2; });
    BOOST_TEST(!read.ec);
    BOOST_TEST(bytes[1] == 'b');
    BOOST_TEST(!accepted.ec);
}

BOOST_AUTO_TEST_CASE(wider_protocols_with_operations_in_flight)
{
    // Between protocols on one executor everything goes along, in both widths.
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    ending read;
    pair.a.async_read_some(asio::buffer(&byte, 1), read.note());
    ctx.poll();
    using generic = on<asio::generic::stream_protocol::socket, test::executor>;
    generic wide(std::move(pair.a));
    BOOST_TEST(!pair.a.is_open());
    BOOST_TEST((wide.local_endpoint().protocol().family() == AF_INET));
    pair.b.write_some(asio::buffer("w", 1));
    test::run(ctx);
    BOOST_TEST(read.calls == 1);
    BOOST_TEST(!read.ec);
    BOOST_TEST(byte == 'w');
    carries_a_byte(ctx, wide, pair.b);
    // Asio has no such move back, and none between unrelated protocols.
    static_assert(!std::is_convertible_v<generic&&, test::tcp_socket>);
    static_assert(!std::is_convertible_v<test::udp_socket&&, generic>);

    // By assignment, which ends what the old one had in flight.
    test::tcp_pair second(ctx);
    wide.async_read_some(asio::buffer(&byte, 1), read.note());
    ending of_second;
    second.a.async_read_some(asio::buffer(&byte, 1), of_second.note());
    ctx.poll();
    wide = std::move(second.a);
    second.b.write_some(asio::buffer("2", 1));
    test::run(ctx);
    BOOST_TEST(read.calls == 2);
    BOOST_TEST(read.ec == asio::error::operation_aborted);
    BOOST_TEST(!of_second.ec);
    BOOST_TEST(byte == '2');

    using generic_datagram = on<asio::generic::datagram_protocol::socket, test::executor>;
    test::udp_socket datagrams(ctx, {asio::ip::address_v4::loopback(), 0});
    datagrams.async_receive(asio::buffer(&byte, 1), of_second.note());
    ctx.poll();
    generic_datagram wide_datagrams(std::move(datagrams));
    wide_datagrams.send_to(asio::buffer("d", 1), wide_datagrams.local_endpoint());
    test::run(ctx);
    BOOST_TEST(of_second.calls == 2);
    BOOST_TEST(byte == 'd');
}

BOOST_AUTO_TEST_CASE(a_wider_protocol_and_an_erased_executor)
{
    test::context ctx;
    on<asio::ip::tcp::acceptor, own> acceptor(ctx, test::loopback());
    on<asio::ip::tcp::socket, own> typed(ctx);
    on<asio::ip::tcp::socket, own> peer(ctx);
    typed.connect(acceptor.local_endpoint());
    acceptor.accept(peer);
    using generic = asio::generic::stream_protocol::socket;
#if PROACTOR_TEST_DROP_IN || PROACTOR_TEST_ORACLE
    generic erased(std::move(typed));
#else
    // One step at a time: Asio's own conversion between protocols knows Asio's own services only.
    generic erased{on<generic, own>(std::move(typed))};
#endif
    carries_a_byte(ctx, erased, peer);
}

BOOST_AUTO_TEST_CASE(executors_of_strands_and_with_defaults)
{
    test::context ctx;
    using defaulted = asio::use_awaitable_t<own>::executor_with_default<own>;
    on<asio::ip::tcp::socket, own> plain(ctx, asio::ip::tcp::v4());
    int const handle = plain.native_handle();
    on<asio::ip::tcp::socket, defaulted> with_default(std::move(plain));
    BOOST_TEST(with_default.native_handle() == handle);
    on<asio::ip::tcp::socket, own> back(std::move(with_default));
    BOOST_TEST(back.native_handle() == handle);
    asio::strand<own> const strand(ctx.get_executor());
    on<asio::ip::tcp::socket, asio::strand<own>> on_strand(strand, asio::ip::tcp::v4());
    int const of_strand = on_strand.native_handle();
    asio::ip::tcp::socket erased(std::move(on_strand));
    BOOST_TEST(erased.native_handle() == of_strand);
    BOOST_TEST((erased.get_executor() == any(strand)));
}

BOOST_AUTO_TEST_CASE(objects_of_a_foreign_context)
{
    // An object takes over the other's context with what the other has, in flight included.
    test::context ctx;
    asio::io_context foreign;
    asio::ip::tcp::acceptor acceptor(foreign, test::loopback());
    asio::ip::tcp::socket there(foreign);
    asio::ip::tcp::socket peer(foreign);
    there.connect(acceptor.local_endpoint());
    acceptor.accept(peer);
    asio::ip::tcp::socket here(ctx, asio::ip::tcp::v4());
    char byte = 0;
    ending read;
    there.async_read_some(asio::buffer(&byte, 1), read.note());
    foreign.poll();
    here = std::move(there);
    BOOST_TEST((here.get_executor() == any(foreign.get_executor())));
    BOOST_TEST((there.get_executor() == any(foreign.get_executor())));
    BOOST_TEST(!there.is_open());
    peer.write_some(asio::buffer("f", 1));
    test::run(foreign);
    BOOST_TEST(!read.ec);
    BOOST_TEST(byte == 'f');

    // And from here to there.
    asio::ip::tcp::socket of_ctx(ctx);
    of_ctx.connect(acceptor.local_endpoint());
    peer.close();
    acceptor.accept(peer);
    of_ctx.async_read_some(asio::buffer(&byte, 1), read.note());
    ctx.poll();
    here = std::move(of_ctx);
    BOOST_TEST((here.get_executor() == any(ctx.get_executor())));
    peer.write_some(asio::buffer("o", 1));
    test::run_until(ctx, [&] { return read.calls == 2; });
    BOOST_TEST(!read.ec);
    BOOST_TEST(byte == 'o');

    // A handle changes contexts by `release` and `assign` only.
    asio::ip::tcp::socket assigned(foreign, asio::ip::tcp::v4(), here.release());
    assigned.async_read_some(asio::buffer(&byte, 1), read.note());
    peer.write_some(asio::buffer("r", 1));
    foreign.restart();
    test::run(foreign);
    BOOST_TEST(byte == 'r');

    asio::steady_timer timer(ctx, 1h);
    ending waited;
    timer.async_wait(waited.note());
    timer = asio::steady_timer(foreign, 1ms);
    test::run_until(ctx, [&] { return waited.calls; });
    BOOST_TEST(waited.ec == asio::error::operation_aborted);
    timer.async_wait(waited.note());
    foreign.restart();
    test::run(foreign);
    BOOST_TEST(waited.calls == 2);
    BOOST_TEST(!waited.ec);

    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    asio::posix::stream_descriptor descriptor(foreign, ends[0]);
    descriptor = asio::posix::stream_descriptor(ctx);
    BOOST_TEST(::fcntl(ends[0], F_GETFD) == -1);
    ::close(ends[1]);
    asio::ip::tcp::resolver resolver(foreign);
    resolver = asio::ip::tcp::resolver(ctx);
    BOOST_TEST((resolver.get_executor() == any(ctx.get_executor())));
    resolver = asio::ip::tcp::resolver(foreign);
    BOOST_TEST(resolver.resolve("127.0.0.1", "80").size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
