// An echo needs no heap once it is warm, with callbacks and with coroutines.
#include "steady_state.hpp"

#include <array>
#include <memory>
#include <vector>

namespace asio = boost::asio;
using test::awaitable;
using test::use_awaitable;

namespace {

constexpr int rounds = 500;

// Both ends of one connection, in callbacks.
class conversation
{
public:
    explicit conversation(test::context& ctx) : pair_(ctx) {}

    void start(int count)
    {
        left_ = count;
        ask();
        answer();
    }

private:
    void ask()
    {
        asio::async_write(pair_.a, asio::buffer(request_), [this](test::error_code, std::size_t) {
            asio::async_read(pair_.a, asio::buffer(reply_), [this](test::error_code, std::size_t) {
                if (--left_ > 0)
                    ask();
                else
                    pair_.b.cancel();
            });
        });
    }

    void answer()
    {
        pair_.b.async_read_some(asio::buffer(echo_), [this](test::error_code ec, std::size_t n) {
            if (!ec)
                asio::async_write(pair_.b, asio::buffer(echo_, n),
                                  [this](test::error_code, std::size_t) { answer(); });
        });
    }

    test::tcp_pair pair_;
    int left_ = 0;
    std::array<char, 64> request_{}, reply_{}, echo_{};
};

} // namespace

BOOST_AUTO_TEST_SUITE(echo)

BOOST_AUTO_TEST_CASE(callbacks_at_one_connection)
{
    test::context ctx;
    conversation one(ctx);
    auto const count = test::allocations_when_warm([&] {
        one.start(rounds);
        test::run(ctx);
    });
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(callbacks_at_sixty_four_connections)
{
    test::context ctx;
    std::vector<std::unique_ptr<conversation>> all;
    for (int i = 0; i < 64; ++i)
        all.push_back(std::make_unique<conversation>(ctx));
    auto const count = test::allocations_when_warm([&] {
        for (auto const& one : all)
            one->start(rounds / 10);
        test::run(ctx);
    });
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_CASE(coroutines)
{
    // Counted inside the client's coroutine, so that starting and ending coroutines stays out of
    // the figure.
    test::context ctx;
    test::tcp_pair pair(ctx);
    std::uint64_t count = 99;
    auto const serve = [&]() -> awaitable<void> {
        std::array<char, 64> data;
        test::error_code ec;
        for (;;)
        {
            std::size_t const n = co_await pair.b.async_read_some(
                asio::buffer(data), asio::redirect_error(use_awaitable, ec));
            if (ec)
                co_return;
            co_await pair.b.async_write_some(asio::buffer(data, n), use_awaitable);
        }
    };
    auto const talk = [&]() -> awaitable<void> {
        std::array<char, 64> data{};
        std::uint64_t before = 0;
        for (int i = 0; i < 3 * rounds; ++i)
        {
            if (i == 2 * rounds)
                before = test::allocations();
            co_await pair.a.async_write_some(asio::buffer(data), use_awaitable);
            co_await pair.a.async_read_some(asio::buffer(data), use_awaitable);
        }
        count = test::allocations() - before;
        pair.b.cancel();
    };
    asio::co_spawn(ctx, serve(), asio::detached);
    asio::co_spawn(ctx, talk(), asio::detached);
    test::run(ctx);
    PROACTOR_TEST_NO_ALLOCATIONS(count);
}

BOOST_AUTO_TEST_SUITE_END()
