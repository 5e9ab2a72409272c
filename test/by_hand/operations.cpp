// Each operation: what it does, and that its buffer comes back on success, error and cancellation.
#include <proactor/op/operations.hpp>

#include "slab_under_test.hpp"

#include <algorithm>
#include <numeric>

namespace {

using namespace test;

std::string const words = "The quick brown fox";

std::string room(std::size_t n = 64)
{
    return std::string(n, '.');
}

/// A buffer that knows how many of its kind there are.
class counted
{
public:
    explicit counted(std::size_t n) : bytes_(n, '.') { ++alive; }
    counted(counted&& other) noexcept : bytes_(std::move(other.bytes_)) { ++alive; }
    counted& operator=(counted&&) = default;
    ~counted() { --alive; }

    std::vector<char>& bytes() { return bytes_; }
    std::size_t size() const { return bytes_.size(); }

    static inline int alive = 0;

private:
    std::vector<char> bytes_;
};

} // namespace

template <>
struct proactor::buffer_traits<counted>
{
    static void* data(counted& b) noexcept { return b.bytes().data(); }
    static std::size_t size(const counted& b) noexcept { return b.size(); }
};

BOOST_AUTO_TEST_SUITE(operations)

BOOST_AUTO_TEST_CASE(nothing_completes)
{
    slab_under_test s;
    s.submit(op::nothing{}, 5);
    BOOST_TEST(s.in_flight() == 1u);
    auto c = s.next();
    BOOST_TEST(c.token() == 5u);
    BOOST_TEST(!c.error());
    BOOST_TEST(!c.more());
    BOOST_TEST(c.holds<op::nothing>());
    (void)c.take<op::nothing>();
    BOOST_TEST(s.in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(reads_and_writes_of_a_pipe)
{
    slab_under_test s;
    const auto [out, in] = pipe_pair();
    const auto from = s.attach(out);
    const auto to = s.attach(in);
    s.submit(to, op::write{words}, 1);
    auto c = s.next();
    BOOST_TEST(c.value() == words.size());
    BOOST_TEST(c.take<op::write<std::string>>().buffer == words);

    s.submit(from, op::read{room()}, 2);
    c = s.next();
    BOOST_TEST(c.token() == 2u);
    BOOST_TEST(c.take<op::read<std::string>>().buffer.substr(0, words.size()) == words);
}

BOOST_AUTO_TEST_CASE(positions_of_a_file_and_its_changes)
{
    slab_under_test s;
    temporary_file f;
    const auto file = s.attach(f.file());
    s.submit(file, op::write_at{words, 100, true}, 1);
    auto c = s.next();
    BOOST_TEST(c.value() == words.size());
    BOOST_TEST(c.take<op::write_at<std::string>>().buffer == words);
    for (const bool data_only : {false, true})
    {
        s.submit(file, op::sync{data_only}, 2);
        BOOST_TEST(!s.next().error());
    }
    s.submit(file, op::read_at{room(), 104}, 3);
    c = s.next();
    BOOST_TEST(c.value() == words.size() - 4);
    auto back = c.take<op::read_at<std::string>>();
    BOOST_TEST(back.offset == 104u);
    BOOST_TEST(back.buffer.substr(0, 15) == words.substr(4));

    // The end of the file, and a whole one that stops there.
    s.submit(file, op::read_at{std::move(back.buffer), 1000}, 4);
    BOOST_TEST(s.next().value() == 0u);
    s.submit(file, op::read_at{room(4096), 0, true}, 5);
    BOOST_TEST(s.next().value() == 100 + words.size());
}

BOOST_AUTO_TEST_CASE(a_part_of_a_buffer)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    s.submit(at, op::send{words, 0, {4, 5}}, 1);
    auto c = s.next();
    BOOST_TEST(c.value() == 5u);
    BOOST_TEST(read_some(other) == "quick");
    BOOST_TEST(c.take<op::send<std::string>>().buffer == words);

    write_all(other, "abcdef");
    s.submit(at, op::receive{room(6), 0, {1, 3}}, 2);
    c = s.next();
    BOOST_TEST(c.value() == 3u);
    BOOST_TEST(c.take<op::receive<std::string>>().buffer == ".abc..");

    // Behind the end there is nothing.
    temporary_file f;
    const auto file = s.attach(f.file());
    s.submit(file, op::write_at{words, 0, true, {17, 100}}, 3);
    BOOST_TEST(s.next().value() == 2u);
    s.submit(file, op::write_at{words, 0, true, {100, 100}}, 4);
    c = s.next();
    BOOST_TEST(c.value() == 0u);
    BOOST_TEST(c.take<op::write_at<std::string>>().buffer == words);
}

BOOST_AUTO_TEST_CASE(connections)
{
    slab_under_test s;
    const handle listener = tcp_listener();
    const handle client = inet_socket();
    const auto at_listener = s.attach(listener);
    const auto at_client = s.attach(client);
    const auto where = op::address::of(address_of(listener));
    s.submit(at_listener, op::accept{}, 1);
    s.submit(at_client, op::connect{where}, 2);
    proactor::unique_handle server;
    for (auto& c : s.next_several(2))
    {
        BOOST_TEST(!c.error());
        if (c.token() == 2)
        {
            BOOST_TEST((c.take<op::connect>().to == where));
            continue;
        }
        auto won = c.take<op::accept>();
        BOOST_TEST(static_cast<int>(c.value()) == won.handle.get());
        BOOST_TEST(won.peer.as<sockaddr_in>().sin_port == address_of(client).sin_port);
        server = std::move(won.handle);
    }
    BOOST_TEST_REQUIRE(bool(server));
    const auto at_server = s.attach(server.get());
    s.submit(at_server, op::receive{room()}, 3);
    s.submit(at_client, op::send{words}, 4);
    for (auto& c : s.next_several(2))
    {
        BOOST_TEST(c.value() == words.size());
        if (c.token() == 3)
            BOOST_TEST(c.take<op::receive<std::string>>().buffer.substr(0, words.size()) == words);
        else
            BOOST_TEST(c.take<op::send<std::string>>().buffer == words);
    }

    // Urgent data.
    s.submit(at_server, op::receive{room(1), MSG_OOB}, 6);
    s.submit(at_client, op::send{std::string("!"), MSG_OOB}, 7);
    for (auto& c : s.next_several(2))
        if (c.token() == 6)
            BOOST_TEST(c.take<op::receive<std::string>>().buffer == "!");
        else
            BOOST_TEST(c.token() == 7u);

    ::shutdown(client.get(), SHUT_WR);
    s.submit(at_server, op::receive{room()}, 8);
    auto c = s.next();
    BOOST_TEST(c.value() == 0u); // the end
    BOOST_TEST(c.take<op::receive<std::string>>().buffer == room());
}

BOOST_AUTO_TEST_CASE(datagrams_and_their_senders)
{
    slab_under_test s;
    const handle one = inet_socket(SOCK_DGRAM);
    const handle other = inet_socket(SOCK_DGRAM);
    for (const handle* h : {&one, &other})
    {
        sockaddr_in a = loopback_address();
        checked(::bind(h->get(), generic(a), sizeof a), "bind");
    }
    const auto at_one = s.attach(one);
    const auto at_other = s.attach(other);
    s.submit(at_other, op::receive_from{room()}, 1);
    s.submit(at_one, op::send_to{words, op::address::of(address_of(other))}, 2);
    for (auto& c : s.next_several(2))
    {
        BOOST_TEST(!c.error());
        BOOST_TEST(c.value() == words.size());
        if (c.token() == 2)
        {
            BOOST_TEST(c.take<op::send_to<std::string>>().buffer == words);
            continue;
        }
        auto got = c.take<op::receive_from<std::string>>();
        BOOST_TEST(got.buffer.substr(0, words.size()) == words);
        BOOST_TEST((got.from == op::address::of(address_of(one))));
    }
    const auto t = s.submit(at_other, op::receive_from{room()}, 3);
    BOOST_TEST(s.cancel(t));
    auto c = s.next();
    BOOST_TEST(cancelled(c));
    auto back = c.take<op::receive_from<std::string>>();
    BOOST_TEST(back.buffer == room());
    BOOST_TEST(back.from.size == 0u);
}

BOOST_AUTO_TEST_CASE(files_are_opened_and_closed)
{
    slab_under_test s;
    temporary_file f;
    s.submit(op::open{f.path(), O_RDWR}, 1);
    auto c = s.next();
    BOOST_TEST_REQUIRE(!c.error());
    auto opened = c.take<op::open>();
    const int number = opened.handle.get();
    BOOST_TEST(is_open(number));
    BOOST_TEST(opened.path == f.path());
    s.submit(op::close{std::move(opened.handle)}, 2);
    c = s.next();
    BOOST_TEST(!c.error());
    BOOST_TEST(!is_open(number));
    BOOST_TEST(!c.take<op::close>().handle);

    const handle root(checked(::open("/", O_PATH | O_CLOEXEC), "open"));
    s.submit(op::open{.path = f.path() + 1, .flags = O_RDWR, .directory = root.get()}, 4);
    c = s.next();
    BOOST_TEST(!c.error());
    BOOST_TEST(is_open(c.take<op::open>().handle.get()));

    s.submit(op::open{std::string(f.path()) + "/none", O_RDWR}, 3);
    c = s.next();
    BOOST_TEST((c.error() == std::errc::not_a_directory));
    BOOST_TEST(!c.take<op::open>().handle);
}

BOOST_AUTO_TEST_CASE(a_poll_tells_of_what_a_receive_beside_it_has_taken)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    for (int round = 0; round != 20; ++round)
    {
        s.submit(at, op::poll{readiness::read}, 1);
        s.submit(at, op::receive{std::array<char, 16>{}}, 2);
        s.flush();
        write_all(other, "taken");
        std::uint64_t tokens = 0;
        for (int i = 0; i != 2; ++i)
            tokens += s.next().token();
        BOOST_TEST(tokens == 3u);
    }
}

