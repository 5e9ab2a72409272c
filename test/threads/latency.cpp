// With two runners, one of which computes all the time, the other keeps answering.
#include "runners.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <vector>

#include <sys/socket.h>
#include <sys/time.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace
{

// The end of a ring that an earlier test has used interrupts this thread: doc/drivers.md, io_uring.
bool receive_one(int socket)
{
    for (;;)
    {
        char byte;
        auto const n = ::recv(socket, &byte, 1, 0);
        if (n == 1)
            return true;
        if (n == 0 || errno != EINTR)
        {
            BOOST_TEST_MESSAGE("recv: " << (n ? std::strerror(errno) : "end of stream"));
            return false;
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(latency)

BOOST_AUTO_TEST_CASE(ninety_nine_of_a_hundred_echoes_are_quick_while_a_runner_computes)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::array<char, 16> data;
    std::function<void()> const echo = [&] {
        pair.a.async_read_some(asio::buffer(data), [&](test::error_code ec, std::size_t n) {
            if (!ec)
                asio::async_write(pair.a, asio::buffer(data, n),
                                  [&](test::error_code e, std::size_t) {
                                      if (!e)
                                          echo();
                                  });
        });
    };
    std::atomic<bool> enough = false;
    std::atomic<int> computations = 0;
    std::function<void()> const compute = [&] {
        auto const end = clock_type::now() + 50ms;
        while (clock_type::now() < end)
        {
        }
        ++computations;
        if (!enough)
            asio::post(ctx, compute);
    };
    std::vector<clock_type::duration> took;
    bool complete = true;
    {
        test::runners threads(ctx, 2);
        asio::post(ctx, echo);
        asio::post(ctx, compute);
        int const client = pair.b.native_handle();
        timeval const bound{10, 0};
        ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
        auto const deadline = clock_type::now() + test::limit / 2;
        while ((took.size() < 1'000 || computations < 6) && clock_type::now() < deadline)
        {
            auto const start = clock_type::now();
            char byte = 'e';
            complete = ::send(client, &byte, 1, MSG_NOSIGNAL) == 1 && receive_one(client);
            if (!complete)
                break;
            took.push_back(clock_type::now() - start);
        }
        enough = true;
        ::shutdown(client, SHUT_RDWR);
        threads.join();
    }
    BOOST_TEST(complete);
    BOOST_REQUIRE(took.size() >= 1'000u);
    std::sort(took.begin(), took.end());
    auto const p99 = took[took.size() * 99 / 100];
    auto const in_ms = std::chrono::duration<double, std::milli>(p99).count();
    BOOST_TEST_MESSAGE(took.size() << " echoes, P99 " << in_ms << " ms");
    BOOST_TEST(in_ms < (PROACTOR_TEST_SANITIZED ? 25.0 : 5.0));
}

BOOST_AUTO_TEST_SUITE_END()
