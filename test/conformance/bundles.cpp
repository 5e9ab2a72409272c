#include <proactor/driver.hpp>

#include "many_receive.hpp"

#include <support/forked.hpp>

#include <algorithm>
#include <cstdlib>
#include <liburing.h>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace test;

constexpr proactor::pool_options bundles{.bundles = true};

/// Text in which no two places look alike.
class text_source
{
public:
    std::string next(std::size_t n)
    {
        std::string text(n, ' ');
        for (char& c : text)
            c = static_cast<char>(++place_ % 251);
        return text;
    }

private:
    unsigned place_ = 0;
};

handle_pair pair_of(std::size_t kind)
{
    return kind % 2 ? socket_pair() : tcp_pair();
}

/// Whether the kernel fills several buffers before it tells: that of the ring under test does, and
/// it is Linux 6.16.
bool kernel_has_bundles()
{
    const char* const chosen = std::getenv("PROACTOR_DRIVER");
    if (!chosen || std::string_view(chosen) != "io_uring" || std::getenv("PROACTOR_TEST_MASKED"))
        return false;
    const std::unique_ptr<io_uring_probe, decltype(&::free)> probe(io_uring_get_probe(), &::free);
    return probe && io_uring_opcode_supported(probe.get(), 62); // pipe
}

} // namespace

BOOST_AUTO_TEST_SUITE(bundles_of_buffers)

// One by one they would exceed the completion queue, which ends a receive.
BOOST_AUTO_TEST_CASE(are_told_of_at_once)
{
    if (!kernel_has_bundles())
        return;
    for (const bool together : {false, true})
    {
        driver_under_test d(4);
        source from(200, 8, {.bundles = together});
        auto [one, other] = tcp_pair();
        attachment& a = d.attach(one);
        const auto before = d->counters().submissions;
        many_receive op(*from);
        d.start(op, a, lane::read);
        const std::string text = text_source().next(1300);
        write_all(other, text);
        BOOST_TEST(comes(d, op, text));
        BOOST_TEST(op.parts.size() == 163u);
        if (together)
            BOOST_TEST(d->counters().submissions == before + 1);
        else
            BOOST_TEST(d->counters().submissions > before + 5); // or the line above says nothing
        d->cancel(op);
        BOOST_TEST(ends(d, op));
        d->detach(a);
        d->release(*from);
    }
}

// The system takes buffers in the order in which they have come back.
CONFORMANCE_CASE(come_in_order_and_whole, "[D34] [D30]")
{
    std::minstd_rand random(d.entries);
    for (const std::size_t kind : {0, 1})
    {
        source from(40, 4, bundles);
        auto [one, other] = pair_of(kind);
        attachment& a = d.attach(one);
        auto op = std::make_unique<many_receive>(*from);
        d.start(*op, a, lane::read);
        text_source texts;
        for (int round = 0; round != 200; ++round)
        {
            const std::string sent = texts.next(1 + random() % 150);
            write_all(other, sent);
            if (random() % 2)
                d.reap();
            BOOST_TEST_REQUIRE(comes(d, *op, sent));
            BOOST_TEST_REQUIRE(from->available() == 40 - op->parts.size());
            std::ranges::shuffle(op->parts, random);
            if (round % 8 == 0)
                std::thread([&] { op->give_back(); }).join();
            op->give_back();
            d.reap(); // hands the system what has come back, or the next write would find too few
        }
        other.reset();
        BOOST_TEST(ends(d, *op));
        BOOST_TEST(op->outcome.error == 0);
        d->detach(a);
        d->release(*from);
        BOOST_TEST(from->available() == 40u);
    }
}

