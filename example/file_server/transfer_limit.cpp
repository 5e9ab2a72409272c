#include "transfer_limit.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace file_server {

namespace asio = boost::asio;
using boost::system::error_code;

void transfer_limit::put_back::operator()(channel* slots) const
{
    slots->try_receive([](error_code) {});
}

transfer_limit::transfer_limit(asio::any_io_executor executor, std::size_t most)
    : slots_(std::move(executor), most)
{
}

asio::awaitable<std::optional<transfer_limit::slot>> transfer_limit::acquire()
{
    // Nobody is overtaken: there is room only when nobody waits.
    if (!slots_.try_send(error_code()))
    {
        auto const [error] =
            co_await slots_.async_send(error_code(), asio::as_tuple(asio::use_awaitable));
        if (error)
            co_return std::nullopt;
    }
    co_return slot(&slots_);
}

void transfer_limit::close()
{
    slots_.close();
}

} // namespace file_server
