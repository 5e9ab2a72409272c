// An echo, once per completion token.
#include "../support/context.hpp"
#include "../support/skip.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <functional>
#include <future>
#include <memory>
#include <string>

namespace asio = boost::asio;
using test::awaitable;
using test::use_awaitable;

namespace {

// Echoes everything that it receives until the peer ends.
class session : public std::enable_shared_from_this<session>
{
public:
    explicit session(test::tcp_socket socket) : socket_(std::move(socket)) {}

    void start()
    {
        socket_.async_read_some(asio::buffer(data_),
                                [self = shared_from_this()](test::error_code ec, std::size_t n) {
                                    if (!ec)
                                        self->reply(n);
                                });
    }

private:
    void reply(std::size_t size)
    {
        asio::async_write(socket_, asio::buffer(data_, size),
                          [self = shared_from_this()](test::error_code ec, std::size_t) {
                              if (!ec)
                                  self->start();
                          });
    }

    test::tcp_socket socket_;
    std::array<char, 1024> data_{};
};

struct echo_server
{
    explicit echo_server(test::context& ctx) : acceptor(ctx, test::loopback()) { accept(); }

    void accept()
    {
        acceptor.async_accept([this](test::error_code ec, test::tcp_socket socket) {
            if (ec)
                return;
            std::make_shared<session>(std::move(socket))->start();
            accept();
        });
    }

    test::tcp_acceptor acceptor;
};

} // namespace

BOOST_AUTO_TEST_SUITE(tcp_echo)

BOOST_AUTO_TEST_CASE(callbacks)
{
    test::context ctx;
    echo_server server(ctx);
    test::tcp_socket client(ctx);
    std::string got(4, '\0');
    client.async_connect(server.acceptor.local_endpoint(), [&](test::error_code connected) {
        BOOST_REQUIRE(!connected);
        asio::async_write(client, asio::buffer("ping", 4), [&](test::error_code ec, std::size_t n) {
            BOOST_REQUIRE(!ec);
            BOOST_TEST(n == 4u);
            asio::async_read(client, asio::buffer(got), [&](test::error_code e, std::size_t m) {
                BOOST_TEST(!e);
                BOOST_TEST(m == 4u);
                client.close();
                server.acceptor.close();
            });
        });
    });
    test::run(ctx);
    BOOST_TEST(got == "ping");
}

BOOST_AUTO_TEST_CASE(coroutines)
{
    test::context ctx;
    echo_server server(ctx);
    std::string got(4, '\0');
    auto const body = [&]() -> awaitable<void> {
        test::tcp_socket client(co_await asio::this_coro::executor);
        co_await client.async_connect(server.acceptor.local_endpoint(), use_awaitable);
        co_await asio::async_write(client, asio::buffer("ping", 4), use_awaitable);
        co_await asio::async_read(client, asio::buffer(got), use_awaitable);
        server.acceptor.close();
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST(got == "ping");
}

BOOST_AUTO_TEST_CASE(futures)
{
    test::context ctx;
    auto work = asio::make_work_guard(ctx);
    std::thread runner([&] { ctx.run_for(test::limit); });
    {
        echo_server server(ctx);
        test::tcp_socket client(ctx);
        auto const ready = [](auto& future) {
            return future.wait_for(test::limit) == std::future_status::ready;
        };
        auto connected = client.async_connect(server.acceptor.local_endpoint(), asio::use_future);
        BOOST_REQUIRE(ready(connected));
        connected.get();
        std::future<std::size_t> sent =
            asio::async_write(client, asio::buffer("ping", 4), asio::use_future);
        BOOST_REQUIRE(ready(sent));
        BOOST_TEST(sent.get() == 4u);
        std::string got(4, '\0');
        std::future<std::size_t> received =
            asio::async_read(client, asio::buffer(got), asio::use_future);
        BOOST_REQUIRE(ready(received));
        BOOST_TEST(received.get() == 4u);
        BOOST_TEST(got == "ping");
        client.shutdown(test::tcp_socket::shutdown_both);
        char byte;
        std::future<std::size_t> ended =
            client.async_read_some(asio::buffer(&byte, 1), asio::use_future);
        BOOST_REQUIRE(ready(ended));
#if PROACTOR_TSAN
        // The library counts the references of exceptions where the sanitizer does not look.
        test::skipped("an exception out of a future, under ThreadSanitizer");
#else
        BOOST_CHECK_EXCEPTION(ended.get(), test::system_error,
                              [](auto const& e) { return e.code() == asio::error::eof; });
#endif
        ctx.stop();
        runner.join();
    }
}

BOOST_AUTO_TEST_CASE(deferred_starts_nothing_until_it_is_called)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    auto read = pair.a.async_read_some(asio::buffer(&byte, 1), asio::deferred);
    BOOST_TEST(ctx.poll() == 0u);
    BOOST_TEST(ctx.stopped()); // nothing was started, so there is no work
    ctx.restart();
    std::size_t got = 0;
    std::move(read)([&](test::error_code ec, std::size_t n) { got = ec ? 99 : n; });
    pair.b.write_some(asio::buffer("d", 1));
    test::run(ctx);
    BOOST_TEST(got == 1u);
    BOOST_TEST(byte == 'd');
}

