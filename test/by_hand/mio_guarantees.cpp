// What mio 0.8 documents of Poll, Registry, Token, Interest, Waker and SourceFd, one case a
// promise, in terms of this library: a registration is a poll that goes on, `discard` its end.
#include <proactor/op/operations.hpp>

#include "slab_under_test.hpp"

#include <support/counting_new.hpp>

#include <map>

namespace {

using namespace test;

constexpr auto both = readiness::read | readiness::write;

/// A listener of mio's sort: its tokens and what came for them.
struct events
{
    std::map<std::uint64_t, readiness> ready;
    int others = 0; ///< ends and errors

    void add(const op::completion& c)
    {
        if (c.more())
            ready[c.token()] |= c.ready();
        else
            ++others;
    }
    readiness of(std::uint64_t token) const
    {
        const auto found = ready.find(token);
        return found == ready.end() ? readiness::none : found->second;
    }
};

/// What has become ready until now.
events poll_now(slab_under_test& s)
{
    events e;
    for (const auto& c : s.look())
        e.add(c);
    return e;
}

/// Polls until this token is ready for all of `what`.
events poll_for(slab_under_test& s, std::uint64_t token, readiness what)
{
    events e;
    const auto limit = clock::now() + patience;
    std::array<op::completion, 8> room;
    while (!has(e.of(token), what) && clock::now() < limit)
        for (const auto& c : s.wait(limit, room))
            e.add(c);
    BOOST_TEST(has(e.of(token), what));
    return e;
}

op::ticket register_source(op::slab& s, op::source at, std::uint64_t token, readiness interest)
{
    return s.submit(at, op::poll{interest, true}, token);
}

handle_pair non_blocking_pair()
{
    auto p = tcp_pair();
    set_non_blocking(p.a);
    set_non_blocking(p.b);
    return p;
}

/// Sends until the peer's queue is full.
void fill(const handle& h)
{
    const std::string some(65'536, '.');
    while (::send(h.get(), some.data(), some.size(), MSG_NOSIGNAL) > 0)
        ;
}

} // namespace

BOOST_AUTO_TEST_SUITE(mio)

// "Draining readiness": once drained, the next data is a new event.
BOOST_AUTO_TEST_CASE(drained_until_it_would_block_there_is_a_new_event)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    register_source(s, s.attach(one), 1, readiness::read);
    for (int i = 0; i != 5; ++i)
    {
        write_all(other, "data");
        poll_for(s, 1, readiness::read);
        BOOST_TEST(drain(one) == 4u);
        BOOST_TEST(poll_now(s).ready.empty());
    }
}

// ... and without a drain none is promised; what has been seen is not told again for ever.
BOOST_AUTO_TEST_CASE(edge_triggered_nothing_new_is_no_event)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    register_source(s, s.attach(one), 1, readiness::read);
    write_all(other, "data");
    poll_for(s, 1, readiness::read);
    (void)poll_now(s); // a spurious one is allowed
    BOOST_TEST(poll_now(s).ready.empty());
    // New data on top of old may be an event, and is not lost either way.
    write_all(other, "more");
    (void)poll_now(s);
    BOOST_TEST(drain(one) == 8u);
}

// What is ready when it is registered is an event.
BOOST_AUTO_TEST_CASE(readiness_before_the_registration_is_an_event)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    write_all(other, "data");
    register_source(s, s.attach(one), 1, both);
    const auto e = poll_for(s, 1, both);
    BOOST_TEST(e.ready.size() == 1u);
}

// The writer's edge.
BOOST_AUTO_TEST_CASE(writable_again_after_it_would_have_blocked)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    register_source(s, s.attach(one), 1, readiness::write);
    poll_for(s, 1, readiness::write);
    fill(one);
    BOOST_TEST(poll_now(s).ready.empty());
    std::size_t drained = 0;
    bool writable = false;
    for (const auto limit = clock::now() + patience; !writable && clock::now() < limit;)
    {
        drained += drain(other);
        writable = has(poll_now(s).of(1), readiness::write);
    }
    BOOST_TEST(writable);
    BOOST_TEST(drained != 0u);
}

