#include "connection.hpp"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace readiness_echo {

namespace op = proactor::op;

connection::connection(op::slab& slab, proactor::unique_handle socket, std::uint64_t token)
    : slab_(slab), socket_(std::move(socket)), source_(slab.attach(socket_.get())),
      registration_(
          slab.submit(source_, op::poll{op::readiness::read | op::readiness::write, true}, token)),
      bytes_(64 * 1024, '\0')
{
}

// Deregisters before it closes: the token is not heard of again.
connection::~connection()
{
    slab_.discard(registration_);
    slab_.detach(source_);
}

bool connection::go_on()
{
    bool over = false;
    while (send_pending(over) && receive(over))
        ;
    return !over;
}

// After a call that failed: whether there is nothing to do but to wait.
bool connection::would_block(bool& over) const
{
    if (errno == EINTR)
        return false;
    over = errno != EAGAIN && errno != EWOULDBLOCK;
    return true;
}

// True: nothing is left to send.
bool connection::send_pending(bool& over)
{
    while (first_ != last_)
    {
        auto const n = ::send(socket_.get(), bytes_.data() + first_, last_ - first_, MSG_NOSIGNAL);
        if (n >= 0)
        {
            first_ += static_cast<std::size_t>(n);
            bytes_echoed_ += static_cast<std::uint64_t>(n);
        }
        else if (would_block(over))
            return false;
    }
    return true;
}

// True: there is something to send.
bool connection::receive(bool& over)
{
    for (;;)
    {
        auto const n = ::recv(socket_.get(), bytes_.data(), bytes_.size(), 0);
        if (n < 0)
        {
            if (would_block(over))
                return false;
            continue;
        }
        first_ = 0;
        last_ = static_cast<std::size_t>(n);
        over = n == 0;
        return !over;
    }
}

} // namespace readiness_echo