BOOST_AUTO_TEST_CASE(a_poll_once)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    s.submit(at, op::poll{readiness::write}, 1);
    auto c = s.next();
    BOOST_TEST((c.ready() == readiness::write));
    BOOST_TEST(!c.more());
    BOOST_TEST((c.take<op::poll>().what == readiness::write));
    s.submit(at, op::poll{readiness::read}, 2);
    BOOST_TEST(s.quiet());
    write_all(other, "x");
    BOOST_TEST(has(s.next().ready(), readiness::read));
}

BOOST_AUTO_TEST_CASE(a_poll_that_goes_on)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    set_non_blocking(one);
    const auto at = s.attach(one);
    const auto t = s.submit(at, op::poll{readiness::read, true}, 1);
    BOOST_TEST(s.quiet());
    for (int i = 0; i != 3; ++i)
    {
        write_all(other, "x");
        auto c = s.next();
        BOOST_TEST(c.token() == 1u);
        BOOST_TEST(c.more());
        BOOST_TEST(has(c.ready(), readiness::read));
        BOOST_TEST(!c.holds<op::poll>());
        BOOST_TEST(drain(one) == 1u);
    }
    BOOST_TEST(s.in_flight() == 1u);
    BOOST_TEST(s.cancel(t));
    auto c = s.next();
    BOOST_TEST(!c.more());
    BOOST_TEST(cancelled(c));
    BOOST_TEST(c.take<op::poll>().many);
}