// Only what was asked for is an event.
BOOST_AUTO_TEST_CASE(interest_is_respected)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    write_all(other, "data");
    register_source(s, s.attach(one), 1, readiness::write);
    const auto e = poll_for(s, 1, readiness::write);
    BOOST_TEST(!(e.of(1) & readiness::read));
}

// "Registry::reregister": a full override of token and interest.
BOOST_AUTO_TEST_CASE(another_registration_overrides_the_first)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    const auto at = s.attach(one);
    const auto first = register_source(s, at, 1, readiness::write);
    poll_for(s, 1, readiness::write);
    BOOST_TEST(s.discard(first));
    register_source(s, at, 2, readiness::read);
    write_all(other, "data");
    const auto e = poll_for(s, 2, readiness::read);
    BOOST_TEST(e.ready.size() == 1u);
    BOOST_TEST(!(e.of(2) & readiness::write));
    BOOST_TEST(poll_now(s).others == 0);
}

// "Registry::deregister": the token is never reported again, also for what was ready before.
BOOST_AUTO_TEST_CASE(a_deregistered_token_is_never_reported)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    const auto at = s.attach(one);
    for (const bool found : {false, true})
    {
        const auto t = register_source(s, at, 1, readiness::read);
        write_all(other, "data");
        if (found)
            s.wait(clock::now() + patience, {}); // an event is there, in nobody's hands
        BOOST_TEST(s.discard(t));
        const auto e = poll_now(s);
        BOOST_TEST(e.ready.empty());
        BOOST_TEST(e.others == 0);
        BOOST_TEST(drain(one) == 4u);
    }
    BOOST_TEST(s.in_flight() == 0u);
}

// "Events::with_capacity": no batch is larger, and the rest comes with the next.
BOOST_AUTO_TEST_CASE(capacity_bounds_a_batch_and_the_rest_stays)
{
    slab_under_test s;
    std::vector<handle_pair> pairs;
    constexpr std::uint64_t sources = 16;
    for (std::uint64_t i = 0; i != sources; ++i)
    {
        pairs.push_back(socket_pair());
        write_all(pairs.back().b, "x");
        register_source(s, s.attach(pairs.back().a), i, readiness::read);
    }
    events e;
    std::array<op::completion, 3> room;
    const auto limit = clock::now() + patience;
    while (e.ready.size() != sources && clock::now() < limit)
    {
        const auto some = s.wait(limit, room);
        BOOST_TEST(some.size() <= 3u);
        for (const auto& c : some)
            e.add(c);
    }
    BOOST_TEST(e.ready.size() == sources);
}

// "Poll::poll": a timeout without events is a success without events, not before its time; sleeping
// with no source at all is allowed.
BOOST_AUTO_TEST_CASE(a_timeout_gives_no_events)
{
    slab_under_test s;
    std::array<op::completion, 3> room;
    const auto start = clock::now();
    BOOST_TEST(s.wait(start + 10ms, room).empty());
    BOOST_TEST((clock::now() >= start + 10ms));
    const auto [one, other] = non_blocking_pair();
    register_source(s, s.attach(one), 1, readiness::read);
    BOOST_TEST(s.wait(clock::now() + 10ms, room).empty());
    BOOST_TEST(s.wait(at_once, room).empty());
}

// Read and write may come as one event or as two: here those nobody has looked at are one.
BOOST_AUTO_TEST_CASE(events_of_one_source_merge)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    register_source(s, s.attach(one), 1, both);
    s.wait(clock::now() + patience, {}); // writable
    write_all(other, "data");
    for (int i = 0; i != 100; ++i)
        s.wait(at_once, {});
    const auto limit = clock::now() + patience;
    std::array<op::completion, 3> room;
    readiness found = readiness::none;
    while (!has(found, both) && clock::now() < limit)
    {
        const auto some = s.wait(limit, room);
        BOOST_TEST(some.size() == 1u);
        for (const auto& c : some)
            found |= c.ready();
    }
    BOOST_TEST(has(found, both));
}

