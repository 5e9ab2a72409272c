#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <support/forked.hpp>

#include <filesystem>
#include <sys/stat.h>
#include <thread>

namespace {

using namespace test;
using namespace std::chrono_literals;

} // namespace

BOOST_AUTO_TEST_SUITE(in_a_child)

CONFORMANCE_CASE(a_child_that_does_nothing_takes_nothing, "[D23]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(4, '.');
    test_operation op(request::receive{buffers(text)});
    d.start(op, a, lane::read);
    d.settle();
    forked child([](auto&) {});
    BOOST_TEST(child.end() == 0);
    write_all(other, "ours");
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(text == "ours");
    d->detach(a);
}

CONFORMANCE_CASE(what_a_child_ends_goes_on_in_the_parent, "[D23]")
{
    const auto [one, other] = socket_pair();
    const handle listener = tcp_listener();
    attachment& a = d.attach(one);
    attachment& l = d.attach(listener);
    std::string text(4, '.');
    std::string behind(4, '.');
    test_operation op(request::receive{buffers(text)});
    test_operation next(request::receive{buffers(behind)});
    test_operation urgent(request::poll{request::readiness::priority});
    test_operation accept(request::accept{});
    d.start(op, a, lane::read);
    d.start(next, a, lane::read);
    d.start(urgent, a, lane::except);
    d.start(accept, l, lane::read);
    d.settle();
    forked child(
        [&](findings& check)
        {
            d->wake();
            d->cancel(op);
            check(!op.done(), "a cancellation gives nothing back by itself");
            d.reap();
            check(op.done() && op.error() == ECANCELED, "it is complete at once");
            check(!next.done(), "the next one is not cancelled");
            d->cancel_all(a);
            d->detach(a);
            operation_queue left;
            d->shut_down(left);
            int ended = 0;
            while (proactor::operation* o = left.pop())
                ended += o->outcome.error == ECANCELED;
            check(ended == 3, "all end");
            check(d->in_flight() == 0, "nothing is in flight");
        });
    BOOST_TEST(child.end() == 0);
    write_all(other, "abcd");
    BOOST_TEST(d.wait_for(op));
    write_all(other, "efgh");
    BOOST_TEST(d.wait_for(next));
    BOOST_TEST(text + behind == "abcdefgh");
    const handle client = connect_to(listener);
    BOOST_TEST(d.wait_for(accept));
    BOOST_TEST(!accept.error());
    const handle server(static_cast<int>(accept.value()));
    BOOST_TEST(!urgent.done());
    d->cancel(urgent);
    BOOST_TEST(d.wait_for(urgent));
    d->detach(a);
    d->detach(l);
}

CONFORMANCE_CASE(a_child_that_opens_it_again_completes_everything_itself, "[D24]")
{
    const auto [one, other] = socket_pair();
    const handle listener = tcp_listener();
    attachment& a = d.attach(one);
    attachment& l = d.attach(listener);
    attachment& again = d.attach(one); // a second one on the same handle
    const auto [silent, peer] = socket_pair();
    attachment& none = d.attach(silent);
    std::string first(1, '.');
    std::string second(1, '.');
    std::string third(1, '.');
    test_operation op(request::receive{buffers(first)});
    test_operation queued(request::receive{buffers(second)});
    test_operation gone(request::receive{buffers(third)});
    test_operation accept(request::accept{});
    test_operation urgent(request::poll{request::readiness::priority});
    d.start(op, a, lane::read);
    d.start(queued, a, lane::read);
    d.start(accept, l, lane::read);
    d.start(urgent, again, lane::except);
    d.settle();
    const auto handles = open_descriptors();
    // The parent's operations are in flight all the while and take what they can get: one byte and one
    // connection, if the system completes them.
    for (const bool waits : {false, true})
    {
        forked child(
            [&](findings& check)
            {
                if (!waits)
                    check(d->reopen() == 0, "reopen");
                d.settle();
                if (!waits)
                    check(open_descriptors() == handles, "it has as many handles as its parent");
                write_all(other, waits ? "12" : "012");
                check(d.wait_for(op) && !op.error() && first != ".", "the first receive");
                check(d.wait_for(queued) && !queued.error() && second != ".", "the second");
                const handle client = connect_to(listener);
                const handle another = connect_to(listener);
                check(d.wait_for(accept) && !accept.error(), "the accept");
                d.start(gone, none, lane::read);
                d.settle();
                d->cancel(gone);
                check(d.wait_for(gone) && gone.error() == ECANCELED, "a new one");
                check(!urgent.done(), "no urgent data");
            });
        BOOST_TEST(child.end() == 0);
    }
    write_all(other, "3");
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(d.wait_for(queued));
    BOOST_TEST((first != "." && second != "."));
    d->cancel_all(a);
    d->cancel_all(l);
    d->cancel_all(again);
    BOOST_TEST(d.wait_for(accept));
    const handle server(accept.error() ? -1 : static_cast<int>(accept.value()));
    BOOST_TEST(d.wait_for(urgent));
    for (attachment* each : {&a, &l, &again, &none})
        d->detach(*each);
}

