#include "server.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace readiness_echo {

namespace op = proactor::op;

namespace {

enum token : std::uint64_t
{
    stop_token,
    listener_token,
    first_connection
};

int checked(int result, char const* call)
{
    if (result < 0)
        throw std::system_error(errno, std::system_category(), call);
    return result;
}

proactor::unique_handle listen_on(unsigned short port)
{
    proactor::unique_handle listener(
        checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
    int const on = 1;
    checked(::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(::bind(listener.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), "bind");
    checked(::listen(listener.get(), 1024), "listen");
    return listener;
}

} // namespace

server::server(op::slab& slab, unsigned short port, std::uint64_t connections)
    : slab_(slab), stopper_(slab, stop_token), listener_(listen_on(port)),
      source_(slab.attach(listener_.get())),
      registration_(slab.submit(source_, op::poll{op::readiness::read, true}, listener_token)),
      to_accept_(connections)
{
}

server::~server()
{
    slab_.discard(registration_);
    slab_.detach(source_);
}

unsigned short server::port() const
{
    sockaddr_in where{};
    socklen_t size = sizeof where;
    checked(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&where), &size),
            "getsockname");
    return ntohs(where.sin_port);
}

void server::run()
{
    std::array<op::completion, 64> events;
    while (to_accept_ != 0 || open_ != 0)
    {
        for (auto const& event : slab_.wait(op::slab::clock::time_point::max(), events))
            handle(event);
        // Only now: one that has ended may have had another event in this batch.
        free_.insert(free_.end(), ended_.begin(), ended_.end());
        ended_.clear();
    }
}

void server::handle(op::completion const& event)
{
    if (event.token() == stop_token)
    {
        to_accept_ = 0;
        for (std::uint64_t index = 0; index != connections_.size(); ++index)
            if (connections_[index])
                end(index);
    }
    else if (event.token() == listener_token)
    {
        if (event.error()) // the end of its registration: the system cannot watch it
            throw std::system_error(event.error(), "poll");
        accept();
    }
    else if (auto const index = event.token() - first_connection;
             connections_[index] && (event.error() || !connections_[index]->go_on()))
        end(index);
}

void server::accept()
{
    accepts_later_ = false;
    while (to_accept_ != 0)
    {
        int const socket =
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0)
        {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                return;
            if (errno == ECONNABORTED || errno == EPROTO || errno == EINTR)
                continue; // one that died in the queue
            // Out of descriptors: there is no new edge for connections that wait in the queue
            // already.
            accepts_later_ = (errno == EMFILE || errno == ENFILE) && open_ != 0;
            if (accepts_later_)
                return;
            throw std::system_error(errno, std::system_category(), "accept");
        }
        proactor::unique_handle handle(socket);
        if (free_.empty())
        {
            free_.push_back(connections_.size());
            connections_.emplace_back();
        }
        auto const index = free_.back();
        connections_[index] =
            std::make_unique<connection>(slab_, std::move(handle), index + first_connection);
        free_.pop_back();
        ++open_;
        --to_accept_;
    }
}

void server::end(std::uint64_t index)
{
    bytes_ += connections_[index]->bytes_echoed();
    connections_[index].reset();
    ended_.push_back(index);
    --open_;
    ++served_;
    if (accepts_later_)
        accept();
}

} // namespace readiness_echo
