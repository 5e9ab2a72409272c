#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <chrono>
#include <thread>

namespace {

using namespace test;

using operations = std::vector<proactor::operation*>;

} // namespace

BOOST_AUTO_TEST_SUITE(cancellation)

CONFORMANCE_CASE(what_waits_in_the_system_is_given_back_as_cancelled, "[D9]")
{
    const auto [one, other] = socket_pair();
    const auto [out, in] = pipe_pair();
    const handle listener = tcp_listener();
    attachment* at[] = {&d.attach(one), &d.attach(out), &d.attach(listener), &d.attach(one)};
    std::string text(4, '.');
    std::deque<test_operation> ops;
    ops.emplace_back(request::receive{buffers(text)});
    ops.emplace_back(request::read{buffers(text)});
    ops.emplace_back(request::accept{});
    ops.emplace_back(request::poll{request::readiness::read});
    for (std::size_t i = 0; i != ops.size(); ++i)
        d.start(ops[i], *at[i], lane::read);
    d.settle();
    for (auto& op : ops)
        d->cancel(op);
    d->cancel(ops[0]); // once more is no harm
    BOOST_TEST(d.wait_for_all(ops));
    for (auto& op : ops)
    {
        BOOST_TEST(op.error() == ECANCELED);
        BOOST_TEST(op.value() == 0u);
        BOOST_TEST(op.completed == 1);
    }
    BOOST_TEST(d->in_flight() == 0u);
    for (auto* a : at)
        d->detach(*a);
}

CONFORMANCE_CASE(a_datagram_socket_that_is_shut_down_brings_nothing_until_then, "[D9]")
{
    const handle socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    BOOST_REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&here), size) == 0);
    BOOST_REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&here), &size) == 0);
    BOOST_REQUIRE(::connect(socket.get(), reinterpret_cast<sockaddr*>(&here), size) == 0);
    attachment& a = d.attach(socket);
    BOOST_REQUIRE(::send(socket.get(), nullptr, 0, 0) == 0);
    std::string text(4, '.');
    test_operation first(request::receive{buffers(text)});
    d.start(first, a, lane::read);
    BOOST_TEST(d.wait_for(first)); // an empty datagram is one
    BOOST_TEST(first.error() == 0);
    BOOST_REQUIRE(::shutdown(socket.get(), SHUT_RD) == 0);
    test_operation second(request::receive{buffers(text)});
    d.start(second, a, lane::read);
    for (int i = 0; i != 5; ++i)
    {
        d.settle();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    BOOST_TEST(second.completed == 0);
    d->cancel(second);
    BOOST_TEST(d.wait_for(second));
    BOOST_TEST(second.error() == ECANCELED);
    d->detach(a);
}

CONFORMANCE_CASE(a_send_that_waits_for_room_takes_none_below_the_mark, "[D12]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    const std::string block(16384, 'b');
    while (::send(one.get(), block.data(), block.size(), MSG_DONTWAIT) > 0)
    {
    }
    std::string text = "text";
    test_operation first(request::send{buffers(text), MSG_NOSIGNAL});
    test_operation second(request::send{buffers(text), MSG_NOSIGNAL});
    d.start(first, a, lane::write);
    d.start(second, a, lane::write);
    d.settle();
    BOOST_TEST(!read_some(other, block.size()).empty()); // a Unix socket tells of three quarters
    pollfd poller{one.get(), POLLOUT, 0};
    BOOST_REQUIRE(::poll(&poller, 1, 0) == 0);
    d->cancel_all(a);
    BOOST_TEST(d.wait_for(first));
    BOOST_TEST(d.wait_for(second));
    BOOST_TEST(first.error() == ECANCELED);
    BOOST_TEST(second.error() == ECANCELED);
    d->detach(a);
}

CONFORMANCE_CASE(one_that_was_not_flushed_can_be_cancelled, "[D9]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text)});
    d->submit(op, a, lane::read);
    d->cancel(op);
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.error() == ECANCELED);
    write_all(other, "x"); // and it is not in the system
    d.settle();
    BOOST_TEST(text == "....");
    BOOST_TEST(read_some(one) == "x");
    d->detach(a);
}

