#include <proactor/request.hpp>

#include "driver_under_test.hpp"

#include <array>
#include <cstring>
#include <span>

namespace {

using namespace test;

/// A request over two buffers.
struct two_buffers
{
    std::array<proactor::native_buffer, 2> list;

    two_buffers(std::string& first, std::string& second)
        : list{{{first.data(), first.size()}, {second.data(), second.size()}}}
    {
    }
    proactor::buffer_list get() { return {{}, list.data(), 2}; }
};

/// Carries one operation out.
bool perform(driver_under_test& d, test_operation& op, const handle& h, lane l)
{
    attachment& a = d.attach(h);
    d.start(op, a, l);
    const bool in_time = d.wait_for(op);
    d->detach(a);
    return in_time;
}

} // namespace

BOOST_AUTO_TEST_SUITE(requests)

CONFORMANCE_CASE(nothing_completes_with_nothing, "[D3] [D4]")
{
    attachment& a = d->attach(invalid_handle);
    test_operation op;
    d->submit(op, a, lane::none);
    BOOST_TEST(!op.done());
    BOOST_TEST(d->in_flight() == 1u);
    BOOST_TEST(d->unflushed());
    d->flush();
    BOOST_TEST(!d->unflushed());
    BOOST_TEST(!op.done());
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(op.value() == 0u);
    BOOST_TEST(d->in_flight() == 0u);
    d.settle();
    BOOST_TEST(op.completed == 1);
    d->detach(a);
}

CONFORMANCE_CASE(reads_and_writes_of_streams, "[D3]")
{
    const auto [out, in] = pipe_pair();
    std::string a = "hello ", b = "world";
    two_buffers both(a, b);
    test_operation write(request::write{both.get()});
    BOOST_TEST(perform(d, write, in, lane::write));
    BOOST_TEST(write.value() == 11u);

    std::string c(4, '.'), e(20, '.');
    test_operation first(request::read{buffers(c)});
    BOOST_TEST(perform(d, first, out, lane::read));
    BOOST_TEST(first.value() == 4u);
    BOOST_TEST(c == "hell");
    std::string f(2, '.');
    two_buffers rest(f, e);
    test_operation second(request::read{rest.get()});
    BOOST_TEST(perform(d, second, out, lane::read));
    BOOST_TEST(second.value() == 7u);
    BOOST_TEST(f == "o ");
    BOOST_TEST(e.substr(0, 5) == "world");

    test_operation one(request::write{buffers(a)});
    BOOST_TEST(perform(d, one, in, lane::write));
    BOOST_TEST(one.value() == 6u);
}

CONFORMANCE_CASE(a_read_at_the_end_of_a_stream_is_0_bytes, "[D3]")
{
    auto [out, in] = pipe_pair();
    in.reset();
    std::string text(4, '.');
    test_operation op(request::read{buffers(text)});
    BOOST_TEST(perform(d, op, out, lane::read));
    BOOST_TEST(op.error() == 0);
    BOOST_TEST(op.value() == 0u);
}

CONFORMANCE_CASE(an_error_of_the_system_is_the_outcome, "[D3]")
{
    auto [out, in] = pipe_pair();
    std::string text(4, '.');
    test_operation wrong_way(request::write{buffers(text)});
    BOOST_TEST(perform(d, wrong_way, out, lane::write));
    BOOST_TEST(wrong_way.error() == EBADF);

    test_operation no_socket(request::receive{buffers(text)});
    BOOST_TEST(perform(d, no_socket, out, lane::read));
    BOOST_TEST(no_socket.error() == ENOTSOCK);

    handle_pair sockets = socket_pair();
    sockets.b.reset();
    test_operation broken(request::send{buffers(text), MSG_NOSIGNAL});
    BOOST_TEST(perform(d, broken, sockets.a, lane::write));
    BOOST_TEST(broken.error() == EPIPE);
}

