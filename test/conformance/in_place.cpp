#include <proactor/driver.hpp>

#include "driver_under_test.hpp"

#include <support/forked.hpp>

#include <chrono>

namespace {

using namespace test;

/// More than the peer's window takes at first, and less than there is room for: what is sent in place stays with
/// the system until the peer reads.
constexpr std::size_t held_size = 192 << 10;

struct held_connection
{
    held_connection()
    {
        const handle listener = tcp_listener();
        const int room = 1 << 20;
        sockaddr_in a = address_of(listener);
        sender = inet_socket();
        checked(::setsockopt(sender.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), "SO_SNDBUF");
        checked(::connect(sender.get(), generic(a), sizeof a), "connect");
        peer.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }

    handle sender, peer;
    std::string bytes = std::string(held_size, 'h');
};

request::send_zc in_place(std::string& text, bool whole = false)
{
    return {buffers(text), MSG_NOSIGNAL, whole, false, true};
}

bool holds(driver_under_test& d)
{
    return d->serves(request::send_zc()) == proactor::means::system;
}

std::string receive_all(driver_under_test& d, const handle& peer, std::size_t size)
{
    std::string got;
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (got.size() < size && std::chrono::steady_clock::now() < limit)
    {
        d.reap();
        char part[65536];
        const auto n = ::recv(peer.get(), part, sizeof part, MSG_DONTWAIT);
        if (n > 0)
            got.append(part, static_cast<std::size_t>(n));
        else if (n == 0 || errno != EAGAIN)
            break;
    }
    return got;
}

} // namespace

BOOST_AUTO_TEST_SUITE(sends_in_place)

CONFORMANCE_CASE(one_is_given_back_when_its_buffers_are_read_no_more, "[D27] [D5]")
{
    held_connection c;
    attachment& a = d.attach(c.sender);
    test_operation first(in_place(c.bytes));
    std::string behind = "behind";
    test_operation second(request::send{buffers(behind), MSG_NOSIGNAL});
    d.start(first, a, lane::write);
    d.start(second, a, lane::write);
    BOOST_TEST(d.wait_for(second));
    d.settle();
    BOOST_TEST(first.done() == !holds(d));
    d->cancel(first); // comes too late
    d.settle();
    BOOST_TEST(first.done() == !holds(d));
    const std::string got = receive_all(d, c.peer, held_size + 6);
    BOOST_TEST(got.size() == held_size + 6);
    BOOST_TEST((got == c.bytes + "behind"));
    BOOST_TEST(d.wait_for(first));
    BOOST_TEST(first.error() == 0);
    BOOST_TEST(first.value() == held_size);
    d->detach(a);
}

CONFORMANCE_CASE(a_whole_one_keeps_its_lane_until_all_is_taken, "[D27] [D6]")
{
    held_connection c;
    c.bytes.assign(4 << 20, 'w');
    attachment& a = d.attach(c.sender);
    test_operation first(in_place(c.bytes, true));
    std::string behind = "behind";
    test_operation second(request::send{buffers(behind), MSG_NOSIGNAL});
    d.start(first, a, lane::write);
    d.start(second, a, lane::write);
    d.settle();
    BOOST_TEST(!second.done());
    const std::string got = receive_all(d, c.peer, c.bytes.size() + 6);
    BOOST_TEST((got == c.bytes + "behind"));
    BOOST_TEST(d.wait_for(first));
    BOOST_TEST(d.wait_for(second));
    BOOST_TEST(first.value() == c.bytes.size());
    d->detach(a);
}

CONFORMANCE_CASE(nobody_waits_for_a_peer_that_does_not_read, "[D27] [D21]")
{
    for (const bool whole : {false, true})
        for (int way = 0; way != 3; ++way)
        {
            held_connection c;
            if (whole)
                c.bytes.assign(4 << 20, 'w');
            test_operation op(in_place(c.bytes, whole));
            {
                driver_under_test own(d.entries);
                attachment& a = own.attach(c.sender);
                own.start(op, a, lane::write);
                own.settle();
                if (way == 0)
                {
                    own->cancel_all(a);
                    own->flush();
                    own->await_release(a);
                    own.reap();
                    BOOST_TEST(op.done());
                }
                if (way == 1)
                {
                    own->detach(a);
                    own->cancel(op);
                    BOOST_TEST(own.wait_for(op));
                }
                else
                    own->detach(a, way == 2);
                if (way == 2)
                    (void)c.sender.release(); // the driver's, with the end that follows here
            }
            BOOST_TEST(op.outcome.value > 0u);
        }
}

CONFORMANCE_CASE(what_cannot_be_sent_in_place_is_copied, "[D27]")
{
    const auto [one, other] = socket_pair();
    attachment& a = d.attach(one);
    std::string text = "copied";
    for (int i = 0; i != 2; ++i)
    {
        test_operation op(in_place(text));
        d.start(op, a, lane::write);
        BOOST_TEST(d.wait_for(op));
        BOOST_TEST(op.error() == 0);
        BOOST_TEST(op.value() == 6u);
        BOOST_TEST(!(op.outcome.flags & request::send_zc::in_place));
        BOOST_TEST(read_some(other) == "copied");
    }
    d->detach(a);
}

CONFORMANCE_CASE(a_child_does_not_send_again_what_its_parent_has_sent, "[D27] [D24]")
{
    held_connection c;
    attachment& a = d.attach(c.sender);
    test_operation op(in_place(c.bytes));
    d.start(op, a, lane::write);
    d.settle();
    forked child(
        [&](findings& check)
        {
            check(d->reopen() == 0, "it is opened again");
            check(d.wait_for(op), "the send has ended");
            check(op.error() == 0 && op.value() == held_size, "with what the parent has sent");
        });
    BOOST_TEST(child.end() == 0);
    BOOST_TEST((receive_all(d, c.peer, held_size) == c.bytes));
    BOOST_TEST(d.wait_for(op));
    BOOST_TEST(op.value() == held_size);
    char more = 0;
    BOOST_TEST(::recv(c.peer.get(), &more, 1, MSG_DONTWAIT) == -1);
    d->detach(a);
}

CONFORMANCE_CASE(a_file_is_sent_in_its_lane, "[D3] [D6] [D15]")
{
    held_connection c;
    c.bytes.assign(2 << 20, 'f');
    temporary_file file;
    write_all(file.file(), c.bytes);
    attachment& a = d.attach(c.sender);
    std::string head = "head", tail = "tail";
    test_operation first(request::send{buffers(head), MSG_NOSIGNAL});
    test_operation body(request::send_file{file.file().get(), 0, c.bytes.size() + 10});
    test_operation last(request::send{buffers(tail), MSG_NOSIGNAL});
    for (test_operation* op : {&first, &body, &last})
        d.start(*op, a, lane::write);
    const std::string got = receive_all(d, c.peer, c.bytes.size() + 8);
    BOOST_TEST((got == head + c.bytes + tail));
    BOOST_TEST(d.wait_for(last));
    BOOST_TEST(body.error() == 0);
    BOOST_TEST(body.value() == c.bytes.size()); // the end of the file
    d->detach(a);
}

BOOST_AUTO_TEST_SUITE_END()