CONFORMANCE_CASE(a_wait_for_readiness_before_another_try_can_be_cancelled, "[D9]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text), MSG_DONTWAIT});
    d.start(op, a, lane::read);
    d.settle();
    d->cancel(op);
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.error() == ECANCELED);
    write_all(other, "x");
    BOOST_TEST(read_some(one) == "x");
    d->detach(a);
}

CONFORMANCE_CASE(others_on_the_same_handle_go_on, "[D10]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string in(4, '.');
    test_operation receive(request::receive{buffers(in)});
    test_operation poll(request::poll{request::readiness::read});
    test_operation alone(request::read{buffers(in)});
    d.start(receive, a, lane::read);
    d.start(poll, a);
    d.settle();
    d->cancel(poll);
    BOOST_TEST(d.wait_for(poll));
    BOOST_TEST(poll.error() == ECANCELED);
    d.settle();
    BOOST_TEST(!receive.done());
    write_all(other, "x");
    BOOST_TEST(d.wait_for(receive));
    BOOST_TEST(receive.error() == 0);
    BOOST_TEST(in == "x...");
    d->detach(a);
}

CONFORMANCE_CASE(others_on_a_duplicate_go_on, "[D10]")
{
    for (const bool all : {false, true})
    {
        const auto [one, other] = tcp_pair();
        const handle copy = duplicate(one);
        attachment& a = d.attach(one);
        attachment& b = d.attach(copy);
        attachment& c = d.attach(one); // the same number even
        std::string texts[3];
        std::deque<test_operation> ops(3);
        attachment* at[] = {&a, &b, &c};
        for (std::size_t i = 0; i != 3; ++i)
        {
            texts[i].assign(1, '.');
            ops[i].request = request::receive{buffers(texts[i])};
            d.start(ops[i], *at[i], lane::read);
        }
        d.settle();
        if (all)
            d->cancel_all(a);
        else
            d->cancel(ops[0]);
        BOOST_TEST(d.wait_for(ops[0]));
        BOOST_TEST(ops[0].error() == ECANCELED);
        d.settle();
        BOOST_TEST(!ops[1].done());
        BOOST_TEST(!ops[2].done());
        write_all(other, "xy");
        BOOST_TEST(d.wait_for_all(ops));
        BOOST_TEST(ops[1].error() == 0);
        BOOST_TEST(ops[2].error() == 0);
        BOOST_TEST(ops[1].value() + ops[2].value() == 2u);
        for (auto* at_one : at)
            d->detach(*at_one);
    }
}

CONFORMANCE_CASE(one_that_waits_for_its_turn_leaves_at_the_next_reap, "[D11]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    std::deque<test_operation> ops(4);
    for (std::size_t i = 0; i != 4; ++i)
    {
        ops[i].request = request::receive{buffers(&text[i], 1)};
        d.start(ops[i], a, lane::read);
    }
    d->cancel(ops[1]);
    d->cancel(ops[2]);
    d.reap();
    BOOST_TEST((d.given == operations{&ops[1], &ops[2]}));
    BOOST_TEST(ops[1].error() == ECANCELED);
    write_all(other, "xy");
    BOOST_TEST(d.wait_for_all(ops));
    BOOST_TEST(text == "x..y");
    d->detach(a);
}

CONFORMANCE_CASE(all_that_are_cancelled_come_in_order, "[D11] [D9]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(6, '.');
    std::deque<test_operation> ops(6);
    operations expected;
    for (std::size_t i = 0; i != ops.size(); ++i)
    {
        ops[i].request = request::receive{buffers(&text[i], 1)};
        d.start(ops[i], a, lane::read);
        expected.push_back(&ops[i]);
    }
    d->cancel_all(a);
    BOOST_TEST(a.busy());
    BOOST_TEST(d.wait_for_all(ops));
    BOOST_TEST((d.given == expected));
    for (auto& op : ops)
        BOOST_TEST(op.error() == ECANCELED);
    BOOST_TEST(!a.busy());
    d->detach(a);
}

