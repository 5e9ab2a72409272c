// Boost.Beast's HTTP algorithms over the context: requests, answers, clients that leave.
#include "../support/context.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;
using test::awaitable;
using test::use_awaitable;

template <typename Executor>
using stream_on = beast::basic_stream<test::tcp, Executor, beast::unlimited_rate_policy>;
using stream_type = stream_on<test::executor>;

// What Beast's own servers give a session: a strand, erased where the default executor is.
using strand_executor = std::conditional_t<PROACTOR_TEST_DROP_IN, asio::any_io_executor,
                                           asio::strand<test::context::executor_type>>;
using strand_stream = stream_on<strand_executor>;

using request_type = http::request<http::string_body>;
using response_type = http::response<http::string_body>;

namespace {

struct stream_pair
{
    stream_type client, server;

    explicit stream_pair(test::context& ctx) : stream_pair(test::tcp_pair(ctx)) {}

private:
    explicit stream_pair(test::tcp_pair pair) : client(std::move(pair.a)), server(std::move(pair.b))
    {
    }
};

void no_exception(std::exception_ptr e)
{
    BOOST_TEST(!e);
}

request_type post(std::string body)
{
    request_type request(http::verb::post, "/ab", 11);
    request.set(http::field::host, "localhost");
    request.body() = std::move(body);
    request.prepare_payload();
    return request;
}

/// The body is the target, reversed, and the body of the request.
response_type answer_to(request_type const& request)
{
    response_type response(http::status::ok, request.version());
    response.keep_alive(request.keep_alive());
    std::string const target(request.target());
    response.body() = std::string(target.rbegin(), target.rend()) + request.body();
    response.prepare_payload();
    return response;
}

/// How a conversation ended, and how many requests it had.
struct conversation
{
    int served = 0;
    beast::error_code end;
};

template <typename Stream>
awaitable<conversation> serve(Stream& stream)
{
    beast::flat_buffer buffer;
    for (conversation so_far;; ++so_far.served)
    {
        http::request_parser<http::string_body> parser;
        parser.body_limit(boost::none);
        stream.expires_after(30s);
        co_await http::async_read(stream, buffer, parser,
                                  asio::redirect_error(use_awaitable, so_far.end));
        if (so_far.end)
            co_return so_far;
        response_type const response = answer_to(parser.get());
        co_await http::async_write(stream, response,
                                   asio::redirect_error(use_awaitable, so_far.end));
        if (so_far.end)
            co_return so_far;
        if (!response.keep_alive())
        {
            ++so_far.served;
            stream.socket().shutdown(test::tcp_socket::shutdown_send);
            co_return so_far;
        }
    }
}

auto into(conversation& result)
{
    return [&result](std::exception_ptr e, conversation c) {
        BOOST_TEST(!e);
        result = c;
    };
}

/// The same server with callbacks; it lives as long as its operations.
template <typename Stream>
struct session : std::enable_shared_from_this<session<Stream>>
{
    Stream stream;
    conversation& result;
    beast::flat_buffer buffer;
    request_type request;
    response_type response;

    session(Stream s, conversation& r) : stream(std::move(s)), result(r) {}

