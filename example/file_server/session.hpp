#pragma once

#include "byte_range.hpp"
#include "request_plan.hpp"
#include "shared_state.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>

#include <string_view>

namespace file_server {

// Serves one connection: reads a request, answers it, and goes on for as long as both sides like.
//
// A request that waits in the input behind another is read once that one is answered, and so
// pipelined requests are answered in their order. Every wait for the peer has a limit.
class session
{
public:
    session(shared_state& shared, boost::asio::ip::tcp::socket socket);

    // Returns when the connection is closed. The session must outlive it.
    boost::asio::awaitable<void> run();

    // Ends the session after the answer under way, at once if it waits for a request.
    void finish();

    // Ends the session in the middle of whatever it does.
    void abort();

private:
    using response = boost::beast::http::response<boost::beast::http::buffer_body>;
    using response_writer =
        boost::beast::http::response_serializer<boost::beast::http::buffer_body>;

    // What a response depends on besides its content.
    struct manner
    {
        unsigned version = 11;
        bool keep_alive = false;
        bool head_only = false;
    };

    // Each returns whether the response was sent to its end, as all the following do.
    boost::asio::awaitable<bool> answer(request_plan plan, manner how);
    boost::asio::awaitable<bool> send_status(boost::beast::http::status status, manner how,
                                             std::string_view content_range = {});
    boost::asio::awaitable<bool> send_file(proactor::random_access_file& file, byte_range bytes,
                                           response head, manner how);
    boost::asio::awaitable<bool> send_in_place(proactor::random_access_file& file,
                                               byte_range bytes, response& head);
    boost::asio::awaitable<bool> send_head(response& head);
    boost::asio::awaitable<bool> send_piece(response_writer& writer);

    response make_response(boost::beast::http::status status, manner how) const;
    boost::asio::awaitable<void> close();

    shared_state& shared_;
    boost::beast::tcp_stream stream_;
    boost::beast::flat_buffer input_;
    bool waits_for_request_ = false;
    bool finishing_ = false;
};

} // namespace file_server
