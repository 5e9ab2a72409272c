// Operations whose buffer comes out of a pool.
#include <proactor/op/pooled.hpp>

#include "slab_under_test.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace test;
using proactor::pooled_buffer;

std::string text_of(const pooled_buffer& b)
{
    return {reinterpret_cast<const char*>(b.data()), b.size()};
}

template <typename Op>
std::string text_of(op::completion c)
{
    return text_of(c.take<Op>().buffer);
}

/// All that an operation that goes on has told, and its end.
struct told
{
    std::string text;
    std::size_t items = 0;
    op::completion end;
};

told until_the_end(slab_under_test& s)
{
    told t;
    for (;;)
    {
        auto c = s.next();
        if (!c.more())
        {
            t.end = std::move(c);
            return t;
        }
        ++t.items;
        const pooled_buffer b = c.take_buffer();
        BOOST_TEST(c.value() == b.size());
        t.text += text_of(b);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(pooled_by_hand)

BOOST_AUTO_TEST_CASE(what_waits_holds_no_buffer)
{
    slab_under_test s;
    op::buffer_pool pool(s, 2, 16);
    const auto [one, other] = socket_pair();
    const auto [out, in] = pipe_pair();
    s.submit(s.attach(one), op::receive_pooled(pool), 1);
    s.submit(s.attach(out), op::read_pooled(pool), 2);
    BOOST_TEST(s.quiet());
    BOOST_TEST(pool.available() == 2u);
    write_all(other, "socket");
    auto c = s.next();
    BOOST_TEST(c.token() == 1u);
    BOOST_TEST(c.value() == 6u);
    BOOST_TEST(pool.available() == 1u);
    auto won = c.take<op::receive_pooled>();
    BOOST_TEST(text_of(won.buffer) == "socket");
    write_all(in, "pipe");
    BOOST_TEST(text_of<op::read_pooled>(s.next()) == "pipe");
    BOOST_TEST(pool.available() == 1u);
    won.buffer.reset();
    BOOST_TEST(pool.available() == 2u);
}

BOOST_AUTO_TEST_CASE(ends_and_errors_bring_none)
{
    slab_under_test s;
    op::buffer_pool pool(s, 1, 16);
    auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    const auto t = s.submit(at, op::receive_pooled(pool), 1);
    BOOST_TEST(s.quiet());
    BOOST_TEST(s.cancel(t));
    auto c = s.next();
    BOOST_TEST(cancelled(c));
    BOOST_TEST(!c.take<op::receive_pooled>().buffer);
    other.reset();
    s.submit(at, op::receive_pooled(pool), 2);
    c = s.next();
    BOOST_TEST(!c.error());
    BOOST_TEST(c.value() == 0u);
    BOOST_TEST(!c.take<op::receive_pooled>().buffer);
    s.submit(op::source{}, op::receive_pooled(pool), 3);
    BOOST_TEST((s.next().error() == std::errc::bad_file_descriptor));
    BOOST_TEST(pool.available() == 1u);
}

BOOST_AUTO_TEST_CASE(files_and_datagrams)
{
    slab_under_test s;
    op::buffer_pool pool(s, 4, 8);
    temporary_file f;
    write_all(f.file(), "0123456789");
    const auto file = s.attach(f.file());
    s.submit(file, op::read_at_pooled(pool, 4), 1);
    BOOST_TEST(text_of<op::read_at_pooled>(s.next()) == "456789");
    s.submit(file, op::read_at_pooled(pool, 10), 2);
    BOOST_TEST(text_of<op::read_at_pooled>(s.next()) == "");

    const handle one = inet_socket(SOCK_DGRAM);
    const handle other = inet_socket(SOCK_DGRAM);
    for (const handle* h : {&one, &other})
    {
        sockaddr_in a = loopback_address();
        checked(::bind(h->get(), generic(a), sizeof a), "bind");
    }
    const auto at_one = s.attach(one);
    s.submit(s.attach(other), op::send_to{std::string("datagram and more"),
                                          op::address::of(address_of(one))}, 3);
    s.submit(at_one, op::receive_from_pooled(pool), 4);
    for (auto& c : s.next_several(2))
        if (c.token() == 4)
        {
            auto got = c.take<op::receive_from_pooled>();
            BOOST_TEST(text_of(got.buffer) == "datagram");
            BOOST_TEST((got.from == op::address::of(address_of(other))));
        }
    BOOST_TEST(pool.available() == 4u);
}

BOOST_AUTO_TEST_CASE(an_exhausted_pool_says_so_and_tells_of_a_return)
{
    slab_under_test s;
    op::buffer_pool pool(s, 2, 4);
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    pooled_buffer first = pool.acquire();
    pooled_buffer second = pool.acquire();
    BOOST_TEST(first.size() == 4u);
    BOOST_TEST(!pool.acquire());
    write_all(other, "here");
    s.submit(at, op::receive_pooled(pool), 1);
    BOOST_TEST((s.next().error() == std::errc::no_buffer_space));
    s.submit(op::await_buffer(pool), 2);
    BOOST_TEST(s.quiet());
    std::thread([&] { first.reset(); }).join(); // any thread
    auto c = s.next();
    BOOST_TEST(c.token() == 2u);
    BOOST_TEST(!c.error());
    s.submit(at, op::receive_pooled(pool), 3);
    BOOST_TEST(text_of<op::receive_pooled>(s.next()) == "here");
}

BOOST_AUTO_TEST_CASE(a_wait_ends_with_its_pool)
{
    slab_under_test s;
    std::optional<op::buffer_pool> pool(std::in_place, s, 1, 4);
    pooled_buffer only = pool->acquire();
    s.submit(op::await_buffer(*pool), 1);
    BOOST_TEST(s.quiet());
    pool.reset();
    BOOST_TEST(cancelled(s.next()));
    only.data()[3] = std::byte{1}; // outlives it
}

BOOST_AUTO_TEST_CASE(pool_slab_operations_and_buffers_go_in_any_order)
{
    for (int order = 0; order != 6; ++order)
    {
        std::optional<slab_under_test> s(std::in_place);
        std::optional<op::buffer_pool> pool(std::in_place, *s, 4, 16);
        const auto [one, other] = socket_pair();
        const auto [third, fourth] = socket_pair();
        write_all(other, "now");
        s->submit(s->attach(one), op::receive_pooled(*pool), 1);
        auto c = s->next();
        s->submit(s->attach(one), op::receive_pooled(*pool), 2);
        s->submit(s->attach(third), op::receive_many(*pool), 3);
        s->flush();
        if (order >= 3)
            write_all(other, "later"); // in flight, and has won
        const auto drop = [&](int which)
        {
            if (which == 0)
                s.reset();
            else if (which == 1)
                pool.reset();
            else
                BOOST_TEST(text_of<op::receive_pooled>(std::move(c)) == "now");
        };
        for (int i = 0; i != 3; ++i)
            drop((order + i * (order < 3 ? 1 : 2)) % 3);
        write_all(fourth, "after the end"); // into nobody's memory
    }
}

BOOST_AUTO_TEST_CASE(one_receive_brings_many_parts)
{
    slab_under_test s;
    op::buffer_pool pool(s, 8, 16);
    auto [one, other] = socket_pair();
    s.submit(s.attach(one), op::receive_many(pool), 1);
    BOOST_TEST(s.quiet());
    BOOST_TEST(pool.available() == 8u);
    for (const char* text : {"first", "second", "third"})
    {
        write_all(other, text);
        auto c = s.next();
        BOOST_TEST(c.token() == 1u);
        BOOST_TEST(c.more());
        BOOST_TEST(!c.holds<op::receive_many>());
        const pooled_buffer b = c.take_buffer();
        BOOST_TEST(text_of(b) == text);
        BOOST_TEST(!c.take_buffer());
    }
    BOOST_TEST(pool.available() == 8u);
    BOOST_TEST(s.in_flight() == 1u);
    write_all(other, "last");
    other.reset();
    auto t = until_the_end(s);
    BOOST_TEST(t.text == "last");
    BOOST_TEST(!t.end.error());
    BOOST_TEST(t.end.holds<op::receive_many>());
    BOOST_TEST(pool.available() == 8u);
    BOOST_TEST(s.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(parts_share_a_buffer_and_may_outlive_it_all)
{
    std::vector<pooled_buffer> kept;
    {
        slab_under_test s;
        op::buffer_pool pool(s, 1, 64, {.in_parts = true});
        const auto [one, other] = tcp_pair();
        s.submit(s.attach(one), op::receive_many(pool), 1);
        for (int i = 0; i != 4; ++i)
        {
            write_all(other, "part " + std::to_string(i));
            kept.push_back(s.next().take_buffer());
            BOOST_TEST(pool.available() == 0u);
            BOOST_TEST(kept.back().capacity() == 6u);
        }
        kept.erase(kept.begin() + 1);
    }
    BOOST_TEST(text_of(kept[0]) == "part 0");
    std::thread([&] { kept.pop_back(); }).join();
    BOOST_TEST(text_of(kept[1]) == "part 2");
}

BOOST_AUTO_TEST_CASE(what_came_before_a_cancellation_is_not_lost)
{
    slab_under_test s;
    op::buffer_pool pool(s, 8, 16);
    const auto [one, other] = socket_pair(SOCK_DGRAM);
    const auto t = s.submit(s.attach(one), op::receive_many(pool, true), 1);
    BOOST_TEST(s.quiet());
    write_all(other, "a");
    (void)::send(other.get(), "", 0, 0); // a datagram without bytes
    write_all(other, "b");
    BOOST_TEST(s.wait(clock::now() + patience, {}).empty()); // there is no room to hand it out
    BOOST_TEST(pool.available() < 8u);
    BOOST_TEST(s.cancel(t));
    const auto all = until_the_end(s);
    BOOST_TEST(all.text.starts_with("a"));
    std::string rest(8, '.'); // what the receive has not taken is still there
    for (ssize_t n; (n = ::recv(one.get(), rest.data(), rest.size(), MSG_DONTWAIT)) > 0;)
        BOOST_TEST(all.text + rest.substr(0, static_cast<std::size_t>(n)) == "ab");
    if (all.items == 3)
        BOOST_TEST(all.text == "ab");
    BOOST_TEST(cancelled(all.end));
    BOOST_TEST(pool.available() == 8u);
}

BOOST_AUTO_TEST_CASE(it_ends_when_there_is_no_buffer_and_nothing_is_lost)
{
    slab_under_test s;
    op::buffer_pool pool(s, 2, 4);
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    write_all(other, "aaaabbbbcccc");
    s.submit(at, op::receive_many(pool), 1);
    std::vector<op::completion> kept;
    kept.push_back(s.next());
    kept.push_back(s.next());
    auto c = s.next();
    BOOST_TEST(!c.more());
    BOOST_TEST((c.error() == std::errc::no_buffer_space));
    std::string text;
    for (auto& k : kept)
        text += text_of(k.take_buffer());
    BOOST_TEST(text == "aaaabbbb");
    const auto again = s.submit(at, op::receive_many(pool), 2);
    c = s.next();
    BOOST_TEST(text_of(c.take_buffer()) == "cccc");
    BOOST_TEST(s.cancel(again));
    BOOST_TEST(cancelled(s.next()));
}

BOOST_AUTO_TEST_CASE(what_nobody_wants_goes_back)
{
    slab_under_test s;
    op::buffer_pool pool(s, 4, 16);
    const auto [one, other] = socket_pair();
    const auto t = s.submit(s.attach(one), op::receive_many(pool), 1);
    write_all(other, "x");
    BOOST_TEST(s.next().more()); // its buffer goes with the completion
    write_all(other, "y");
    BOOST_TEST(s.discard(t));
    BOOST_TEST(s.quiet());
    BOOST_TEST(pool.available() == 4u);
}

BOOST_AUTO_TEST_CASE(sizes_and_slabs_are_checked)
{
    slab_under_test s;
    slab_under_test another;
    BOOST_CHECK_THROW(op::buffer_pool(s, 0, 1), std::invalid_argument);
    BOOST_CHECK_THROW(op::buffer_pool(s, 1, 0), std::invalid_argument);
    BOOST_CHECK_THROW(op::buffer_pool(s, op::buffer_pool::most + 1, 1), std::invalid_argument);
    op::buffer_pool pool(s, 1, 4);
    const auto [one, other] = socket_pair();
    write_all(other, "abcdef");
    another.submit(another.attach(one), op::receive_pooled(pool), 2);
    BOOST_TEST((another.next().error() == std::errc::invalid_argument));
    s.submit(s.attach(one), op::receive_pooled(pool), 1);
    BOOST_TEST(text_of<op::receive_pooled>(s.next()) == "abcd");
}

BOOST_AUTO_TEST_SUITE_END()
