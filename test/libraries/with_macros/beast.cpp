// Beast in a program that has Asio without what Asio calls deprecated. One type of handler for all
// keeps this quick to compile.
#include "../../support/context.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;
using stream = beast::basic_stream<test::tcp, test::executor, beast::unlimited_rate_policy>;

struct handler
{
    void operator()(beast::error_code, std::size_t = 0) const {}
};

void of_http(stream& peer, beast::flat_buffer& buffer, http::request<http::string_body>& message)
{
    peer.expires_after(5s);
    peer.async_connect(test::loopback(), handler());
    http::async_read(peer, buffer, message, handler());
    http::async_write(peer, message, handler());
    peer.close();
}

void of_websocket(websocket::stream<test::tcp_socket>& peer, beast::flat_buffer& buffer)
{
    peer.set_option(websocket::stream_base::timeout::suggested(beast::role_type::client));
    peer.async_accept(handler());
    peer.async_read(buffer, handler());
    peer.async_write(asio::buffer("text", 4), handler());
}
