// What a context costs that only waits: on a connection, on a listener and on a timer far away.
#include "support/context.hpp"
#include "support/program.hpp"
#include "support/stopwatch.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

namespace {

using namespace std::chrono_literals;

/// Echoes byte for byte, while it also listens and has a timer.
class server
{
public:
    explicit server(perf::context& ctx)
        : acceptor_(ctx, {perf::asio::ip::address_v4::loopback(), 0}), connection_(ctx),
          unused_(ctx), timer_(ctx, 1h)
    {
    }

    perf::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

    /// The first connection is at the door.
    void start()
    {
        acceptor_.accept(connection_);
        acceptor_.async_accept(unused_, [](perf::error_code) {});
        timer_.async_wait([](perf::error_code) {});
        read();
    }

private:
    void read()
    {
        connection_.async_read_some(perf::asio::buffer(&byte_, 1),
                                    [this](perf::error_code ec, std::size_t) {
                                        if (!ec)
                                            write();
                                    });
    }

    void write()
    {
        perf::asio::async_write(connection_, perf::asio::buffer(&byte_, 1),
                                [this](perf::error_code ec, std::size_t) {
                                    if (!ec)
                                        read();
                                });
    }

    perf::tcp_acceptor acceptor_;
    perf::tcp_socket connection_;
    perf::tcp_socket unused_;
    perf::steady_timer timer_;
    char byte_ = 0;
};

/// What this thread used up: the one that looks on.
std::chrono::nanoseconds cpu_of_onlooker()
{
    timespec cpu{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return std::chrono::seconds(cpu.tv_sec) + std::chrono::nanoseconds(cpu.tv_nsec);
}

struct stop_at_exit
{
    perf::context& ctx;
    ~stop_at_exit() { ctx.stop(); }
};

void exchange(perf::asio::ip::tcp::socket& client, int bytes)
{
    for (int i = 0; i < bytes; ++i)
    {
        const char sent = static_cast<char>(i);
        char received = ~sent;
        perf::asio::write(client, perf::asio::buffer(&sent, 1));
        perf::asio::read(client, perf::asio::buffer(&received, 1));
        perf::check(received == sent, "the connection does not echo");
    }
}

void idle(const perf::assignment& a)
{
    if (a.variant != "one")
        throw std::invalid_argument("no variant " + a.variant);

    perf::context ctx;
    server s(ctx);
    // A context that nothing runs: the client blocks in the kernel alone.
    perf::asio::io_context outside;
    perf::asio::ip::tcp::socket client(outside);
    client.connect(s.endpoint());
    s.start();

    std::atomic<bool> returned = false;
    const std::jthread loop([&] {
        ctx.run();
        returned = true;
    });
    const stop_at_exit stop{ctx};

    exchange(client, 1000);
    // What follows traffic, such as a loop that looks once more before it sleeps, is not idling.
    std::this_thread::sleep_for(a.window / 4);
    const auto onlooker_first = cpu_of_onlooker();
    const perf::reading first = perf::reading::now();
    std::this_thread::sleep_for(a.window);
    const perf::reading last = perf::reading::now();
    const auto onlooker = cpu_of_onlooker() - onlooker_first;
    perf::check(!returned, "the loop did not wait");
    exchange(client, 10);

    const std::chrono::duration<double> wall = last.wall - first.wall;
    // The clocks of a process and of a thread are not read at the same moment.
    const std::chrono::duration<double> cpu =
        std::max(last.cpu - first.cpu - onlooker, std::chrono::nanoseconds(0));
    perf::print_metric("cpu_percent", 100 * cpu / wall);
    perf::print_metric("allocs_per_op",
                       static_cast<double>(last.allocations - first.allocations) / wall.count());
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, idle);
}
