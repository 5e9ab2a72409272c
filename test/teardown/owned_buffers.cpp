// A buffer that an operation owns comes back in every case but one: when nobody is left to take it.
#include "in_flight.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;
using test::device_file;
using test::direct_buffer;

namespace {

using file_type = proactor::basic_random_access_file<test::executor>;

// Handlers' results, where the buffer is still the one that was given.
struct result
{
    int calls = 0;
    test::error_code ec;
    std::size_t n = 0;
    bool same_memory = false;
    std::size_t size = 0;
};

auto into(result& r, char const* memory)
{
    return [&r, memory](test::error_code ec, std::size_t n, auto buffer) {
        ++r.calls;
        r.ec = ec;
        r.n = n;
        r.same_memory = buffer.data() == memory;
        r.size = buffer.size();
    };
}

// Each of the four functions once on the file, with a vector of 100 bytes.
std::array<result, 4> all_on(file_type& file, test::context& ctx)
{
    std::array<result, 4> results;
    for (std::size_t i = 0; i < results.size(); ++i)
    {
        std::vector<char> buffer(100, 'o');
        auto handler = into(results[i], buffer.data());
        switch (i)
        {
        case 0:
            proactor::async_read_at(file, 0, std::move(buffer), handler);
            break;
        case 1:
            proactor::async_read_some_at(file, 0, std::move(buffer), handler);
            break;
        case 2:
            proactor::async_write_at(file, 0, std::move(buffer), handler);
            break;
        case 3:
            proactor::async_write_some_at(file, 0, std::move(buffer), handler);
            break;
        }
    }
    test::run(ctx);
    return results;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(owned_buffers, test::clean_process)

BOOST_AUTO_TEST_CASE(come_back_on_success)
{
    test::context ctx;
    test::temporary_file const name;
    file_type file(ctx, name.path(), proactor::file_base::read_write);
    file.resize(100);
    for (result const& r : all_on(file, ctx))
    {
        BOOST_TEST(r.calls == 1);
        BOOST_TEST(!r.ec);
        BOOST_TEST(r.n == 100u);
        BOOST_TEST(r.same_memory);
        BOOST_TEST(r.size == 100u);
    }
}

BOOST_AUTO_TEST_CASE(come_back_on_error)
{
    test::context ctx;
    file_type closed(ctx);
    for (result const& r : all_on(closed, ctx))
    {
        BOOST_TEST(r.calls == 1);
        BOOST_TEST(r.ec == asio::error::bad_descriptor);
        BOOST_TEST(r.same_memory);
        BOOST_TEST(r.size == 100u);
    }
    // The system's own: a file opened for the other direction.
    test::temporary_file const name;
    for (auto const flags : {proactor::file_base::read_only, proactor::file_base::write_only})
    {
        file_type file(ctx, name.path(), flags);
        file_type(ctx, name.path(), proactor::file_base::write_only).resize(100);
        auto const results = all_on(file, ctx);
        for (std::size_t i = 0; i < results.size(); ++i)
        {
            bool const reads = i < 2;
            bool const allowed = reads == (flags == proactor::file_base::read_only);
            BOOST_TEST(results[i].calls == 1);
            BOOST_TEST(!results[i].ec == allowed);
            BOOST_TEST(results[i].n == (allowed ? 100u : 0u));
            BOOST_TEST(results[i].same_memory);
            BOOST_TEST(results[i].size == 100u);
        }
    }
}

BOOST_AUTO_TEST_CASE(come_back_at_the_end_of_the_file)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), "short");
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    std::string got;
    test::error_code result;
    proactor::async_read_at(file, 0, std::string(100, '.'),
                            [&](test::error_code ec, std::size_t n, std::string s) {
                                result = ec;
                                BOOST_TEST(n == 5u);
                                got = std::move(s);
                            });
    test::run(ctx);
    BOOST_TEST(result == asio::error::eof);
    BOOST_TEST(got == "short" + std::string(95, '.'));
}

BOOST_AUTO_TEST_CASE(arrays_come_back_with_their_bytes)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), "array");
    file_type file(ctx, name.path(), proactor::file_base::read_only);
    std::array<char, 5> got{};
    proactor::async_read_at(file, 0, std::array<char, 5>{},
                            [&](test::error_code ec, std::size_t, std::array<char, 5> a) {
                                BOOST_TEST(!ec);
                                got = a;
                            });
    test::run(ctx);
    BOOST_TEST(std::string(got.data(), got.size()) == "array");
}