// Streams of both kinds beside single receives and datagrams, all of one pool that is soon empty.
CONFORMANCE_CASE(of_many_streams_with_what_was_sent_to_each, "[D34] [D30] [D25]")
{
    std::minstd_rand random(d.entries + 7);
    source from(24, 16, bundles);
    struct stream
    {
        handle_pair pair;
        attachment* at = nullptr;
        std::unique_ptr<many_receive> op;
        text_source texts;
        std::string sent;
        std::string got;
        bool ended = false;
    };
    std::vector<stream> all(4);
    for (std::size_t i = 0; i != all.size(); ++i)
    {
        all[i].pair = pair_of(i);
        all[i].at = &d.attach(all[i].pair.a);
    }
    const auto [datagrams, sender] = socket_pair(SOCK_DGRAM);
    attachment& g = d.attach(datagrams);
    std::unique_ptr<test_operation> datagram;
    int cut = 0;
    std::vector<std::pair<part, std::string>> kept;
    const auto return_one = [&](std::size_t i) {
        std::swap(kept[i], kept.back());
        const auto [p, text] = kept.back();
        kept.pop_back();
        const bool same = text_of(*from, p) == text;
        BOOST_TEST_REQUIRE(same);
        from->give_back(p.number);
    };
    const auto look = [&](std::size_t bound) {
        for (stream& s : all)
            if (!s.op && !s.ended)
            {
                s.op = std::make_unique<many_receive>(*from, 1 + random() % bound);
                d->submit(*s.op, *s.at, lane::read);
            }
        d.reap();
        for (stream& s : all)
        {
            if (!s.op)
                continue;
            for (const part& p : std::exchange(s.op->parts, {}))
            {
                s.got += text_of(*from, p);
                kept.emplace_back(p, text_of(*from, p));
            }
            const bool in_order = s.sent.starts_with(s.got);
            BOOST_TEST_REQUIRE(in_order);
            if (!s.op->ends)
                continue;
            BOOST_TEST_REQUIRE((s.op->outcome.error == 0 || s.op->outcome.error == ENOBUFS));
            s.ended = !s.op->outcome.error && !s.op->enough;
            s.op.reset();
        }
    };
    for (int round = 0; round != 400; ++round)
    {
        for (std::size_t n = random() % 3; n-- != 0;)
        {
            stream& s = all[random() % all.size()];
            const std::string text = s.texts.next(1 + random() % 200);
            write_all(s.pair.b, text);
            s.sent += text;
        }
        if (!datagram && random() % 4 == 0)
        {
            datagram = std::make_unique<test_operation>(request::receive_pooled{{&*from}});
            d.start(*datagram, g, lane::read);
            write_all(sender, "0123456789abcdef");
        }
        look(9);
        if (datagram && datagram->done())
        {
            if (datagram->error())
                checked(static_cast<int>(::recv(datagrams.get(), nullptr, 0, MSG_DONTWAIT)),
                        "recv");
            else
            {
                const part p{datagram->outcome.flags, datagram->value()};
                cut += text_of(*from, p) != "0123456789abcdef";
                from->give_back(p.number);
            }
            datagram.reset();
        }
        for (std::size_t n = kept.size() > 20 ? kept.size() : random() % 4;
             n-- != 0 && !kept.empty();)
            return_one(random() % kept.size());
    }
    BOOST_TEST(cut == 0);
    for (stream& s : all)
        s.pair.b.reset();
    const auto done = [](const stream& s) { return s.ended; };
    for (int round = 0; round != 100000 && !std::ranges::all_of(all, done); ++round)
    {
        while (!kept.empty())
            return_one(random() % kept.size());
        look(1000);
    }
    for (stream& s : all)
    {
        BOOST_TEST(s.ended);
        BOOST_TEST((s.got == s.sent));
    }
    while (!kept.empty())
        return_one(0);
    if (datagram && !datagram->done())
    {
        d->cancel(*datagram);
        BOOST_TEST(d.wait_for(*datagram));
    }
    if (datagram && !datagram->error())
        from->give_back(datagram->outcome.flags);
    BOOST_TEST(from->available() == 24u);
    for (stream& s : all)
        d->detach(*s.at);
    d->detach(g);
    d->release(*from);
}

CONFORMANCE_CASE(enough_and_cancelled_they_lose_nothing, "[D34] [D30]")
{
    for (const std::size_t kind : {0, 1})
    {
        source from(64, 1, bundles);
        auto [one, other] = pair_of(kind);
        attachment& a = d.attach(one);
        text_source texts;
        std::string sent, got;
        for (int i = 0; i != 60; ++i)
        {
            many_receive op(*from, 3);
            d.start(op, a, lane::read);
            const std::string text = texts.next(i % 30);
            sent += text;
            write_all(other, text);
            if (i % 3)
                d.reap();
            if (i % 2)
                d->cancel(op);
            else if (text.size() < 3)
                d->cancel_all(a);
            BOOST_TEST_REQUIRE(ends(d, op));
            BOOST_TEST_REQUIRE((op.outcome.error == 0 || op.outcome.error == ECANCELED));
            got += op.text();
            BOOST_TEST_REQUIRE(from->available() == 64 - op.parts.size());
        }
        other.reset();
        for (bool ended = false; !ended;)
        {
            many_receive op(*from);
            d.start(op, a, lane::read);
            BOOST_TEST_REQUIRE(ends(d, op));
            got += op.text();
            ended = op.outcome.error != ENOBUFS;
        }
        BOOST_TEST((got == sent));
        d->detach(a);
        d->release(*from);
        BOOST_TEST(from->available() == 64u);
    }
}

// One may take all; the data of the others wait until some are back.
CONFORMANCE_CASE(that_took_all_leave_the_others_their_data, "[D34] [D30]")
{
    for (const std::size_t kind : {0, 1})
    {
        source from(8, 4, bundles);
        auto [one, other] = pair_of(kind);
        auto [two, another] = pair_of(kind + 1);
        attachment& a = d.attach(one);
        attachment& b = d.attach(two);
        text_source texts;
        const std::string all = texts.next(32);
        const std::string more = texts.next(30);
        many_receive greedy(*from);
        d.start(greedy, a, lane::read);
        write_all(other, all);
        BOOST_TEST(comes(d, greedy, all));
        BOOST_TEST(from->available() == 0u);
        write_all(other, "!");
        BOOST_TEST(ends(d, greedy));
        BOOST_TEST(greedy.outcome.error == ENOBUFS);
        many_receive starving(*from);
        write_all(another, more);
        d.start(starving, b, lane::read);
        BOOST_TEST(ends(d, starving));
        BOOST_TEST(starving.outcome.error == ENOBUFS);
        BOOST_TEST(starving.parts.empty());
        std::ranges::reverse(greedy.parts);
        greedy.give_back();
        many_receive later(*from);
        d.start(later, b, lane::read);
        BOOST_TEST(comes(d, later, more));
        d->cancel(later);
        BOOST_TEST(ends(d, later));
        later.give_back();
        BOOST_TEST(from->available() == 8u);
        d->detach(a);
        d->detach(b);
        d->release(*from);
    }
}

