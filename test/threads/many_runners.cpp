// Several threads inside run(): strands, coroutines, connections, threads that come and go.
#include "runners.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// An executor that may be a strand: erased in the drop-in width, as in most programs.
using lane = std::conditional_t<PROACTOR_TEST_DROP_IN, test::executor, test::strand>;

lane make_lane(test::context& ctx)
{
    return asio::make_strand(test::executor(ctx.get_executor()));
}

using lane_socket = asio::basic_stream_socket<test::tcp, lane>;

// Echoes until its peer ends.
struct echoing
{
    lane_socket socket;
    std::array<char, 256> data{};

    explicit echoing(lane_socket s) : socket(std::move(s)) {}

    void read()
    {
        socket.async_read_some(asio::buffer(data), [this](test::error_code ec, std::size_t n) {
            if (!ec)
                asio::async_write(socket, asio::buffer(data, n),
                                  [this](test::error_code e, std::size_t) {
                                      if (!e)
                                          read();
                                  });
        });
    }
};

// Asks a hundred different questions, one after the other, and ends.
struct asking
{
    lane_socket socket;
    int id;
    std::atomic<int>& finished;
    std::atomic<int>& failed;
    int asked = 0;
    std::string sent, got;

    asking(lane_socket s, int i, std::atomic<int>& f, std::atomic<int>& e)
        : socket(std::move(s)), id(i), finished(f), failed(e)
    {
    }

