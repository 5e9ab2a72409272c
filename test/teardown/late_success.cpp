// What an operation wins after its cancellation, or when nobody wants it any more.
#include "in_flight.hpp"
#include "loop.hpp"

#include <optional>
#include <string>

namespace asio = boost::asio;

namespace {

using file_type = proactor::basic_random_access_file<test::executor>;

constexpr int rounds = 200;

// Whether the two ends are of one connection: a byte goes through.
bool connected(test::tcp_socket& socket, test::handle const& peer)
{
    test::write_all(peer, "c");
    char byte = 0;
    test::error_code ec;
    socket.read_some(asio::buffer(&byte, 1), ec);
    return !ec && byte == 'c';
}

// The connection arrives before or after the cancellation; the loop looks before, after or both.
template <typename Cancel>
void accepts(Cancel cancel)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    auto const port = acceptor.local_endpoint().port();
    int kept = 0;
    int won = 0;
    int wrong = 0;
    for (int round = 0; round < rounds; ++round)
    {
        std::optional<test::tcp_socket> accepted;
        asio::cancellation_signal signal;
        int calls = 0;
        acceptor.async_accept(asio::bind_cancellation_slot(
            signal.slot(), [&](test::error_code ec, test::tcp_socket socket) {
                ++calls;
                if (!ec)
                    accepted.emplace(std::move(socket));
                wrong += ec && ec != asio::error::operation_aborted;
            }));
        if (round & 1)
            ctx.poll();
        if (round & 2)
            cancel(acceptor, signal);
        test::handle const client = test::inet_socket();
        sockaddr_in a = test::loopback_address(port);
        test::checked(::connect(client.get(), test::generic(a), sizeof a), "connect");
        if (!(round & 2))
            cancel(acceptor, signal);
        test::run(ctx);
        won += accepted.has_value();
        if (!accepted)
        {
            // It is the next accept's, of either kind.
            ++kept;
            if (round & 4)
                accepted.emplace(acceptor.accept());
            else
            {
                acceptor.async_accept([&](test::error_code ec, test::tcp_socket socket) {
                    wrong += !!ec;
                    accepted.emplace(std::move(socket));
                });
                test::run(ctx);
            }
        }
        wrong += calls != 1;
        wrong += !accepted || !connected(*accepted, client);
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(won + kept == rounds);
    BOOST_TEST_MESSAGE(won << " accepts won, " << kept << " left it to the next");
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(late_success, test::clean_process)

BOOST_AUTO_TEST_CASE(of_an_accept_cancelled_by_its_acceptor_is_kept)
{
    accepts([](test::tcp_acceptor& acceptor, auto&) { acceptor.cancel(); });
}

BOOST_AUTO_TEST_CASE(of_an_accept_cancelled_by_its_slot_is_kept)
{
    accepts([](auto&, asio::cancellation_signal& signal) {
        signal.emit(asio::cancellation_type::terminal);
    });
}

BOOST_AUTO_TEST_CASE(of_an_accept_whose_context_goes_is_closed)
{
    for (int round = 0; round < rounds; ++round)
    {
        test::tally t;
        test::handle client;
        {
            test::context ctx;
            test::tcp_acceptor acceptor(ctx, test::loopback());
            for (int i = 0; i < 2; ++i)
                acceptor.async_accept([w = test::witness(t)](auto&&...) { w(); });
            sockaddr_in a = test::loopback_address(acceptor.local_endpoint().port());
            client = test::inet_socket();
            test::checked(::connect(client.get(), test::generic(a), sizeof a), "connect");
        }
        BOOST_REQUIRE(t.called == 0);
        BOOST_REQUIRE(t.destroyed == 2);
        // The peer is told: by an end or by a reset.
        BOOST_REQUIRE(test::readable_at_once(client));
        char byte;
        BOOST_REQUIRE(::recv(client.get(), &byte, 1, MSG_DONTWAIT) <= 0);
    }
}

BOOST_AUTO_TEST_CASE(of_an_open_whose_file_goes_leaves_no_descriptor)
{
    test::context ctx;
    test::temporary_file const name;
    std::size_t const before = test::open_descriptors();
    int aborted = 0;
    for (int round = 0; round < rounds; ++round)
    {
        std::optional<file_type> file(std::in_place, ctx);
        file->async_open(name.path(), proactor::file_base::read_only, [&](test::error_code ec) {
            aborted += ec == asio::error::operation_aborted;
        });
        switch (round % 3)
        {
        case 0:
            file.reset();
            break;
        case 1:
            file->close();
            break;
        case 2:
            // Another name has taken its place.
            file->open(name.path(), proactor::file_base::read_only);
        }
        test::run(ctx);
        BOOST_TEST(test::open_descriptors() == before + (round % 3 == 2));
    }
    BOOST_TEST(aborted == rounds);
}

BOOST_AUTO_TEST_CASE(of_an_open_whose_context_goes_leaves_no_descriptor)
{
    test::temporary_file const name;
    std::size_t const before = test::open_descriptors();
    test::tally t;
    for (int round = 0; round < rounds; ++round)
    {
        {
            test::context ctx;
            file_type file(ctx);
            file.async_open(name.path(), proactor::file_base::read_only,
                            [w = test::witness(t)](test::error_code) { w(); });
        }
        BOOST_TEST(test::open_descriptors() == before);
    }
    BOOST_TEST(t.called == 0);
    BOOST_TEST(t.destroyed == rounds);
}

// The open succeeds on a kernel worker about when the file goes.
BOOST_AUTO_TEST_CASE(of_an_open_that_a_worker_waits_in_leaves_no_descriptor)
{
    test::context ctx;
    test::fifo const name;
    std::size_t const before = test::open_descriptors();
    int ended = 0;
    for (int round = 0; round < rounds; ++round)
    {
        std::optional<file_type> file(std::in_place, ctx);
        file->async_open(name.path(), proactor::file_base::read_only,
                         [&](test::error_code) { ++ended; });
        if (round % 2)
            ctx.poll();
        {
            // Fails where the worker has not got to its end yet.
            test::handle const writer(
                ::open(name.path().c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
            file.reset();
        }
        test::run(ctx);
        BOOST_TEST(test::open_descriptors() == before);
    }
    BOOST_TEST(ended == rounds);
}

BOOST_AUTO_TEST_CASE(of_an_open_on_a_loop_that_sleeps_leaves_no_descriptor)
{
    test::context ctx;
    test::temporary_file const name;
    std::atomic<int> ended = 0;
    {
        test::loop loop(ctx);
        for (int round = 0; round < rounds; ++round)
        {
            {
                file_type file(ctx);
                file.async_open(name.path(), proactor::file_base::read_only,
                                [&](test::error_code) { ++ended; });
            }
            test::yield_until([&] { return ended == round + 1; });
        }
    }
    BOOST_TEST(ended == rounds);
}

BOOST_AUTO_TEST_SUITE_END()