BOOST_AUTO_TEST_CASE(a_poll_for_nothing_is_refused)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    for (const bool many : {false, true})
        for (const auto what : {readiness::none, readiness::read_closed})
        {
            s.submit(at, op::poll{what, many}, 1);
            auto c = s.next();
            BOOST_TEST((c.error() == std::errc::invalid_argument));
            BOOST_TEST(!c.more());
            BOOST_TEST(c.holds<op::poll>());
        }
}

BOOST_AUTO_TEST_CASE(buffers_of_every_kind_come_back)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    const auto came_back = [&](auto buffer) {
        using kind = decltype(buffer);
        const auto expected = buffer;
        write_all(other, "abcd");
        s.submit(at, op::receive{std::move(buffer)}, 1);
        auto c = s.next();
        BOOST_TEST(c.value() == 4u);
        kind back = c.take<op::receive<kind>>().buffer;
        BOOST_TEST(std::equal(back.begin(), back.begin() + 4, "abcd"));
        BOOST_TEST(std::equal(back.begin() + 4, back.end(), expected.begin() + 4));
    };
    came_back(std::vector<char>(10, '.'));
    came_back(std::array<char, 10>{});
    came_back(std::array<char, 100'000>{});
    came_back(std::string(10, '.'));
}

BOOST_AUTO_TEST_CASE(buffers_come_back_from_errors)
{
    slab_under_test s;
    temporary_file f;
    const auto file = s.attach(f.file());
    s.submit(file, op::receive{counted(8)}, 1); // not a socket
    auto c = s.next();
    BOOST_TEST((c.error() == std::errc::not_a_socket));
    BOOST_TEST(c.take<op::receive<counted>>().buffer.size() == 8u);
    s.submit(file, op::send_to{counted(8), op::address{}}, 2);
    c = s.next();
    BOOST_TEST((c.error() == std::errc::not_a_socket));
    BOOST_TEST(counted::alive == 1);
    c.reset();
    BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(buffers_come_back_from_cancellations)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto [out, in] = pipe_pair();
    const auto at = s.attach(one);
    const auto from = s.attach(out);
    const auto a = s.submit(at, op::receive{counted(1)}, 1);
    const auto b = s.submit(at, op::receive{counted(2)}, 2); // behind the other
    const auto d = s.submit(from, op::read{counted(3)}, 3);
    BOOST_TEST(s.quiet());
    BOOST_TEST(s.cancel(b));
    auto c = s.next();
    BOOST_TEST(c.token() == 2u);
    BOOST_TEST(cancelled(c));
    BOOST_TEST(c.take<op::receive<counted>>().buffer.size() == 2u);
    BOOST_TEST(s.cancel(a));
    BOOST_TEST(s.cancel(d));
    for (auto& e : s.next_several(2))
    {
        BOOST_TEST(cancelled(e));
        BOOST_TEST((e.token() == 1 ? e.take<op::receive<counted>>().buffer.size()
                                   : e.take<op::read<counted>>().buffer.size())
                   == e.token());
    }
    BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(all_of_a_source_are_cancelled_in_order)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto [third, fourth] = socket_pair();
    const auto at = s.attach(one);
    const auto elsewhere = s.attach(third);
    for (std::uint64_t i = 0; i != 5; ++i)
        s.submit(at, op::receive{counted(4)}, i);
    s.submit(elsewhere, op::receive{room()}, 9);
    BOOST_TEST(s.cancel_all(at) == 5u);
    std::uint64_t expected = 0;
    for (auto& c : s.next_several(5))
    {
        BOOST_TEST(c.token() == expected++);
        BOOST_TEST(cancelled(c));
    }
    BOOST_TEST(s.quiet());
    BOOST_TEST(s.in_flight() == 1u);
    BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(one_direction_keeps_its_order)
{
    slab_under_test s;
    const auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    for (std::uint64_t i = 0; i != 20; ++i)
        s.submit(at, op::send{std::string(1, static_cast<char>('a' + i))}, i);
    for (std::uint64_t i = 0; i != 20; ++i)
        BOOST_TEST(s.next().token() == i);
    BOOST_TEST(read_some(other) == "abcdefghijklmnopqrst");
}

BOOST_AUTO_TEST_CASE(a_peer_that_has_gone_is_an_error_and_no_signal)
{
    slab_under_test s;
    auto [one, other] = socket_pair();
    const auto at = s.attach(one);
    other.reset();
    s.submit(at, op::send{words}, 1);
    auto c = s.next();
    BOOST_TEST((c.error() == std::errc::broken_pipe));
    BOOST_TEST(c.take<op::send<std::string>>().buffer == words);
}

BOOST_AUTO_TEST_SUITE_END()
