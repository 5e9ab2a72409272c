#include <proactor/driver.hpp>

#include "many_receive.hpp"

#include <support/forked.hpp>

#include <algorithm>
#include <liburing.h>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace test;

constexpr proactor::pool_options in_parts{.in_parts = true};

struct receive : test_operation
{
    explicit receive(source& s)
        : test_operation(request::receive_pooled{{&*s}, nullptr, 0, true})
    {
    }
    part won() const { return {outcome.flags, value()}; }
};

/// Whether one of them begins where another one ends.
bool adjacent(const buffer_source& from, part one, part other)
{
    return static_cast<std::byte*>(from.data(one.number)) + one.size == from.data(other.number);
}

} // namespace

BOOST_AUTO_TEST_SUITE(parts)

CONFORMANCE_CASE(of_one_buffer_for_what_comes_in_turn, "[D33]")
{
    source from(1, 32, in_parts);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    many_receive op(*from);
    d.start(op, a, lane::read);
    d.settle();
    BOOST_TEST(from->available() == 1u);
    std::string sent;
    for (int i = 0; i != 5; ++i)
    {
        const std::string text(6, static_cast<char>('a' + i));
        write_all(other, text);
        sent += text;
        BOOST_TEST_REQUIRE(comes(d, op, sent));
        BOOST_TEST(from->available() == 0u);
    }
    BOOST_TEST(op.parts.size() == 5u);
    for (std::size_t i = 0; i != 5; ++i)
    {
        BOOST_TEST(from->capacity(op.parts[i].number) == 6u);
        BOOST_TEST((i == 0 || adjacent(*from, op.parts[i - 1], op.parts[i])));
    }
    write_all(other, "12345");
    BOOST_TEST(ends(d, op)); // there is room for two
    BOOST_TEST(op.outcome.error == ENOBUFS);
    BOOST_TEST(op.text() == sent + "12");

    // Free again with the last part, whichever it is.
    std::swap(op.parts[3], op.parts.back());
    const part last = op.parts.back();
    op.parts.pop_back();
    op.give_back();
    BOOST_TEST(from->available() == 0u);
    many_receive none(*from);
    d.start(none, a, lane::read);
    BOOST_TEST(ends(d, none));
    BOOST_TEST(none.outcome.error == ENOBUFS);
    BOOST_TEST(text_of(*from, last) == "dddddd");
    from->give_back(last.number);
    BOOST_TEST(from->available() == 1u);
    many_receive rest(*from);
    d.start(rest, a, lane::read);
    BOOST_TEST(comes(d, rest, "345"));
    d->cancel(rest);
    BOOST_TEST(ends(d, rest));
    d->detach(a);
    d->release(*from);
}

CONFORMANCE_CASE(a_buffer_of_which_nobody_has_any_is_free, "[D33] [D26]")
{
    source from(1, 64, in_parts);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    attachment& nowhere = d->attach(invalid_handle);
    many_receive op(*from);
    d.start(op, a, lane::read);
    for (int i = 0; i != 30; ++i)
    {
        write_all(other, "0123");
        BOOST_TEST_REQUIRE(comes(d, op, "0123"));
        BOOST_TEST(from->available() == 0u);
        test_operation wait(request::await_buffer{&*from});
        d.start(wait, nowhere);
        d.settle();
        BOOST_TEST(!wait.done());
        if (i % 2)
            std::thread([&] { op.give_back(); }).join();
        else
            op.give_back();
        BOOST_TEST(from->available() == 1u);
        BOOST_TEST(d.wait_for(wait));
        BOOST_TEST(wait.error() == 0);
        BOOST_TEST_REQUIRE(op.ends == 0);
    }
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
    d->detach(nowhere);
    d->release(*from);
}

/// Whether the kernel itself hands out parts: it is one that tells of IORING_FEAT_NO_IOWAIT.
bool kernel_has_parts()
{
    io_uring_params p{};
    const handle ring(io_uring_setup(2, &p));
    return ring.get() >= 0 && p.features & 1u << 17;
}