CONFORMANCE_CASE(receives_and_sends_of_connections, "[D3]")
{
    for (const bool tcp : {false, true})
    {
        const auto [one, other] = tcp ? tcp_pair() : socket_pair();
        std::string a = "hello ", b = "world";
        two_buffers both(a, b);
        test_operation send(request::send{both.get(), MSG_NOSIGNAL});
        BOOST_TEST(perform(d, send, one, lane::write));
        BOOST_TEST(send.value() == 11u);

        std::string c(4, '.');
        test_operation peek(request::receive{buffers(c), MSG_PEEK});
        BOOST_TEST(perform(d, peek, other, lane::read));
        BOOST_TEST(c == "hell");
        std::string e(3, '.'), f(20, '.');
        two_buffers parts(e, f);
        test_operation receive(request::receive{parts.get()});
        BOOST_TEST(perform(d, receive, other, lane::read));
        BOOST_TEST(receive.value() == 11u);
        BOOST_TEST(e == "hel");
        BOOST_TEST(f.substr(0, 8) == "lo world");

        test_operation single(request::send{buffers(a), MSG_NOSIGNAL});
        BOOST_TEST(perform(d, single, other, lane::write));
        BOOST_TEST(read_some(one) == "hello ");
    }
}

CONFORMANCE_CASE(messages_carry_addresses, "[D3] [D5]")
{
    const auto bound = [] {
        handle h = inet_socket(SOCK_DGRAM);
        sockaddr_in a = loopback_address();
        checked(::bind(h.get(), generic(a), sizeof a), "bind");
        return h;
    };
    const handle one = bound();
    const handle other = bound();
    sockaddr_in to = address_of(other);
    std::string out = "datagram";
    iovec out_vector{out.data(), out.size()};
    msghdr out_header{};
    out_header.msg_name = &to;
    out_header.msg_namelen = sizeof to;
    out_header.msg_iov = &out_vector;
    out_header.msg_iovlen = 1;
    test_operation send(request::send_message{&out_header, 0});

    std::string in(4, '.');
    iovec in_vector{in.data(), in.size()};
    sockaddr_in from{};
    msghdr in_header{};
    in_header.msg_name = &from;
    in_header.msg_namelen = sizeof from;
    in_header.msg_iov = &in_vector;
    in_header.msg_iovlen = 1;
    test_operation receive(request::receive_message{&in_header, 0});

    attachment& a = d.attach(other);
    d.start(receive, a, lane::read);
    BOOST_TEST(perform(d, send, one, lane::write));
    BOOST_TEST(send.value() == 8u);
    BOOST_TEST(d.wait_for(receive));
    BOOST_TEST(receive.value() == 4u);
    BOOST_TEST(in == "data");
    BOOST_TEST((in_header.msg_flags & MSG_TRUNC) != 0);
    BOOST_TEST(in_header.msg_namelen == sizeof from);
    BOOST_TEST(from.sin_port == address_of(one).sin_port);
    d->detach(a);
}