CONFORMANCE_CASE(what_can_complete_does_before_a_cancellation, "[D12]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    write_all(other, "data");
    test_operation op(request::receive{buffers(text)});
    d->submit(op, a, lane::read);
    d->cancel(op);
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(op.value() == 4u);
    BOOST_TEST(text == "data");

    // Complete, but not looked at.
    test_operation seen(request::receive{buffers(text)});
    write_all(other, "more");
    d.start(seen, a, lane::read);
    d->cancel(seen);
    d->cancel_all(a);
    BOOST_TEST(d.wait_for(seen));
    BOOST_TEST(seen.error() == 0);
    BOOST_TEST(text == "more");
    d->detach(a);
}

CONFORMANCE_CASE(a_wait_can_be_cancelled_until_it_is_delivered, "[D9]")
{
    const auto [one, other] = socket_pair();
    write_all(other, "data");
    attachment& a = d.attach(one);
    operation_queue q;
    const auto both_given_back = [&] {
        d->reap(q);
        return q.front() && q.front()->next;
    };
    test_operation in(request::poll{request::readiness::read});
    test_operation out(request::poll{request::readiness::write});
    d->submit(in, a, lane::read);
    d->submit(out, a, lane::write);
    BOOST_TEST(yield_until(both_given_back));
    d->cancel_all(a);
    while (proactor::operation* op = q.pop())
        d->deliver(*op);
    BOOST_TEST(in.error() == ECANCELED);
    BOOST_TEST(out.error() == ECANCELED);
    BOOST_TEST(read_some(one) == "data");

    // Ready together, they are delivered together.
    write_all(other, "more");
    test_operation first(request::poll{request::readiness::read});
    test_operation along(request::poll{request::readiness::write});
    d->submit(first, a, lane::read);
    d->submit(along, a, lane::write);
    BOOST_TEST(yield_until(both_given_back));
    d->deliver(*q.pop());
    d->cancel_all(a);
    BOOST_TEST(first.error() == 0);
    BOOST_TEST(along.error() == 0);
    q.pop();
    BOOST_TEST(read_some(one) == "more");

    // Not ready with it, it is not.
    write_all(other, "last");
    test_operation next(request::poll{request::readiness::read});
    test_operation later(request::poll{request::readiness::priority});
    d->submit(next, a, lane::read);
    d->submit(later, a, lane::except);
    BOOST_TEST(yield_until([&] {
        d->reap(q);
        return !q.empty();
    }));
    d->deliver(*q.pop());
    d->cancel_all(a);
    BOOST_TEST(yield_until([&] {
        d->reap(q);
        return !q.empty();
    }));
    BOOST_TEST(q.pop() == &later);
    BOOST_TEST(later.error() == ECANCELED);
    d->detach(a);
}

