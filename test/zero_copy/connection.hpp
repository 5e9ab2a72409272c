// A connection whose one end is in the hands of the test, and what is sent over it.
#pragma once

#include "../support/context.hpp"
#include "../support/handles.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string_view>
#include <vector>

namespace test {

using bytes = std::vector<char>;

inline bytes pattern(std::size_t size)
{
    bytes b(size);
    for (std::size_t i = 0; i != size; ++i)
        b[i] = static_cast<char>(i * 7 + i / 251);
    return b;
}

/// The room to send in is larger than the peer's window at first: what is sent stays with the kernel
/// until the peer reads.
struct connection
{
    explicit connection(context& ctx)
        : socket(ctx)
    {
        handle const listener = tcp_listener();
        socket.open(tcp::v4());
        socket.set_option(asio::socket_base::send_buffer_size(1 << 20));
        socket.connect(loopback(ntohs(address_of(listener).sin_port)));
        peer.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }

    tcp_socket socket;
    handle peer;
};

/// What fits into the room to send, and not into the window.
inline constexpr std::size_t held_size = 192 << 10;

/// Receives until so many bytes are there or the stream ends, while the context runs.
inline bytes receive_all(context& ctx, handle const& peer, std::size_t size)
{
    bytes got(size);
    std::size_t n = 0;
    auto const limit_at = std::chrono::steady_clock::now() + limit;
    while (n != size && std::chrono::steady_clock::now() < limit_at)
    {
        ctx.restart();
        ctx.poll();
        auto const k = ::recv(peer.get(), got.data() + n, size - n, MSG_DONTWAIT);
        if (k > 0)
            n += static_cast<std::size_t>(k);
        else if (k == 0 || errno != EAGAIN)
            break;
    }
    got.resize(n);
    return got;
}

/// Whether sends in place are possible on this context.
inline bool sends_in_place(context& ctx)
{
    return std::string_view(ctx.metrics().driver) == "io_uring"
        && !std::getenv("PROACTOR_TEST_MASKED");
}

/// What an operation with an owned buffer completed with.
template <typename Buffer>
struct sent
{
    int calls = 0;
    error_code ec;
    std::size_t n = 0;
    Buffer buffer{};
    bool copied = false;

    auto handler()
    {
        return [this](error_code e, std::size_t bytes_sent, Buffer b, bool c) {
            ++calls;
            ec = e;
            n = bytes_sent;
            buffer = std::move(b);
            copied = c;
        };
    }
};

} // namespace test
