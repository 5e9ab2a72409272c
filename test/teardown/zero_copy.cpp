// What the kernel reads out of a process's memory or moves between handles stays there until it lets
// go, also when everybody else has gone. Freed memory is full of the allocator's own pattern: bytes
// of it at the other end were sent too late.
#include "in_flight.hpp"

#include "../zero_copy/connection.hpp"

#include <memory>
#include <optional>
#include <utility>

#include <sys/mman.h>

namespace asio = boost::asio;
using test::bytes;
using test::connection;
using test::held_size;
using test::pattern;

namespace {

// A connection that goes before its context, or with the handlers of what is in flight on it.
class going_down
{
public:
    going_down(int round, test::tally& t) : own_(round % 2 == 0), polls_(round % 3), tally_(t) {}

    connection& of() { return *connection_; }
    test::context& ctx() { return *context_; }

    auto handler()
    {
        return [w = test::witness(tally_), keep = connection_](auto&&...) { w(); };
    }

    // All but the peer, which is left to read what the kernel has.
    bytes go()
    {
        for (int i = 0; i != polls_; ++i)
            context_->poll();
        test::handle const peer = std::move(connection_->peer);
        if (own_)
            connection_->socket.close();
        connection_.reset();
        context_.reset();
        bytes got(4 << 20);
        std::size_t n = 0;
        while (n != got.size() && test::readable_at_once(peer))
        {
            auto const k = ::recv(peer.get(), got.data() + n, got.size() - n, MSG_DONTWAIT);
            if (k <= 0)
                break;
            n += static_cast<std::size_t>(k);
        }
        got.resize(n);
        return got;
    }

private:
    bool const own_;
    int const polls_;
    test::tally& tally_;
    std::optional<test::context> context_{std::in_place};
    std::shared_ptr<connection> connection_ = std::make_shared<connection>(*context_);
};

// Whether it is the beginning of a text that is repeated.
bool begins(bytes const& got, bytes const& text)
{
    for (std::size_t i = 0; i != got.size(); ++i)
        if (got[i] != text[i % text.size()])
            return false;
    return true;
}

struct file_of_pattern
{
    static constexpr std::size_t size = 4 << 20;

    file_of_pattern() { test::write_all(name.file(), {content.data(), content.size()}); }

    bytes const content = pattern(size);
    test::temporary_file const name;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(teardown_zero_copy, test::clean_process)

BOOST_AUTO_TEST_CASE(sends_in_place)
{
    test::tally t;
    constexpr proactor::zero_copy always{0, true};
    bytes const all = pattern(held_size);
    for (int round = 0; round < 12; ++round)
    {
        going_down down(round, t);
        if (round < 6)
            proactor::async_send_zc(down.of().socket, pattern(held_size), always, down.handler());
        else
            for (int i = 0; i != 8; ++i)
                proactor::async_write_zc(down.of().socket, pattern(held_size), always,
                                         down.handler());
        BOOST_TEST(begins(down.go(), all));
    }
    BOOST_TEST(t.destroyed == t.made);
}

BOOST_AUTO_TEST_CASE(files_to_sockets)
{
    test::tally t;
    file_of_pattern const file;
    for (int round = 0; round < 12; ++round)
    {
        going_down down(round, t);
        test::handle own = test::duplicate(file.name.file());
        proactor::async_send_file(down.of().socket, own.get(), 0, file.size, down.handler());
        own.reset();
        BOOST_TEST(begins(down.go(), file.content));
    }
    BOOST_TEST(t.called == 0);
    BOOST_TEST(t.destroyed == t.made);
}

// In pieces, which the operation owns.
BOOST_AUTO_TEST_CASE(files_to_other_streams)
{
    test::tally t;
    file_of_pattern const file;
    for (int round = 0; round < 6; ++round)
    {
        test::handle_pair pipe = test::pipe_pair();
        {
            test::context ctx;
            test::writable_pipe writer(ctx, pipe.b.release());
            proactor::async_send_file(writer, file.name.file().get(), 0, file.size,
                                      [w = test::witness(t)](auto&&...) { w(); });
            for (int i = 0; i != round; ++i)
                ctx.poll();
        }
        bytes got;
        for (std::string part; !(part = test::read_some(pipe.a, 1 << 16)).empty();)
            got.insert(got.end(), part.begin(), part.end());
        BOOST_TEST(begins(got, file.content));
    }
    BOOST_TEST(t.called == 0);
    BOOST_TEST(t.destroyed == t.made);
}

BOOST_AUTO_TEST_CASE(splices)
{
    test::tally t;
    for (int round = 0; round < 6; ++round)
    {
        going_down down(round, t);
        test::handle_pair pipe = test::pipe_pair();
        test::handle const twin = test::duplicate(pipe.a);
        auto reader = std::make_shared<test::readable_pipe>(down.ctx(), pipe.a.release());
        proactor::async_splice(*reader, down.of().socket, 1 << 20,
                               [reader, h = down.handler()](auto&&... r) { h(r...); });
        reader.reset();
        test::write_all(pipe.b, "part");
        down.ctx().poll();
        bytes const got = down.go();
        test::write_all(pipe.b, "sent when everybody has gone");
        BOOST_TEST((got.empty() || std::string(got.begin(), got.end()) == "part"));
    }
    BOOST_TEST(t.destroyed == t.made);
}

BOOST_AUTO_TEST_CASE(copies)
{
    test::tally t;
    file_of_pattern const from;
    for (int round = 0; round < 6; ++round)
    {
        // A file of the same system, and one to which bytes have to be carried.
        test::temporary_file const beside;
        test::handle to = round % 2
            ? test::duplicate(beside.file())
            : test::handle(test::checked(::memfd_create("copy", MFD_CLOEXEC), "memfd_create"));
        test::handle const kept = test::duplicate(to);
        {
            test::context ctx;
            test::handle own = test::duplicate(from.name.file());
            proactor::async_copy(ctx, own.get(), to.get(), {},
                                 [w = test::witness(t)](test::error_code, std::size_t) { w(); });
            own.reset();
            to.reset();
            for (int i = 0; i != round / 2; ++i)
                ctx.poll();
        }
        bytes got(from.size);
        auto const n = ::pread(kept.get(), got.data(), got.size(), 0);
        BOOST_TEST_REQUIRE(n >= 0);
        got.resize(static_cast<std::size_t>(n));
        BOOST_TEST(begins(got, from.content));
    }
    BOOST_TEST(t.destroyed == t.made);
}

BOOST_AUTO_TEST_SUITE_END()
