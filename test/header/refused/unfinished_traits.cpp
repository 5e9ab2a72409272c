// expect: owned_buffer
// expect: buffer_traits<Buffer>::size
#include <proactor/write.hpp>

#include <boost/asio/ip/tcp.hpp>

struct unfinished
{
};

template <>
struct proactor::buffer_traits<unfinished>
{
    static void* data(unfinished&) noexcept { return nullptr; }
};

void start(boost::asio::ip::tcp::socket& socket)
{
    proactor::async_write(socket, unfinished{}, [](auto&&...) {});
}
