// A program with sockets, timers, signals and descriptors on one context has the threads that it
// started: one.
#include "../support/context.hpp"
#include "../support/skip.hpp"
#include "../support/terminal.hpp"

#include <boost/asio/deadline_timer.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Names of this process's threads; the kernel's own workers do not count.
std::vector<std::string> threads()
{
    std::vector<std::string> names;
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/task"))
    {
        std::string name;
        std::getline(std::ifstream(entry.path() / "comm"), name);
        if (!name.starts_with("iou-"))
            names.push_back(name);
    }
    return names;
}

/// An object class of Asio's with the executor of this width.
template <typename Object>
using here = typename Object::template rebind_executor<test::executor>::other;

} // namespace

BOOST_AUTO_TEST_SUITE(one_thread)

BOOST_AUTO_TEST_CASE(no_hidden_threads)
{
    std::size_t const before = threads().size(); // sanitizers and debuggers may have some
    std::size_t during = 0;
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::steady_timer timer(ctx, 2ms);
    test::system_timer system(ctx, 1ms);
    test::signal_set signals(ctx, SIGUSR1);
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    test::stream_descriptor reader(ctx, ends[0]);
    test::stream_descriptor writer(ctx, ends[1]);
    char bytes[2];
    pair.a.async_read_some(asio::buffer(bytes, 1), [](test::error_code, std::size_t) {});
    pair.b.async_write_some(asio::buffer("x", 1), [](test::error_code, std::size_t) {});
    reader.async_read_some(asio::buffer(bytes + 1, 1), [](test::error_code, std::size_t) {});
    writer.async_write_some(asio::buffer("x", 1), [](test::error_code, std::size_t) {});
    acceptor.async_accept([](test::error_code, test::tcp_socket) {});
    system.async_wait([](test::error_code) {});
    signals.async_wait([](test::error_code, int) {});
    timer.async_wait([&](test::error_code) {
        during = threads().size();
        acceptor.cancel();
        signals.cancel();
    });
    std::raise(SIGUSR1);
    test::run(ctx);
    BOOST_TEST(during == before);
    BOOST_TEST(threads().size() == before);
#if !PROACTOR_TEST_SANITIZED
    BOOST_TEST(before == 1u);
#endif
}

// Every kind of object, with an operation in flight where it has one: after each, the threads are those
// that were there before.
BOOST_AUTO_TEST_CASE(no_object_starts_a_thread)
{
    std::size_t const before = threads().size();
    test::context ctx;
    char byte;
    auto const ignore = [](auto&&...) {};
    auto const still_one = [&](char const* kind, auto&& object) {
        ctx.poll();
        BOOST_TEST(threads().size() == before, kind);
        (void)object;
    };
    auto const receiving = [&](char const* kind, auto&& object) {
        object.async_receive(asio::buffer(&byte, 1), ignore);
        still_one(kind, object);
    };
    auto const reading = [&](char const* kind, auto&& object) {
        object.async_read_some(asio::buffer(&byte, 1), ignore);
        still_one(kind, object);
    };
    auto const waiting = [&](char const* kind, auto&& object) {
        object.async_wait(ignore);
        still_one(kind, object);
    };
    using local_stream = asio::local::stream_protocol;
    using local_datagram = asio::local::datagram_protocol;
    using seq_packet = asio::generic::seq_packet_protocol;

    test::tcp_pair pair(ctx);
    receiving("tcp socket", pair.a);
    receiving("generic socket", here<asio::generic::stream_protocol::socket>(std::move(pair.b)));
    test::tcp_acceptor acceptor(ctx, test::loopback());
    acceptor.async_accept(ignore);
    still_one("acceptor", acceptor);
    receiving("udp socket", test::udp_socket(ctx, {asio::ip::address_v4::loopback(), 0}));
    here<asio::ip::icmp::socket> raw(ctx);
    test::error_code no_privilege;
    if (raw.open(asio::ip::icmp::v4(), no_privilege))
        test::skipped("a raw socket: " + no_privilege.message());
    else
        receiving("raw socket", raw);
    still_one("closed raw socket", raw);
    here<local_stream::socket> a(ctx);
    here<local_stream::socket> b(ctx);
    asio::local::connect_pair(a, b);
    receiving("local stream socket", a);
    here<local_datagram::socket> c(ctx);
    here<local_datagram::socket> d(ctx);
    asio::local::connect_pair(c, d);
    receiving("local datagram socket", c);
    int packets[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, packets) == 0);
    here<seq_packet::socket> e(ctx, seq_packet(AF_UNIX, 0), packets[0]);
    here<seq_packet::socket> f(ctx, seq_packet(AF_UNIX, 0), packets[1]);
    asio::socket_base::message_flags flags = 0;
    e.async_receive(asio::buffer(&byte, 1), flags, ignore);
    still_one("sequenced packet socket", e);

    here<asio::readable_pipe> reader(ctx);
    here<asio::writable_pipe> writer(ctx);
    asio::connect_pipe(reader, writer);
    reading("pipe", reader);
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    test::stream_descriptor in(ctx, ends[0]);
    test::stream_descriptor out(ctx, ends[1]);
    reading("stream descriptor", in);
    test::terminal line;
    reading("serial port", test::serial_port(ctx, line.device()));

    waiting("steady timer", test::steady_timer(ctx, 1h));
    waiting("system timer", test::system_timer(ctx, 1h));
    waiting("high resolution timer", test::high_resolution_timer(ctx, 1h));
    using time = boost::posix_time::ptime;
    waiting("deadline timer",
            asio::basic_deadline_timer<time, asio::time_traits<time>, test::executor>(
                ctx, boost::posix_time::hours(1)));
    waiting("signal set", test::signal_set(ctx, SIGUSR1));

    test::tcp_resolver resolver(ctx);
    resolver.cancel();
    BOOST_TEST(resolver.resolve("127.0.0.1", "80").size() == 1u);
    still_one("resolver without an asynchronous lookup", resolver);

    namespace experimental = asio::experimental;
    using signature = void(test::error_code);
    test::executor const ex(ctx.get_executor());
    experimental::channel<test::executor, signature> channel(ex);
    channel.async_receive(ignore);
    still_one("channel", channel);
    experimental::concurrent_channel<test::executor, signature> concurrent(ex);
    concurrent.async_receive(ignore);
    still_one("concurrent channel", concurrent);
    auto const strand = asio::make_strand(ex);
    asio::post(strand, [] {});
    still_one("strand", strand);
    test::context::strand nested(ctx);
    asio::post(ctx, asio::bind_executor(nested, [] {}));
    still_one("nested strand", nested);
