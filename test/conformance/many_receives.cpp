#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <proactor/buffer_source.hpp>
#include <support/forked.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

using namespace test;

/// A source whose buffers the test takes and gives back.
class source
{
public:
    source(std::size_t count, std::size_t size) : of_(proactor::buffer_source::make(count, size)) {}
    ~source() { of_->release(); }
    source(const source&) = delete;

    proactor::buffer_source& operator*() const { return *of_; }
    proactor::buffer_source* operator->() const { return of_; }

private:
    proactor::buffer_source* of_;
};

/// A receive that goes on; what comes is kept until it is taken.
class many_receive : public proactor::multishot_operation
{
public:
    explicit many_receive(proactor::buffer_source& from, bool stream = true, std::size_t bound = 1000)
        : multishot_operation(&end, &item), from_(from), bound_(bound)
    {
        request::receive_pooled r;
        r.source = &from;
        r.stream = stream;
        r.many = true;
        request = r;
    }
    ~many_receive() { take(); }

    /// All that has come, whose buffers go back.
    std::string take()
    {
        std::string text;
        for (const std::uint64_t i : items)
            if (const auto number = request::buffer_of(i))
            {
                text.append(static_cast<const char*>(from_.data(number)), request::bytes_of(i));
                from_.give_back(number);
            }
        items.clear();
        return text;
    }

    std::vector<std::uint64_t> items;
    int ends = 0;

private:
    static void item(multishot_operation& base, std::uint64_t value)
    {
        auto& self = static_cast<many_receive&>(base);
        self.items.push_back(value);
        self.enough = self.items.size() >= self.bound_;
    }
    static void end(void*, operation& base) { ++static_cast<many_receive&>(base).ends; }

    proactor::buffer_source& from_;
    std::size_t bound_;
};

bool ends(driver_under_test& d, many_receive& op)
{
    return d.wait_until([&] { return op.ends != 0; }) && op.ends == 1;
}

