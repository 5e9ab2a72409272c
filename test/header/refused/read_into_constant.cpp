// expect: owned_mutable_buffer
// expect: is_writable
#include <proactor/read.hpp>

#include <boost/asio/ip/tcp.hpp>

struct constant
{
    const char* text;
};

template <>
struct proactor::buffer_traits<constant>
{
    static const void* data(constant& c) noexcept { return c.text; }
    static std::size_t size(const constant&) noexcept { return 4; }
};

void start(boost::asio::ip::tcp::socket& socket)
{
    proactor::async_read(socket, constant{"text"}, [](auto&&...) {});
}
