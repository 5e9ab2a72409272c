#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include "../../src/driver/io_uring/probe.hpp"

#include <support/forked.hpp>

#include <linux/io_uring.h>
#include <optional>
#include <string_view>
#include <thread>

namespace {

using namespace test;

/// An accept that goes on, until so many connections are kept.
class many_accept : public proactor::multishot_operation
{
public:
    explicit many_accept(std::size_t bound = 1000)
        : multishot_operation(&end, &item), bound_(bound)
    {
        request = request::accept{.family = AF_INET, .type = SOCK_STREAM, .many = true};
    }

    bool done() const noexcept { return ends != 0; }

    int items = 0;
    int ends = 0;

private:
    static void item(multishot_operation& base, std::uint64_t value)
    {
        auto& self = static_cast<many_accept&>(base);
        ++self.items;
        BOOST_TEST(is_open(static_cast<int>(value)));
        self.enough = self.attached->kept() >= self.bound_;
    }
    static void end(void*, operation& base) { ++static_cast<many_accept&>(base).ends; }

    std::size_t bound_;
};

unsigned short peer_of(const handle& h)
{
    sockaddr_in a{};
    socklen_t size = sizeof a;
    checked(::getpeername(h.get(), generic(a), &size), "getpeername");
    return a.sin_port;
}

/// Takes what is kept: those of these clients, in their order.
bool takes(driver_under_test& d, attachment& a, const std::vector<handle>& clients, std::size_t from,
           std::size_t to)
{
    for (; from != to; ++from)
    {
        if (!d.wait_until([&] { return a.kept() != 0; }))
            return false;
        const handle server(d->take_kept(a));
        if (peer_of(server) != address_of(clients[from]).sin_port)
            return false;
    }
    return true;
}

std::vector<handle> connect_all(const handle& listener, std::size_t count)
{
    std::vector<handle> clients;
    while (clients.size() != count)
        clients.push_back(connect_to(listener));
    return clients;
}

bool ends(driver_under_test& d, many_accept& op)
{
    return d.wait_until([&] { return op.done(); }) && op.ends == 1;
}

void goes_on(driver_under_test& d)
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    many_accept op;
    BOOST_TEST(!d->attempt(op, a, lane::read));
    d.start(op, a, lane::read);
    auto clients = connect_all(listener, 40);
    BOOST_TEST(takes(d, a, clients, 0, 40));
    clients.push_back(connect_to(listener));
    BOOST_TEST(takes(d, a, clients, 40, 41));
    BOOST_TEST(op.items == 41);
    BOOST_TEST(!op.done());
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    BOOST_TEST(op.outcome.error == ECANCELED);
    d->detach(a);
}

void stops_when_it_has_enough(driver_under_test& d)
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    for (int round = 0; round != 20; ++round)
    {
        many_accept op(3);
        d.start(op, a, lane::read);
        auto clients = connect_all(listener, 3);
        BOOST_TEST_REQUIRE(ends(d, op));
        BOOST_TEST(op.outcome.error == 0);
        BOOST_TEST(op.outcome.value == 0u);
        // Nobody takes from the system any more.
        clients.push_back(connect_to(listener));
        d.settle();
        BOOST_TEST(takes(d, a, clients, 0, 3));
        BOOST_TEST(a.kept() == 0u);
        test_operation next(request::accept{});
        d.start(next, a, lane::read);
        BOOST_TEST_REQUIRE(d.wait_for(next));
        const handle server(static_cast<int>(next.value()));
        BOOST_TEST(peer_of(server) == address_of(clients[3]).sin_port);
    }
    d->detach(a);
}

} // namespace

BOOST_AUTO_TEST_SUITE(accepts_that_go_on)

CONFORMANCE_CASE(each_connection_is_kept_and_told, "[D30]")
{
    goes_on(d);
}

CONFORMANCE_CASE(enough_is_enough, "[D30]")
{
    stops_when_it_has_enough(d);
}

// Where the kernel can, the whole stream is one submission.
BOOST_AUTO_TEST_CASE(many_of_one_submission)
{
    const char* const chosen = std::getenv("PROACTOR_DRIVER");
    if (!proactor::io_uring::multishot_accepts || !chosen || std::string_view(chosen) != "io_uring"
        || std::getenv("PROACTOR_TEST_MASKED"))
        return;
    driver_under_test d(256);
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    const auto before = d->counters().submissions;
    many_accept op;
    d.start(op, a, lane::read);
    const auto clients = connect_all(listener, 40);
    BOOST_TEST(takes(d, a, clients, 0, 40));
    BOOST_TEST(d->counters().submissions == before + 1);
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
}