/// Takes what comes, until it is as much as that.
std::string take(driver_under_test& d, many_receive& op, std::size_t size)
{
    std::string text;
    d.wait_until([&] {
        text += op.take();
        return text.size() >= size;
    });
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(receives_that_go_on)

CONFORMANCE_CASE(each_part_is_told_until_the_stream_ends, "[D30] [D5]")
{
    source from(4, 8);
    {
        auto [one, other] = tcp_pair();
        attachment& a = d.attach(one);
        many_receive op(*from);
        BOOST_TEST(!d->attempt(op, a, lane::read));
        d.start(op, a, lane::read);
        for (int i = 0; i != 20; ++i)
        {
            write_all(other, "0123456");
            BOOST_TEST_REQUIRE(take(d, op, 7) == "0123456");
        }
        BOOST_TEST(op.ends == 0);
        write_all(other, "last");
        other.reset();
        BOOST_TEST(ends(d, op));
        BOOST_TEST(op.outcome.error == 0);
        BOOST_TEST(op.take() == "last");
        d->detach(a);
    }
    d->release(*from);
    BOOST_TEST(from->available() == 4u);
}

// Where the kernel can, the whole stream is one submission.
BOOST_AUTO_TEST_CASE(many_of_one_submission)
{
    const char* const chosen = std::getenv("PROACTOR_DRIVER");
    if (!chosen || std::string_view(chosen) != "io_uring" || std::getenv("PROACTOR_TEST_MASKED"))
        return;
    driver_under_test d(256);
    source from(4, 8);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    const auto before = d->counters().submissions;
    many_receive op(*from);
    d.start(op, a, lane::read);
    for (int i = 0; i != 50; ++i)
    {
        write_all(other, "0123");
        BOOST_TEST_REQUIRE(take(d, op, 4) == "0123");
    }
    BOOST_TEST(d->counters().submissions == before + 1);
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
    d->release(*from);
}

// The system takes buffers in the order in which they have come back.
CONFORMANCE_CASE(what_fills_many_buffers_comes_in_order, "[D30]")
{
    std::minstd_rand random(d.entries);
    source from(40, 4);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    many_receive op(*from);
    d.start(op, a, lane::read);
    char next = 'a';
    for (int round = 0; round != 200; ++round)
    {
        std::string sent(1 + random() % 150, ' ');
        for (char& c : sent)
            c = std::exchange(next, next == 'z' ? 'a' : static_cast<char>(next + 1));
        write_all(other, sent);
        std::string got;
        BOOST_TEST_REQUIRE(d.wait_until([&] {
            got.clear();
            for (const std::uint64_t i : op.items)
                got.append(static_cast<const char*>(from->data(request::buffer_of(i))),
                           request::bytes_of(i));
            return got.size() == sent.size();
        }));
        BOOST_TEST_REQUIRE(got == sent);
        BOOST_TEST_REQUIRE(from->available() == 40 - op.items.size());
        std::ranges::shuffle(op.items, random);
        op.take();
        d.reap(); // hands the system what has come back, or the next write would find too few
    }
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
    d->release(*from);
    BOOST_TEST(from->available() == 40u);
}

CONFORMANCE_CASE(it_ends_without_a_buffer_and_leaves_the_rest, "[D30]")
{
    source from(2, 1);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    write_all(other, "abcd");
    many_receive op(*from);
    d.start(op, a, lane::read);
    BOOST_TEST(ends(d, op));
    BOOST_TEST(op.outcome.error == ENOBUFS);
    BOOST_TEST(op.take() == "ab");
    many_receive rest(*from);
    d.start(rest, a, lane::read);
    BOOST_TEST(take(d, rest, 2) == "cd");
    d->cancel(rest);
    BOOST_TEST(ends(d, rest));
    d->detach(a);
    d->release(*from);
}

CONFORMANCE_CASE(enough_and_cancelled_it_loses_nothing, "[D30]")
{
    source from(16, 1);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    std::string sent, got;
    for (int i = 0; i != 60; ++i)
    {
        many_receive op(*from, true, 3);
        d.start(op, a, lane::read);
        const std::string text(i % 5, static_cast<char>('0' + i % 10));
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
        got += op.take();
    }
    many_receive op(*from);
    d.start(op, a, lane::read);
    while (got.size() < sent.size())
        got += take(d, op, 1);
    BOOST_TEST(got == sent);
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
    d->release(*from);
    BOOST_TEST(from->available() == 16u);
}

CONFORMANCE_CASE(a_datagram_without_bytes_is_an_item_without_a_buffer, "[D30]")
{
    source from(4, 8);
    const auto [one, other] = socket_pair(SOCK_DGRAM);
    attachment& a = d.attach(one);
    many_receive op(*from, false);
    d.start(op, a, lane::read);
    for (const char* text : {"a", "", "b"})
        checked(static_cast<int>(::send(other.get(), text, *text != 0, 0)), "send");
    BOOST_TEST(d.wait_until([&] { return op.items.size() == 3; }));
    BOOST_TEST(op.items[1] == 0u);
    BOOST_TEST(op.take() == "ab");
    BOOST_TEST(op.ends == 0);
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
    d->release(*from);
}

CONFORMANCE_CASE(a_receive_survives_the_thread_that_submitted_it, "[D15] [D30]")
{
    source from(4, 8);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    many_receive op(*from);
    std::thread([&] {
        d.start(op, a, lane::read);
        d.settle();
    }).join();
    write_all(other, "one");
    BOOST_TEST(take(d, op, 3) == "one");
    write_all(other, "two");
    BOOST_TEST(take(d, op, 3) == "two");
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
    d->release(*from);
}

CONFORMANCE_CASE(a_child_receives_by_itself, "[D24] [D30]")
{
    source from(4, 8);
    auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    many_receive op(*from);
    d->submit(op, a, lane::read); // and not flushed: a parent that waits for its child would receive, too
    forked child([&](findings& check) {
        check(d->reopen() == 0, "reopen");
        write_all(other, "child");
        check(take(d, op, 5) == "child", "what it receives");
        d->cancel(op);
        check(ends(d, op), "its end");
    });
    BOOST_TEST(child.end() == 0);
    write_all(other, "ours");
    BOOST_TEST(take(d, op, 4) == "ours");
    d->cancel(op);
    BOOST_TEST(ends(d, op));
    d->detach(a);
    d->release(*from);
}

BOOST_AUTO_TEST_SUITE_END()
