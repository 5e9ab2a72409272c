#pragma once

#include "context.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

namespace echo_server {

// One connection: sends back what it receives, until the peer ends or stop().
class session
{
public:
    explicit session(tcp_socket socket);
    virtual ~session() = default;
    session(session const&) = delete;
    session& operator=(session const&) = delete;

    // `ended` is called once, on the context, when the session may be destroyed.
    virtual void start(std::function<void()> ended) = 0;

    // On the context. The end follows.
    virtual void stop();

    std::uint64_t bytes() const { return bytes_; }

protected:
    tcp_socket socket_;
    std::uint64_t bytes_ = 0; // sent back
};

// What a session holds of a message at once.
using session_buffer = std::array<char, 4096>;

enum class session_kind
{
    coroutine,
    callback,
    future
};

std::unique_ptr<session> make_coroutine_session(tcp_socket socket);
std::unique_ptr<session> make_callback_session(tcp_socket socket);
std::unique_ptr<session> make_future_session(tcp_socket socket);

} // namespace echo_server
