#include "session.hpp"

#include "content_type.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/none.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace file_server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct piece
{
    error_code error;
    std::vector<char> bytes;
};

// The buffer belongs to the operation until it completes, and comes back filled to its size.
asio::awaitable<piece> read_piece(proactor::random_access_file& file, std::uint64_t offset,
                                  std::vector<char> buffer)
{
    auto [error, count, bytes] =
        co_await proactor::async_read_at(file, offset, std::move(buffer), as_result);
    co_return piece{error, std::move(bytes)};
}

// The answer to a header that could not be read, if any: no answer to a peer that is gone or that
// let the time pass (whose connection is closed already).
std::optional<http::status> answer_to(error_code error)
{
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        return http::status::request_header_fields_too_large;
    bool const malformed = error.category() == make_error_code(http::error::bad_target).category();
    if (malformed && error != http::error::end_of_stream)
        return http::status::bad_request;
    return std::nullopt;
}

std::string content_range(byte_range bytes, std::uint64_t size)
{
    return "bytes " + std::to_string(bytes.first) + '-'
        + std::to_string(bytes.first + bytes.length - 1) + '/' + std::to_string(size);
}

} // namespace

session::session(shared_state& shared, asio::ip::tcp::socket socket)
    : shared_(shared), stream_(std::move(socket))
{
    // The end of a response must not wait for the acknowledgement of what went before.
    error_code ignored;
    stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<void> session::run()
{
    bool keep_alive = true;
    while (keep_alive && !finishing_)
    {
        http::request_parser<http::empty_body> parser;
        parser.header_limit(shared_.bounds.header);
        parser.body_limit(boost::none);

        stream_.expires_after(shared_.bounds.request);
        waits_for_request_ = true;
        auto const [error, count] =
            co_await http::async_read_header(stream_, input_, parser, as_result);
        waits_for_request_ = false;
        if (error)
        {
            if (auto const status = answer_to(error))
                co_await send_status(*status, manner{});
            break;
        }

        auto const& request = parser.get();
        manner how;
        how.version = request.version();
        // A body is never read: with one under way, the next request has no beginning.
        how.keep_alive = request.keep_alive() && parser.is_done() && !finishing_;
        how.head_only = request.method() == http::verb::head;
        bool const sent = co_await answer(plan_request(request.base()), how);
        keep_alive = sent && how.keep_alive;
    }
    co_await close();
}

void session::finish()
{
    finishing_ = true;
    if (waits_for_request_)
        stream_.cancel();
}

void session::abort()
{
    finishing_ = true;
    stream_.close();
}

asio::awaitable<bool> session::answer(request_plan plan, manner how)
{
    if (plan.status != http::status::ok)
        co_return co_await send_status(plan.status, how);

    // A transfer holds its slot from before the file is opened until its last byte is sent, and so
    // the limit bounds open files and buffers, too.
    auto const slot = co_await shared_.transfers.acquire();
    if (!slot)
        co_return false;

    auto const path = shared_.root.find(plan.path);
    if (!path)
        co_return co_await send_status(http::status::not_found, how);

    proactor::random_access_file file(shared_.context);
    error_code error;
    file.open(path->string(), proactor::random_access_file::read_only, error);
    if (error == boost::system::errc::too_many_files_open
        || error == boost::system::errc::too_many_files_open_in_system)
        co_return co_await send_status(http::status::service_unavailable, how);
    if (error) // gone since, or not for us to read
        co_return co_await send_status(http::status::not_found, how);
    std::uint64_t const size = file.size(error);
    if (error)
        co_return co_await send_status(http::status::internal_server_error, how);

    auto const decision = decide_range(plan.range, size);
    if (decision.kind == range_kind::unsatisfiable)
        co_return co_await send_status(http::status::range_not_satisfiable, how,
                                       "bytes */" + std::to_string(size));

    bool const part = decision.kind == range_kind::part;
    auto head = make_response(part ? http::status::partial_content : http::status::ok, how);
    head.set(http::field::content_type, content_type(path->native()));
    head.set(http::field::accept_ranges, "bytes");
    if (part)
        head.set(http::field::content_range, content_range(decision.bytes, size));
    head.content_length(decision.bytes.length);
    co_return co_await send_file(file, decision.bytes, std::move(head), how);
}

asio::awaitable<bool> session::send_status(http::status status, manner how,
                                           std::string_view content_range)
{
    std::string text = std::to_string(static_cast<unsigned>(status)) + ' '
        + std::string(http::obsolete_reason(status)) + '\n';
    auto head = make_response(status, how);
    head.set(http::field::content_type, "text/plain");
    if (status == http::status::method_not_allowed)
        head.set(http::field::allow, "GET, HEAD");
    if (!content_range.empty())
        head.set(http::field::content_range, content_range);
    head.content_length(text.size());
    if (how.head_only)
        co_return co_await send_head(head);

    head.body().data = text.data();
    head.body().size = text.size();
    head.body().more = false;
    response_writer writer(head);
    bool const sent = co_await send_piece(writer);
    shared_.sum.requests += sent;
    co_return sent;
}

asio::awaitable<bool> session::send_file(proactor::random_access_file& file, byte_range bytes,
                                         response head, manner how)
{
    using namespace asio::experimental::awaitable_operators;

    if (how.head_only)
        co_return co_await send_head(head);
    if (!shared_.copies_files)
        co_return co_await send_in_place(file, bytes, head);

    response_writer writer(head);
    auto const next_size = [&] {
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(bytes.length, shared_.bounds.piece));
    };
    std::vector<char> spare;
    piece next;
    if (bytes.length > 0)
        next = co_await read_piece(file, bytes.first, std::vector<char>(next_size()));
    if (next.error)
        co_return co_await send_status(http::status::internal_server_error, how);

    // While one piece is sent, the next one is read.
    bool sent = true;
    while (sent && !next.error)
    {
        piece current = std::move(next);
        bytes.first += current.bytes.size();
        bytes.length -= current.bytes.size();
        head.body().data = current.bytes.data();
        head.body().size = current.bytes.size();
        head.body().more = bytes.length > 0;
        if (bytes.length == 0)
        {
            sent = co_await send_piece(writer);
            shared_.sum.requests += sent;
            co_return sent;
        }
        spare.resize(next_size());
        std::tie(next, sent) =
            co_await (read_piece(file, bytes.first, std::move(spare)) && send_piece(writer));
        spare = std::move(current.bytes);
    }
    // The file cannot be read or has shrunk: only the end of the connection can say so now.
    co_return false;
}