CONFORMANCE_CASE(what_was_cancelled_before_is_so_in_both, "[D24]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text(1, '.');
    std::string behind(1, '.');
    test_operation op(request::receive{buffers(text)});
    test_operation queued(request::receive{buffers(behind)});
    d.start(op, a, lane::read);
    d.start(queued, a, lane::read);
    d.settle();
    d->cancel(op);
    d->cancel(queued);
    forked child(
        [&](findings& check)
        {
            check(d.wait_for(op) && op.error() == ECANCELED, "the first");
            check(d.wait_for(queued) && queued.error() == ECANCELED, "the one behind");
        });
    BOOST_TEST(child.end() == 0);
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(d.wait_for(queued));
    BOOST_TEST(op.error() == ECANCELED);
    BOOST_TEST(queued.error() == ECANCELED);
    d->detach(a);
}

CONFORMANCE_CASE(calls_of_the_pool_are_made_by_both, "[D24]")
{
    attachment& a = d->attach(invalid_handle);
    constexpr auto twice = [](void* n) noexcept -> std::int64_t
    { return *static_cast<std::int64_t*>(n) *= 2; };
    std::int64_t numbers[8];
    std::deque<test_operation> ops;
    for (auto& n : numbers)
    {
        n = &n - numbers + 1;
        d.start(ops.emplace_back(request::call{twice, &n}), a);
    }
    while (!d->end_calls())
        std::this_thread::yield();
    const auto all = [&]
    {
        bool right = d.wait_for_all(ops);
        for (int i = 0; i != 8; ++i)
            right = right && numbers[i] == 2 * (i + 1)
                && ops[static_cast<std::size_t>(i)].value() == static_cast<std::uint64_t>(2 * (i + 1));
        return right;
    };
    forked child([&](findings& check) { check(all(), "each was called once"); });
    BOOST_TEST(all());
    BOOST_TEST(child.end() == 0);
    d->detach(a);
}

CONFORMANCE_CASE(a_call_that_waits_is_taken_back_and_made_again, "[D24]")
{
    const std::string path
        = (std::filesystem::current_path() / ("fork-fifo-" + std::to_string(::getpid()))).string();
    checked(::mkfifo(path.c_str(), 0600), "mkfifo");
    attachment& a = d->attach(invalid_handle);
    test_operation op(request::open{path.c_str(), O_RDONLY | O_CLOEXEC, 0});
    d.start(op, a);
    d.settle(); // so that a thread is inside the call
    while (!d->end_calls())
        std::this_thread::yield();
    const auto opens = [&]
    {
        const handle writer(::open(path.c_str(), O_RDWR | O_CLOEXEC));
        return d.wait_for(op) && !op.error();
    };
    forked child([&](findings& check) { check(opens(), "it is open"); });
    BOOST_TEST(child.end() == 0);
    BOOST_TEST(opens());
    const handle opened(static_cast<int>(op.value()));
    ::unlink(path.c_str());
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()
