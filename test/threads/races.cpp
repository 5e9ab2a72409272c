// Cancelling and closing on one thread what completes on another: one end each, no byte lost,
// counts exact.
#include "runners.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <sys/socket.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int rounds = 2'000;

// A few microseconds, other ones on each side in each round: the two meet in every order.
void spin(int microseconds)
{
    auto const end = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
    while (std::chrono::steady_clock::now() < end)
    {
    }
}

// A thread that does one thing per round, at the same time as the caller does another.
class opponent
{
public:
    template <typename Action>
    explicit opponent(Action action)
        : thread_([this, action] {
              for (int round = 1;; ++round)
              {
                  while (go_.load() < round)
                      if (over_)
                          return;
                      else
                          std::this_thread::yield();
                  spin(round * 7 % 8);
                  action();
                  done_ = round;
              }
          })
    {
    }

    ~opponent()
    {
        over_ = true;
        thread_.join();
    }

    void start() { ++go_; }

    void finish()
    {
        test::yield_until([this] { return done_ == go_; });
    }

private:
    std::atomic<int> go_ = 0;
    std::atomic<int> done_ = 0;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(races)

BOOST_AUTO_TEST_CASE(cancel_against_a_completion)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::runners loop(ctx, 1);
    opponent canceller([&] { pair.a.cancel(); });
    int const peer = pair.b.native_handle();
    std::atomic<int> ended = 0;
    int succeeded = 0;
    int wrong = 0;
    for (int round = 1; round <= rounds; ++round)
    {
        char byte = 0;
        char const sent = static_cast<char>(round);
        test::error_code result;
        std::size_t bytes = 0;
        pair.a.async_read_some(asio::buffer(&byte, 1), [&](test::error_code ec, std::size_t n) {
            result = ec;
            bytes = n;
            ++ended;
        });
        canceller.start();
        spin(round % 16);
        ::send(peer, &sent, 1, MSG_NOSIGNAL);
        canceller.finish();
        test::yield_until([&] { return ended == round; });
        if (!result)
            ++succeeded;
        else if (result != asio::error::operation_aborted || bytes != 0)
            ++wrong;
        if (result)
            pair.a.read_some(asio::buffer(&byte, 1)); // the byte is still there
        wrong += byte != sent;
    }
    loop.join();
    BOOST_TEST(ended == rounds);
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE(succeeded << " of " << rounds << " reads were quicker");
}

BOOST_AUTO_TEST_CASE(close_against_a_completion)
{
    test::context ctx;
    std::unique_ptr<test::tcp_pair> pair;
    test::runners loop(ctx, 1);
    opponent closer([&] { pair->a.close(); });
    std::atomic<int> ended = 0;
    int succeeded = 0;
    int wrong = 0;
    for (int round = 1; round <= rounds; ++round)
    {
        pair = std::make_unique<test::tcp_pair>(ctx);
        char byte = 0;
        test::error_code result;
        pair->a.async_read_some(asio::buffer(&byte, 1), [&](test::error_code ec, std::size_t) {
            result = ec;
            ++ended;
        });
        closer.start();
        spin(round % 16);
        ::send(pair->b.native_handle(), "c", 1, MSG_NOSIGNAL);
        closer.finish();
        test::yield_until([&] { return ended == round; });
        succeeded += !result;
        wrong += result && result != asio::error::operation_aborted;
        wrong += pair->a.is_open();
    }
    loop.join();
    BOOST_TEST(ended == rounds);
    BOOST_TEST(wrong == 0);
    BOOST_TEST_MESSAGE(succeeded << " of " << rounds << " reads were quicker");
}

