// expect: owned_buffer
// expect: buffer_traits<Buffer>::data
#include <proactor/write.hpp>

#include <boost/asio/ip/tcp.hpp>

struct not_a_buffer
{
    const char* text;
};

void start(boost::asio::ip::tcp::socket& socket)
{
    proactor::async_write(socket, not_a_buffer{"text"}, [](auto&&...) {});
}