// Where the kernel does it, a stream of small messages is one submission and takes one buffer.
BOOST_AUTO_TEST_CASE(of_one_submission)
{
    const char* const chosen = std::getenv("PROACTOR_DRIVER");
    if (!chosen || std::string_view(chosen) != "io_uring" || std::getenv("PROACTOR_TEST_MASKED")
        || !kernel_has_parts())
        return;
    driver_under_test d(256);
    source from(4, 256, in_parts);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    const auto before = d->counters().submissions;
    many_receive op(*from);
    d.start(op, a, lane::read);
    std::string sent;
    for (int i = 0; i != 50; ++i)
    {
        write_all(other, "0123");
        sent += "0123";
        BOOST_TEST_REQUIRE(comes(d, op, sent));
    }
    BOOST_TEST(from->available() == 3u);
    BOOST_TEST(d->counters().submissions == before + 1);
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
    d->release(*from);
}

CONFORMANCE_CASE(of_many_streams_with_what_was_sent_to_each, "[D33] [D30]")
{
    constexpr std::size_t streams = 5;
    std::minstd_rand random(d.entries);
    source from(8, 64, in_parts);
    struct stream
    {
        handle_pair pair = tcp_pair();
        attachment* at = nullptr;
        std::unique_ptr<many_receive> op;
        std::string sent;
        std::string got;
    };
    std::vector<stream> all(streams);
    for (stream& s : all)
        s.at = &d.attach(s.pair.a);
    std::vector<std::pair<part, std::string>> kept;
    const auto check_one = [&](std::size_t i)
    {
        std::swap(kept[i], kept.back());
        const auto [p, text] = kept.back();
        kept.pop_back();
        const bool same = text_of(*from, p) == text;
        BOOST_TEST_REQUIRE(same);
        from->give_back(p.number);
    };
    const auto take_all = [&]
    {
        for (stream& s : all)
        {
            if (!s.op)
                continue;
            for (const part& p : s.op->parts)
            {
                s.got += text_of(*from, p);
                kept.emplace_back(p, text_of(*from, p));
            }
            s.op->parts.clear();
            if (s.op->ends)
            {
                BOOST_TEST_REQUIRE((s.op->outcome.error == 0 || s.op->outcome.error == ENOBUFS));
                s.op.reset();
            }
        }
    };
    for (int round = 0; round != 400; ++round)
    {
        for (stream& s : all)
            if (!s.op)
            {
                s.op = std::make_unique<many_receive>(*from, 1 + random() % 6);
                d->submit(*s.op, *s.at, lane::read);
            }
        for (std::size_t n = random() % 4; n-- != 0;)
        {
            stream& s = all[random() % streams];
            const std::string text(1 + random() % 40, static_cast<char>('a' + random() % 26));
            write_all(s.pair.b, text);
            s.sent += text;
        }
        d.reap();
        take_all();
        for (std::size_t n = kept.size() > 20 ? kept.size() : random() % 4; n-- != 0 && !kept.empty();)
            check_one(random() % kept.size());
    }
    const auto done = [&](const stream& s) { return s.got == s.sent; };
    for (int round = 0; round != 10000 && !std::ranges::all_of(all, done); ++round)
    {
        while (!kept.empty())
            check_one(random() % kept.size());
        for (stream& s : all)
            if (!s.op)
            {
                s.op = std::make_unique<many_receive>(*from);
                d->submit(*s.op, *s.at, lane::read);
            }
        d.reap();
        take_all();
    }
    BOOST_TEST(std::ranges::all_of(all, done));
    for (stream& s : all)
        if (s.op)
        {
            d->cancel(*s.op);
            BOOST_TEST(ends(d, *s.op));
        }
    while (!kept.empty())
        check_one(0);
    BOOST_TEST(from->available() == 8u);
    for (stream& s : all)
        d->detach(*s.at);
    d->release(*from);
}

CONFORMANCE_CASE(for_single_receives_as_well, "[D33]")
{
    source from(2, 16, in_parts);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    receive first(from), second(from), third(from);
    d.start(first, a, lane::read);
    d.settle();
    BOOST_TEST(from->available() == 2u);
    write_all(other, "0123456789");
    BOOST_TEST(d.wait_for(first));
    write_all(other, "abcdefghij");
    d.start(second, a, lane::read);
    BOOST_TEST(d.wait_for(second));
    BOOST_TEST(text_of(*from, first.won()) == "0123456789");
    BOOST_TEST(text_of(*from, second.won()) == "abcdef");
    BOOST_TEST(adjacent(*from, first.won(), second.won()));
    BOOST_TEST(from->available() == 1u);
    d.start(third, a, lane::read);
    BOOST_TEST(d.wait_for(third));
    BOOST_TEST(text_of(*from, third.won()) == "ghij");
    BOOST_TEST(from->available() == 0u);
    for (const receive* op : {&first, &third, &second})
        from->give_back(op->won().number);
    BOOST_TEST(from->available() == 2u);
    d->detach(a);
    d->release(*from);
}