CONFORMANCE_CASE(a_race_with_arriving_data_loses_nothing, "[D9] [D12]")
{
    // Whoever wins, the bytes are either with the operation or still in the socket.
    const auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    for (int i = 0; i != 300; ++i)
    {
        std::string text(4, '.');
        test_operation op(request::receive{buffers(text)});
        d.start(op, a, lane::read);
        write_all(other, "data");
        if (i % 2)
            d.reap();
        d->cancel_all(a);
        BOOST_TEST_REQUIRE(d.wait_for(op));
        if (op.error())
        {
            BOOST_TEST_REQUIRE(op.error() == ECANCELED);
            text = read_some(one);
        }
        BOOST_TEST_REQUIRE(text == "data");
    }
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(late_success)

CONFORMANCE_CASE(a_connection_won_late_is_the_next_accepts, "[D13]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    const handle client = connect_to(listener);
    test_operation late(request::accept{});
    d->submit(late, a, lane::read);
    d->cancel(late); // too late: the connection waits
    BOOST_TEST(d.wait_for(late));
    BOOST_TEST(late.error() == ECANCELED);
    BOOST_TEST(late.value() == 0u);

    sockaddr_in peer{};
    std::uint32_t size = sizeof peer;
    test_operation next(request::accept{AF_INET, SOCK_STREAM, 0, &peer, &size, false});
    BOOST_TEST(!d->attempt(next, a, lane::read));
    d.start(next, a, lane::read);
    BOOST_TEST(d.wait_for(next));
    BOOST_TEST_REQUIRE(next.error() == 0);
    BOOST_TEST(peer.sin_port == address_of(client).sin_port);
    const handle server(static_cast<int>(next.value()));
    write_all(client, "x");
    BOOST_TEST(read_some(server) == "x");
    d->detach(a);
}

CONFORMANCE_CASE(a_cancellation_between_success_and_delivery_keeps_it_too, "[D13]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    test_operation op(request::accept{});
    d.start(op, a, lane::read);
    const handle client = connect_to(listener); // later: what is there at once is won for good
    operation_queue q;
    BOOST_TEST(yield_until([&] {
        d->reap(q);
        return !q.empty();
    }));
    d->cancel(op);
    BOOST_TEST(q.pop() == &op);
    d->deliver(op);
    BOOST_TEST(op.error() == ECANCELED);
    const handle server(d->take_kept(a));
    BOOST_TEST(d->take_kept(a) == invalid_handle);
    write_all(client, "x");
    BOOST_TEST(read_some(server) == "x");
    d->detach(a);
}

CONFORMANCE_CASE(what_nobody_takes_is_closed_with_the_attachment, "[D13]")
{
    const handle listener = tcp_listener();
    for (const bool detached_first : {false, true})
    {
        const std::size_t before = open_descriptors();
        attachment& a = d.attach(listener);
        handle client = connect_to(listener);
        test_operation op(request::accept{});
        d->submit(op, a, lane::read);
        d->cancel(op);
        if (detached_first)
            d->detach(a);
        BOOST_TEST(d.wait_for(op));
        BOOST_TEST(op.error() == ECANCELED);
        if (!detached_first)
            d->detach(a);
        BOOST_TEST(read_some(client) == ""); // its peer has gone
        client.reset();
        BOOST_TEST(open_descriptors() == before);
    }
}

CONFORMANCE_CASE(accepts_that_race_their_cancellation_lose_no_connection, "[D13]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    std::vector<handle> servers;
    std::vector<handle> clients;
    constexpr std::size_t count = 60;
    for (std::size_t i = 0; i != count; ++i)
    {
        test_operation op(request::accept{});
        d.start(op, a, lane::read);
        if (i % 3 == 0)
            d.reap();
        clients.push_back(connect_to(listener));
        if (i % 2)
            d.reap();
        d->cancel_all(a);
        BOOST_TEST_REQUIRE(d.wait_for(op));
        if (!op.error())
            servers.emplace_back(static_cast<int>(op.value()));
        else
            BOOST_TEST_REQUIRE(op.error() == ECANCELED);
    }
    while (servers.size() != count)
    {
        test_operation op(request::accept{});
        d.start(op, a, lane::read);
        BOOST_TEST_REQUIRE(d.wait_for(op));
        BOOST_TEST_REQUIRE(op.error() == 0);
        servers.emplace_back(static_cast<int>(op.value()));
    }
    d->detach(a);
}

CONFORMANCE_CASE(a_file_opened_late_is_closed, "[D14]")
{
    temporary_file file;
    attachment& a = d->attach(invalid_handle);
    const std::size_t before = open_descriptors();
    for (int i = 0; i != 50; ++i)
    {
        test_operation op(request::open{file.path(), i % 2 ? O_RDWR : O_RDWR | O_CREAT, 0600});
        d->submit(op, a, lane::none);
        if (i % 3 == 0)
            d->flush(); // may open it before the cancellation
        d->cancel(op);
        BOOST_TEST_REQUIRE(d.wait_for(op));
        if (i % 3 == 0 && op.error() == 0)
        {
            const handle opened(static_cast<int>(op.value()));
            continue;
        }
        BOOST_TEST_REQUIRE(op.error() == ECANCELED);
        BOOST_TEST_REQUIRE(op.value() == 0u);
    }
    BOOST_TEST(open_descriptors() == before);
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()