    void read()
    {
        request = {};
        stream.expires_after(30s);
        http::async_read(stream, buffer, request,
                         [self = this->shared_from_this()](beast::error_code ec, std::size_t) {
                             if ((self->result.end = ec))
                                 return;
                             self->response = answer_to(self->request);
                             http::async_write(self->stream, self->response,
                                               [self](beast::error_code e, std::size_t) {
                                                   ++self->result.served;
                                                   if (!(self->result.end = e))
                                                       self->read();
                                               });
                         });
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(beast_http)

BOOST_AUTO_TEST_CASE(requests_and_answers_over_one_connection)
{
    test::context ctx;
    stream_pair pair(ctx);
    conversation result;
    auto const talk = [&]() -> awaitable<void> {
        beast::flat_buffer buffer;
        for (int i = 0; i < 20; ++i)
        {
            request_type const request = post(std::to_string(i));
            pair.client.expires_after(30s);
            co_await http::async_write(pair.client, request, use_awaitable);
            response_type response;
            co_await http::async_read(pair.client, buffer, response, use_awaitable);
            BOOST_TEST(response.body() == "ba/" + std::to_string(i));
        }
        pair.client.socket().shutdown(test::tcp_socket::shutdown_send);
    };
    asio::co_spawn(ctx, serve(pair.server), into(result));
    asio::co_spawn(ctx, talk(), no_exception);
    test::run(ctx);
    BOOST_TEST(result.served == 20);
    BOOST_TEST((result.end == http::error::end_of_stream));
}

BOOST_AUTO_TEST_CASE(a_connection_that_closes_after_one_answer)
{
    test::context ctx;
    stream_pair pair(ctx);
    conversation result;
    beast::error_code after;
    auto const talk = [&]() -> awaitable<void> {
        request_type request = post("last");
        request.keep_alive(false);
        co_await http::async_write(pair.client, request, use_awaitable);
        beast::flat_buffer buffer;
        response_type first, second;
        co_await http::async_read(pair.client, buffer, first, use_awaitable);
        BOOST_TEST(!first.keep_alive());
        BOOST_TEST(first.body() == "ba/last");
        co_await http::async_read(pair.client, buffer, second,
                                  asio::redirect_error(use_awaitable, after));
    };
    asio::co_spawn(ctx, serve(pair.server), into(result));
    asio::co_spawn(ctx, talk(), no_exception);
    test::run(ctx);
    BOOST_TEST(result.served == 1);
    BOOST_TEST((after == http::error::end_of_stream));
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order)
{
    constexpr int count = 200;
    test::context ctx;
    stream_pair pair(ctx);
    conversation result;
    std::string sent;
    for (int i = 0; i < count; ++i)
        sent += "POST /ab HTTP/1.1\r\nContent-Length: 3\r\n\r\n" + std::to_string(100 + i);
    auto const talk = [&]() -> awaitable<void> {
        co_await asio::async_write(pair.client, asio::buffer(sent), use_awaitable);
        beast::flat_buffer buffer;
        for (int i = 0; i < count; ++i)
        {
            response_type response;
            co_await http::async_read(pair.client, buffer, response, use_awaitable);
            BOOST_TEST(response.body() == "ba/" + std::to_string(100 + i));
        }
        pair.client.close();
    };
    std::make_shared<session<stream_type>>(std::move(pair.server), result)->read();
    asio::co_spawn(ctx, talk(), no_exception);
    test::run(ctx);
    BOOST_TEST(result.served == count);
    BOOST_TEST((result.end == http::error::end_of_stream));
}

BOOST_AUTO_TEST_CASE(a_body_in_chunks)
{
    test::context ctx;
    stream_pair pair(ctx);
    std::string const piece(50'000, 'c');
    int chunks = 0;
    auto const send = [&]() -> awaitable<void> {
        http::response<http::empty_body> head(http::status::ok, 11);
        head.chunked(true);
        http::response_serializer<http::empty_body> serializer(head);
        co_await http::async_write_header(pair.server, serializer, use_awaitable);
        for (int i = 0; i < 20; ++i)
            co_await asio::async_write(pair.server, http::make_chunk(asio::buffer(piece)),
                                       use_awaitable);
        co_await asio::async_write(pair.server, http::make_chunk_last(), use_awaitable);
    };
    auto const receive = [&]() -> awaitable<void> {
        beast::multi_buffer buffer;
        http::response_parser<http::dynamic_body> parser;
        auto on_header = [&](std::uint64_t size, beast::string_view, beast::error_code&) {
            BOOST_TEST((size == piece.size() || size == 0));
            ++chunks;
        };
        parser.on_chunk_header(on_header);
        co_await http::async_read(pair.client, buffer, parser, use_awaitable);
        BOOST_TEST(parser.get().body().size() == 20 * piece.size());
    };
    asio::co_spawn(ctx, send(), no_exception);
    asio::co_spawn(ctx, receive(), no_exception);
    test::run(ctx);
    BOOST_TEST(chunks == 21);
}

BOOST_AUTO_TEST_CASE(a_large_body_there_and_back)
{
    test::context ctx;
    stream_pair pair(ctx);
    conversation result;
    std::string body(8u << 20, 'b');
    for (std::size_t i = 0; i < body.size(); i += 997)
        body[i] = static_cast<char>(i);
    request_type const request = post(body);
    auto const talk = [&]() -> awaitable<void> {
        co_await http::async_write(pair.client, request, use_awaitable);
        beast::multi_buffer buffer;
        http::response_parser<http::dynamic_body> parser;
        parser.body_limit(boost::none);
        co_await http::async_read(pair.client, buffer, parser, use_awaitable);
        BOOST_TEST((beast::buffers_to_string(parser.get().body().data()) == "ba/" + body));
        pair.client.close();
    };
    asio::co_spawn(ctx, serve(pair.server), into(result));
    asio::co_spawn(ctx, talk(), no_exception);
    test::run(ctx);
    BOOST_TEST(result.served == 1);
}

BOOST_AUTO_TEST_CASE(a_message_through_a_buffer_of_fixed_size_and_many_small_buffers)
{
    test::context ctx;
    stream_pair pair(ctx);
    std::string const text =
        "POST / HTTP/1.1\r\nContent-Length: 30000\r\n\r\n" + std::string(30'000, 's');
    std::vector<asio::const_buffer> pieces;
    for (std::size_t at = 0; at < text.size(); at += 17)
        pieces.push_back(asio::buffer(std::string_view(text).substr(at, 17)));
    std::size_t written = 0;
    asio::async_write(pair.client, beast::buffers_cat(pieces, pieces),
                      [&](beast::error_code ec, std::size_t n) { written = ec ? 0 : n; });
    beast::flat_static_buffer<1024> buffer;
    auto const receive = [&]() -> awaitable<void> {
        for (int i = 0; i < 2; ++i)
        {
            request_type request;
            co_await http::async_read(pair.server, buffer, request, use_awaitable);
            BOOST_TEST((request.body() == std::string(30'000, 's')));
        }
    };
    asio::co_spawn(ctx, receive(), no_exception);
    test::run(ctx);
    BOOST_TEST(written == 2 * text.size());
}

BOOST_AUTO_TEST_CASE(a_malformed_request_is_an_error_of_the_parser)
{
    test::context ctx;
    stream_pair pair(ctx);
    conversation result;
    asio::co_spawn(ctx, serve(pair.server), into(result));
    asio::async_write(pair.client, asio::buffer(std::string_view("not http at all\r\n\r\n")),
                      [](beast::error_code ec, std::size_t) { BOOST_TEST(!ec); });
    test::run(ctx);
    BOOST_TEST(result.served == 0);
    BOOST_TEST((result.end == http::error::bad_version));
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_within_a_request)
{
    for (bool abort : {false, true})
    {
        test::context ctx;
        stream_pair pair(ctx);
        conversation result;
        asio::co_spawn(ctx, serve(pair.server), into(result));
        asio::write(
            pair.client.socket(),
            asio::buffer(std::string_view("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1")));
        ctx.poll();
        if (abort)
            pair.client.socket().set_option(test::tcp_socket::linger(true, 0));
        pair.client.socket().close();
        test::run(ctx);
        BOOST_TEST((abort ? result.end == asio::error::connection_reset
                          : result.end == http::error::partial_message));
    }
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_within_an_answer)
{
    test::context ctx;
    stream_pair pair(ctx);
    beast::error_code got;
    response_type response(http::status::ok, 11);
    response.body().assign(32u << 20, 'x');
    response.prepare_payload();
    pair.server.expires_after(30s);
    http::async_write(pair.server, response, [&](beast::error_code ec, std::size_t) { got = ec; });
    char some[1000];
    pair.client.async_read_some(asio::buffer(some), [&](beast::error_code ec, std::size_t) {
        BOOST_TEST(!ec);
        pair.client.socket().close(); // with much unread: a reset
    });
    test::run(ctx);
    BOOST_TEST((got == asio::error::connection_reset || got == asio::error::broken_pipe),
               got.message());
}

BOOST_AUTO_TEST_CASE(strands_on_many_threads)
{
    constexpr int connections = 16, requests = 20;
    test::context ctx;
    std::vector<conversation> results(connections);
    std::vector<int> answers(connections);
    for (int c = 0; c < connections; ++c)
    {
        test::tcp_pair pair(ctx);
        auto const move_to_strand = [&](test::tcp_socket& from) {
            return strand_stream(asio::basic_stream_socket<test::tcp, strand_executor>(
                asio::make_strand(ctx), test::tcp::v4(), from.release()));
        };
        auto const server =
            std::make_shared<session<strand_stream>>(move_to_strand(pair.b), results[c]);
        asio::dispatch(server->stream.get_executor(), [server] { server->read(); });
        auto const client = std::make_shared<strand_stream>(move_to_strand(pair.a));
        auto talk = [client, &got = answers[c]]() -> asio::awaitable<void, strand_executor> {
            constexpr asio::use_awaitable_t<strand_executor> use_awaitable;
            beast::flat_buffer buffer;
            for (int i = 0; i < requests; ++i)
            {
                client->expires_after(30s);
                request_type const request = post(std::to_string(i));
                co_await http::async_write(*client, request, use_awaitable);
                response_type response;
                co_await http::async_read(*client, buffer, response, use_awaitable);
                got += response.body() == "ba/" + std::to_string(i);
            }
            client->close();
        };
        asio::co_spawn(client->get_executor(), std::move(talk), [](std::exception_ptr e) {
            if (e)
                std::terminate();
        });
    }
    std::vector<std::thread> runners;
    for (int i = 0; i < 3; ++i)
        runners.emplace_back([&] { ctx.run_for(test::limit); });
    ctx.run_for(test::limit);
    for (std::thread& t : runners)
        t.join();
    BOOST_TEST(ctx.stopped());
    for (int c = 0; c < connections; ++c)
    {
        BOOST_TEST(answers[c] == requests);
        BOOST_TEST(results[c].served == requests);
    }
}

BOOST_AUTO_TEST_SUITE_END()