asio::awaitable<bool> session::send_in_place(proactor::random_access_file& file, byte_range bytes,
                                             response& head)
{
    response_writer writer(head);
    stream_.expires_after(shared_.bounds.piece_sent);
    auto [error, count] = co_await http::async_write_header(stream_, writer, as_result);
    shared_.sum.bytes += count;
    stream_.expires_never();
    while (!error && bytes.length > 0)
    {
        auto const size = std::min<std::uint64_t>(bytes.length, shared_.bounds.piece);
        std::tie(error, count) = co_await proactor::async_send_file(
            stream_.socket(), file, bytes.first, size,
            proactor::timeout(shared_.bounds.piece_sent, as_result));
        bytes.first += count;
        bytes.length -= count;
        shared_.sum.bytes += count;
        shared_.sum.in_place += count;
    }
    shared_.sum.requests += !error;
    co_return !error;
}

asio::awaitable<bool> session::send_head(response& head)
{
    response_writer writer(head);
    stream_.expires_after(shared_.bounds.piece_sent);
    auto const [error, count] = co_await http::async_write_header(stream_, writer, as_result);
    shared_.sum.bytes += count;
    shared_.sum.requests += !error;
    co_return !error;
}

asio::awaitable<bool> session::send_piece(response_writer& writer)
{
    stream_.expires_after(shared_.bounds.piece_sent);
    auto const [error, count] = co_await http::async_write(stream_, writer, as_result);
    shared_.sum.bytes += count;
    co_return !error || error == http::error::need_buffer; // the latter asks for the next piece
}

session::response session::make_response(http::status status, manner how) const
{
    response head(status, how.version);
    head.set(http::field::server, "proactor file_server");
    head.keep_alive(how.keep_alive);
    head.body().data = nullptr;
    head.body().size = 0;
    head.body().more = false;
    return head;
}

asio::awaitable<void> session::close()
{
    error_code error;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    // A socket closed with unread input resets the connection, and a reset can overtake the answer.
    stream_.expires_after(shared_.bounds.linger);
    std::array<char, 1024> unread;
    while (!error)
        std::tie(error, std::ignore) =
            co_await stream_.async_read_some(asio::buffer(unread), as_result);
    stream_.close();
}

} // namespace file_server