BOOST_AUTO_TEST_CASE(cancel_of_an_acceptor_against_a_connection)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    auto const endpoint = acceptor.local_endpoint();
    test::runners loop(ctx, 1);
    opponent canceller([&] { acceptor.cancel(); });
    std::atomic<int> ended = 0;
    int accepted = 0;
    int wrong = 0;
    for (int round = 1; round <= rounds / 4; ++round)
    {
        test::error_code result;
        acceptor.async_accept([&](test::error_code ec, test::tcp_socket) {
            result = ec;
            ++ended;
        });
        asio::io_context plain;
        asio::ip::tcp::socket client(plain);
        canceller.start();
        spin(round % 16);
        client.connect(endpoint);
        canceller.finish();
        test::yield_until([&] { return ended == round; });
        wrong += result && result != asio::error::operation_aborted;
        // An accept that came too late left its connection to the next one.
        accepted += result ? acceptor.accept().is_open() : true;
    }
    loop.join();
    BOOST_TEST(ended == rounds / 4);
    BOOST_TEST(accepted == rounds / 4);
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(timer_cancel_from_another_thread_counts_exactly)
{
    test::context ctx;
    test::steady_timer timer(ctx);
    test::runners loop(ctx, 2);
    std::atomic<int> aborted = 0;
    std::atomic<int> fired = 0;
    std::size_t cancelled = 0;
    auto const count = [&](test::error_code ec) { ++(ec ? aborted : fired); };
    int started = 0;
    for (int round = 1; round <= rounds; ++round)
    {
        cancelled += timer.expires_after(std::chrono::microseconds(round % 40));
        for (int i = 0; i < 3; ++i, ++started)
            timer.async_wait(count);
        if (round % 3 == 0)
            test::yield_until([&] { return fired + aborted > started - 3; });
        cancelled += round % 2 ? timer.cancel() : timer.cancel_one();
    }
    cancelled += timer.cancel();
    test::yield_until([&] { return fired + aborted == started; });
    loop.join();
    BOOST_TEST(static_cast<std::size_t>(aborted) == cancelled);
    BOOST_TEST(static_cast<std::size_t>(fired) == static_cast<std::size_t>(started) - cancelled);
    BOOST_TEST_MESSAGE(cancelled << " of " << started << " waits were cancelled");
}

BOOST_AUTO_TEST_CASE(destruction_of_timers_and_sockets_against_their_completions)
{
    test::context ctx;
    test::runners loop(ctx, 2);
    std::atomic<int> ended = 0;
    char byte = 0;
    for (int round = 1; round <= rounds / 2; ++round)
    {
        {
            test::steady_timer timer(ctx, std::chrono::microseconds(round % 40));
            timer.async_wait([&](test::error_code) { ++ended; });
            test::tcp_pair pair(ctx);
            pair.a.async_read_some(asio::buffer(&byte, 1),
                                   [&](test::error_code, std::size_t) { ++ended; });
            ::send(pair.b.native_handle(), "d", 1, MSG_NOSIGNAL);
        }
        test::yield_until([&] { return ended == 2 * round; });
    }
    loop.join();
    BOOST_TEST(ended == rounds / 2 * 2);
}

BOOST_AUTO_TEST_CASE(operations_are_started_from_many_threads)
{
    test::context ctx;
    test::runners loop(ctx, 2);
    std::atomic<int> failed = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            test::tcp_pair pair(ctx);
            test::steady_timer timer(ctx);
            for (int i = 0; i < 300; ++i)
            {
                char byte = 0;
                auto read = pair.a.async_read_some(asio::buffer(&byte, 1), asio::use_future);
                auto write = pair.b.async_write_some(asio::buffer("m", 1), asio::use_future);
                timer.expires_after(50us);
                auto wait = timer.async_wait(asio::use_future);
                failed += read.wait_for(test::limit) != std::future_status::ready;
                failed += write.wait_for(test::limit) != std::future_status::ready;
                failed += wait.wait_for(test::limit) != std::future_status::ready;
                failed += byte != 'm';
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    loop.join();
    BOOST_TEST(failed == 0);
}

BOOST_AUTO_TEST_SUITE_END()