// The end of a stream is seen whenever it comes.
CONFORMANCE_CASE(are_followed_by_the_end_of_their_stream, "[D34] [D30]")
{
    std::minstd_rand random(d.entries);
    source from(16, 8, bundles);
    for (std::size_t round = 0; round != 200; ++round)
    {
        auto [one, other] = pair_of(round);
        attachment& a = d.attach(one);
        const std::string text = text_source().next(random() % 300);
        std::string got;
        const auto writer = [&, to = &other] {
            write_all(*to, text);
            to->reset();
        };
        std::thread beside;
        const unsigned when = random() % 4; // it is closed before, meanwhile, or when all is there
        if (when == 0)
            writer();
        else if (when == 1)
            beside = std::thread(writer);
        else
            write_all(other, text);
        for (bool ended = false; !ended;)
        {
            many_receive op(*from, when == 3 ? 2 : 1000);
            d.start(op, a, lane::read);
            BOOST_TEST_REQUIRE(d.wait_until([&] {
                got += op.text();
                op.give_back();
                if (when > 1 && got.size() == text.size())
                    other.reset();
                return op.ends != 0;
            }));
            BOOST_TEST_REQUIRE((op.outcome.error == 0 || op.outcome.error == ENOBUFS));
            ended = op.outcome.error == 0 && !op.enough;
        }
        BOOST_TEST_REQUIRE((got == text));
        if (beside.joinable())
            beside.join();
        d->detach(a);
        BOOST_TEST_REQUIRE(from->available() == 16u);
    }
    d->release(*from);
}

CONFORMANCE_CASE(are_not_of_a_source_in_parts, "[D34] [D33]")
{
    source from(2, 64, {.in_parts = true, .bundles = true});
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    many_receive op(*from);
    d.start(op, a, lane::read);
    std::string sent;
    text_source texts;
    for (int i = 0; i != 12; ++i)
    {
        const std::string text = texts.next(10);
        write_all(other, text);
        sent += text;
        BOOST_TEST_REQUIRE(comes(d, op, sent));
    }
    BOOST_TEST(op.parts.size() >= 12u);
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    op.give_back();
    BOOST_TEST(from->available() == 2u);
    d->detach(a);
    d->release(*from);
}

CONFORMANCE_CASE(nobody_took_outlive_driver_and_source, "[D34] [D21]")
{
    auto from = std::make_unique<source>(16, 4, bundles);
    buffer_source& object = **from;
    std::vector<part> won;
    const std::string text = text_source().next(50);
    {
        driver_under_test own(d.entries);
        auto [one, other] = tcp_pair();
        attachment& a = own.attach(one);
        many_receive op(object);
        own.start(op, a, lane::read);
        write_all(other, text);
        BOOST_TEST(comes(own, op, text));
        write_all(other, "not reaped by then");
        operation_queue left;
        own->shut_down(left);
        while (left.pop())
            ;
        won.swap(op.parts);
        own->detach(a);
    }
    from.reset();
    std::string got;
    for (const part& p : won)
    {
        got += text_of(object, p);
        std::thread([&] { object.give_back(p.number); }).join();
    }
    BOOST_TEST(got.starts_with(text));
}

// What has come by the time of the fork is the child's, too, and of which buffers it has no list.
CONFORMANCE_CASE(are_a_child_s_own, "[D34] [D24]")
{
    source from(16, 4, bundles);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    many_receive op(*from);
    d.start(op, a, lane::read);
    d.settle();
    text_source texts;
    const std::string text = texts.next(50);
    write_all(other, text);
    d->keep_completed();
    forked child([&](findings& check) {
        check(d->reopen() == 0, "reopen");
        const std::string before = op.text();
        check(text.starts_with(before), "what was there");
        op.give_back();
        check(from->available() == 16, "all are free");
        d->cancel(op);
        check(ends(d, op), "its end");
        op.give_back();
        many_receive own(*from);
        auto [here, there] = tcp_pair();
        attachment& b = d.attach(here);
        const std::string more = texts.next(60);
        d.start(own, b, lane::read);
        write_all(there, more);
        check(comes(d, own, more), "what it receives");
        d->cancel(own);
        check(ends(d, own), "the end of its own");
        d->detach(b);
    });
    BOOST_TEST(child.end() == 0);
    d.reap();
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    BOOST_TEST(text.starts_with(op.text()));
    op.give_back();
    BOOST_TEST(from->available() == 16u);
    d->detach(a);
    d->release(*from);
}

BOOST_AUTO_TEST_SUITE_END()