// A ring that accepts one at a time.
BOOST_AUTO_TEST_CASE(without_multishot)
{
    const char* const chosen = std::getenv("PROACTOR_DRIVER");
    if (!chosen || std::string_view(chosen) != "io_uring")
        return;
    for (const unsigned entries : {256u, 4u})
    {
        driver_under_test d(entries, proactor::io_uring::open(
            proactor::driver_options{.entries = entries},
            proactor::io_uring::opcodes().set(IORING_OP_SOCKET)));
        goes_on(d);
        stops_when_it_has_enough(d);
    }
}

CONFORMANCE_CASE(a_wait_does_not_sleep_over_an_item, "[D18] [D30]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    const auto clients = connect_all(listener, 1);
    many_accept op;
    d->submit(op, a, lane::read);
    const auto begin = driver_under_test::clock::now();
    BOOST_TEST(takes(d, a, clients, 0, 1));
    BOOST_TEST((driver_under_test::clock::now() - begin < patience / 2));
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
}

CONFORMANCE_CASE(cancelled_it_loses_no_connection, "[D13] [D30]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    std::vector<handle> clients;
    for (std::size_t i = 0; i != 60; ++i)
    {
        many_accept op;
        d.start(op, a, lane::read);
        if (i % 3 == 0)
            d.reap();
        clients.push_back(connect_to(listener));
        if (i % 2)
            d.reap();
        d->cancel_all(a);
        BOOST_TEST_REQUIRE(ends(d, op));
        BOOST_TEST_REQUIRE(op.outcome.error == ECANCELED);
    }
    many_accept op;
    d.start(op, a, lane::read);
    BOOST_TEST(takes(d, a, clients, 0, clients.size()));
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
}

CONFORMANCE_CASE(a_detached_one_closes_what_it_gets, "[D13] [D22] [D30]")
{
    const handle listener = tcp_listener();
    const std::size_t before = open_descriptors();
    for (const bool cancelled_first : {false, true})
    {
        attachment& a = d.attach(listener);
        many_accept op;
        d.start(op, a, lane::read);
        auto clients = connect_all(listener, 5);
        if (cancelled_first)
            d->cancel(op);
        else
            d.settle();
        d->detach(a);
        d->cancel(op);
        BOOST_TEST_REQUIRE(ends(d, op));
        clients.clear();
        // What nobody has accepted is the listener's still.
        while (true)
        {
            pollfd p{listener.get(), POLLIN, 0};
            if (::poll(&p, 1, 0) != 1)
                break;
            handle(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
        }
        BOOST_TEST(open_descriptors() == before);
    }
}

CONFORMANCE_CASE(a_single_one_behind_it_gets_its_turn, "[D6] [D30]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    many_accept op(2);
    test_operation single(request::accept{});
    d.start(op, a, lane::read);
    d.start(single, a, lane::read);
    const auto clients = connect_all(listener, 2);
    BOOST_TEST(ends(d, op));
    BOOST_TEST(d.wait_for(single)); // with the first that was kept
    const handle server(static_cast<int>(single.value()));
    BOOST_TEST(peer_of(server) == address_of(clients[0]).sin_port);
    BOOST_TEST(takes(d, a, clients, 1, 2));
    d->detach(a);
}

CONFORMANCE_CASE(it_survives_the_thread_that_submitted_it, "[D15] [D30]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    many_accept op;
    std::thread([&] {
        d.start(op, a, lane::read);
        d.settle();
    }).join();
    const auto clients = connect_all(listener, 10);
    BOOST_TEST(takes(d, a, clients, 0, 10));
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
}

CONFORMANCE_CASE(more_connections_than_the_queues_hold, "[D16] [D30]")
{
    const handle listener = tcp_listener();
    checked(::listen(listener.get(), 1000), "listen");
    attachment& a = d.attach(listener);
    const auto clients = connect_all(listener, 400);
    many_accept op;
    d.start(op, a, lane::read);
    BOOST_TEST(takes(d, a, clients, 0, 400));
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
}

CONFORMANCE_CASE(an_error_ends_it, "[D30]")
{
    const handle no_listener = inet_socket();
    attachment& a = d.attach(no_listener);
    many_accept op;
    d.start(op, a, lane::read);
    BOOST_TEST(ends(d, op));
    BOOST_TEST(op.outcome.error == EINVAL);
    d->detach(a);
}

CONFORMANCE_CASE(a_child_goes_on_with_its_own, "[D24] [D30]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    many_accept op;
    d->submit(op, a, lane::read); // and not flushed: a parent that waits for its child would accept, too
    forked child([&](findings& check) {
        check(d->reopen() == 0, "reopen");
        const auto clients = connect_all(listener, 3);
        check(takes(d, a, clients, 0, 3), "its connections");
        d->cancel(op);
        check(ends(d, op), "its end");
    });
    BOOST_TEST(child.end() == 0);
    const handle client = connect_to(listener);
    BOOST_TEST(d.wait_until([&] { return a.kept() != 0; }));
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()