BOOST_AUTO_TEST_CASE(come_back_on_cancellation)
{
    test::context ctx;
    device_file const device;
    int cancelled = 0;
    int read = 0;
    int lost = 0;
    for (int round = 0; round < 20; ++round)
    {
        file_type file(ctx, device.open().release());
        for (std::size_t i = 0; i < device_file::depth; ++i)
        {
            direct_buffer buffer(device_file::block);
            proactor::async_read_at(
                file, i * device_file::block, std::move(buffer),
                [&, memory = buffer.data()](test::error_code ec, std::size_t n, direct_buffer b) {
                    lost += b.size() != device_file::block;
                    if (ec)
                        cancelled += ec == asio::error::operation_aborted;
                    else
                        read += n == b.size() && b.front() == 'd' && b.back() == 'd';
                });
        }
        if (round % 2)
            file.cancel();
        else
            file.close();
        test::run(ctx);
    }
    BOOST_TEST(lost == 0);
    BOOST_TEST(cancelled + read == 20 * static_cast<int>(device_file::depth));
    BOOST_TEST_MESSAGE(cancelled << " reads were cancelled, " << read << " were quicker");
}

BOOST_AUTO_TEST_CASE(come_back_when_a_slot_cancels_what_cannot_end)
{
    test::context ctx;
    // A whole read from a stream that somebody holds open does not end by itself.
    test::handle_pair pipe = test::pipe_pair();
    file_type file(ctx, pipe.a.release());
    asio::cancellation_signal signal;
    std::vector<char> buffer(100, 'o');
    result r;
    proactor::async_read_at(file, 0, std::move(buffer),
                            asio::bind_cancellation_slot(signal.slot(), into(r, nullptr)));
    signal.emit(asio::cancellation_type::total);
    test::run(ctx);
    BOOST_TEST(r.calls == 1);
    BOOST_TEST(!!r.ec);
    BOOST_TEST(r.size == 100u);
}

BOOST_AUTO_TEST_CASE(survive_the_coroutine)
{
    test::outside out;
    test::tally t;
    {
        test::context ctx;
        for (int round = 0; round < 20; ++round)
        {
            {
                test::task const destroyed = test::owner_of_socket_and_buffer(ctx, out, t, nullptr);
                if (round % 2)
                    ctx.poll();
            }
            test::run(ctx);
        }
        BOOST_TEST(t.called == 2 * 20);
    }
    BOOST_TEST(t.made == 3 * 20);
    BOOST_TEST(t.destroyed == t.made);
    out.device.read_through();
}

BOOST_AUTO_TEST_CASE(survive_the_file)
{
    test::context ctx;
    device_file const device;
    int ended = 0;
    int wrong = 0;
    for (int round = 0; round < 20; ++round)
    {
        std::optional<file_type> file(std::in_place, ctx, device.open().release());
        for (std::size_t i = 0; i < device_file::depth; ++i)
            proactor::async_read_at(*file, i * device_file::block,
                                    direct_buffer(device_file::block),
                                    [&](test::error_code ec, std::size_t n, direct_buffer b) {
                                        ++ended;
                                        wrong += b.size() != device_file::block;
                                        wrong += !ec && (n != b.size() || b.back() != 'd');
                                    });
        if (round % 2)
            ctx.poll_one();
        file.reset();
        test::run(ctx);
    }
    BOOST_TEST(ended == 20 * static_cast<int>(device_file::depth));
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(survive_the_context)
{
    device_file const device;
    test::tally t;
    for (int round = 0; round < 20; ++round)
    {
        test::context ctx;
        file_type file(ctx, device.open().release());
        for (std::size_t i = 0; i < device_file::depth; ++i)
            proactor::async_read_at(file, i * device_file::block, direct_buffer(device_file::block),
                                    [w = test::witness(t)](test::error_code, std::size_t,
                                                           direct_buffer const&) { w(); });
    }
    BOOST_TEST(t.called == 0);
    BOOST_TEST(t.destroyed == t.made);
    device.read_through();
}

// Of streams: the peer sends when everybody has gone.
BOOST_AUTO_TEST_CASE(of_streams_survive_everybody)
{
    test::tally t;
    for (int round = 0; round < 30; ++round)
    {
        test::handle const listener = test::tcp_listener();
        test::handle peer;
        test::handle twin; // so that what comes late has somewhere to go
        {
            std::optional<test::context> ctx(std::in_place);
            std::optional<test::tcp_socket> socket(std::in_place, *ctx);
            socket->connect(test::loopback(ntohs(test::address_of(listener).sin_port)));
            peer.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            twin.reset(::dup(socket->native_handle()));
            auto const handler = [&t] {
                return [w = test::witness(t)](test::error_code, std::size_t, auto const&) { w(); };
            };
            switch (round % 3)
            {
            case 0:
                proactor::async_read(*socket, std::vector<char>(100), handler());
                break;
            case 1:
                proactor::async_read(*socket, std::array<std::string, 2>{"....", "...."},
                                     handler());
                break;
            case 2:
                proactor::async_read_until(*socket, std::string(), "never", handler());
                break;
            }
            ctx->poll();
            if (round % 2)
            {
                test::write_all(peer, "part");
                ctx->poll();
            }
            if (round % 5 < 2)
                socket.reset();
            if (round % 5 == 1)
                test::run(*ctx);
            socket.reset();
            ctx.reset();
        }
        test::write_all(peer, "sent when everybody has gone");
    }
    BOOST_TEST(t.destroyed == t.made);
    BOOST_TEST(t.called == 6);
}

BOOST_AUTO_TEST_SUITE_END()