CONFORMANCE_CASE(messages_carry_control_data, "[D3] [D5]")
{
    const auto [one, other] = socket_pair(SOCK_DGRAM);
    const auto [out, in] = pipe_pair();
    std::string text = "with a handle";
    alignas(cmsghdr) char sent[CMSG_SPACE(sizeof(int))] = {};
    alignas(cmsghdr) char got[CMSG_SPACE(4 * sizeof(int))] = {};
    const auto header = [](iovec& piece, std::span<char> control)
    {
        msghdr m{};
        m.msg_iov = &piece;
        m.msg_iovlen = 1;
        m.msg_control = control.data();
        m.msg_controllen = control.size();
        return m;
    };
    iovec out_piece{text.data(), text.size()};
    msghdr out_header = header(out_piece, sent);
    cmsghdr* c = CMSG_FIRSTHDR(&out_header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    const int passed = in.get();
    std::memcpy(CMSG_DATA(c), &passed, sizeof passed);
    test_operation send(request::send_message{&out_header, 0});

    std::string back(20, '.');
    iovec in_piece{back.data(), back.size()};
    msghdr in_header = header(in_piece, got);
    test_operation receive(request::receive_message{&in_header, MSG_CMSG_CLOEXEC});
    attachment& a = d.attach(other);
    d.start(receive, a, lane::read);
    BOOST_TEST(perform(d, send, one, lane::write));
    BOOST_TEST(d.wait_for(receive));
    BOOST_TEST(receive.value() == text.size());
    BOOST_TEST_REQUIRE(in_header.msg_controllen == CMSG_SPACE(sizeof(int)));
    int taken = -1;
    std::memcpy(&taken, CMSG_DATA(CMSG_FIRSTHDR(&in_header)), sizeof taken);
    const handle writer(taken);
    BOOST_TEST((::fcntl(taken, F_GETFD) & FD_CLOEXEC) != 0);
    write_all(writer, "x");
    BOOST_TEST(read_some(out) == "x");
    d->detach(a);
}

CONFORMANCE_CASE(accepts_and_connects, "[D3]")
{
    const handle listener = tcp_listener();
    const handle client = inet_socket();
    sockaddr_in peer{};
    std::uint32_t peer_size = sizeof peer;
    sockaddr_in target = address_of(listener);
    test_operation accept(
        request::accept{AF_INET, SOCK_STREAM, IPPROTO_TCP, &peer, &peer_size, false});
    test_operation connect(request::connect{&target, sizeof target});
    attachment& a = d.attach(listener);
    d.start(accept, a, lane::read);
    BOOST_TEST(perform(d, connect, client, lane::write));
    BOOST_TEST(connect.error() == 0);
    BOOST_TEST(connect.value() == 0u);
    BOOST_TEST(d.wait_for(accept));
    BOOST_TEST_REQUIRE(accept.error() == 0);
    const handle server(static_cast<int>(accept.value()));
    BOOST_TEST(peer_size == sizeof peer);
    BOOST_TEST(peer.sin_port == address_of(client).sin_port);
    write_all(server, "x");
    BOOST_TEST(read_some(client) == "x");
    d->detach(a);
}

CONFORMANCE_CASE(a_refused_connection_is_an_error, "[D3]")
{
    handle listener = tcp_listener();
    sockaddr_in target = address_of(listener);
    listener.reset();
    const handle client = inet_socket();
    test_operation connect(request::connect{&target, sizeof target});
    BOOST_TEST(perform(d, connect, client, lane::write));
    BOOST_TEST(connect.error() == ECONNREFUSED);
}

CONFORMANCE_CASE(handles_that_do_not_block_are_waited_for_all_the_same, "[D15]")
{
    const handle listener = tcp_listener();
    checked(::fcntl(listener.get(), F_SETFL, O_NONBLOCK), "fcntl");
    const handle client = inet_socket();
    checked(::fcntl(client.get(), F_SETFL, O_NONBLOCK), "fcntl");
    sockaddr_in target = address_of(listener);
    test_operation accept(request::accept{});
    test_operation connect(request::connect{&target, sizeof target});
    attachment& a = d.attach(listener);
    d.start(accept, a, lane::read);
    d.settle();
    BOOST_TEST(!accept.done());
    BOOST_TEST(perform(d, connect, client, lane::write));
    BOOST_TEST(connect.error() == 0);
    BOOST_TEST(d.wait_for(accept));
    BOOST_TEST_REQUIRE(accept.error() == 0);
    const handle server(static_cast<int>(accept.value()));
    d->detach(a);

    // Even where a request itself says that it must not block.
    std::string text(10, '.');
    test_operation receive(request::receive{buffers(text), MSG_DONTWAIT});
    attachment& c = d.attach(client);
    d.start(receive, c, lane::read);
    d.settle();
    BOOST_TEST(!receive.done());
    write_all(server, "late");
    BOOST_TEST(d.wait_for(receive));
    BOOST_TEST(receive.error() == 0);
    BOOST_TEST(receive.value() == 4u);
    d->detach(c);
}

CONFORMANCE_CASE(readiness, "[D3]")
{
    const auto [one, other] = tcp_pair();
    attachment& a = d.attach(one);
    test_operation readable(request::poll{request::readiness::read});
    test_operation writable(request::poll{request::readiness::write});
    test_operation urgent(request::poll{request::readiness::priority});
    d.start(readable, a, lane::read);
    d.start(writable, a, lane::write);
    d.start(urgent, a, lane::except);
    BOOST_TEST(d.wait_for(writable));
    BOOST_TEST(writable.error() == 0);
    BOOST_TEST(writable.value() == static_cast<unsigned>(request::readiness::write));
    d.settle();
    BOOST_TEST(!readable.done());
    write_all(other, "x");
    BOOST_TEST(d.wait_for(readable));
    BOOST_TEST((readable.value() & static_cast<unsigned>(request::readiness::read)) != 0);
    BOOST_TEST(!urgent.done());
    BOOST_TEST(::send(other.get(), "!", 1, MSG_OOB) == 1);
    BOOST_TEST(d.wait_for(urgent));
    BOOST_TEST(urgent.error() == 0);
    d->detach(a);
}

CONFORMANCE_CASE(files, "[D3]")
{
    temporary_file file;
    attachment& nowhere = d->attach(invalid_handle);
    test_operation open(request::open{file.path(), O_RDWR, 0});
    d.start(open, nowhere);
    BOOST_TEST(d.wait_for(open));
    BOOST_TEST_REQUIRE(open.error() == 0);
    const handle h(static_cast<int>(open.value()));
    BOOST_TEST((::fcntl(h.get(), F_GETFD) & FD_CLOEXEC) != 0);

    std::string text = "0123456789", more = "abc";
    two_buffers both(text, more);
    test_operation write(request::write_at{both.get(), 5, false});
    BOOST_TEST(perform(d, write, h, lane::none));
    BOOST_TEST(write.value() == 13u);
    for (const bool data_only : {false, true})
    {
        test_operation sync(request::sync{data_only});
        BOOST_TEST(perform(d, sync, h, lane::none));
        BOOST_TEST(sync.error() == 0);
    }
    std::string back(6, '.');
    test_operation read(request::read_at{buffers(back), 12, false});
    BOOST_TEST(perform(d, read, h, lane::none));
    BOOST_TEST(read.value() == 6u);
    BOOST_TEST(back == "789abc");
    test_operation behind(request::read_at{buffers(back), 100, false});
    BOOST_TEST(perform(d, behind, h, lane::none));
    BOOST_TEST(behind.error() == 0);
    BOOST_TEST(behind.value() == 0u);

    test_operation missing(request::open{"/nowhere/at/all", O_RDONLY, 0});
    d.start(missing, nowhere);
    BOOST_TEST(d.wait_for(missing));
    BOOST_TEST(missing.error() == ENOENT);
    d->detach(nowhere);
}

CONFORMANCE_CASE(a_whole_read_ends_at_the_end_of_the_file, "[D15]")
{
    temporary_file file;
    write_all(file.file(), std::string(100'000, 'f'));
    std::string back(150'000, '.');
    test_operation read(request::read_at{buffers(back), 10, true});
    BOOST_TEST(perform(d, read, file.file(), lane::none));
    BOOST_TEST(read.error() == 0);
    BOOST_TEST(read.value() == 99'990u);
    BOOST_TEST(back.find('.') == 99'990u);

    std::string text(300'000, 'w');
    test_operation write(request::write_at{buffers(text), 0, true});
    BOOST_TEST(perform(d, write, file.file(), lane::none));
    BOOST_TEST(write.value() == 300'000u);
}

CONFORMANCE_CASE(a_wait_goes_on_behind_a_part, "[D15] [D18]")
{
    // The part may come from the attempt that comes before the sleep.
    temporary_file file;
    write_all(file.file(), "part");
    std::string back(10, '.');
    attachment& a = d.attach(file.file());
    test_operation read(request::read_at{buffers(back), 0, true});
    d->submit(read, a, lane::none);
    const auto limit = driver_under_test::clock::now() + patience;
    proactor::operation_queue q;
    while (q.empty() && driver_under_test::clock::now() < limit)
        d->wait(limit, q);
    BOOST_TEST((driver_under_test::clock::now() < limit));
    BOOST_TEST(q.pop() == &read);
    d->deliver(read);
    BOOST_TEST(read.error() == 0);
    BOOST_TEST(read.value() == 4u);
    d->detach(a);
}

CONFORMANCE_CASE(what_was_given_back_belongs_to_its_creator_again, "[D5]")
{
    // One operation and one buffer serve again and again, and nothing of an earlier use shows.
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    for (int i = 0; i != 200; ++i)
    {
        auto op = std::make_unique<test_operation>();
        auto buffer = std::make_unique<std::string>(8, '.');
        op->request = request::receive{buffers(*buffer)};
        d.start(*op, a, lane::read);
        write_all(other, std::to_string(i));
        BOOST_TEST_REQUIRE(d.wait_for(*op));
        BOOST_TEST_REQUIRE(buffer->substr(0, op->value()) == std::to_string(i));
        // Scribbled over and freed: the sanitizers see a driver that still looks at it.
        std::memset(op->scratch, 0x5a, sizeof op->scratch);
        buffer->assign(8, '#');
    }
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()