// "Waker": its token, once for several wakes before a poll.
BOOST_AUTO_TEST_CASE(wakes_merge)
{
    slab_under_test s;
    op::waker w(s, 42);
    for (int i = 0; i != 10; ++i)
        w.wake();
    std::array<op::completion, 4> room;
    const auto some = s.wait(for_ever, room);
    BOOST_TEST_REQUIRE(some.size() == 1u);
    BOOST_TEST(some[0].token() == 42u);
    BOOST_TEST(s.quiet());
    w.wake();
    BOOST_TEST(s.next().token() == 42u);
}

// "unix::SourceFd": any descriptor that can be waited for, and it stays its owner's.
BOOST_AUTO_TEST_CASE(source_fd_over_pipe_eventfd_and_terminal)
{
    slab_under_test s;
    const auto [out, in] = pipe_pair();
    const handle event = any_handle();
    const handle master(
        checked(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), "posix_openpt"));
    BOOST_TEST_REQUIRE(::grantpt(master.get()) == 0);
    BOOST_TEST_REQUIRE(::unlockpt(master.get()) == 0);
    const handle terminal(checked(
        ::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), "open"));
    for (const handle* h : {&out, &event, &terminal})
        set_non_blocking(*h);
    register_source(s, s.attach(out), 1, readiness::read);
    register_source(s, s.attach(event), 2, readiness::read);
    register_source(s, s.attach(terminal), 3, readiness::read);
    BOOST_TEST(poll_now(s).ready.empty());
    for (int i = 0; i != 3; ++i)
    {
        write_all(in, "x");
        poll_for(s, 1, readiness::read);
        ::eventfd_write(event.get(), 1);
        poll_for(s, 2, readiness::read);
        write_all(master, "line\n");
        poll_for(s, 3, readiness::read);
        for (const handle* h : {&out, &event, &terminal})
            BOOST_TEST(drain(*h) != 0u);
    }
}

// ... and one that cannot is refused, as epoll does.
BOOST_AUTO_TEST_CASE(a_plain_file_is_refused)
{
    slab_under_test s;
    temporary_file f;
    register_source(s, s.attach(f.file()), 1, readiness::read);
    auto c = s.next();
    BOOST_TEST(!c.more());
    BOOST_TEST(bool(c.error()));
}

// Hints: "is_read_closed", "is_write_closed", "is_error", "is_priority" have no false positives.
BOOST_AUTO_TEST_CASE(read_closed)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    register_source(s, s.attach(one), 1, both);
    auto e = poll_for(s, 1, readiness::write);
    write_all(other, "data");
    const auto open = poll_for(s, 1, readiness::read);
    for (const auto& seen : {e, open})
    {
        BOOST_TEST(!(seen.of(1) & readiness::read_closed));
        BOOST_TEST(!(seen.of(1) & readiness::write_closed));
        BOOST_TEST(!(seen.of(1) & readiness::error));
        BOOST_TEST(!(seen.of(1) & readiness::priority));
    }
    BOOST_TEST(drain(one) == 4u);
    ::shutdown(other.get(), SHUT_WR);
    const auto closed = poll_for(s, 1, readiness::read | readiness::read_closed);
    BOOST_TEST(!(closed.of(1) & readiness::write_closed));
    BOOST_TEST(!(closed.of(1) & readiness::error));
}

BOOST_AUTO_TEST_CASE(write_closed)
{
    slab_under_test s;
    auto [out, in] = pipe_pair();
    register_source(s, s.attach(in), 1, readiness::write);
    const auto open = poll_for(s, 1, readiness::write);
    BOOST_TEST(!(open.of(1) & readiness::write_closed));
    out.reset(); // nobody will read
    poll_for(s, 1, readiness::write_closed);
}

