#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <csignal>
#include <thread>

namespace {

using namespace test;

/// What another thread submits, looks at once, and leaves behind when it ends.
void submit_and_exit(driver_under_test& d, test_operation& op, attachment& a, lane l)
{
    std::thread([&] {
        d.start(op, a, l);
        d.settle();
    }).join();
}

} // namespace

BOOST_AUTO_TEST_SUITE(no_silent_loss)

CONFORMANCE_CASE(an_operation_survives_the_thread_that_submitted_it, "[D15] [D1]")
{
    const auto [one, other] = tcp_pair();
    const auto [out, in] = pipe_pair();
    const handle listener = tcp_listener();
    std::string text(4, '.'), piped(4, '.');
    test_operation receive(request::receive{buffers(text)});
    test_operation read(request::read{buffers(piped)});
    test_operation accept(request::accept{});
    attachment& a = d.attach(one);
    attachment& b = d.attach(out);
    attachment& c = d.attach(listener);
    submit_and_exit(d, receive, a, lane::read);
    submit_and_exit(d, read, b, lane::read);
    submit_and_exit(d, accept, c, lane::read);
    d.settle();
    BOOST_TEST(!receive.done());
    BOOST_TEST(!read.done());
    BOOST_TEST(!accept.done());
    write_all(other, "data");
    write_all(in, "more");
    const handle client = connect_to(listener);
    BOOST_TEST(d.wait_for(receive));
    BOOST_TEST(d.wait_for(read));
    BOOST_TEST(d.wait_for(accept));
    BOOST_TEST(receive.error() == 0);
    BOOST_TEST(text == "data");
    BOOST_TEST(read.error() == 0);
    BOOST_TEST(piped == "more");
    BOOST_TEST_REQUIRE(accept.error() == 0);
    handle(static_cast<int>(accept.value())).reset();
    for (attachment* at : {&a, &b, &c})
        d->detach(*at);
}

CONFORMANCE_CASE(data_that_came_before_the_retry_is_not_lost, "[D15]")
{
    // With MSG_DONTWAIT the system says EAGAIN, and the operation waits for readiness first.
    for (const int flags : {0, int(MSG_DONTWAIT)})
    {
        const auto [one, other] = socket_pair();
        std::string text(4, '.');
        test_operation op(request::receive{buffers(text), flags});
        attachment& a = d.attach(one);
        submit_and_exit(d, op, a, lane::read);
        write_all(other, "data");
        BOOST_TEST(d.wait_for(op));
        BOOST_TEST(op.error() == 0);
        BOOST_TEST(op.value() == 4u);
        BOOST_TEST(text == "data");
        d->detach(a);
    }
}

CONFORMANCE_CASE(one_of_an_ended_thread_can_be_cancelled, "[D15] [D9]")
{
    const auto [one, other] = socket_pair();
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text)});
    attachment& a = d.attach(one);
    submit_and_exit(d, op, a, lane::read);
    d->cancel(op);
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.error() == ECANCELED);
    d->detach(a);
}

CONFORMANCE_CASE(a_signal_interrupts_nothing, "[D15]")
{
    struct sigaction action
    {
    }, before{};
    action.sa_handler = [](int) {};
    BOOST_TEST_REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
    const auto [one, other] = socket_pair();
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text)});
    attachment& a = d.attach(one);
    d.start(op, a, lane::read);
    proactor::detail::section section;
    std::thread other_thread([&, self = ::pthread_self()] {
        section.lock(); // it sleeps
        section.unlock();
        ::pthread_kill(self, SIGUSR1);
        write_all(other, "data");
    });
    section.lock();
    const auto limit = driver_under_test::clock::now() + patience;
    operation_queue q;
    while (q.empty() && driver_under_test::clock::now() < limit)
        d->wait(limit, q, &section);
    section.unlock();
    other_thread.join();
    ::sigaction(SIGUSR1, &before, nullptr);
    BOOST_TEST(q.pop() == &op);
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(text == "data");
    d->detach(a);
}

CONFORMANCE_CASE(more_than_the_queues_hold_are_all_performed, "[D16] [D3]")
{
    constexpr std::size_t count = 5000;
    attachment& a = d->attach(invalid_handle);
    std::deque<test_operation> ops(count);
    for (auto& op : ops)
        d->submit(op, a, lane::none);
    BOOST_TEST(d->in_flight() == count);
    BOOST_TEST(d.given.empty());
    d->flush();
    BOOST_TEST(!d->unflushed());
    BOOST_TEST(d.wait_for_all(ops));
    d.settle();
    BOOST_TEST(std::all_of(ops.begin(), ops.end(), [](auto& op) { return op.completed == 1; }));
    BOOST_TEST(d.given.size() == count);
    BOOST_TEST(d->in_flight() == 0u);
    d->detach(a);
}

CONFORMANCE_CASE(many_that_complete_while_nobody_looks_are_all_given_back, "[D16]")
{
    constexpr std::size_t count = 300;
    std::deque<handle_pair> pairs;
    std::deque<test_operation> ops;
    std::deque<std::string> texts;
    std::vector<attachment*> at;
    for (std::size_t i = 0; i != count; ++i)
    {
        pairs.push_back(socket_pair());
        texts.emplace_back(1, '.');
        ops.emplace_back(request::receive{buffers(texts.back())});
        at.push_back(&d.attach(pairs.back().a));
        d->submit(ops.back(), *at.back(), lane::read);
    }
    d->flush();
    for (const auto& pair : pairs)
        write_all(pair.b, "x");
    BOOST_TEST(d.wait_for_all(ops));
    BOOST_TEST(std::all_of(texts.begin(), texts.end(), [](auto& t) { return t == "x"; }));
    for (attachment* a : at)
        d->detach(*a);
}

CONFORMANCE_CASE(many_that_are_cancelled_at_once_are_all_given_back, "[D16] [D9]")
{
    constexpr std::size_t count = 300;
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != count; ++i)
    {
        ops.emplace_back(request::poll{request::readiness::read});
        d->submit(ops.back(), a, lane::none);
    }
    d->flush();
    d->cancel_all(a);
    BOOST_TEST(d.wait_for_all(ops));
    BOOST_TEST(std::all_of(ops.begin(), ops.end(),
                           [](auto& op) { return op.error() == ECANCELED && op.ends() == 1; }));
    d->detach(a);
}

CONFORMANCE_CASE(a_connection_that_died_in_the_queue_stops_no_accept, "[D17]")
{
    const handle listener = tcp_listener();
    attachment& a = d.attach(listener);
    for (int i = 0; i != 3; ++i)
    {
        const handle dies = connect_to(listener);
        const linger at_once{1, 0};
        checked(::setsockopt(dies.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once),
                "setsockopt");
    } // reset here
    const handle lives = connect_to(listener);
    // Some systems skip the dead ones and some deliver them; none makes an accept fail.
    for (bool found = false; !found;)
    {
        sockaddr_in peer{};
        std::uint32_t size = sizeof peer;
        test_operation op(request::accept{AF_INET, SOCK_STREAM, 0, &peer, &size, false});
        d.start(op, a, lane::read);
        BOOST_TEST_REQUIRE(d.wait_for(op));
        BOOST_TEST_REQUIRE(op.error() == 0);
        found = peer.sin_port == address_of(lives).sin_port;
        handle(static_cast<int>(op.value())).reset();
    }
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()
