// Streams of connections under several threads inside run().
#include "runners.hpp"

#include "../support/handles.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

using lane = std::conditional_t<PROACTOR_TEST_DROP_IN, test::executor, test::strand>;
using lane_acceptor = asio::basic_socket_acceptor<test::tcp, lane>;
using stream = proactor::accept_stream<lane_acceptor>;

void connect_and_close(unsigned short port)
{
    test::handle const client = test::inet_socket();
    sockaddr_in a = test::loopback_address(port);
    test::checked(::connect(client.get(), test::generic(a), sizeof a), "connect");
}

using lane_socket = asio::basic_stream_socket<test::tcp, lane>;

// Receives to the end. Each buffer goes back on whatever thread comes.
struct reader
{
    test::context& ctx;
    lane on;
    lane_socket socket;
    proactor::buffer_pool& pool;
    std::string& text;
    proactor::receive_stream<lane_socket> received{socket, pool, 2};
    bool ended = false;

    void next()
    {
        received.async_next(asio::bind_executor(on, [this](test::error_code ec, auto data) {
            if (!data)
            {
                ended = !ec;
                return;
            }
            text.append(reinterpret_cast<char const*>(data->data()), data->size());
            asio::post(ctx, [d = std::move(*data)] {});
            next();
        }));
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(streams_of_connections)

BOOST_AUTO_TEST_CASE(each_connection_comes_once)
{
    constexpr int callers = 3, each = 150;
    test::context ctx;
    lane const on = asio::make_strand(test::executor(ctx.get_executor()));
    lane_acceptor acceptor(on, test::loopback());
    stream connections(acceptor, 8);
    int accepted = 0; // of the strand
    bool ended = false;
    std::function<void()> const next = [&] {
        connections.async_next(
            asio::bind_executor(on, [&](test::error_code ec, auto connection) {
                if (!connection)
                {
                    ended = !ec;
                    return;
                }
                if (++accepted == callers * each)
                    connections.close();
                next();
            }));
    };
    asio::post(on, next);
    auto const port = acceptor.local_endpoint().port();
    test::runners threads(ctx, 3);
    std::vector<std::thread> clients;
    for (int i = 0; i < callers; ++i)
        clients.emplace_back([&] {
            for (int n = 0; n < each; ++n)
                connect_and_close(port);
        });
    for (auto& t : clients)
        t.join();
    threads.join();
    BOOST_TEST(ended);
    BOOST_TEST(accepted == callers * each);
}

BOOST_AUTO_TEST_CASE(cancelled_waits_race_what_comes)
{
    constexpr int count = 300;
    test::context ctx;
    lane const on = asio::make_strand(test::executor(ctx.get_executor()));
    lane_acceptor acceptor(on, test::loopback());
    stream connections(acceptor, 4);
    int accepted = 0;
    int wrong = 0;
    asio::cancellation_signal signal;
    std::function<void()> next = [&] {
        connections.async_next(asio::bind_executor(
            on,
            asio::bind_cancellation_slot(signal.slot(), [&](test::error_code ec, auto conn) {
                wrong += conn.has_value() == !!ec;
                wrong += ec && ec != asio::error::operation_aborted;
                accepted += conn.has_value();
                if (accepted != count)
                    next();
            })));
    };
    asio::post(on, next);
    auto const port = acceptor.local_endpoint().port();
    test::runners threads(ctx, 2);
    std::atomic<bool> done{false};
    std::thread canceller([&] {
        for (int i = 0; !done; ++i)
        {
            asio::post(on, [&, i] {
                if (i % 3)
                    signal.emit(asio::cancellation_type::total);
                else
                    connections.cancel();
            });
            std::this_thread::yield();
        }
    });
    for (int n = 0; n < count; ++n)
        connect_and_close(port);
    test::yield_until([&] {
        std::atomic<int> now{-1};
        asio::post(on, [&] { now = accepted; });
        test::yield_until([&] { return now >= 0; });
        return now == count;
    });
    done = true;
    canceller.join();
    threads.join();
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(buffers_come_back_from_everywhere)
{
    constexpr std::size_t streams = 4;
    test::context ctx;
    proactor::buffer_pool pool(ctx, 3, 8);
    std::string sent;
    for (int i = 0; i < 2000; ++i)
        sent += std::to_string(i);
    std::vector<std::string> got(streams);
    std::vector<test::handle> peers;
    std::vector<std::unique_ptr<reader>> readers;
    for (std::size_t i = 0; i < streams; ++i)
    {
        test::handle_pair ends = test::tcp_pair();
        peers.push_back(std::move(ends.b));
        lane const on = asio::make_strand(test::executor(ctx.get_executor()));
        readers.emplace_back(new reader{
            ctx, on, lane_socket(on, test::tcp::v4(), ends.a.release()), pool, got[i]});
        asio::post(on, [r = readers.back().get()] { r->next(); });
    }
    test::runners threads(ctx, 3);
    std::vector<std::thread> writers;
    for (auto& p : peers)
        writers.emplace_back([&] {
            test::write_all(p, sent);
            p.reset();
        });
    for (auto& w : writers)
        w.join();
    threads.join();
    for (std::size_t i = 0; i < streams; ++i)
        BOOST_TEST((readers[i]->ended && got[i] == sent));
    readers.clear();
    BOOST_TEST(pool.available() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