BOOST_AUTO_TEST_CASE(error)
{
    slab_under_test s;
    auto [one, other] = non_blocking_pair();
    register_source(s, s.attach(one), 1, both);
    BOOST_TEST(!(poll_for(s, 1, readiness::write).of(1) & readiness::error));
    const linger reset{1, 0};
    ::setsockopt(other.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    other.reset();
    poll_for(s, 1, readiness::error | readiness::read_closed | readiness::write_closed);
}

BOOST_AUTO_TEST_CASE(priority)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    const auto at = s.attach(one);
    register_source(s, at, 1, readiness::priority);
    register_source(s, at, 2, readiness::read);
    write_all(other, "plain");
    const auto plain = poll_for(s, 2, readiness::read);
    BOOST_TEST(!(plain.of(2) & readiness::priority));
    BOOST_TEST(plain.ready.count(1) == 0u);
    BOOST_TEST(::send(other.get(), "!", 1, MSG_OOB) == 1);
    poll_for(s, 1, readiness::priority);
    char urgent = '.';
    BOOST_TEST(::recv(one.get(), &urgent, 1, MSG_OOB) == 1);
    BOOST_TEST(urgent == '!');
}

// mio's recipe for a connect: writable, then the socket's error says whether.
BOOST_AUTO_TEST_CASE(a_connect_ends_in_writable)
{
    slab_under_test s;
    handle listener = tcp_listener();
    sockaddr_in where = address_of(listener);
    for (const bool refused : {false, true})
    {
        if (refused)
            listener.reset();
        const handle client = inet_socket();
        set_non_blocking(client);
        const int begun = ::connect(client.get(), generic(where), sizeof where);
        BOOST_TEST((begun == 0 || errno == EINPROGRESS || errno == ECONNREFUSED));
        const auto at = s.attach(client);
        const auto t = register_source(s, at, 1, both);
        const auto e = poll_for(s, 1, readiness::write);
        int error = 0;
        socklen_t size = sizeof error;
        checked(::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size), "getsockopt");
        if (!refused)
            BOOST_TEST(error == 0);
        else
            BOOST_TEST((error == ECONNREFUSED || errno == ECONNREFUSED));
        BOOST_TEST(s.discard(t));
        BOOST_TEST(s.detach(at));
        (void)poll_now(s);
    }
}

// "Binding": dropping everything with registrations alive is harmless, and the sources go on.
BOOST_AUTO_TEST_CASE(the_poll_may_go_before_its_sources_and_after)
{
    auto [one, other] = non_blocking_pair();
    const auto before = open_descriptors();
    {
        slab_under_test s;
        register_source(s, s.attach(one), 1, both);
        const auto own = non_blocking_pair();
        register_source(s, s.attach(own.a), 2, both);
        poll_for(s, 1, readiness::write);
        write_all(other, "data");
    }
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(drain(one) == 4u);
    slab_under_test again;
    register_source(again, again.attach(one), 3, both);
    poll_for(again, 3, readiness::write);
}

// A source whose number is closed and used again is another one to whoever has deregistered it.
BOOST_AUTO_TEST_CASE(a_number_that_is_used_again)
{
    slab_under_test s;
    for (std::uint64_t i = 0; i != 20; ++i)
    {
        const auto [one, other] = socket_pair();
        const auto at = s.attach(one);
        const auto t = register_source(s, at, i, readiness::read);
        write_all(other, "x");
        const auto e = poll_for(s, i, readiness::read);
        BOOST_TEST(e.ready.size() == 1u);
        s.discard(t);
        s.detach(at);
        BOOST_TEST(poll_now(s).ready.empty());
    }
}

// The README: "Zero allocations at runtime".
BOOST_AUTO_TEST_CASE(zero_allocations_at_run_time)
{
    slab_under_test s;
    const auto [one, other] = non_blocking_pair();
    const auto at = s.attach(one);
    register_source(s, at, 1, readiness::read);
    op::waker w(s, 2);
    std::array<op::completion, 4> room;
    const auto turns = [&] {
        for (int i = 0; i != 200; ++i)
        {
            write_all(other, "data");
            const auto t = register_source(s, at, 3, both); // and again
            w.wake();
            unsigned seen = 0;
            while (seen != 7)
                for (const auto& c : s.wait(for_ever, room))
                    seen |= c.token() == 1 ? 1u : c.token() == 2 ? 2u : 4u;
            drain(one);
            s.discard(t);
        }
    };
    turns();
    turns();
    const auto before = allocations();
    turns();
    BOOST_TEST(allocations() - before == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
