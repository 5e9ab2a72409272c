// Messages with control data, lists of buffers, sends of files and without a copy, many accepts.
#include <proactor/op/messages.hpp>

#include <proactor/buffers.hpp>
#include <proactor/op/registered_memory.hpp>

#include "slab_under_test.hpp"

#include <array>
#include <cstdlib>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace test;
using namespace std::string_literals;

using room = proactor::control_buffer<256>;

} // namespace

BOOST_AUTO_TEST_SUITE(messages_and_lists)

BOOST_AUTO_TEST_CASE(a_message_brings_its_control_data_and_sender)
{
    slab_under_test s;
    const handle one = inet_socket(SOCK_DGRAM);
    const handle other = inet_socket(SOCK_DGRAM);
    for (const handle* h : {&one, &other})
    {
        sockaddr_in a = loopback_address();
        checked(::bind(h->get(), generic(a), sizeof a), "bind");
    }
    const int on = 1;
    checked(::setsockopt(one.get(), IPPROTO_IP, IP_RECVTTL, &on, sizeof on), "setsockopt");
    const auto at = s.attach(one);
    const auto to = s.attach(other);
    room control;
    BOOST_TEST(control.add(IPPROTO_IP, IP_TTL, 7));
    s.submit(to, op::send_message{"datagram"s, std::move(control),
                                  op::address::of(address_of(one))}, 1);
    s.submit(at, op::receive_message{std::string(4, '.'), room()}, 2);
    for (auto& c : s.next_several(2))
    {
        BOOST_TEST(!c.error());
        if (c.token() == 1)
        {
            BOOST_TEST(c.value() == 8u);
            BOOST_TEST((c.take<op::send_message<std::string, room>>().buffer == "datagram"));
            continue;
        }
        auto got = c.take<op::receive_message<std::string, room>>();
        BOOST_TEST(got.buffer == "data");
        BOOST_TEST((got.received & MSG_TRUNC) != 0);
        BOOST_TEST((got.from == op::address::of(address_of(other))));
        std::optional<int> ttl;
        for (const auto m : got.control)
            ttl = m.value<int>(IPPROTO_IP, IP_TTL);
        BOOST_TEST((ttl == 7));
    }

    const auto t = s.submit(at, op::receive_message{std::string(4, '.'), room()}, 3);
    BOOST_TEST(s.cancel(t));
    auto c = s.next();
    BOOST_TEST(cancelled(c));
    auto back = c.take<op::receive_message<std::string, room>>();
    BOOST_TEST(back.buffer == "....");
    BOOST_TEST(back.from.size == 0u);
    BOOST_TEST(back.control.empty());

    proactor::control_buffer<16> small;
    BOOST_TEST(!small.add(IPPROTO_IP, IP_TTL, 7));
    s.submit(to, op::send_message{"x"s, std::move(small)}, 4);
    BOOST_TEST((s.next().error() == std::errc::no_buffer_space));
}

BOOST_AUTO_TEST_CASE(descriptors_come_and_are_closed_if_nobody_takes_them)
{
    const auto [one, other] = socket_pair();
    const auto [out, in] = pipe_pair();
    const auto open_before = open_descriptors();
    for (const bool taken : {true, false})
    {
        slab_under_test s;
        const auto at = s.attach(one);
        room control;
        control.add_handle(in.get());
        s.submit(s.attach(other), op::send_message{"h"s, std::move(control)}, 1);
        s.submit(at, op::receive_message{std::string(8, '.'), room()}, 2);
        for (auto& c : s.next_several(2))
        {
            if (c.token() != 2)
                continue;
            auto got = c.take<op::receive_message<std::string, room>>();
            BOOST_TEST_REQUIRE(got.control.handles() == 1u);
            if (!taken)
                continue;
            proactor::unique_handle h = got.control.take_handle();
            BOOST_TEST(::fcntl(h.get(), F_GETFD) == FD_CLOEXEC);
            BOOST_TEST(::write(h.get(), "t", 1) == 1);
            BOOST_TEST(read_some(out) == "t");
        }
    }
    // And those that come with the end of the slab.
    {
        slab_under_test s;
        s.submit(s.attach(one), op::receive_message{std::string(8, '.'), room()}, 2);
        room control;
        control.add_handle(in.get());
        s.flush();
        slab_under_test elsewhere;
        elsewhere.submit(elsewhere.attach(other), op::send_message{"h"s, std::move(control)}, 1);
        BOOST_TEST(!elsewhere.next().error());
    }
    BOOST_TEST(open_descriptors() == open_before);
}

