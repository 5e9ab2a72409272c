// Resolvers: found by name and by address, in parallel, cancelled, moved and destroyed in flight.
// Nothing here leaves the machine.
#include "../support/context.hpp"
#include "../support/held_lookups.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using asio::ip::resolver_base;

namespace {

using results = test::tcp_resolver::results_type;

test::held_lookups& lookups()
{
    return test::held_lookups::instance();
}

// Holds lookups from its beginning on, and lets go of them at its end at the latest.
struct holding
{
    holding() { lookups().hold(); }
    ~holding() { lookups().let_go(); }
};

#if PROACTOR_TEST_ORACLE
struct one_at_a_time : test::context
{
};
#else
struct one_at_a_time : test::context
{
    one_at_a_time() : test::context(proactor::context_options{.pool_threads = 1}) {}
};
#endif

std::set<std::string> addresses(results const& found)
{
    std::set<std::string> all;
    for (auto const& entry : found)
        all.insert(entry.endpoint().address().to_string());
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(resolver)

BOOST_AUTO_TEST_CASE(a_name_and_a_service)
{
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    results found;
    test::error_code failed = asio::error::fault;
    resolver.async_resolve("localhost", "80", [&](test::error_code ec, results r) {
        failed = ec;
        found = r;
    });
    test::run(ctx);
    BOOST_TEST(!failed);
    BOOST_REQUIRE(!found.empty());
    for (auto const& entry : found)
    {
        BOOST_TEST(entry.host_name() == "localhost");
        BOOST_TEST(entry.service_name() == "80");
        BOOST_TEST(entry.endpoint().address().is_loopback());
        BOOST_TEST(entry.endpoint().port() == 80);
    }
    BOOST_TEST((addresses(found) == addresses(resolver.resolve("localhost", "80"))));
}

BOOST_AUTO_TEST_CASE(flags_and_protocols)
{
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    std::vector<std::string> seen;
    auto const see = [&](std::string name) {
        return [&seen, name](test::error_code ec, results r) {
            std::string all = name;
            if (ec)
                all += " failed";
            for (auto const& address : addresses(r))
                all += ' ' + address;
            seen.push_back(all);
        };
    };
    resolver.async_resolve(test::tcp::v4(), "", "80", resolver_base::passive, see("passive"));
    resolver.async_resolve(test::tcp::v6(), "::1", "80", resolver_base::numeric_host, see("v6"));
    resolver.async_resolve("127.0.0.1", "80",
                           resolver_base::numeric_host | resolver_base::numeric_service, see("v4"));
    resolver.async_resolve(test::tcp::v4(), "localhost", "", see("name only"));
    test::run(ctx);
    std::sort(seen.begin(), seen.end());
    std::vector<std::string> const expected{"name only 127.0.0.1", "passive 0.0.0.0",
                                            "v4 127.0.0.1", "v6 ::1"};
    BOOST_TEST(seen == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(errors_are_of_their_own_categories)
{
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    test::error_code host;
    test::error_code service;
    test::error_code both;
    resolver.async_resolve("nobody.invalid", "80", resolver_base::numeric_host,
                           [&](test::error_code ec, results r) {
                               host = ec;
                               BOOST_TEST(r.empty());
                           });
    resolver.async_resolve("127.0.0.1", "no-such-service",
                           [&](test::error_code ec, results) { service = ec; });
    resolver.async_resolve("", "", [&](test::error_code ec, results) { both = ec; });
    test::run(ctx);
    BOOST_TEST(host == asio::error::host_not_found);
    BOOST_TEST((host.category() == asio::error::get_netdb_category()));
    BOOST_TEST(service == asio::error::service_not_found);
    BOOST_TEST((service.category() == asio::error::get_addrinfo_category()));
    BOOST_TEST(both == asio::error::host_not_found);
    test::error_code ec;
    BOOST_TEST(resolver.resolve("nobody.invalid", "80", resolver_base::numeric_host, ec).empty());
    BOOST_TEST(ec == host);
    BOOST_CHECK_THROW(resolver.resolve("127.0.0.1", "no-such-service"), test::system_error);
}

BOOST_AUTO_TEST_CASE(an_endpoint_has_a_name)
{
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    std::string host;
    std::string service;
    resolver.async_resolve(test::loopback(1), [&](test::error_code ec, results r) {
        BOOST_REQUIRE(!ec);
        BOOST_REQUIRE(r.size() == 1u);
        BOOST_TEST(r.begin()->endpoint() == test::loopback(1));
        host = r.begin()->host_name();
        service = r.begin()->service_name();
    });
    test::run(ctx);
    auto const now = resolver.resolve(test::loopback(1));
    BOOST_TEST(host == now.begin()->host_name());
    BOOST_TEST(service == now.begin()->service_name());
    BOOST_TEST(!host.empty());
    BOOST_TEST(!service.empty());
}

BOOST_AUTO_TEST_CASE(tokens)
{
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    int done = 0;
    auto const body = [&]() -> test::awaitable<> {
        auto found = co_await resolver.async_resolve("127.0.0.1", "80", test::use_awaitable);
        done += found.size() == 1u;
        auto back = co_await resolver.async_resolve(test::loopback(80), test::use_awaitable);
        done += back.size() == 1u;
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    auto future = resolver.async_resolve("127.0.0.1", "80", asio::use_future);
    test::run(ctx);
    BOOST_TEST(done == 2);
    BOOST_TEST(future.get().size() == 1u);
}

BOOST_AUTO_TEST_CASE(many_at_once)
{
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    test::tcp_resolver another(ctx);
    int found = 0;
    for (int i = 0; i < 200; ++i)
        (i % 2 ? resolver : another)
            .async_resolve("127.0.0." + std::to_string(i + 1), std::to_string(i),
                           [&, i](test::error_code ec, results r) {
                               found += !ec && r.size() == 1 && r.begin()->endpoint().port() == i
                                   && r.begin()->endpoint().address().to_string()
                                       == "127.0.0." + std::to_string(i + 1);
                           });
    test::run(ctx);
    BOOST_TEST(found == 200);
}

#if !PROACTOR_TEST_ORACLE
BOOST_AUTO_TEST_CASE(lookups_overlap)
{
    holding held;
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    int found = 0;
    for (int i = 0; i < 8; ++i)
        resolver.async_resolve("held", "1", [&](test::error_code ec, results) { found += !ec; });
    ctx.poll();
    BOOST_TEST(lookups().await_begun(8));
    lookups().let_go();
    test::run(ctx);
    BOOST_TEST(found == 8);
}
#endif

BOOST_AUTO_TEST_CASE(the_loop_goes_on_meanwhile)
{
    holding held;
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    test::steady_timer timer(ctx, std::chrono::milliseconds(1));
    std::string order;
    resolver.async_resolve("held", "1", [&](test::error_code, results) { order += 'r'; });
    timer.async_wait([&](test::error_code) {
        order += 't';
        lookups().let_go();
    });
    test::run(ctx);
    BOOST_TEST(order == "tr");
}

BOOST_AUTO_TEST_CASE(what_has_not_begun_is_cancelled)
{
    holding held;
    one_at_a_time ctx;
    test::tcp_resolver resolver(ctx);
    test::tcp_resolver another(ctx);
    std::string seen;
    auto const see = [&seen](char c) {
        return [&seen, c](test::error_code ec, results r) {
            seen += c;
            seen += ec == asio::error::operation_aborted ? 'a' : ec || r.empty() ? '!' : '+';
        };
    };
    resolver.async_resolve("held", "1", see('1'));
    ctx.poll();
    BOOST_REQUIRE(lookups().await_begun(1));
    resolver.async_resolve("held", "2", see('2'));
    resolver.async_resolve(test::loopback(3), [&](test::error_code ec, results r) {
        BOOST_TEST(r.size() == 1u); // as from Asio
        seen += ec == asio::error::operation_aborted ? "3a" : "3!";
    });
    another.async_resolve("held", "4", see('4'));
    resolver.cancel();
    resolver.async_resolve("held", "5", see('5')); // not concerned
    lookups().let_go();
    test::run(ctx);
    std::vector<std::string> ends;
    for (std::size_t i = 0; i < seen.size(); i += 2)
        ends.push_back(seen.substr(i, 2));
    std::sort(ends.begin(), ends.end());
    std::vector<std::string> const expected{"1+", "2a", "3a", "4+", "5+"};
    BOOST_TEST(ends == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_resolver_without_lookups_is_cancelled)
{
    test::context ctx;
    test::tcp_resolver resolver(ctx);
    resolver.cancel();
    int found = 0;
    resolver.async_resolve("127.0.0.1", "1", [&](test::error_code ec, results) { found += !ec; });
    test::run(ctx);
    resolver.cancel();
    BOOST_TEST(found == 1);
}

#if !PROACTOR_TEST_ORACLE
BOOST_AUTO_TEST_CASE(a_slot_cancels_its_lookup_only)
{
    holding held;
    one_at_a_time ctx;
    test::tcp_resolver resolver(ctx);
    asio::cancellation_signal signal;
    int found = 0;
    test::error_code cancelled;
    resolver.async_resolve("held", "1", [&](test::error_code ec, results) { found += !ec; });
    ctx.poll();
    BOOST_REQUIRE(lookups().await_begun(1));
    resolver.async_resolve(
        "held", "2", asio::bind_cancellation_slot(signal.slot(), [&](test::error_code ec, results) {
            cancelled = ec;
        }));
    resolver.async_resolve("held", "3", [&](test::error_code ec, results) { found += !ec; });
    signal.emit(asio::cancellation_type::total);
    ctx.poll();
    BOOST_TEST(cancelled == asio::error::operation_aborted);
    lookups().let_go();
    test::run(ctx);
    BOOST_TEST(found == 2);
    BOOST_TEST(lookups().begun() == 2);
}
#endif

BOOST_AUTO_TEST_CASE(a_resolver_moves_with_its_lookups)
{
    holding held;
    one_at_a_time ctx;
    test::tcp_resolver first(ctx);
    std::string seen;
    first.async_resolve("held", "1", [&](test::error_code ec, results) { seen += ec ? '!' : '1'; });
    ctx.poll();
    BOOST_REQUIRE(lookups().await_begun(1));
    first.async_resolve("held", "2", [&](test::error_code ec, results) { seen += ec ? 'a' : '2'; });
    test::tcp_resolver second(std::move(first));
    test::tcp_resolver third(ctx);
    third.async_resolve("held", "3", [&](test::error_code ec, results) { seen += ec ? 'b' : '3'; });
    third = std::move(second); // cancels what was third's
    lookups().let_go();
    test::run(ctx);
    std::sort(seen.begin(), seen.end());
    BOOST_TEST(seen == "12b");
    BOOST_TEST(third.resolve("127.0.0.1", "1").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_resolver_is_destroyed_while_it_looks_up)
{
    holding held;
    one_at_a_time ctx;
    std::optional<test::tcp_resolver> resolver(std::in_place, ctx);
    test::error_code begun = asio::error::fault;
    test::error_code waiting;
    resolver->async_resolve("held", "1", [&](test::error_code ec, results) { begun = ec; });
    ctx.poll();
    BOOST_REQUIRE(lookups().await_begun(1));
    resolver->async_resolve("held", "2", [&](test::error_code ec, results) { waiting = ec; });
    resolver.reset();
    lookups().let_go();
    test::run(ctx);
    BOOST_TEST(!begun);
    BOOST_TEST(waiting == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_context_is_destroyed_while_it_looks_up)
{
    holding held;
    auto const handlers = std::make_shared<int>(0);
    std::thread other;
    {
        one_at_a_time ctx;
        test::tcp_resolver resolver(ctx);
        for (int i = 0; i < 3; ++i)
            resolver.async_resolve("held", "1",
                                   [handlers](test::error_code, results) { ++*handlers; });
        resolver.async_resolve(test::loopback(1),
                               [handlers](test::error_code, results) { ++*handlers; });
        ctx.poll();
        BOOST_TEST(lookups().await_begun(1));
        // The destructor may be waiting by then, or not yet.
        other = std::thread([] { lookups().let_go(); });
    }
    other.join();
    BOOST_TEST(*handlers == 0);
    BOOST_TEST(handlers.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(handlers_run_where_they_belong)
{
    test::context ctx;
    test::context elsewhere;
    test::tcp_resolver resolver(ctx);
    std::string seen;
    resolver.async_resolve("127.0.0.1", "1",
                           asio::bind_executor(elsewhere, [&](test::error_code ec, results r) {
                               seen += !ec && r.size() == 1 ? 'e' : '!';
                           }));
    auto const strand = asio::make_strand(ctx);
    resolver.async_resolve("127.0.0.1", "1",
                           asio::bind_executor(strand, [&](test::error_code ec, results) {
                               seen += !ec && strand.running_in_this_thread() ? 's' : '!';
                           }));
    test::run(ctx);
    BOOST_TEST(seen == "s");
    test::run(elsewhere);
    BOOST_TEST(seen == "se");
}

BOOST_AUTO_TEST_CASE(a_connection_by_name)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_resolver resolver(ctx);
    test::tcp_socket client(ctx);
    std::string done;
    acceptor.async_accept([&](test::error_code ec, test::tcp_socket) { done += ec ? '!' : 'a'; });
    resolver.async_resolve(
        test::tcp::v4(), "localhost", std::to_string(acceptor.local_endpoint().port()),
        [&](test::error_code ec, results found) {
            BOOST_REQUIRE(!ec);
            asio::async_connect(client, found, [&](test::error_code e, test::tcp::endpoint const&) {
                done += e ? '!' : 'c';
            });
        });
    test::run(ctx);
    std::sort(done.begin(), done.end());
    BOOST_TEST(done == "ac");
}

BOOST_AUTO_TEST_SUITE_END()