BOOST_AUTO_TEST_CASE(deferred_chains_operations)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    auto chain = pair.b.async_write_some(
        asio::buffer("c", 1), asio::deferred([&](test::error_code, std::size_t) {
            return pair.a.async_read_some(asio::buffer(&byte, 1), asio::deferred);
        }));
    bool done = false;
    std::move(chain)([&](test::error_code ec, std::size_t n) { done = !ec && n == 1; });
    test::run(ctx);
    BOOST_TEST(done);
    BOOST_TEST(byte == 'c');
}

BOOST_AUTO_TEST_CASE(as_tuple_packs_the_arguments)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    std::tuple<test::error_code, std::size_t> result;
    pair.a.async_read_some(asio::buffer(&byte, 1),
                           asio::as_tuple([&](auto tuple) { result = tuple; }));
    pair.b.close();
    test::run(ctx);
    BOOST_TEST(std::get<0>(result) == asio::error::eof);
    BOOST_TEST(std::get<1>(result) == 0u);
}

BOOST_AUTO_TEST_CASE(handlers_that_only_move)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    std::size_t got = 0;
    pair.a.async_read_some(
        asio::buffer(&byte, 1),
        [&, token = std::make_unique<int>(1)](test::error_code ec, std::size_t n) {
            got = ec ? 0 : n + static_cast<std::size_t>(*token);
        });
    pair.b.write_some(asio::buffer("m", 1));
    test::run(ctx);
    BOOST_TEST(got == 2u);
}

BOOST_AUTO_TEST_CASE(lvalue_handlers_are_copied)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    int calls = 0;
    std::function<void(test::error_code, std::size_t)> const handler =
        [&](test::error_code, std::size_t) { ++calls; };
    pair.a.async_read_some(asio::buffer(&byte, 1), handler);
    pair.b.async_write_some(asio::buffer("l", 1), handler);
    test::run(ctx);
    BOOST_TEST(calls == 2);
}

BOOST_AUTO_TEST_CASE(many_connections_at_once)
{
    test::context ctx;
    echo_server server(ctx);
    int finished = 0;
    auto const body = [&](int id) -> awaitable<void> {
        test::tcp_socket client(co_await asio::this_coro::executor);
        co_await client.async_connect(server.acceptor.local_endpoint(), use_awaitable);
        for (int i = 0; i < 20; ++i)
        {
            std::string const sent = std::to_string(id) + ":" + std::to_string(i);
            std::string got(sent.size(), '\0');
            co_await asio::async_write(client, asio::buffer(sent), use_awaitable);
            co_await asio::async_read(client, asio::buffer(got), use_awaitable);
            BOOST_TEST(got == sent);
        }
        if (++finished == 64)
            server.acceptor.close();
    };
    for (int id = 0; id < 64; ++id)
        asio::co_spawn(ctx, body(id), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST(finished == 64);
}

BOOST_AUTO_TEST_SUITE_END()
