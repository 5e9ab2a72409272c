#include <proactor/driver.hpp>

#include <proactor/buffer_source.hpp>

#include "driver_under_test.hpp"

#include <support/forked.hpp>

#include <algorithm>
#include <deque>
#include <liburing.h>
#include <thread>

namespace {

using namespace test;
using proactor::buffer_source;

struct unreference
{
    void operator()(buffer_source* s) const { s->release(); }
};
using source_ptr = std::unique_ptr<buffer_source, unreference>;

source_ptr make_source(std::size_t count, std::size_t size)
{
    return source_ptr(buffer_source::make(count, size));
}

struct receive : test_operation
{
    explicit receive(source_ptr& s, bool stream = true)
        : test_operation(request::receive_pooled{{s.get()}, nullptr, 0, stream})
    {
    }
};

/// Takes what an operation has won, and gives it back.
std::string text_of(source_ptr& s, const test_operation& op)
{
    if (op.error() || op.outcome.flags == buffer_source::none)
        return {};
    std::string text(static_cast<const char*>(s->data(op.outcome.flags)), op.value());
    s->give_back(op.outcome.flags);
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pooled)

CONFORMANCE_CASE(a_transfer_that_waits_holds_no_buffer, "[D25]")
{
    auto source = make_source(2, 16);
    std::deque<handle_pair> pairs;
    std::deque<test_operation> ops;
    std::deque<attachment*> at;
    for (int i = 0; i != 6; ++i)
    {
        auto& p = i % 2 ? pairs.emplace_back(pipe_pair()) : pairs.emplace_back(socket_pair());
        at.push_back(&d.attach(p.a));
        if (i % 2)
            ops.emplace_back(request::read_pooled{{source.get()}});
        else
            ops.emplace_back(request::receive_pooled{{source.get()}, nullptr, 0, true});
        d.start(ops.back(), *at.back(), lane::read);
    }
    d.settle();
    BOOST_TEST(source->available() == 2u);
    for (int i = 0; i != 6; ++i)
    {
        write_all(pairs[i].b, "text" + std::to_string(i));
        BOOST_TEST(d.wait_for(ops[i]));
        BOOST_TEST(source->available() == 1u);
        BOOST_TEST(text_of(source, ops[i]) == "text" + std::to_string(i));
        BOOST_TEST(source->available() == 2u);
        d->detach(*at[i]);
    }
    d->release(*source);
}

CONFORMANCE_CASE(the_end_brings_no_buffer, "[D25]")
{
    auto source = make_source(1, 16);
    auto [one, other] = socket_pair();
    auto [out, in] = pipe_pair();
    attachment& a = d.attach(one);
    attachment& b = d.attach(out);
    test_operation first(request::receive_pooled{{source.get()}, nullptr, 0, true});
    test_operation second(request::read_pooled{{source.get()}});
    d.start(first, a, lane::read);
    d.start(second, b, lane::read);
    other.reset();
    in.reset();
    BOOST_TEST(d.wait_for(first));
    BOOST_TEST(d.wait_for(second));
    for (auto* op : {&first, &second})
    {
        BOOST_TEST(op->error() == 0);
        BOOST_TEST(op->value() == 0u);
        BOOST_TEST(op->outcome.flags == buffer_source::none);
    }
    BOOST_TEST(source->available() == 1u);
    d->detach(a);
    d->detach(b);
    d->release(*source);
}

CONFORMANCE_CASE(datagrams_and_files_come_into_buffers, "[D25]")
{
    auto source = make_source(3, 4);
    const auto [one, other] = socket_pair(SOCK_DGRAM);
    temporary_file file;
    write_all(file.file(), "0123456789");
    attachment& a = d.attach(one);
    attachment& f = d.attach(file.file());
    write_all(other, "large");
    msghdr header{};
    test_operation datagram(request::receive_pooled{{source.get()}, &header});
    test_operation middle(request::read_pooled_at{{source.get()}, 3});
    test_operation last(request::read_pooled_at{{source.get()}, 8});
    test_operation behind(request::read_pooled_at{{source.get()}, 10});
    d.start(datagram, a, lane::read);
    BOOST_TEST(d.wait_for(datagram));
    d.start(middle, f);
    BOOST_TEST(d.wait_for(middle));
    d.start(last, f);
    BOOST_TEST(d.wait_for(last));
    BOOST_TEST(text_of(source, datagram) == "larg");
    BOOST_TEST(text_of(source, middle) == "3456");
    BOOST_TEST(text_of(source, last) == "89");
    d.start(behind, f);
    BOOST_TEST(d.wait_for(behind));
    BOOST_TEST(behind.outcome.flags == buffer_source::none);
    BOOST_TEST(source->available() == 3u);
    d->detach(a);
    d->detach(f);
    d->release(*source);
}

CONFORMANCE_CASE(without_a_buffer_it_is_an_error_and_the_data_stay, "[D25]")
{
    auto source = make_source(1, 16);
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    write_all(other, "first");
    receive first(source);
    d.start(first, a, lane::read);
    BOOST_TEST(d.wait_for(first));
    write_all(other, "second");
    receive none(source);
    d.start(none, a, lane::read);
    BOOST_TEST(d.wait_for(none));
    BOOST_TEST(none.error() == ENOBUFS);
    BOOST_TEST(text_of(source, first) == "first");
    receive second(source);
    d.start(second, a, lane::read);
    BOOST_TEST(d.wait_for(second));
    BOOST_TEST(text_of(source, second) == "second");
    d->detach(a);
    d->release(*source);
}

CONFORMANCE_CASE(a_buffer_that_came_back_before_the_data_is_there, "[D25]")
{
    auto source = make_source(1, 16);
    const auto [one, other] = socket_pair();
    const auto [three, four] = socket_pair();
    attachment& a = d.attach(one);
    attachment& b = d.attach(three);
    receive waiting(source);
    d.start(waiting, a, lane::read);
    d.settle();
    for (int i = 0; i != 3; ++i)
    {
        receive op(source);
        write_all(four, "text");
        d.start(op, b, lane::read);
        BOOST_TEST(d.wait_for(op));
        BOOST_TEST(text_of(source, op) == "text");
        d.settle();
    }
    const auto before = d->counters().resubmitted;
    write_all(other, "late");
    BOOST_TEST(d.wait_for(waiting));
    BOOST_TEST(text_of(source, waiting) == "late");
    BOOST_TEST(d->counters().resubmitted == before);
    d->detach(a);
    d->detach(b);
    d->release(*source);
}

CONFORMANCE_CASE(one_that_is_cancelled_brings_what_it_won_or_nothing, "[D9] [D25]")
{
    auto source = make_source(2, 16);
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    for (int i = 0; i != 20; ++i)
    {
        receive op(source);
        receive behind(source);
        d.start(op, a, lane::read);
        d.start(behind, a, lane::read);
        if (i % 4 == 0)
            d.settle();
        if (i % 2)
            write_all(other, "won");
        d->cancel(behind);
        d->cancel(op);
        BOOST_TEST(d.wait_for(op));
        BOOST_TEST(d.wait_for(behind));
        const bool won = !op.error();
        BOOST_TEST((won || op.error() == ECANCELED));
        BOOST_TEST(behind.error() == ECANCELED);
        BOOST_TEST(text_of(source, op) == (won ? "won" : ""));
        BOOST_TEST(source->available() == 2u);
        if (i % 2 && !won)
            BOOST_TEST(read_some(one) == "won");
    }
    d->detach(a);
    d->release(*source);
}

CONFORMANCE_CASE(a_wait_ends_when_a_buffer_is_free, "[D26]")
{
    auto source = make_source(1, 16);
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    attachment& nowhere = d->attach(invalid_handle);
    for (int i = 0; i != 10; ++i)
    {
        test_operation free(request::await_buffer{source.get()});
        d.start(free, nowhere);
        BOOST_TEST(d.wait_for(free));
        BOOST_TEST(free.error() == 0);
        write_all(other, "text");
        receive op(source);
        d.start(op, a, lane::read);
        BOOST_TEST(d.wait_for(op));
        test_operation wait(request::await_buffer{source.get()});
        test_operation cancelled(request::await_buffer{source.get()});
        d.start(wait, nowhere);
        d.start(cancelled, nowhere);
        d.settle();
        BOOST_TEST(!wait.done());
        d->cancel(cancelled);
        BOOST_TEST(d.wait_for(cancelled));
        BOOST_TEST(cancelled.error() == ECANCELED);
        std::thread other_thread;
        if (i % 2)
            other_thread = std::thread([&] { text_of(source, op); });
        else
            text_of(source, op);
        BOOST_TEST(d.wait_for(wait));
        BOOST_TEST(wait.error() == 0);
        if (i % 2)
            other_thread.join();
    }
    d->detach(a);
    d->detach(nowhere);
    d->release(*source);
}

CONFORMANCE_CASE(a_buffer_ends_one_wait_at_a_time, "[D26]")
{
    auto source = make_source(1, 16);
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    attachment& nowhere = d->attach(invalid_handle);
    write_all(other, "text");
    receive op(source);
    d.start(op, a, lane::read);
    BOOST_TEST(d.wait_for(op));
    std::deque<test_operation> waits;
    for (int i = 0; i != 8; ++i)
        d.start(waits.emplace_back(request::await_buffer{source.get()}), nowhere);
    d.settle();
    text_of(source, op);
    d.reap();
    BOOST_TEST(std::ranges::count_if(waits, [](auto& w) { return w.done(); }) == 1);
    BOOST_TEST(waits.front().done());
    // Nobody takes it, so that it is the others' in their turn.
    d.start(waits.emplace_back(request::await_buffer{source.get()}), nowhere);
    BOOST_TEST(d.wait_for_all(waits));
    d->detach(a);
    d->detach(nowhere);
    d->release(*source);
}

CONFORMANCE_CASE(a_release_ends_waits_and_lets_transfers_go_on, "[D26]")
{
    auto source = make_source(2, 16);
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    attachment& nowhere = d->attach(invalid_handle);
    receive taken[] = {receive(source), receive(source)};
    for (auto& t : taken)
    {
        write_all(other, "1");
        d.start(t, a, lane::read);
        BOOST_TEST(d.wait_for(t));
    }
    test_operation wait(request::await_buffer{source.get()});
    d.start(wait, nowhere);
    receive second(source);
    receive third(source);
    for (auto& t : taken)
        text_of(source, t);
    BOOST_TEST(d.wait_for(wait));
    d.start(second, a, lane::read);
    d.start(third, a, lane::read);
    d.settle();
    d->release(*source);
    BOOST_TEST((source->owner != nullptr));
    test_operation late(request::await_buffer{source.get()});
    d.start(late, nowhere);
    BOOST_TEST(d.wait_for(late));
    BOOST_TEST(late.error() == ECANCELED);
    for (auto* op : {&second, &third})
    {
        write_all(other, "go on");
        BOOST_TEST(d.wait_for(*op));
        BOOST_TEST(text_of(source, *op) == "go on");
    }
    BOOST_TEST((source->owner == nullptr));
    // What nobody keeps can be used again, with all its buffers.
    receive again[] = {receive(source), receive(source)};
    for (auto& op : again)
    {
        write_all(other, "2");
        d.start(op, a, lane::read);
        BOOST_TEST(d.wait_for(op));
        BOOST_TEST(op.error() == 0);
    }
    for (auto& op : again)
        text_of(source, op);
    d->release(*source);
    d->detach(a);
    d->detach(nowhere);
}

CONFORMANCE_CASE(a_shut_down_ends_them_with_their_buffers, "[D21] [D25]")
{
    auto source = make_source(4, 16);
    const auto [one, other] = socket_pair();
    const auto [three, four] = socket_pair();
    attachment& a = d.attach(one);
    attachment& b = d.attach(three);
    receive waiting(source);
    receive behind(source);
    receive won(source);
    test_operation free(request::await_buffer{source.get()});
    d.start(waiting, a, lane::read);
    d.start(behind, a, lane::read);
    write_all(four, "won");
    d.start(won, b, lane::read);
    d.start(free, a);
    operation_queue left;
    d->shut_down(left);
    int n = 0;
    while (auto* op = left.pop())
    {
        ++n;
        d->deliver(*op);
        if (op->outcome.flags)
            source->give_back(op->outcome.flags);
    }
    BOOST_TEST(n == 4);
    BOOST_TEST(source->available() == 4u);
    d->detach(a);
    d->detach(b);
}

CONFORMANCE_CASE(a_child_has_a_pool_of_its_own, "[D23] [D24] [D25] [D26]")
{
    auto source = make_source(3, 16);
    const auto [one, other] = socket_pair(SOCK_DGRAM);
    const auto [three, four] = socket_pair(SOCK_DGRAM);
    attachment& a = d.attach(one);
    attachment& b = d.attach(three);
    attachment& nowhere = d->attach(invalid_handle);
    write_all(other, "held");
    receive held(source, false);
    d.start(held, a, lane::read);
    BOOST_TEST(d.wait_for(held));
    receive op(source, false);
    receive behind(source, false);
    d.start(op, a, lane::read);
    d.start(behind, a, lane::read);
    d.settle();
    const auto goes_on = [&](auto& check)
    {
        // On a ring the parent's transfer takes what comes while the parent does something else.
        while (!op.done() || !behind.done())
        {
            write_all(other, "text");
            d.wait(driver_under_test::clock::now() + std::chrono::milliseconds(50));
        }
        char surplus;
        while (::recv(one.get(), &surplus, 1, MSG_DONTWAIT) > 0)
            ;
        check(text_of(source, op) == "text", "a transfer goes on");
        check(text_of(source, behind) == "text", "and the next one");
        check(source->available() == 2, "two buffers are free");
        for (int i = 0; i != 5; ++i)
        {
            write_all(four, "anew");
            receive again(source, false);
            d.start(again, b, lane::read);
            check(d.wait_for(again) && text_of(source, again) == "anew", "a new one is served");
        }
        // Until all are taken.
        receive taken[] = {receive(source, false), receive(source, false)};
        for (auto& t : taken)
        {
            write_all(four, "t");
            d.start(t, b, lane::read);
            check(d.wait_for(t) && !t.error(), "a buffer is there");
        }
        test_operation wait(request::await_buffer{source.get()});
        d.start(wait, nowhere);
        d.settle();
        check(!wait.done(), "there is none");
        check(text_of(source, held) == "held", "what was there stays");
        check(d.wait_for(wait) && !wait.error(), "a return is heard of");
        for (auto& t : taken)
            text_of(source, t);
        check(source->available() == 3, "all are free");
    };
    forked child(
        [&](findings& check)
        {
            check(d->reopen() == 0, "it can be opened again");
            goes_on(check);
            d->release(*source);
        });
    BOOST_TEST(child.end() == 0);
    const auto check = [](bool good, const char* what) { BOOST_TEST(good, what); };
    goes_on(check);
    d->release(*source);
    d->detach(a);
    d->detach(b);
    d->detach(nowhere);
}

BOOST_AUTO_TEST_CASE(a_missing_opcode_is_replaced_alone, *boost::unit_test::description("[D25]"))
{
    const char* name = std::getenv("PROACTOR_DRIVER");
    if (name && std::string(name) == "epoll")
        return;
    driver_under_test d(64, proactor::io_uring::open(
                                {}, proactor::io_uring::opcodes().set(IORING_OP_READ)));
    auto source = make_source(2, 16);
    const auto [one, other] = socket_pair();
    const auto [out, in] = pipe_pair();
    attachment& a = d.attach(one);
    attachment& b = d.attach(out);
    for (int i = 0; i != 10; ++i)
    {
        receive first(source);
        test_operation second(request::read_pooled{{source.get()}});
        d.start(first, a, lane::read);
        d.start(second, b, lane::read);
        d.settle();
        BOOST_TEST(source->available() == 2u);
        write_all(other, "by the ring");
        write_all(in, "by a trial");
        BOOST_TEST(d.wait_for(first));
        BOOST_TEST(d.wait_for(second));
        BOOST_TEST(source->available() == 0u);
        test_operation none(request::read_pooled{{source.get()}});
        write_all(in, "x");
        d.start(none, b, lane::read);
        BOOST_TEST(d.wait_for(none));
        BOOST_TEST(none.error() == ENOBUFS);
        BOOST_TEST(read_some(out) == "x");
        BOOST_TEST(text_of(source, first) == "by the ring");
        BOOST_TEST(text_of(source, second) == "by a trial");
    }
    d->detach(a);
    d->detach(b);
    d->release(*source);
}

CONFORMANCE_CASE(a_source_serves_one_driver, "[D31]")
{
    driver_under_test other(d.entries);
    const auto [one, peer] = socket_pair();
    write_all(peer, "text");
    for (const bool adopted : {true, false})
    {
        auto source = make_source(1, 2);
        driver_under_test* const first = adopted ? &other : &d; // to ask
        driver_under_test* const second = adopted ? &d : &other;
        if (adopted)
            d->adopt(*source);
        attachment& a = first->attach(one);
        attachment& b = second->attach(one);
        receive tried(source);
        first->start(tried, a, lane::read);
        BOOST_TEST(first->wait_for(tried));
        BOOST_TEST(tried.error() == (adopted ? EINVAL : 0));
        text_of(source, tried);
        receive again(source);
        second->start(again, b, lane::read);
        BOOST_TEST(second->wait_for(again));
        BOOST_TEST(again.error() == (adopted ? 0 : EINVAL));
        text_of(source, again);
        BOOST_TEST(source->available() == 1u);
        (**first).detach(a);
        (**second).detach(b);
        d->release(*source);
    }
}

BOOST_AUTO_TEST_SUITE_END()
