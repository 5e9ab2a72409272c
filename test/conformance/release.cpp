#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

namespace {

using namespace test;

} // namespace

BOOST_AUTO_TEST_SUITE(release)

CONFORMANCE_CASE(operations_of_a_detached_attachment_go_on, "[D22]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(2, '.');
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != 2; ++i)
    {
        ops.emplace_back(request::receive{buffers(&text[i], 1)});
        d->submit(ops.back(), a, lane::read);
    }
    d->detach(a);
    d.settle();
    write_all(other, "xy");
    BOOST_TEST(d.wait_for_all(ops));
    BOOST_TEST(text == "xy");
    BOOST_TEST(is_open(one.get()));
}

CONFORMANCE_CASE(the_handle_is_closed_by_the_last_operation, "[D22]")
{
    auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(2, '.');
    test_operation op(request::receive{buffers(text)});
    d.start(op, a, lane::read);
    const int number = one.release();
    d->detach(a, true);
    d.settle();
    BOOST_TEST(is_open(number));
    write_all(other, "x");
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.value() == 1u);
    BOOST_TEST(!is_open(number));
    BOOST_TEST(read_some(other) == ""); // the end of the stream

    handle idle = any_handle();
    attachment& b = d.attach(idle);
    const int idle_number = idle.release();
    d->detach(b, true);
    BOOST_TEST(!is_open(idle_number));
}

CONFORMANCE_CASE(a_released_handle_closes_at_once, "[D22] [D9]")
{
    auto [one, other] = tcp_pair();
    handle listener = tcp_listener();
    const auto port = ntohs(address_of(listener).sin_port);
    attachment& a = d.attach(one);
    attachment& b = d.attach(listener);
    std::string text(4, '.');
    std::deque<test_operation> ops;
    ops.emplace_back(request::receive{buffers(text)});
    ops.emplace_back(request::accept{});
    d.start(ops[0], a, lane::read);
    d.start(ops[1], b, lane::read);
    d.settle();
    for (attachment* at : {&a, &b})
    {
        d->cancel_all(*at);
        d->flush();
        d->await_release(*at);
    }
    one.reset();
    BOOST_TEST(read_some(other) == "");
    listener.reset();
    listener = tcp_listener(port);
    BOOST_TEST(d.wait_for_all(ops));
    for (auto& op : ops)
        BOOST_TEST(op.error() == ECANCELED);
    d->detach(a);
    d->detach(b);
}

CONFORMANCE_CASE(attachments_are_used_again, "[D22]")
{
    const auto [one, other] = socket_pair();
    for (int i = 0; i != 100; ++i)
    {
        attachment& a = d.attach(one);
        std::string text(4, '.');
        test_operation op(request::receive{buffers(text)});
        d.start(op, a, lane::read);
        write_all(other, "data");
        if (i % 2)
            d->detach(a);
        BOOST_TEST_REQUIRE(d.wait_for(op));
        if (i % 2 == 0)
            d->detach(a);
    }
}

BOOST_AUTO_TEST_SUITE_END()