    void ask()
    {
        sent = std::to_string(id * 1000 + asked);
        got.assign(sent.size(), '\0');
        asio::async_write(socket, asio::buffer(sent), [this](test::error_code, std::size_t) {
            asio::async_read(socket, asio::buffer(got), [this](test::error_code ec, std::size_t) {
                failed += ec || got != sent;
                if (++asked < 100 && !ec)
                    return ask();
                ++finished;
                socket.close();
            });
        });
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(many_runners)

BOOST_AUTO_TEST_CASE(eight_threads_and_sixteen_strands)
{
    test::context ctx;
    struct guarded
    {
        test::strand strand;
        int plain = 0; // no atomic: the strand is the protection
        std::atomic<int> inside = 0;
        explicit guarded(test::context& c)
            : strand(asio::make_strand(test::executor(c.get_executor())))
        {
        }
    };
    std::vector<std::unique_ptr<guarded>> lanes;
    for (int i = 0; i < 16; ++i)
        lanes.push_back(std::make_unique<guarded>(ctx));
    std::atomic<int> overlaps = 0;
    {
        test::runners threads(ctx, 8);
        for (int round = 0; round < 2'000; ++round)
            for (auto const& one : lanes)
                asio::post(one->strand, [&overlaps, &l = *one] {
                    overlaps += l.inside.fetch_add(1) != 0;
                    ++l.plain;
                    l.inside.fetch_sub(1);
                });
        threads.join();
    }
    BOOST_TEST(overlaps == 0);
    for (auto const& one : lanes)
        BOOST_TEST(one->plain == 2'000);
}

BOOST_AUTO_TEST_CASE(strand_order_is_post_order)
{
    test::context ctx;
    auto const strand = asio::make_strand(ctx);
    std::vector<int> order;
    {
        test::runners threads(ctx, 4);
        for (int i = 0; i < 10'000; ++i)
            asio::post(strand, [&order, i] { order.push_back(i); });
        threads.join();
    }
    BOOST_REQUIRE(order.size() == 10'000u);
    bool sorted = true;
    for (std::size_t i = 0; i < order.size(); ++i)
        sorted = sorted && order[i] == static_cast<int>(i);
    BOOST_TEST(sorted);
}

BOOST_AUTO_TEST_CASE(connections_on_strands_with_eight_threads)
{
    test::context ctx;
    // Callbacks: clang 16 with -O1 keeps the address of Asio's thread-local state across a
    // co_await, which may resume on another thread.
    std::atomic<int> finished = 0;
    std::atomic<int> failed = 0;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    std::vector<std::unique_ptr<echoing>> servers;
    std::vector<std::unique_ptr<asking>> clients;
    std::function<void()> const accept = [&] {
        acceptor.async_accept(make_lane(ctx), [&](test::error_code ec, lane_socket socket) {
            failed += bool(ec);
            auto& server = *servers.emplace_back(std::make_unique<echoing>(std::move(socket)));
            asio::dispatch(server.socket.get_executor(), [&server] { server.read(); });
            if (servers.size() < 32)
                accept();
        });
    };
    accept();
    for (int id = 0; id < 32; ++id)
    {
        auto& client = *clients.emplace_back(
            std::make_unique<asking>(lane_socket(make_lane(ctx)), id, finished, failed));
        client.socket.async_connect(acceptor.local_endpoint(), [&](test::error_code ec) {
            failed += bool(ec);
            client.ask();
        });
    }
    test::runners threads(ctx, 8);
    threads.join();
    BOOST_TEST(finished == 32);
    BOOST_TEST(failed == 0);
}

BOOST_AUTO_TEST_CASE(threads_enter_and_leave_while_operations_are_in_flight)
{
    test::context ctx;
    auto work = asio::make_work_guard(ctx);
    test::tcp_pair pair(ctx);
    int rounds = 0;
    char at_a = 0;
    char at_b = 0;
    std::atomic<bool> done = false;
    std::atomic<bool> failed = false;
    // One chain of operations: no two of its handlers run at the same time.
    std::function<void()> const ping = [&] {
        if (++rounds == 3'000)
        {
            done = true;
            work.reset();
            return;
        }
        pair.a.async_write_some(asio::buffer("p", 1), [&](test::error_code w, std::size_t) {
            failed = failed || w;
            pair.b.async_read_some(asio::buffer(&at_b, 1), [&](test::error_code r, std::size_t) {
                failed = failed || r;
                pair.b.async_write_some(asio::buffer(&at_b, 1),
                                        [](test::error_code, std::size_t) {});
                pair.a.async_read_some(asio::buffer(&at_a, 1),
                                       [&](test::error_code e, std::size_t) {
                                           failed = failed || e;
                                           ping();
                                       });
            });
        });
    };
    asio::post(ctx, ping);
    auto const deadline = std::chrono::steady_clock::now() + test::limit;
    auto const visit = [&](auto enter) {
        while (!done && std::chrono::steady_clock::now() < deadline)
            enter();
    };
    std::vector<std::thread> threads;
    threads.emplace_back([&] { visit([&] { ctx.run_one_for(1ms); }); });
    threads.emplace_back([&] { visit([&] { ctx.run_for(500us); }); });
    threads.emplace_back([&] {
        visit([&] {
            ctx.poll();
            std::this_thread::yield();
        });
    });
    threads.emplace_back([&] { visit([&] { test::on_a_thread([&] { ctx.run_one_for(2ms); }); }); });
    for (std::thread& thread : threads)
        thread.join();
    BOOST_TEST(done.load());
    BOOST_TEST(!failed.load());
    BOOST_TEST(rounds == 3'000);
}

BOOST_AUTO_TEST_CASE(an_operation_outlives_the_thread_that_started_it)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::tcp_acceptor acceptor(ctx, test::loopback());
    test::tcp_socket client(ctx);
    test::steady_timer timer(ctx);
    char byte = 0;
    test::error_code read = asio::error::fault;
    int done = 0;
    // Outside run, and then from inside a handler: both threads are gone before the data comes.
    test::on_a_thread([&] {
        pair.a.async_read_some(asio::buffer(&byte, 1), [&](test::error_code ec, std::size_t) {
            read = ec;
            ++done;
        });
    });
    test::on_a_thread([&] {
        asio::post(ctx, [&] {
            acceptor.async_accept([&](test::error_code ec, test::tcp_socket) { done += !ec; });
            timer.expires_after(5ms);
            timer.async_wait([&](test::error_code ec) { done += !ec; });
        });
        ctx.run_one();
    });
    test::on_a_thread([&] { pair.b.write_some(asio::buffer("o", 1)); });
    test::on_a_thread([&] { client.connect(acceptor.local_endpoint()); });
    test::run(ctx);
    BOOST_TEST(!read);
    BOOST_TEST(byte == 'o');
    BOOST_TEST(done == 3);
}

BOOST_AUTO_TEST_CASE(a_large_write_started_by_a_thread_that_is_gone)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::string const sent(16u << 20, 'g');
    std::string got(sent.size(), '\0');
    int done = 0;
    test::on_a_thread([&] {
        asio::async_write(pair.a, asio::buffer(sent),
                          [&](test::error_code ec, std::size_t) { done += !ec; });
        ctx.poll();
    });
    test::on_a_thread([&] {
        asio::async_read(pair.b, asio::buffer(got),
                         [&](test::error_code ec, std::size_t) { done += !ec; });
        ctx.poll();
    });
    test::run(ctx);
    BOOST_TEST(done == 2);
    BOOST_TEST((got == sent));
}

BOOST_AUTO_TEST_CASE(a_handler_starts_a_runner_and_waits_for_what_that_one_does)
{
    test::context ctx;
    auto work = asio::make_work_guard(ctx);
    test::tcp_pair pair(ctx);
    char byte = 0;
    bool fulfilled = false;
    std::thread second;
    asio::post(ctx, [&] {
        std::promise<void> promise;
        pair.a.async_read_some(asio::buffer(&byte, 1),
                               [&](test::error_code, std::size_t) { promise.set_value(); });
        pair.b.async_write_some(asio::buffer("7", 1), [](test::error_code, std::size_t) {});
        second = std::thread([&] { ctx.run_for(test::limit); });
        fulfilled = promise.get_future().wait_for(test::limit) == std::future_status::ready;
        work.reset();
    });
    test::run(ctx);
    second.join();
    BOOST_TEST(fulfilled);
    BOOST_TEST(byte == '7');
}

BOOST_AUTO_TEST_CASE(a_blocked_handler_holds_up_nobody)
{
    test::context ctx;
    test::runners threads(ctx, 2);
    std::promise<void> release;
    std::promise<void> entered;
    std::shared_future<void> const released = release.get_future().share();
    asio::post(ctx, [&, released] {
        entered.set_value();
        released.wait_for(test::limit);
    });
    BOOST_REQUIRE(entered.get_future().wait_for(test::limit) == std::future_status::ready);
    // The other runner serves timers, sockets and posts meanwhile.
    test::steady_timer timer(ctx, 1ms);
    auto fired = timer.async_wait(asio::use_future);
    BOOST_TEST((fired.wait_for(test::limit) == std::future_status::ready));
    test::tcp_pair pair(ctx);
    char byte = 0;
    auto read = pair.a.async_read_some(asio::buffer(&byte, 1), asio::use_future);
    auto written = pair.b.async_write_some(asio::buffer("n", 1), asio::use_future);
    BOOST_TEST((written.wait_for(test::limit) == std::future_status::ready));
    BOOST_TEST((read.wait_for(test::limit) == std::future_status::ready));
    BOOST_TEST(byte == 'n');
    release.set_value();
    threads.join();
}

BOOST_AUTO_TEST_CASE(an_exception_leaves_one_runner_and_the_others_go_on)
{
    test::context ctx;
    auto work = asio::make_work_guard(ctx);
    std::atomic<int> caught = 0;
    std::atomic<int> ran = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (;;)
            {
                try
                {
                    ctx.run_for(test::limit);
                    return;
                }
                catch (int)
                {
                    ++caught;
                }
            }
        });
    for (int i = 0; i < 400; ++i)
        asio::post(ctx, [&, i] {
            ++ran;
            if (i % 4 == 0)
                throw i;
        });
    work.reset();
    for (std::thread& thread : threads)
        thread.join();
    BOOST_TEST(caught == 100);
    BOOST_TEST(ran == 400);
}

BOOST_AUTO_TEST_SUITE_END()