#if !PROACTOR_TEST_ORACLE
    still_one("stream file", proactor::basic_stream_file<test::executor>(
                                 ctx, "/dev/null", proactor::stream_file::read_only));
    still_one("random access file", proactor::basic_random_access_file<test::executor>(
                                        ctx, "/dev/null", proactor::stream_file::read_only));
#endif
}

#if !PROACTOR_TEST_ORACLE
#if !PROACTOR_TEST_DROP_IN
// What the typed width costs whoever mixes executors: one thread for each context, from the first object
// with an erased executor on.
BOOST_AUTO_TEST_CASE(objects_with_erased_executors_share_one_thread_of_asio_s)
{
    std::size_t const before = threads().size();
    test::context ctx;
    test::context other;
    test::steady_timer typed(ctx, 1ms);
    BOOST_TEST(threads().size() == before);
    asio::steady_timer erased(std::move(typed));
    BOOST_TEST(threads().size() == before + 1);
    asio::ip::tcp::socket socket(ctx, asio::ip::tcp::v4());
    asio::signal_set signals(ctx, SIGUSR2);
    asio::readable_pipe pipe(ctx);
    asio::ip::tcp::socket moved(test::tcp_socket(ctx, asio::ip::tcp::v4()));
    BOOST_TEST(threads().size() == before + 1);
    asio::steady_timer on_other(other);
    BOOST_TEST(threads().size() == before + 2);

    bool fired = false;
    auto const here = std::this_thread::get_id();
    erased.async_wait(
        [&](test::error_code ec) { fired = !ec && std::this_thread::get_id() == here; });
    test::run_until(ctx, [&] { return fired; });
    BOOST_TEST(fired);
}
#endif

BOOST_AUTO_TEST_CASE(a_resolver_adds_threads_of_the_pool_only)
{
    std::size_t const before = threads().size();
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    BOOST_TEST(threads().size() == before);
    std::size_t found = 0;
    resolver.async_resolve("127.0.0.1", "80",
                           [&](test::error_code, auto results) { found = results.size(); });
    test::run(ctx); // so that the thread has given itself its name
    BOOST_TEST(found == 1u);
    auto const names = threads();
    auto const of_pool = std::count(names.begin(), names.end(), "proactor-pool");
    BOOST_TEST(of_pool == 1);
    BOOST_TEST(names.size() - static_cast<std::size_t>(of_pool) == before);
}

BOOST_AUTO_TEST_CASE(the_objects_are_served_by_the_driver)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    auto const before = ctx.metrics().submissions;
    char byte;
    pair.a.async_read_some(asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
    ctx.poll();
    auto const armed = ctx.metrics();
    BOOST_TEST(armed.submissions > before);
    BOOST_TEST(armed.in_flight >= 1u);
    pair.b.async_write_some(asio::buffer("x", 1), [](test::error_code, std::size_t) {});
    test::run(ctx);
    BOOST_TEST(ctx.metrics().in_flight == 0u);
    BOOST_TEST(ctx.metrics().completions >= 1u);

    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    test::stream_descriptor reader(ctx, ends[0]);
    test::stream_descriptor writer(ctx, ends[1]);
    auto const of_sockets = ctx.metrics().submissions;
    reader.async_read_some(asio::buffer(&byte, 1), [](test::error_code, std::size_t) {});
    writer.async_write_some(asio::buffer("x", 1), [](test::error_code, std::size_t) {});
    test::run(ctx);
    BOOST_TEST(ctx.metrics().submissions > of_sockets);
    BOOST_TEST(std::string(ctx.metrics().driver).size() > 0u);
}

#if PROACTOR_TEST_DROP_IN
BOOST_AUTO_TEST_CASE(plain_asio_objects_are_served_by_the_driver)
{
    static_assert(std::is_same_v<test::tcp_socket, asio::ip::tcp::socket>);
    static_assert(std::is_same_v<test::steady_timer, asio::steady_timer>);
}
#endif
#endif

BOOST_AUTO_TEST_SUITE_END()