BOOST_AUTO_TEST_CASE(buffers_in_lists)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    using list = std::vector<std::string>;
    s.submit(at, op::send{list{"one ", "", "two ", "three"}}, 1);
    auto c = s.next();
    BOOST_TEST(c.value() == 13u);
    BOOST_TEST(read_some(other) == "one two three");
    auto sent = c.take<op::send<list>>();
    BOOST_TEST((sent.buffer == list{"one ", "", "two ", "three"}));
    sent.part = {2, 8};
    s.submit(at, std::move(sent), 2);
    BOOST_TEST(s.next().value() == 8u);
    BOOST_TEST(read_some(other) == "e two th");

    using pair = std::tuple<std::array<char, 3>, std::string>;
    write_all(other, "abcdef");
    s.submit(at, op::receive{pair{std::array<char, 3>{}, "....."}}, 3);
    c = s.next();
    BOOST_TEST(c.value() == 6u);
    auto [head, tail] = c.take<op::receive<pair>>().buffer;
    BOOST_TEST(std::string(head.data(), 3) == "abc");
    BOOST_TEST(tail == "def..");

    // Of nothing.
    s.submit(at, op::send{list{}}, 4);
    c = s.next();
    BOOST_TEST(c.value() == 0u);

    temporary_file f;
    const auto file = s.attach(f.file());
    s.submit(file, op::write_at{list{"0123", "4567", "89"}, 10, true}, 5);
    BOOST_TEST(s.next().value() == 10u);
    s.submit(file, op::read_at{list{"..", "......"}, 12, true}, 6);
    c = s.next();
    BOOST_TEST(c.value() == 8u);
    BOOST_TEST((c.take<op::read_at<list>>().buffer == list{"23", "456789"}));

    // Datagrams and messages take them, too.
    const auto [a, b] = socket_pair(SOCK_DGRAM);
    s.submit(s.attach(a), op::send_message{list{"da", "ta"}, room()}, 7);
    s.submit(s.attach(b), op::receive_from{list{"...", "..."}}, 8);
    for (auto& each : s.next_several(2))
        if (each.token() == 8)
            BOOST_TEST((each.take<op::receive_from<list>>().buffer == list{"dat", "a.."}));
}

BOOST_AUTO_TEST_CASE(files_and_large_buffers_are_sent)
{
    slab_under_test s;
    const auto [client, server] = tcp_pair();
    const auto at = s.attach(client);
    const auto at_server = s.attach(server);

    temporary_file f;
    write_all(f.file(), "0123456789");
    s.submit(at, op::send_file{f.file().get(), 3, 4}, 3);
    BOOST_TEST(s.next().value() == 4u);
    s.submit(at_server, op::receive{std::string(16, '.')}, 4);
    auto c = s.next();
    BOOST_TEST(c.value() == 4u);
    BOOST_TEST(c.take<op::receive<std::string>>().buffer.substr(0, 4) == "3456");

    const std::string large(50'000, 'z');
    s.submit(at, op::send_zc{large, 0, {}, true}, 5);
    s.submit(at_server, op::receive{std::string(50'000, '.'), MSG_WAITALL}, 6);
    for (auto& each : s.next_several(2))
    {
        BOOST_TEST(each.value() == large.size());
        if (each.token() == 5)
            BOOST_TEST((each.take<op::send_zc<std::string>>().buffer == large));
        else
            BOOST_TEST((each.take<op::receive<std::string>>().buffer == large));
    }
}

BOOST_AUTO_TEST_CASE(one_accept_takes_many_connections)
{
    slab_under_test s;
    const handle listener = tcp_listener();
    const auto at = s.attach(listener);
    const auto t = s.submit(at, op::accept_many{}, 1);
    BOOST_TEST(s.quiet());
    std::vector<handle> clients;
    std::vector<proactor::unique_handle> servers;
    for (int round = 0; round != 3; ++round)
    {
        for (int i = 0; i != 4; ++i)
        {
            clients.push_back(inet_socket());
            sockaddr_in a = address_of(listener);
            checked(::connect(clients.back().get(), generic(a), sizeof a), "connect");
        }
        while (servers.size() != clients.size())
        {
            auto c = s.next();
            BOOST_TEST_REQUIRE(c.more());
            while (auto h = s.take_kept(at))
                servers.push_back(std::move(h));
        }
    }
    BOOST_TEST(s.in_flight() == 1u);
    BOOST_TEST(s.cancel(t));
    auto end = s.next();
    BOOST_TEST(!end.more());
    BOOST_TEST(cancelled(end));
    BOOST_TEST(end.holds<op::accept_many>());
    for (std::size_t i = 0; i != clients.size(); ++i)
    {
        const sockaddr_in own = address_of(clients[i]);
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        checked(::getpeername(servers[i].get(), generic(peer), &size), "getpeername");
        BOOST_TEST(peer.sin_port == own.sin_port);
    }
}

BOOST_AUTO_TEST_CASE(memory_that_the_system_knows)
{
    std::vector<char> memory(64 * 1024, '.');
    std::optional<slab_under_test> s(std::in_place);
    temporary_file f;
    write_all(f.file(), "registered");
    std::optional<op::registered_memory> known(std::in_place, *s,
                                               std::as_writable_bytes(std::span(memory)));
    if (std::string_view(s->name()) == "epoll" || std::getenv("PROACTOR_TEST_MASKED"))
        BOOST_TEST((known->error() == std::errc::operation_not_supported));
    else
        BOOST_TEST(!known->error());
    const auto file = s->attach(f.file());
    // A buffer that lies there: what a program makes of its memory.
    using piece = proactor::kept_span<char, std::nullptr_t>;
    for (int i = 0; i != 70; ++i) // the file becomes known, too
    {
        s->submit(file, op::read_at{piece(std::span(memory).subspan(100, 50), nullptr)}, 1);
        BOOST_TEST(s->next().value() == 10u);
        BOOST_TEST(std::string(memory.data() + 100, 11) == "registered.");
    }
    s.reset();
    known.reset(); // after its slab
}

BOOST_AUTO_TEST_SUITE_END()