// What is left of a buffer may be too little for them.
CONFORMANCE_CASE(not_of_what_cannot_be_cut, "[D33] [D25]")
{
    source from(4, 16, in_parts);
    auto [one, other] = tcp_pair();
    const auto [two, sender] = socket_pair(SOCK_DGRAM);
    const auto [out, in] = pipe_pair();
    attachment& a = d.attach(one);
    attachment& b = d.attach(two);
    attachment& c = d.attach(out);
    many_receive op(*from);
    d.start(op, a, lane::read);
    write_all(other, "0123456789");
    BOOST_TEST(comes(d, op, "0123456789"));
    const std::string text = "0123456789abcdef";
    test_operation datagram(request::receive_pooled{{&*from}});
    d.start(datagram, b, lane::read);
    write_all(sender, text);
    BOOST_TEST(d.wait_for(datagram));
    test_operation from_pipe(request::read_pooled{{&*from}});
    d.start(from_pipe, c, lane::read);
    write_all(in, text);
    BOOST_TEST(d.wait_for(from_pipe));
    many_receive datagrams(*from, 1000, false);
    d.start(datagrams, b, lane::read);
    write_all(sender, text);
    BOOST_TEST(comes(d, datagrams, text));
    for (const auto* whole : {&datagram, &from_pipe})
    {
        const part p{whole->outcome.flags, whole->value()};
        BOOST_TEST(text_of(*from, p) == text);
        BOOST_TEST(from->capacity(p.number) == 16u);
        from->give_back(p.number);
    }
    for (many_receive* m : {&op, &datagrams})
    {
        d->cancel(*m);
        BOOST_TEST(ends(d, *m));
        m->give_back();
    }
    BOOST_TEST(from->available() == 4u);
    for (attachment* at : {&a, &b, &c})
        d->detach(*at);
    d->release(*from);
}

CONFORMANCE_CASE(outlive_driver_and_source, "[D33] [D21]")
{
    std::vector<part> won;
    std::optional<source> from(std::in_place, 2, 64, in_parts);
    buffer_source& object = **from;
    {
        driver_under_test own(d.entries);
        auto [one, other] = tcp_pair();
        attachment& a = own.attach(one);
        many_receive op(object);
        own.start(op, a, lane::read);
        std::string sent;
        for (int i = 0; i != 10; ++i)
        {
            write_all(other, "abcd");
            sent += "abcd";
            BOOST_TEST_REQUIRE(comes(own, op, sent));
        }
        won.swap(op.parts);
        operation_queue left;
        own->shut_down(left);
        while (left.pop())
            ;
        own->detach(a);
    }
    from->operator*().give_back(won.back().number);
    won.pop_back();
    from.reset();
    for (std::size_t i = 0; i != won.size(); ++i)
    {
        BOOST_TEST(text_of(object, won[i]) == "abcd");
        std::thread([&] { object.give_back(won[i].number); }).join();
    }
}

CONFORMANCE_CASE(are_a_child_s_own, "[D33] [D24]")
{
    source from(2, 64, in_parts);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    many_receive op(*from);
    d.start(op, a, lane::read);
    write_all(other, "before");
    BOOST_TEST(comes(d, op, "before"));
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    many_receive late(*from);
    d->submit(late, a, lane::read); // and not flushed: a parent that waits for its child would receive, too
    forked child([&](findings& check) {
        check(d->reopen() == 0, "reopen");
        check(op.text() == "before", "what was there");
        for (int i = 0; i != 3; ++i)
        {
            write_all(other, "0123456789abcdef");
            check(comes(d, late, "0123456789abcdef"), "what it receives");
            late.give_back();
        }
        op.give_back();
        check(from->available() == 2, "all are free");
        d->cancel(late);
        check(ends(d, late), "its end");
    });
    BOOST_TEST(child.end() == 0);
    BOOST_TEST(op.text() == "before");
    write_all(other, "behind");
    BOOST_TEST(comes(d, late, "behind"));
    d->cancel(late);
    BOOST_TEST(ends(d, late));
    d->detach(a);
    d->release(*from);
}

BOOST_AUTO_TEST_SUITE_END()
