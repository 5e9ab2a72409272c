//
// Resolvers. Nothing leaves the machine: numbers, "localhost", and hosts that the test holds.
//

#include "loopback.hpp"
#include "registry.hpp"

#include "../support/held_lookups.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace differential {

namespace {

using results = tcp_resolver::results_type;
using asio::ip::resolver_base;

/// Asio looks up one name at a time; so does a pool of one thread.
#if PROACTOR_TEST_ORACLE
using one_at_a_time = context;
#else
struct one_at_a_time : context
{
    one_at_a_time() : context(proactor::context_options{.pool_threads = 1}) {}
};
#endif

std::string text_of(const results& found)
{
    std::vector<std::string> all;
    for (const auto& entry : found)
    {
        const auto endpoint = entry.endpoint();
        all.push_back(endpoint.address().to_string() + ' ' + std::to_string(endpoint.port()) + " <"
                      + entry.host_name() + "> <" + entry.service_name() + '>');
    }
    std::sort(all.begin(), all.end());
    std::string text;
    for (const auto& one : all)
    {
        text += (text.empty() ? "" : ", ") + one;
    }
    return text;
}

struct report_results
{
    std::string name;

    void operator()(const error_code& ec, const results& found) const
    {
        log(name, ec, found.size(), text_of(found));
    }
};

/// Both ways, one after the other.
template <class... Query>
void look_up(std::string_view name, const Query&... query)
{
    context ctx;
    tcp_resolver resolver(ctx);
    resolver.async_resolve(query..., report_results{std::string(name)});
    log("run", ctx.run());
    error_code ec;
    const auto found = resolver.resolve(query..., ec);
    log("sync", ec, found.size(), text_of(found));
    attempt("throwing", [&] { resolver.resolve(query...); });
}

} // namespace

PROACTOR_TEST_BODY(resolver, numbers)
{
    look_up("v4", "127.0.0.1", "80");
    look_up("v6", "::1", "80");
    look_up("scoped", "fe80::1", "80");
    look_up("numeric", "127.0.0.1", "80",
            resolver_base::numeric_host | resolver_base::numeric_service);
    look_up("short", "127.1", "80", resolver_base::numeric_host);
    look_up("v4 of v6", tcp::v6(), "::1", "80");
    look_up("v4 asked for v6", tcp::v6(), "127.0.0.1", "80", resolver_base::flags());
    look_up("mapped", tcp::v6(), "127.0.0.1", "80", resolver_base::v4_mapped);
}

PROACTOR_TEST_BODY(resolver, names)
{
    look_up("localhost", "localhost", "80");
    look_up("localhost v4", tcp::v4(), "localhost", "80");
    look_up("service", "127.0.0.1", "http");
    look_up("no service", "127.0.0.1", "");
    look_up("no host", "", "80");
    look_up("canonical", tcp::v4(), "localhost", "80", resolver_base::canonical_name);
}

PROACTOR_TEST_BODY(resolver, passive)
{
    look_up("v4", tcp::v4(), "", "80", resolver_base::passive);
    look_up("v6", tcp::v6(), "", "80", resolver_base::passive);
    look_up("any", "", "0", resolver_base::passive);
}

PROACTOR_TEST_BODY(resolver, errors)
{
    look_up("unknown host", "nobody.invalid", "80", resolver_base::numeric_host);
    look_up("unknown service", "127.0.0.1", "no-such-service");
    look_up("service as number", "127.0.0.1", "http", resolver_base::numeric_service);
    look_up("nothing", "", "");
    look_up("port out of range", "127.0.0.1", "99999999");
    look_up("canonical name of none", "", "80", resolver_base::canonical_name);
    look_up("empty label", "a..b", "80", resolver_base::numeric_host);
}

PROACTOR_TEST_BODY(resolver, reverse)
{
    look_up("loopback", tcp::endpoint(asio::ip::address_v4::loopback(), 80));
    look_up("without a service name", tcp::endpoint(asio::ip::address_v4::loopback(), 1));
    context ctx;
    asio::ip::basic_resolver<asio::ip::udp, executor> datagrams(ctx);
    const auto found =
        datagrams.resolve(asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 53));
    log("udp", found.size(), found.begin()->service_name());
    datagrams.async_resolve(asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 53),
                            [](const error_code& ec, const auto& r) {
                                log("async udp", ec, r.size(), r.begin()->service_name());
                            });
    ctx.run();
}

PROACTOR_TEST_BODY(resolver, cancelled)
{
    test::held_lookups::instance().hold();
    one_at_a_time ctx;
    tcp_resolver resolver(ctx);
    tcp_resolver another(ctx);
    std::vector<std::string> ends;
    const auto end = [&](const char* name) {
        return [&ends, name](const error_code& ec, const results& found) {
            ends.push_back(std::string(name) + ' ' + describe(ec) + ' ' + text_of(found));
        };
    };
    resolver.async_resolve("held", "1", end("begun"));
    ctx.poll();
    log("begun", test::held_lookups::instance().await_begun(1));
    resolver.async_resolve("held", "2", end("waiting"));
    resolver.async_resolve(tcp::endpoint(asio::ip::address_v4::loopback(), 3), end("reverse"));
    another.async_resolve("held", "4", end("of another"));
    resolver.cancel();
    resolver.async_resolve("held", "5", end("afterwards"));
    test::held_lookups::instance().let_go();
    log("run", ctx.run());
    std::sort(ends.begin(), ends.end());
    for (const auto& one : ends)
    {
        log("end", one);
    }
    log("begun", test::held_lookups::instance().begun());
}

