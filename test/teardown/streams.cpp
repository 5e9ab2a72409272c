// Streams of connections whose acceptor, context, handler or coroutine goes first.
#include "clean_process.hpp"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;

namespace {

using stream = proactor::accept_stream<test::tcp_acceptor>;

// A context, its acceptor and a stream with a wait, whose handler owns `keep`.
struct program
{
    std::optional<test::context> ctx{std::in_place};
    std::shared_ptr<test::tcp_acceptor> acceptor
        = std::make_shared<test::tcp_acceptor>(*ctx, test::loopback());
    std::shared_ptr<stream> connections = std::make_shared<stream>(*acceptor, 4);
    unsigned short port = acceptor->local_endpoint().port();
    std::vector<test::handle> clients;
    test::tally tally;

    void connect(int count)
    {
        while (count--)
        {
            clients.push_back(test::inet_socket());
            sockaddr_in a = test::loopback_address(port);
            test::checked(::connect(clients.back().get(), test::generic(a), sizeof a), "connect");
        }
    }

    template <typename... Keep>
    void wait(Keep... keep)
    {
        connections->async_next([w = test::witness(tally), keep...](auto&&...) { w(); });
    }

    // Every peer is told.
    void check()
    {
        BOOST_TEST(tally.destroyed == tally.made);
        char byte;
        for (auto const& c : clients)
        {
            BOOST_REQUIRE(test::readable_at_once(c));
            BOOST_REQUIRE(::recv(c.get(), &byte, 1, MSG_DONTWAIT) <= 0);
        }
        clients.clear();
    }
};

constexpr int variants = 8;

// Nobody has come, or a few, before or after the loop has looked.
void begin(program& p, int variant)
{
    if (variant & 1)
        p.connect(7);
    p.wait();
    if (variant & 2)
        p.ctx->poll();
    if (variant & 4)
        p.connect(7);
    if (variant & 2)
    {
        p.ctx->restart();
        p.wait();
    }
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(streams_of_connections, test::clean_process)

BOOST_AUTO_TEST_CASE(the_stream_goes_first)
{
    for (int v = 0; v < variants; ++v)
    {
        program p;
        begin(p, v);
        p.connections.reset();
        p.acceptor.reset();
        if (v & 1)
            test::run(*p.ctx);
        p.ctx.reset();
        p.check();
    }
}

BOOST_AUTO_TEST_CASE(the_acceptor_goes_first)
{
    for (int v = 0; v < variants; ++v)
    {
        program p;
        begin(p, v);
        p.acceptor.reset();
        p.connections.reset();
        p.ctx.reset();
        p.check();
    }
}

BOOST_AUTO_TEST_CASE(both_go_with_the_handler_that_goes_with_the_context)
{
    for (int v = 0; v < variants; ++v)
    {
        program p;
        begin(p, v);
        p.ctx->restart();
        p.wait(p.acceptor, p.connections);
        p.acceptor.reset();
        p.connections.reset();
        p.ctx.reset();
        p.check();
    }
}

BOOST_AUTO_TEST_CASE(both_go_with_a_coroutine_that_goes_with_the_context)
{
    for (int v = 0; v < variants; ++v)
    {
        program p;
        begin(p, v);
        asio::co_spawn(
            *p.ctx,
            []([[maybe_unused]] auto acceptor, auto connections,
               test::tally& t) -> asio::awaitable<void> {
                test::witness const frame(t);
                while (auto conn = co_await connections->async_next(asio::use_awaitable))
                    ;
            }(p.acceptor, p.connections, p.tally),
            asio::detached);
        p.acceptor.reset();
        p.connections.reset();
        p.ctx->restart();
        p.ctx->poll();
        p.ctx.reset();
        p.check();
    }
}

BOOST_AUTO_TEST_CASE(everything_goes_on_a_thread_that_never_ran_it)
{
    for (int v = 0; v < variants; ++v)
    {
        program p;
        std::thread([&] { begin(p, v); }).join();
        std::thread([&] {
            if (v & 1)
                p.connections.reset();
            p.acceptor.reset();
            p.connections.reset();
            p.ctx.reset();
        }).join();
        p.check();
    }
}

BOOST_AUTO_TEST_CASE(a_slot_outlives_its_wait_its_stream_and_its_context)
{
    asio::cancellation_signal signal;
    {
        program p;
        p.connections->async_next(asio::bind_cancellation_slot(
            signal.slot(), [w = test::witness(p.tally)](auto&&...) { w(); }));
        p.connections.reset();
        p.acceptor.reset();
        p.ctx.reset();
        p.check();
    }
    signal.emit(asio::cancellation_type::all);
}

// The peer goes on to send when nobody is left.
BOOST_AUTO_TEST_CASE(buffers_of_a_stream_that_is_gone)
{
    using socket_stream = proactor::receive_stream<test::tcp_socket>;
    for (int v = 0; v < variants; ++v)
    {
        test::handle_pair ends = test::tcp_pair();
        test::handle const twin = test::duplicate(ends.a); // so that there is somewhere to send to
        test::tally tally;
        {
            std::optional<test::context> ctx(std::in_place);
            auto pool = std::make_shared<proactor::buffer_pool>(*ctx, 4, 1000);
            auto socket = std::make_shared<test::tcp_socket>(*ctx, test::tcp::v4(), ends.a.release());
            auto received = std::make_shared<socket_stream>(*socket, *pool);
            std::optional<proactor::pooled_buffer> held;
            if (v & 1)
            {
                test::write_all(ends.b, std::string(3500, 'b'));
                received->async_next([&](auto, auto buffer) { held = std::move(buffer); });
                test::run(*ctx);
                ctx->restart();
            }
            if (v & 2)
                received->async_next(
                    [w = test::witness(tally), socket, received, pool](auto&&...) { w(); });
            else
                received->async_next([w = test::witness(tally)](auto&&...) { w(); });
            ctx->poll();
            if (v & 4)
                received.reset();
            socket.reset();
            received.reset();
            pool.reset();
            ctx.reset();
            if (held)
                BOOST_TEST((held->data()[0] == std::byte('b')));
        }
        BOOST_TEST(tally.destroyed == tally.made);
        test::write_all(ends.b, std::string(5000, 'l'));
    }
}

BOOST_AUTO_TEST_SUITE_END()
