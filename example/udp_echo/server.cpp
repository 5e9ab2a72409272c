#include "server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace udp_echo {

namespace asio = boost::asio;
using asio::ip::udp;

namespace {

using control_buffer = proactor::control_buffer_for<proactor::packet_info, proactor::traffic_class,
                                                    proactor::segment_size>;

constexpr std::size_t largest_message = 65'535;

// What an answer carries: how the request came.
control_buffer answer_to(proactor::control_messages const& request, std::size_t size)
{
    control_buffer answer;
    if (auto const arrived = request.get<proactor::packet_info>())
        answer.add(*arrived);
    if (auto const traffic = request.get<proactor::traffic_class>())
        answer.add(*traffic);
    if (auto const segment = request.get<proactor::segment_size>();
        segment && segment->bytes < size)
        answer.add(*segment);
    return answer;
}

std::size_t datagrams_of(proactor::control_messages const& control, std::size_t size)
{
    auto const segment = control.get<proactor::segment_size>();
    return segment && segment->bytes && size ? (size + segment->bytes - 1) / segment->bytes : 1;
}

} // namespace

server::server(proactor::io_context& context, command_line const& wanted,
               std::function<void()> stopped)
    : wanted_(wanted), stopped_(std::move(stopped)),
      socket_(context, udp::endpoint(wanted.address, wanted.port))
{
    if (wanted.pool != 0)
    {
        pool_.emplace(context, wanted.pool, largest_message);
        return;
    }
    socket_.set_option(proactor::receive_packet_info(true));
    socket_.set_option(proactor::receive_ecn(true));
    boost::system::error_code before_linux_5;
    socket_.set_option(proactor::udp_gro(true), before_linux_5);
}

void server::start()
{
    for (unsigned i = 0; i != wanted_.receives; ++i)
        asio::co_spawn(socket_.get_executor(), pool_ ? serve_out_of_pool() : serve(),
                       asio::detached);
}

void server::stop()
{
    if (!socket_.is_open())
        return;
    boost::system::error_code ignored;
    socket_.close(ignored);
    stopped_();
}

void server::count(std::uint64_t datagrams, std::size_t bytes)
{
    ++messages_;
    datagrams_ += datagrams;
    bytes_ += bytes;
}

asio::awaitable<void> server::serve_out_of_pool()
{
    constexpr auto token = asio::experimental::as_tuple(asio::use_awaitable);
    udp::endpoint sender;
    while (socket_.is_open())
    {
        auto [ec, buffer] = co_await proactor::async_receive_from(socket_, *pool_, sender, token);
        if (ec == asio::error::operation_aborted)
            break;
        if (ec == asio::error::no_buffer_space) // others send what they have received
            co_await pool_->async_wait(token);
        if (ec)
            continue;
        count(1, buffer.size());
        if (!socket_.is_open())
            break;
        co_await proactor::async_send_to(socket_, std::move(buffer), sender, token);
        if (datagrams_ >= wanted_.datagrams)
            stop();
    }
}

asio::awaitable<void> server::serve()
{
    constexpr auto token = asio::experimental::as_tuple(asio::use_awaitable);
    std::vector<char> buffer(largest_message);
    control_buffer control;
    while (socket_.is_open())
    {
        auto [ec, n, request, came_with, info] = co_await proactor::async_receive_msg(
            socket_, std::move(buffer), std::move(control), token);
        if (ec == asio::error::operation_aborted)
            break;
        buffer = std::move(request);
        control = std::move(came_with);
        if (ec) // of an earlier answer: its receiver has gone
            continue;
        count(datagrams_of(control, n), n);
        if (!socket_.is_open())
            break;
        auto [failed, sent, answer, went_with] = co_await proactor::async_send_msg(
            socket_, proactor::buffer_slice(std::move(buffer), 0, n), answer_to(control, n),
            info.sender, token);
        buffer = std::move(answer).release();
        if (datagrams_ >= wanted_.datagrams)
            stop();
    }
}

} // namespace udp_echo
