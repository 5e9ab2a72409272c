#include <proactor/driver.hpp>

#include <support/fake_driver.hpp>
#include <support/handles.hpp>
#include <support/test_operation.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <deque>
#include <vector>

namespace {

using proactor::invalid_handle;
using proactor::lane;
using proactor::operation_queue;
using test::fake_driver;
using test::test_operation;

namespace request = proactor::request;

using operations = std::vector<proactor::operation*>;

operations reaped(fake_driver& d)
{
    operation_queue q;
    d.reap(q);
    operations ops;
    while (proactor::operation* op = q.pop())
    {
        d.deliver(*op);
        ops.push_back(op);
    }
    return ops;
}

/// The system is slow to stop operations: the test ends them.
void leave_in_flight(fake_driver& d)
{
    d.when_stopped = [](proactor::operation&) {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(lanes)

BOOST_AUTO_TEST_CASE(one_of_a_lane_is_with_the_system_and_the_next_follows_it) // [D6]
{
    fake_driver d;
    auto& a = d.attach(7);
    std::deque<test_operation> ops(3);
    for (auto& op : ops)
        d.submit(op, a, lane::read);
    d.flush();
    for (std::size_t i = 0; i != 3; ++i)
    {
        BOOST_TEST(d.started.size() == i + 1);
        BOOST_TEST(d.in_flight() == 1u);
        d.system_completes(ops[i], 0, i);
        BOOST_TEST((reaped(d) == operations{&ops[i]}));
        BOOST_TEST(ops[i].value() == i);
        d.flush();
    }
    BOOST_TEST(d.in_flight() == 0u);
    BOOST_TEST(!a.busy());
    d.detach(a);
}

BOOST_AUTO_TEST_CASE(lanes_of_one_attachment_and_of_several_do_not_wait_for_each_other)
{
    fake_driver d;
    auto& a = d.attach(7);
    auto& b = d.attach(8);
    std::deque<test_operation> ops(4);
    d.submit(ops[0], a, lane::read);
    d.submit(ops[1], a, lane::write);
    d.submit(ops[2], a, lane::except);
    d.submit(ops[3], b, lane::read);
    d.flush();
    BOOST_TEST(d.started.size() == 4u);
    BOOST_TEST(a.busy(lane::write));
    BOOST_TEST(!b.busy(lane::write));
    for (auto& op : ops)
        d.system_completes(op);
    BOOST_TEST(reaped(d).size() == 4u);
}

BOOST_AUTO_TEST_CASE(the_lane_none_is_all_at_once) // [D7]
{
    fake_driver d;
    auto& a = d.attach(7);
    std::deque<test_operation> ops(5);
    for (auto& op : ops)
        d.submit(op, a, lane::none);
    d.flush();
    BOOST_TEST(d.started.size() == 5u);
    BOOST_TEST(d.in_flight() == 5u);
    d.system_completes(ops[3]);
    d.system_completes(ops[0]);
    BOOST_TEST((reaped(d) == operations{&ops[3], &ops[0]}));
    for (std::size_t i : {1, 2, 4})
        d.system_completes(ops[i]);
    BOOST_TEST(reaped(d).size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_submitted_operation_forgets_its_last_outcome)
{
    fake_driver d;
    auto& a = d.attach(7);
    test_operation op;
    d.submit(op, a, lane::read);
    d.cancel(op);
    reaped(d);
    BOOST_TEST(op.error() == ECANCELED);
    d.submit(op, a, lane::read);
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(!op.cancel_requested);
    d.system_completes(op, 0, 5);
    reaped(d);
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(op.value() == 5u);
}

BOOST_AUTO_TEST_CASE(a_transfer_of_the_whole_buffer_goes_on_after_a_part) // [D15]
{
    char buffer[10];
    fake_driver d;
    auto& a = d.attach(7);
    test_operation op(request::read_at{{{buffer, 10}, nullptr, 1}, 100, true});
    d.submit(op, a, lane::none);
    d.flush();
    d.system_completes(op, 0, 4);
    BOOST_TEST(reaped(d).empty());
    BOOST_TEST(d.between_parts()); // others have their turn
    BOOST_TEST(d.started.size() == 1u);
    BOOST_TEST(reaped(d).empty());
    BOOST_TEST(!d.between_parts());
    d.flush();
    BOOST_TEST(d.started.size() == 2u);
    const auto& rest = op.request.get<request::read_at>();
    BOOST_TEST(rest.offset == 104u);
    BOOST_TEST(rest.buffers.single.data == buffer + 4);
    BOOST_TEST(rest.buffers.single.size == 6u);
    d.system_completes(op, 0, 6);
    BOOST_TEST((reaped(d) == operations{&op}));
    BOOST_TEST(op.value() == 10u);
    BOOST_TEST(d.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(a_whole_transfer_ends_at_the_end_of_the_file_or_beside_an_error)
{
    char buffer[10];
    for (const int error : {0, EIO})
    {
        fake_driver d;
        auto& a = d.attach(7);
        test_operation op(request::write_at{{{buffer, 10}, nullptr, 1}, 0, true});
        d.submit(op, a, lane::none);
        d.system_completes(op, 0, 4);
        BOOST_TEST(reaped(d).empty());
        BOOST_TEST(reaped(d).empty());
        d.system_completes(op, error, 0);
        BOOST_TEST((reaped(d) == operations{&op}));
        BOOST_TEST(op.error() == error);
        BOOST_TEST(op.value() == 4u);
    }
}

BOOST_AUTO_TEST_CASE(a_cancelled_whole_transfer_ends_with_its_part)
{
    char buffer[10];
    fake_driver d;
    leave_in_flight(d);
    auto& a = d.attach(7);
    test_operation op(request::read_at{{{buffer, 10}, nullptr, 1}, 0, true});
    d.submit(op, a, lane::none);
    d.flush();
    d.cancel(op);
    d.system_completes(op, 0, 4);
    BOOST_TEST((reaped(d) == operations{&op}));
    BOOST_TEST(op.error() == ECANCELED);
    BOOST_TEST(op.value() == 4u);
}

BOOST_AUTO_TEST_CASE(a_whole_transfer_is_cancelled_between_its_parts)
{
    char buffer[10];
    fake_driver d;
    auto& a = d.attach(7);
    test_operation op(request::receive{{{buffer, 10}, nullptr, 1}, 0, true, true});
    d.submit(op, a, lane::read);
    d.system_completes(op, 0, 4);
    BOOST_TEST(reaped(d).empty());
    d.cancel(op);
    BOOST_TEST(d.stopped.empty()); // the system has it no longer
    BOOST_TEST((reaped(d) == operations{&op}));
    BOOST_TEST(op.error() == ECANCELED);
    BOOST_TEST(op.value() == 4u);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_stream_behind_a_part_is_not_taken_back)
{
    char buffer[10];
    fake_driver d;
    auto& a = d.attach(7);
    test_operation op(request::receive{{{buffer, 10}, nullptr, 1}, 0, true, true});
    d.submit(op, a, lane::read);
    d.system_completes(op, 0, 4);
    reaped(d);
    reaped(d);
    d.system_completes(op, 0, 0);
    operation_queue q;
    d.reap(q);
    d.cancel(op);
    BOOST_TEST(q.pop() == &op);
    d.deliver(op);
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(op.value() == 4u);
}

BOOST_AUTO_TEST_CASE(a_whole_transfer_goes_through_its_list)
{
    char buffer[10];
    fake_driver d;
    auto& a = d.attach(7);
    proactor::native_buffer list[] = {{buffer, 3}, {buffer, 0}, {buffer + 3, 3}, {buffer + 6, 4}};
    test_operation op(request::send{{{}, list, 4}, 0, true});
    d.submit(op, a, lane::write);
    for (const std::size_t part : {3, 4})
    {
        d.system_completes(op, 0, part);
        reaped(d);
        reaped(d);
    }
    const auto& rest = op.request.get<request::send>().buffers;
    BOOST_TEST(rest.count == 1u);
    BOOST_TEST(rest.many->data == buffer + 7);
    BOOST_TEST(rest.bytes() == 3u);
    d.system_completes(op, 0, 3);
    BOOST_TEST((reaped(d) == operations{&op}));
    BOOST_TEST(op.value() == 10u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cancelling)

BOOST_AUTO_TEST_CASE(one_in_flight_is_asked_for_once_and_still_given_back) // [D9]
{
    fake_driver d;
    leave_in_flight(d);
    auto& a = d.attach(7);
    test_operation op;
    d.submit(op, a, lane::read);
    d.flush();
    d.cancel(op);
    d.cancel(op);
    BOOST_TEST(d.stopped.size() == 1u);
    BOOST_TEST(reaped(d).empty());
    d.system_completes(op, 0, 3); // it won
    BOOST_TEST((reaped(d) == operations{&op}));
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(op.value() == 3u);
}

BOOST_AUTO_TEST_CASE(one_that_waits_leaves_at_the_next_reap_and_the_others_stay) // [D11]
{
    fake_driver d;
    auto& a = d.attach(7);
    std::deque<test_operation> ops(4);
    for (auto& op : ops)
        d.submit(op, a, lane::read);
    d.cancel(ops[2]);
    d.cancel(ops[1]);
    BOOST_TEST(d.stopped.empty());
    BOOST_TEST((reaped(d) == operations{&ops[2], &ops[1]}));
    BOOST_TEST(ops[1].error() == ECANCELED);
    BOOST_TEST(ops[2].error() == ECANCELED);
    d.system_completes(ops[0]);
    BOOST_TEST((reaped(d) == operations{&ops[0]}));
    d.flush();
    BOOST_TEST(d.has_started(ops[3]));
    BOOST_TEST(!d.has_started(ops[1]));
    d.system_completes(ops[3]);
    reaped(d);
}

BOOST_AUTO_TEST_CASE(all_of_a_lane_end_in_the_order_of_their_submission)
{
    fake_driver d;
    leave_in_flight(d);
    auto& a = d.attach(7);
    std::deque<test_operation> ops(4);
    for (auto& op : ops)
        d.submit(op, a, lane::read);
    d.flush();
    d.cancel_all(a);
    BOOST_TEST((d.stopped == operations{&ops[0]}));
    d.system_completes(ops[0], ECANCELED);
    BOOST_TEST((reaped(d) == operations{&ops[0], &ops[1], &ops[2], &ops[3]}));
    for (auto& op : ops)
        BOOST_TEST(op.error() == ECANCELED);
    BOOST_TEST(!a.busy());
}

BOOST_AUTO_TEST_CASE(a_winner_ahead_of_cancelled_ones_is_given_back_first)
{
    fake_driver d;
    leave_in_flight(d);
    auto& a = d.attach(7);
    std::deque<test_operation> ops(3);
    for (auto& op : ops)
        d.submit(op, a, lane::read);
    d.flush();
    d.cancel_all(a);
    test_operation later;
    d.submit(later, a, lane::read);
    d.system_completes(ops[0], 0, 9);
    BOOST_TEST((reaped(d) == operations{&ops[0], &ops[1], &ops[2]}));
    BOOST_TEST(ops[0].value() == 9u);
    BOOST_TEST(ops[1].error() == ECANCELED);
    d.flush();
    BOOST_TEST(d.has_started(later));
    d.system_completes(later);
    reaped(d);
}

BOOST_AUTO_TEST_CASE(shutting_down_ends_all_of_all_attachments) // [D21]
{
    fake_driver d;
    auto& a = d.attach(7);
    auto& b = d.attach(8);
    std::deque<test_operation> ops(6);
    d.submit(ops[0], a, lane::read);
    d.submit(ops[1], a, lane::read);
    d.submit(ops[2], a, lane::none);
    d.submit(ops[3], b, lane::write);
    d.submit(ops[4], b, lane::write);
    d.submit(ops[5], b, lane::except);
    d.detach(b);
    operation_queue q;
    d.shut_down(q);
    std::size_t count = 0;
    while (q.pop())
        ++count;
    BOOST_TEST(count == 6u);
    BOOST_TEST(d.in_flight() == 0u);
    for (auto& op : ops)
        BOOST_TEST(op.error() == ECANCELED);
}

BOOST_AUTO_TEST_CASE(shutting_down_asks_again_where_a_request_to_cancel_was_missed)
{
    fake_driver d;
    auto& a = d.attach(7);
    std::deque<test_operation> ops(2);
    for (auto& op : ops)
        d.submit(op, a, lane::read);
    int asked = 0;
    d.when_stopped = [&](proactor::operation& op) {
        if (++asked == 3)
            d.system_completes(op, ECANCELED);
    };
    d.while_asleep = [](auto) {};
    operation_queue q;
    d.shut_down(q);
    BOOST_TEST(asked == 3);
    BOOST_TEST(q.pop() == &ops[0]);
    BOOST_TEST(q.pop() == &ops[1]);
    BOOST_TEST(q.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(late_success)

struct acceptor
{
    fake_driver d;
    proactor::attachment& a = d.attach(7);
    test_operation first{request::accept{}};
    test::handle won = test::any_handle();
    int number = won.get();

    acceptor()
    {
        leave_in_flight(d);
        d.submit(first, a, lane::read);
        d.flush();
    }

    /// The accept is cancelled and succeeds all the same.
    void late()
    {
        d.cancel(first);
        d.system_completes(first, 0, static_cast<std::uint64_t>(won.release()));
    }
};

BOOST_AUTO_TEST_CASE(the_next_accept_gets_the_kept_connection) // [D13]
{
    acceptor f;
    f.late();
    BOOST_TEST((reaped(f.d) == operations{&f.first}));
    BOOST_TEST(f.first.error() == ECANCELED);
    BOOST_TEST(f.first.value() == 0u);
    BOOST_TEST(test::is_open(f.number));
    test_operation next(request::accept{});
    f.d.submit(next, f.a, lane::read);
    BOOST_TEST((reaped(f.d) == operations{&next}));
    BOOST_TEST(next.error() == 0);
    BOOST_TEST(next.value() == static_cast<std::uint64_t>(f.number));
    BOOST_TEST(!f.d.has_started(next));
    BOOST_TEST(f.d.in_flight() == 0u);
    test::handle(f.number).reset();
}

BOOST_AUTO_TEST_CASE(an_accept_already_in_the_queue_gets_it)
{
    acceptor f;
    test_operation next(request::accept{});
    f.d.submit(next, f.a, lane::read);
    f.late();
    BOOST_TEST((reaped(f.d) == operations{&f.first, &next}));
    BOOST_TEST(f.first.error() == ECANCELED);
    BOOST_TEST(next.value() == static_cast<std::uint64_t>(f.number));
    test::handle(f.number).reset();
}

BOOST_AUTO_TEST_CASE(take_kept_gives_it_once)
{
    acceptor f;
    BOOST_TEST(f.d.take_kept(f.a) == invalid_handle);
    f.late();
    reaped(f.d);
    BOOST_TEST(f.d.take_kept(f.a) == f.number);
    BOOST_TEST(f.d.take_kept(f.a) == invalid_handle);
    test::handle(f.number).reset();
}

BOOST_AUTO_TEST_CASE(a_cancellation_before_delivery_keeps_what_was_won)
{
    for (const bool all : {false, true})
    {
        acceptor f;
        f.d.system_completes(f.first, 0, static_cast<std::uint64_t>(f.won.release()));
        operation_queue q;
        f.d.reap(q);
        if (all)
            f.d.cancel_all(f.a);
        else
            f.d.cancel(f.first);
        BOOST_TEST(q.pop() == &f.first);
        f.d.deliver(f.first);
        BOOST_TEST(f.first.error() == ECANCELED);
        BOOST_TEST(f.first.value() == 0u);
        BOOST_TEST(f.d.stopped.empty());
        BOOST_TEST(test::is_open(f.number));
        f.d.detach(f.a);
        BOOST_TEST(!test::is_open(f.number));
    }
}

BOOST_AUTO_TEST_CASE(after_delivery_a_cancellation_comes_too_late)
{
    acceptor f;
    f.d.system_completes(f.first, 0, static_cast<std::uint64_t>(f.won.release()));
    BOOST_TEST((reaped(f.d) == operations{&f.first}));
    f.d.cancel_all(f.a);
    f.d.detach(f.a);
    BOOST_TEST(f.first.error() == 0);
    BOOST_TEST(f.first.value() == static_cast<std::uint64_t>(f.number));
    test::handle(f.number).reset();
}

BOOST_AUTO_TEST_CASE(several_are_kept_oldest_first)
{
    fake_driver d;
    leave_in_flight(d);
    auto& a = d.attach(7);
    std::deque<test_operation> ops(3);
    std::vector<int> numbers;
    for (auto& op : ops)
    {
        op.request = request::accept{};
        d.submit(op, a, lane::read);
        d.system_completes(
            op, 0, static_cast<std::uint64_t>(numbers.emplace_back(test::any_handle().release())));
        operation_queue q;
        d.reap(q);
        BOOST_TEST(q.pop() == &op); // and not delivered
    }
    d.cancel_all(a);
    for (const int number : numbers)
    {
        BOOST_TEST(d.take_kept(a) == number);
        test::handle(number).reset();
    }
    BOOST_TEST(d.take_kept(a) == invalid_handle);
}

BOOST_AUTO_TEST_CASE(nothing_else_is_attempted_while_one_is_kept)
{
    acceptor f;
    f.late();
    reaped(f.d);
    test_operation next(request::accept{});
    BOOST_TEST(!f.d.attempt(next, f.a, lane::read));
    f.d.detach(f.a);
}

BOOST_AUTO_TEST_CASE(detaching_closes_what_is_kept)
{
    acceptor f;
    f.late();
    reaped(f.d);
    f.d.detach(f.a);
    BOOST_TEST(!test::is_open(f.number));
}

BOOST_AUTO_TEST_CASE(what_is_won_after_detaching_is_closed)
{
    acceptor f;
    f.d.cancel(f.first);
    f.d.detach(f.a);
    f.d.system_completes(f.first, 0, static_cast<std::uint64_t>(f.won.release()));
    BOOST_TEST((reaped(f.d) == operations{&f.first}));
    BOOST_TEST(f.first.error() == ECANCELED);
    BOOST_TEST(!test::is_open(f.number));
}

BOOST_AUTO_TEST_CASE(a_file_opened_late_is_closed) // [D14]
{
    fake_driver d;
    leave_in_flight(d);
    auto& a = d.attach(invalid_handle);
    test_operation op(request::open{"/", 0, 0});
    test::handle won = test::any_handle();
    const int number = won.get();
    d.submit(op, a, lane::none);
    d.flush();
    d.cancel(op);
    d.system_completes(op, 0, static_cast<std::uint64_t>(won.release()));
    BOOST_TEST((reaped(d) == operations{&op}));
    BOOST_TEST(op.error() == ECANCELED);
    BOOST_TEST(!test::is_open(number));
    BOOST_TEST(d.take_kept(a) == invalid_handle);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(attachments)

BOOST_AUTO_TEST_CASE(a_detached_one_is_used_again_once_it_is_idle) // [D22]
{
    fake_driver d;
    auto& a = d.attach(7);
    test_operation op;
    d.submit(op, a, lane::read);
    d.detach(a);
    BOOST_TEST(&d.attach(8) != &a);
    d.system_completes(op, 0, 1);
    BOOST_TEST((reaped(d) == operations{&op}));
    BOOST_TEST(op.value() == 1u);
    BOOST_TEST(&d.attach(9) == &a);
    BOOST_TEST(a.handle() == 9);
}

BOOST_AUTO_TEST_CASE(an_idle_one_is_used_again_at_once)
{
    fake_driver d;
    auto& a = d.attach(7);
    d.detach(a);
    BOOST_TEST(a.handle() == invalid_handle);
    BOOST_TEST(&d.attach(8) == &a);
}

BOOST_AUTO_TEST_CASE(the_handle_is_closed_at_once_or_with_the_last_operation_or_not_at_all)
{
    fake_driver d;
    test::handle h = test::any_handle();
    const int idle = test::any_handle().release();
    const int busy = test::any_handle().release();
    d.detach(d.attach(h.get()));
    BOOST_TEST(test::is_open(h.get()));
    d.detach(d.attach(idle), true);
    BOOST_TEST(!test::is_open(idle));

    std::deque<test_operation> ops(3);
    auto& a = d.attach(busy);
    d.submit(ops[0], a, lane::read);
    d.submit(ops[1], a, lane::read);
    d.submit(ops[2], a, lane::none);
    d.detach(a, true);
    for (std::size_t i : {0, 2, 1})
    {
        BOOST_TEST(test::is_open(busy));
        d.system_completes(ops[i]);
        reaped(d);
    }
    BOOST_TEST(!test::is_open(busy));
}

BOOST_AUTO_TEST_CASE(for_each_goes_through_all_and_survives_removal)
{
    fake_driver d;
    auto& a = d.attach(7);
    std::deque<test_operation> ops(4);
    d.submit(ops[0], a, lane::none);
    d.submit(ops[1], a, lane::write);
    d.submit(ops[2], a, lane::read);
    d.submit(ops[3], a, lane::read);
    operations seen;
    a.for_each([&](proactor::operation& op) { seen.push_back(&op); });
    BOOST_TEST((seen == operations{&ops[2], &ops[3], &ops[1], &ops[0]}));
    a.for_each([&](proactor::operation& op) { d.cancel(op); });
    BOOST_TEST(reaped(d).size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(waiting)

BOOST_AUTO_TEST_CASE(does_not_sleep_over_something_to_give_back) // [D18]
{
    fake_driver d;
    auto& a = d.attach(7);
    std::deque<test_operation> ops(2);
    for (auto& op : ops)
        d.submit(op, a, lane::read);
    d.cancel(ops[1]); // it ends here, without the system
    operation_queue q;
    d.wait(proactor::driver::clock::time_point::max(), q);
    BOOST_TEST(q.pop() == &ops[1]);
    BOOST_TEST(d.counters().sleeps == 0u);
    BOOST_TEST(d.has_started(ops[0]));
    d.system_completes(ops[0]);
    d.wait(proactor::driver::clock::time_point::max(), q);
    BOOST_TEST(q.pop() == &ops[0]);
    BOOST_TEST(d.counters().sleeps == 0u);
}

BOOST_AUTO_TEST_CASE(counters_tell_what_was_done)
{
    fake_driver d;
    auto& a = d.attach(7);
    std::deque<test_operation> ops(3);
    for (auto& op : ops)
        d.submit(op, a, lane::none);
    d.flush();
    d.while_asleep = [&](auto) {
        for (auto& op : ops)
            d.system_completes(op);
    };
    operation_queue q;
    d.wait(proactor::driver::clock::time_point::max(), q);
    d.wake();
    const auto c = d.counters();
    BOOST_TEST(c.submissions == 3u);
    BOOST_TEST(c.completions == 3u);
    BOOST_TEST(c.sleeps == 1u);
    BOOST_TEST(c.wakes == 1u);
    while (q.pop())
        ;
}

BOOST_AUTO_TEST_SUITE_END()
