// Operations that own their buffers, over streams that are none of ours: Asio's TLS stream, and
// Beast's.
#include "tls.hpp"

#include "../support/context.hpp"

#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = asio::ssl;
using namespace std::chrono_literals;
using test::awaitable;
using test::error_code;
using test::use_awaitable;
using bytes = std::vector<char>;
using beast_stream = beast::basic_stream<test::tcp, test::executor, beast::unlimited_rate_policy>;

namespace {

// Text in which a byte out of its place shows.
bytes pattern(std::size_t size)
{
    bytes b(size);
    for (std::size_t i = 0; i != size; ++i)
        b[i] = static_cast<char>(i * 31 + i / 253);
    return b;
}

// Two plain streams of Beast.
struct plain
{
    beast_stream one, other;

    explicit plain(test::context& ctx) : plain(test::tcp_pair(ctx)) {}

private:
    explicit plain(test::tcp_pair pair) : one(std::move(pair.a)), other(std::move(pair.b)) {}
};

// Two TLS streams over sockets or over streams of Beast, after their handshakes.
template <typename Stream>
struct secured : test::tls_contexts
{
    Stream one, other;

    explicit secured(test::context& ctx) : secured(ctx, test::tcp_pair(ctx)) {}

private:
    secured(test::context& ctx, test::tcp_pair pair)
        : one(std::move(pair.a), test::tls_contexts::client),
          other(std::move(pair.b), test::tls_contexts::server)
    {
        int done = 0;
        one.async_handshake(ssl::stream_base::client, [&](error_code ec) { done += !ec; });
        other.async_handshake(ssl::stream_base::server, [&](error_code ec) { done += !ec; });
        test::run(ctx);
        BOOST_TEST_REQUIRE(done == 2);
    }
};

using tls = secured<ssl::stream<test::tcp_socket>>;
using tls_over_beast = secured<beast::ssl_stream<beast_stream>>;

// What an operation came to. In a block of its own, as handlers outlive what they are tested with.
struct result
{
    int calls = 0;
    error_code ec;
    std::size_t n = 0;
    bytes buffer;
};

auto into(std::shared_ptr<result> const& r)
{
    return [r](error_code ec, std::size_t n, bytes b) {
        ++r->calls;
        r->ec = ec;
        r->n = n;
        r->buffer = std::move(b);
    };
}

template <typename Pair>
void whole_transfers()
{
    test::context ctx;
    Pair pair(ctx);
    std::size_t const size = 1'000'000;
    auto const sent = std::make_shared<result>();
    auto const got = std::make_shared<result>();
    proactor::async_write(pair.one, pattern(size), into(sent));
    proactor::async_read(pair.other, bytes(size), into(got));
    test::run(ctx);
    BOOST_TEST(sent->calls == 1);
    BOOST_TEST(!sent->ec);
    BOOST_TEST(sent->n == size);
    BOOST_TEST((sent->buffer == pattern(size)));
    BOOST_TEST(got->calls == 1);
    BOOST_TEST(!got->ec);
    BOOST_TEST(got->n == size);
    BOOST_TEST((got->buffer == pattern(size)));
}

template <typename Pair>
void parts()
{
    test::context ctx;
    Pair pair(ctx);
    auto const sent = std::make_shared<result>();
    auto const got = std::make_shared<result>();
    proactor::async_write_some(pair.one, bytes{'a', 'b', 'c'}, into(sent));
    proactor::async_read_some(pair.other, bytes(100, '.'), into(got));
    test::run(ctx);
    BOOST_TEST(!sent->ec);
    BOOST_TEST(sent->n == 3u);
    BOOST_TEST(!got->ec);
    BOOST_TEST(got->n == 3u);
    BOOST_TEST(got->buffer.size() == 100u);
    BOOST_TEST(std::string(got->buffer.data(), 4) == "abc.");
}

template <typename Pair>
void several_pieces()
{
    test::context ctx;
    Pair pair(ctx);
    using pieces = std::array<std::string, 3>;
    pieces got;
    std::size_t n = 0;
    proactor::async_write(pair.one, pieces{"ab", "", "cdefg"},
                          [](error_code, std::size_t, pieces) {});
    proactor::async_read(pair.other, pieces{"....", "..", "."},
                         [&](error_code ec, std::size_t moved, pieces b) {
                             BOOST_TEST(!ec);
                             n = moved;
                             got = std::move(b);
                         });
    test::run(ctx);
    BOOST_TEST(n == 7u);
    BOOST_TEST((got == pieces{"abcd", "ef", "g"}));
}

template <typename Pair>
void lines()
{
    test::context ctx;
    Pair pair(ctx);
    std::string line;
    auto const body = [&]() -> awaitable<void> {
        auto const token = asio::experimental::as_tuple(use_awaitable);
        co_await proactor::async_write(pair.one, std::string("first\nsecond"), token);
        auto [ec, n, text] =
            co_await proactor::async_read_until(pair.other, std::string(), '\n', token);
        BOOST_TEST(!ec);
        line = text.substr(0, n);
    };
    asio::co_spawn(ctx, body(), [](std::exception_ptr e) { BOOST_TEST(!e); });
    test::run(ctx);
    BOOST_TEST(line == "first\n");
}

// The part that came, and the end with it.
template <typename Pair>
void ends_early()
{
    test::context ctx;
    Pair pair(ctx);
    auto const got = std::make_shared<result>();
    proactor::async_read(pair.other, bytes(10, '.'), into(got));
    proactor::async_write(pair.one, bytes{'x', 'y'}, [&](error_code ec, std::size_t, bytes) {
        BOOST_TEST(!ec);
        beast::get_lowest_layer(pair.one).close();
    });
    test::run(ctx);
    BOOST_TEST(got->calls == 1);
    BOOST_TEST(got->ec.failed()); // each stream has its own name for it
    BOOST_TEST(got->n == 2u);
    BOOST_TEST(got->buffer.size() == 10u);
    BOOST_TEST(std::string(got->buffer.data(), 3) == "xy.");
}

template <typename Pair>
void cancelled()
{
    test::context ctx;
    Pair pair(ctx);
    auto const got = std::make_shared<result>();
    proactor::async_read(pair.other, bytes(10, '.'), into(got));
    test::steady_timer timer(ctx, 5ms);
    timer.async_wait([&](error_code) { beast::get_lowest_layer(pair.other).cancel(); });
    proactor::async_write(pair.one, bytes{'x', 'y'}, [](error_code, std::size_t, bytes) {});
    test::run(ctx);
    BOOST_TEST(got->calls == 1);
    BOOST_TEST(got->ec == asio::error::operation_aborted);
    BOOST_TEST(got->n == 2u);
    BOOST_TEST(got->buffer.size() == 10u);
}

// The handler and its buffer go without being called, once nobody writes into it any more.
template <typename Pair>
void context_goes_first()
{
    auto const got = std::make_shared<result>();
    {
        std::optional<test::context> ctx(std::in_place);
        Pair pair(*ctx);
        proactor::async_read(pair.other, bytes(10), into(got));
        ctx->poll();
        BOOST_TEST(got.use_count() == 2);
    }
    BOOST_TEST(got->calls == 0);
    BOOST_TEST(got.use_count() == 1);
}

} // namespace

