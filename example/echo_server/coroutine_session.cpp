#include "session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <exception>
#include <utility>

namespace echo_server {

namespace {

namespace asio = boost::asio;

constexpr auto use_awaitable = asio::as_tuple(asio::use_awaitable_t<executor>());

class coroutine_session final : public session
{
public:
    using session::session;

    void start(std::function<void()> ended) override
    {
        asio::co_spawn(socket_.get_executor(), echo(),
                       [ended = std::move(ended)](std::exception_ptr failure) {
                           ended();
                           if (failure)
                               std::rethrow_exception(failure);
                       });
    }

private:
    asio::awaitable<void, executor> echo()
    {
        for (;;)
        {
            auto const [read_error, size] =
                co_await socket_.async_read_some(asio::buffer(data_), use_awaitable);
            if (read_error)
                co_return;
            auto const [write_error, sent] =
                co_await asio::async_write(socket_, asio::buffer(data_, size), use_awaitable);
            bytes_ += sent;
            if (write_error)
                co_return;
        }
    }

    session_buffer data_;
};

} // namespace

std::unique_ptr<session> make_coroutine_session(tcp_socket socket)
{
    return std::make_unique<coroutine_session>(std::move(socket));
}

} // namespace echo_server
