#include "session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sstream>
#include <string>
#include <utility>

namespace proxy {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

} // namespace

// Outlives its sends: `relay` waits for them.
struct session::direction
{
    direction(tcp::socket& from, tcp::socket& to_, proactor::buffer_pool& pool, traffic& sum_)
        : received(from, pool, received_ahead), to(to_), sum(sum_),
          one_sent(from.get_executor(), proactor::event_reset::automatic)
    {
    }

    proactor::receive_stream<tcp::socket> received;
    tcp::socket& to;
    traffic& sum;
    std::size_t sends = 0; // that have not completed
    proactor::event one_sent;
};

session::session(tcp::socket client, proactor::buffer_pool& pool, totals& sum)
    : client_(std::move(client)), target_(client_.get_executor()), pool_(pool), sum_(sum)
{
}

asio::awaitable<void> session::run(tcp::endpoint target)
{
    using namespace asio::experimental::awaitable_operators;

    co_await connect(target);
    if (!failure_)
    {
        direction to_target(client_, target_, pool_, sum_.to_target);
        direction to_client(target_, client_, pool_, sum_.to_client);
        co_await (relay(to_target) && relay(to_client));
    }
    if (failure_ && failure_ != asio::error::operation_aborted)
        throw session_failure("a connection failed: " + failure_.message());
}

void session::abort()
{
    fail(asio::error::operation_aborted);
}

asio::awaitable<void> session::connect(tcp::endpoint target)
{
    auto const [error] = co_await target_.async_connect(target, as_values);
    if (failure_)
        co_return;
    if (error)
    {
        fail(error);
        std::ostringstream text;
        text << "cannot connect to " << target << ": " << error.message();
        throw session_failure(text.str());
    }
    // Whoever sends small parts does so because they are urgent.
    for (auto* each : {&client_, &target_})
    {
        error_code ignored;
        each->set_option(tcp::no_delay(true), ignored);
    }
}

asio::awaitable<void> session::relay(direction& d)
{
    while (!failure_)
    {
        if (d.sends == most_sends)
        {
            co_await d.one_sent.async_wait(as_values);
            continue;
        }
        auto [error, part] = co_await d.received.async_next(as_values);
        if (error)
            fail(error);
        else if (part)
            send(d, std::move(*part));
        else
            break;
    }
    while (d.sends != 0)
        co_await d.one_sent.async_wait(as_values);
    if (failure_)
        co_return;
    error_code error;
    d.to.shutdown(tcp::socket::shutdown_send, error);
    if (error)
        fail(error);
}

// Sends of one socket are performed in the order of their start, so several can be under way.
void session::send(direction& d, proactor::pooled_buffer part)
{
    ++d.sends;
    proactor::async_write_zc(
        d.to, std::move(part),
        [this, &d](error_code error, std::size_t size, proactor::pooled_buffer, bool copied) {
            --d.sends;
            d.sum.bytes += size;
            if (size != 0)
                ++(copied ? d.sum.copied : d.sum.in_place);
            if (error)
                fail(error);
            d.one_sent.notify();
        });
}

void session::fail(error_code error)
{
    if (failure_)
        return;
    failure_ = error;
    for (auto* each : {&client_, &target_})
    {
        // A reset: nobody shall take this for the end of the stream.
        error_code ignored;
        each->set_option(tcp::socket::linger(true, 0), ignored);
        each->close(ignored);
    }
}

} // namespace proxy