BOOST_AUTO_TEST_SUITE(owned_over_others)

#define FOR_EACH_STREAM(name)                                                                      \
    BOOST_AUTO_TEST_CASE(name##_of_beast) { name<plain>(); }                                       \
    BOOST_AUTO_TEST_CASE(name##_of_tls) { name<tls>(); }                                           \
    BOOST_AUTO_TEST_CASE(name##_of_tls_over_beast) { name<tls_over_beast>(); }

FOR_EACH_STREAM(whole_transfers)
FOR_EACH_STREAM(parts)
FOR_EACH_STREAM(several_pieces)
FOR_EACH_STREAM(lines)
FOR_EACH_STREAM(ends_early)
FOR_EACH_STREAM(cancelled)
FOR_EACH_STREAM(context_goes_first)

BOOST_AUTO_TEST_CASE(an_expiry_of_beast_gives_the_buffer_back)
{
    test::context ctx;
    plain pair(ctx);
    auto const got = std::make_shared<result>();
    pair.other.expires_after(2ms);
    proactor::async_read(pair.other, bytes(10), into(got));
    test::run(ctx);
    BOOST_TEST((got->ec == beast::error::timeout));
    BOOST_TEST(got->n == 0u);
    BOOST_TEST(got->buffer.size() == 10u);
}

BOOST_AUTO_TEST_SUITE_END()
