// The end of a context: handlers are destroyed, not called, and exactly once, in any order of
// destruction.
#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct tally
{
    int called = 0;
    int alive = 0;
};

// Counts how many of its kind exist and how many were called.
class witness
{
public:
    explicit witness(tally& t)
        : tally_(&t), token_(new int(0), [&t](int* p) {
              --t.alive;
              delete p;
          })
    {
        ++t.alive;
    }

    void operator()(auto&&...) const { ++tally_->called; }

private:
    tally* tally_;
    std::shared_ptr<int> token_;
};

// One operation of every kind in flight.
struct everything
{
    test::tcp_pair pair;
    test::tcp_acceptor acceptor;
    test::steady_timer timer;
    test::signal_set signals;
    test::stream_descriptor reader, writer;
    std::string big = std::string(8u << 20, 'b');
    char bytes[4];

    explicit everything(test::context& ctx)
        : pair(ctx), acceptor(ctx, test::loopback()), timer(ctx, 1h), signals(ctx, SIGUSR1),
          reader(ctx), writer(ctx)
    {
        int ends[2];
        if (::pipe(ends) != 0)
            throw std::runtime_error("pipe");
        reader.assign(ends[0]);
        writer.assign(ends[1]);
    }

    int start(tally& t)
    {
        pair.a.async_read_some(asio::buffer(&bytes[0], 1), witness(t));
        pair.a.async_read_some(asio::buffer(&bytes[1], 1), witness(t));
        pair.b.async_wait(test::tcp_socket::wait_error, witness(t));
        acceptor.async_accept(witness(t));
        timer.async_wait(witness(t));
        signals.async_wait(witness(t));
        reader.async_read_some(asio::buffer(&bytes[2], 1), witness(t));
        return 7;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(teardown)

BOOST_AUTO_TEST_CASE(a_context_that_never_ran)
{
    tally t;
    {
        test::context ctx;
        everything all(ctx);
        int const started = all.start(t);
        asio::post(ctx, witness(t));
        BOOST_TEST(t.alive == started + 1);
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(a_context_that_ran_with_operations_in_flight)
{
    tally t;
    {
        test::context ctx;
        everything all(ctx);
        all.start(t);
        ctx.poll();
        BOOST_TEST(t.called == 0);
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(objects_owned_by_their_own_handlers)
{
    tally t;
    {
        test::context ctx;
        auto all = std::make_shared<everything>(ctx);
        auto& it = *all;
        it.pair.a.async_read_some(asio::buffer(it.bytes, 1),
                                  [all, w = witness(t)](test::error_code, std::size_t) { w(); });
        it.timer.async_wait([all, w = witness(t)](test::error_code) { w(); });
        it.signals.async_wait([all, w = witness(t)](test::error_code, int) { w(); });
        it.acceptor.async_accept(
            [all, w = witness(t)](test::error_code, test::tcp_socket) { w(); });
        it.reader.async_read_some(asio::buffer(it.bytes, 1),
                                  [all, w = witness(t)](test::error_code, std::size_t) { w(); });
        all.reset();
        ctx.poll();
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(a_write_that_the_peer_does_not_take)
{
    tally t;
    {
        test::context ctx;
        everything all(ctx);
        asio::async_write(all.pair.a, asio::buffer(all.big), witness(t));
        asio::async_write(all.writer, asio::buffer(all.big), witness(t));
        ctx.poll();
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(the_context_outlives_nothing_a_handler_posts_from_its_destructor)
{
    struct poster
    {
        test::context* ctx;
        std::shared_ptr<int> token;

        ~poster()
        {
            if (token.use_count() == 1)
                asio::post(*ctx, [t = std::move(token)] {});
        }
        poster(test::context& c, std::shared_ptr<int> t) : ctx(&c), token(std::move(t)) {}
        poster(poster&&) = default;
        poster(poster const&) = default;
        void operator()() const {}
    };
    std::weak_ptr<int> watch;
    {
        test::context ctx;
        auto token = std::make_shared<int>(0);
        watch = token;
        asio::post(ctx, poster(ctx, std::move(token)));
    }
    BOOST_TEST(watch.expired());
}

BOOST_AUTO_TEST_CASE(handlers_that_close_objects_while_they_are_destroyed)
{
    tally t;
    {
        test::context ctx;
        auto const pair = std::make_shared<test::tcp_pair>(ctx);
        auto const timer = std::make_shared<test::steady_timer>(ctx, 1h);
        auto const cleanup = [&](std::function<void()> f) {
            return std::shared_ptr<void>(nullptr, [f = std::move(f)](void*) { f(); });
        };
        char byte;
        timer->async_wait(
            [c = cleanup([pair] { pair->a.close(); }), w = witness(t)](test::error_code) { w(); });
        pair->a.async_read_some(asio::buffer(&byte, 1),
                                [c = cleanup([timer] { timer->cancel(); }),
                                 w = witness(t)](test::error_code, std::size_t) { w(); });
        ctx.poll();
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(destroyed_on_another_thread_than_the_one_that_ran)
{
    tally t;
    auto ctx = std::make_unique<test::context>();
    auto all = std::make_unique<everything>(*ctx);
    std::thread runner([&] {
        all->start(t);
        ctx->poll();
    });
    runner.join();
    all.reset();
    ctx.reset();
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);

    ctx = std::make_unique<test::context>();
    all = std::make_unique<everything>(*ctx);
    all->start(t);
    ctx->poll();
    std::thread destroyer([&] {
        all.reset();
        ctx.reset();
    });
    destroyer.join();
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(stop_with_operations_in_flight_then_run_again)
{
    test::context ctx;
    everything all(ctx);
    tally t;
    int const started = all.start(t);
    asio::post(ctx, [&] { ctx.stop(); });
    BOOST_TEST(ctx.run() == 1u);
    BOOST_TEST(t.called == 0);
    ctx.restart();
    all.pair.a.cancel();
    all.pair.b.cancel();
    all.acceptor.cancel();
    all.timer.cancel();
    all.signals.cancel();
    all.reader.cancel();
    test::run(ctx);
    BOOST_TEST(t.called == started);
    BOOST_TEST(t.alive == 0);
}

BOOST_AUTO_TEST_CASE(many_contexts_come_and_go)
{
    tally t;
    for (int i = 0; i < 200; ++i)
    {
        test::context ctx;
        everything all(ctx);
        all.start(t);
        if (i % 2)
            ctx.poll();
        if (i % 3 == 0)
            all.pair.a.close();
    }
    BOOST_TEST(t.alive == 0);
    BOOST_TEST(t.called == 0);
}

BOOST_AUTO_TEST_CASE(buffers_freed_right_after_the_context_are_not_written_to)
{
    for (int i = 0; i < 20; ++i)
    {
        asio::io_context peers;
        asio::ip::tcp::socket peer(peers);
        int twin = -1;
        auto buffer = std::make_unique<std::vector<char>>(4096, 'o');
        {
            test::context ctx;
            test::tcp_acceptor acceptor(ctx, test::loopback());
            peer.connect(acceptor.local_endpoint());
            test::tcp_socket socket = acceptor.accept();
            socket.async_read_some(asio::buffer(*buffer), [](test::error_code, std::size_t) {});
            ctx.poll();
            // The number stays open elsewhere, so that the peer's bytes have somewhere to go.
            twin = ::dup(socket.native_handle());
        }
        test::error_code ec;
        peer.write_some(asio::buffer("late", 4), ec);
        BOOST_TEST((*buffer == std::vector<char>(4096, 'o')));
        ::close(twin);
    }
}

BOOST_AUTO_TEST_SUITE_END()
