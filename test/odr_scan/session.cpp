//
// Something that has Asio's objects with erased executors, under another name in each object file.
//

#if PROACTOR_TEST_TYPED
#include <proactor/detail/asio_hooks.hpp>
#endif

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

void PROACTOR_TEST_SESSION(boost::asio::io_context& context)
{
#if PROACTOR_TEST_BY_EXECUTOR
    boost::asio::ip::tcp::socket socket(context.get_executor());
#else
    boost::asio::ip::tcp::socket socket(context);
#endif
    socket.async_read_some(boost::asio::mutable_buffer(), [](auto, auto) {});
}