PROACTOR_TEST_BODY(resolver, destroyed)
{
    test::held_lookups::instance().hold();
    one_at_a_time ctx;
    std::vector<std::string> ends;
    const auto end = [&](const char* name) {
        return [&ends, name](const error_code& ec, const results& found) {
            ends.push_back(std::string(name) + ' ' + describe(ec) + ' ' + text_of(found));
        };
    };
    {
        tcp_resolver resolver(ctx);
        resolver.async_resolve("held", "1", end("begun"));
        ctx.poll();
        log("begun", test::held_lookups::instance().await_begun(1));
        resolver.async_resolve("held", "2", end("waiting"));
    }
    test::held_lookups::instance().let_go();
    log("run", ctx.run());
    std::sort(ends.begin(), ends.end());
    for (const auto& one : ends)
    {
        log("end", one);
    }
}

PROACTOR_TEST_BODY(resolver, moved)
{
    test::held_lookups::instance().hold();
    one_at_a_time ctx;
    std::vector<std::string> ends;
    const auto end = [&](const char* name) {
        return [&ends, name](const error_code& ec, const results&) {
            ends.push_back(std::string(name) + ' ' + describe(ec));
        };
    };
    tcp_resolver first(ctx);
    first.async_resolve("held", "1", end("begun"));
    ctx.poll();
    log("begun", test::held_lookups::instance().await_begun(1));
    first.async_resolve("held", "2", end("waiting"));
    tcp_resolver second(std::move(first));
    tcp_resolver third(ctx);
    third.async_resolve("held", "3", end("of the target"));
    third = std::move(second);
    test::held_lookups::instance().let_go();
    ctx.run();
    std::sort(ends.begin(), ends.end());
    for (const auto& one : ends)
    {
        log("end", one);
    }
}

PROACTOR_TEST_BODY(resolver, context_destroyed)
{
    test::held_lookups::instance().hold();
    const auto held = std::make_shared<int>(0);
    std::optional<one_at_a_time> ctx(std::in_place);
    {
        tcp_resolver resolver(*ctx);
        resolver.async_resolve("held", "1", [held](const error_code&, const results&) { ++*held; });
        ctx->poll();
        log("begun", test::held_lookups::instance().await_begun(1));
        resolver.async_resolve("held", "2", [held](const error_code&, const results&) { ++*held; });
    }
    log("held", held.use_count());
    test::held_lookups::instance().let_go();
    ctx.reset();
    log("called", *held, held.use_count());
}

PROACTOR_TEST_BODY(resolver, many_at_once)
{
    context ctx;
    tcp_resolver resolver(ctx);
    std::vector<int> ports;
    for (int i = 1; i <= 200; ++i)
    {
        resolver.async_resolve("127.0.0.1", std::to_string(i),
                               [&](const error_code& ec, const results& found) {
                                   ports.push_back(ec ? 0 : found.begin()->endpoint().port());
                               });
    }
    log("poll is early", ctx.stopped());
    log("run", ctx.run());
    std::sort(ports.begin(), ports.end());
    bool all = ports.size() == 200;
    for (int i = 0; all && i < 200; ++i)
    {
        all = ports[static_cast<std::size_t>(i)] == i + 1;
    }
    log("all", all);
}

PROACTOR_TEST_BODY(resolver, counts_as_work)
{
    test::held_lookups::instance().hold();
    context ctx;
    tcp_resolver resolver(ctx);
    resolver.async_resolve("held", "1", report_results{"end"});
    log_run("poll", ctx, ctx.poll());
    test::held_lookups::instance().let_go();
    log_run("run", ctx, ctx.run());
}

PROACTOR_TEST_BODY(resolver, tokens)
{
    context ctx;
    tcp_resolver resolver(ctx);
    asio::co_spawn(
        ctx,
        [&]() -> awaitable<> {
            log("awaited",
                text_of(co_await resolver.async_resolve("127.0.0.1", "80", use_awaitable)));
            try
            {
                co_await resolver.async_resolve("127.0.0.1", "no-such-service", use_awaitable);
            }
            catch (...)
            {
                log("awaited", std::current_exception());
            }
        },
        asio::detached);
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(resolver, connects)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_resolver resolver(ctx);
    tcp_socket client(ctx);
    resolver.async_resolve(tcp::v4(), "localhost", std::to_string(acceptor.local_endpoint().port()),
                           [&](const error_code& ec, const results& found) {
                               log("resolve", ec, found.size());
                               asio::async_connect(client, found,
                                                   [](const error_code& e, const tcp::endpoint&) {
                                                       log("connect", e);
                                                   });
                           });
    ctx.run();
    log("client", client);
}

} // namespace differential
