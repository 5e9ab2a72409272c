#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

namespace {

using namespace test;

} // namespace

BOOST_AUTO_TEST_SUITE(order)

CONFORMANCE_CASE(bytes_that_come_one_by_one_meet_receives_in_order, "[D6]")
{
    struct kind
    {
        handle_pair pair;
        bool socket;
    };
    kind kinds[] = {{tcp_pair(), true},
                    {socket_pair(), true},
                    {socket_pair(SOCK_DGRAM), true},
                    {pipe_pair(), false}};
    for (const auto& [pair, socket] : kinds)
    {
        attachment& a = d.attach(pair.a);
        std::string bytes(4, '.');
        std::deque<test_operation> ops(4);
        for (std::size_t i = 0; i != 4; ++i)
        {
            if (socket)
                ops[i].request = request::receive{buffers(&bytes[i], 1)};
            else
                ops[i].request = request::read{buffers(&bytes[i], 1)};
            d->submit(ops[i], a, lane::read);
        }
        d->flush();
        d.given.clear();
        for (const char c : {'a', 'b', 'c', 'd'})
        {
            write_all(pair.b, {&c, 1});
            const std::size_t i = static_cast<std::size_t>(c - 'a');
            BOOST_TEST(d.wait_for(ops[i]));
            BOOST_TEST(d.given.size() == i + 1);
        }
        BOOST_TEST(bytes == "abcd");
        BOOST_TEST(
            (d.given == std::vector<proactor::operation*>{&ops[0], &ops[1], &ops[2], &ops[3]}));
        d->detach(a);
    }
}

CONFORMANCE_CASE(sends_reach_the_peer_in_order, "[D6]")
{
    const auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    constexpr int count = 100;
    std::deque<std::string> texts;
    std::deque<test_operation> ops;
    std::string expected;
    for (int i = 0; i != count; ++i)
    {
        expected += texts.emplace_back(std::to_string(i) + ",");
        ops.emplace_back(request::send{buffers(texts.back()), MSG_NOSIGNAL});
        d->submit(ops.back(), a, lane::write);
    }
    BOOST_TEST(d.wait_for_all(ops));
    std::string received;
    while (received.size() < expected.size())
    {
        const std::string part = read_some(other, 1000);
        BOOST_TEST_REQUIRE(!part.empty());
        received += part;
    }
    BOOST_TEST(received == expected);
    d->detach(a);
}

CONFORMANCE_CASE(lanes_do_not_wait_for_each_other, "[D6] [D7]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string in(10, '.'), out = "out";
    test_operation receive(request::receive{buffers(in)});
    test_operation send(request::send{buffers(out), MSG_NOSIGNAL});
    d.start(receive, a, lane::read);
    d.start(send, a, lane::write);
    BOOST_TEST(d.wait_for(send));
    BOOST_TEST(!receive.done());
    BOOST_TEST(read_some(other) == "out");
    write_all(other, "in");
    BOOST_TEST(d.wait_for(receive));
    d->detach(a);
}

CONFORMANCE_CASE(operations_without_a_lane_overlap, "[D7]")
{
    // On a pipe without a lane: the second write can only be performed while the first read waits.
    const auto [out, in] = pipe_pair();
    attachment& a = d.attach(out);
    attachment& b = d.attach(in);
    std::string first(4, '.'), text = "x";
    test_operation read(request::read{buffers(first)});
    test_operation nothing;
    test_operation write(request::write{buffers(text)});
    d.start(read, a);
    d.start(nothing, a);
    BOOST_TEST(d.wait_for(nothing)); // overtakes
    BOOST_TEST(!read.done());
    d.start(write, b);
    BOOST_TEST(d.wait_for(read));
    BOOST_TEST(d.wait_for(write));
    d->detach(a);
    d->detach(b);
}

CONFORMANCE_CASE(many_positioned_operations_of_one_file_at_once, "[D7] [D16]")
{
    temporary_file file;
    attachment& a = d.attach(file.file());
    constexpr std::size_t count = 64;
    std::deque<std::string> texts;
    std::deque<test_operation> ops;
    for (std::size_t i = 0; i != count; ++i)
    {
        texts.emplace_back(100, static_cast<char>('0' + i));
        ops.emplace_back(request::write_at{buffers(texts.back()), i * 100, true});
        d->submit(ops.back(), a, lane::none);
    }
    BOOST_TEST(d->in_flight() == count);
    BOOST_TEST(d.wait_for_all(ops));
    std::deque<std::string> back(count, std::string(100, '.'));
    std::deque<test_operation> reads;
    for (std::size_t i = 0; i != count; ++i)
    {
        reads.emplace_back(request::read_at{buffers(back[i]), i * 100, true});
        d->submit(reads.back(), a, lane::none);
    }
    BOOST_TEST(d.wait_for_all(reads));
    BOOST_TEST((back == texts));
    d->detach(a);
}

CONFORMANCE_CASE(after_flush_the_system_has_been_asked, "[D8]")
{
    // Nobody looks at the driver, and all the same the peer sees what can be done at once.
    const auto [one, other] = socket_pair();
    const auto [third, fourth] = tcp_pair();
    attachment& a = d.attach(one);
    attachment& b = d.attach(third);
    std::string x = "x", y = "y";
    test_operation first(request::send{buffers(x), MSG_NOSIGNAL});
    test_operation second(request::send{buffers(y), MSG_NOSIGNAL});
    d->submit(first, a, lane::write);
    d->submit(second, b, lane::write);
    d->flush();
    BOOST_TEST(!d->unflushed());
    BOOST_TEST(read_some(other) == "x");
    BOOST_TEST(read_some(fourth) == "y");
    BOOST_TEST(!first.done());
    BOOST_TEST(d.wait_for(first));
    BOOST_TEST(d.wait_for(second));
    d->detach(a);
    d->detach(b);
}

CONFORMANCE_CASE(an_attempt_is_done_at_once_or_has_not_begun, "[D3] [D4]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string out = "out", in(10, '.');
    test_operation send(request::send{buffers(out), MSG_NOSIGNAL});
    BOOST_TEST(d->attempt(send, a, lane::write));
    BOOST_TEST(!send.done());
    BOOST_TEST(read_some(other) == "out");
    d.reap();
    BOOST_TEST(send.done());
    BOOST_TEST(send.value() == 3u);

    test_operation receive(request::receive{buffers(in)});
    BOOST_TEST(!d->attempt(receive, a, lane::read));
    BOOST_TEST(!a.busy());
    d.start(receive, a, lane::read);
    test_operation behind(request::receive{buffers(in)});
    write_all(other, "in");
    BOOST_TEST(!d->attempt(behind, a, lane::read)); // not past another one
    BOOST_TEST(d.wait_for(receive));
    BOOST_TEST(receive.value() == 2u);

    test_operation broken(request::send{buffers(out), MSG_NOSIGNAL});
    ::shutdown(other.get(), SHUT_RD);
    BOOST_TEST(d->attempt(broken, a, lane::write));
    d.reap();
    BOOST_TEST(broken.error() == EPIPE);
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()
