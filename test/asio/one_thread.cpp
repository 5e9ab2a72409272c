// A program with sockets, timers, signals and descriptors on one context has the threads that it
// started: one.
#include "../support/context.hpp"

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

#if !PROACTOR_TEST_ORACLE
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
