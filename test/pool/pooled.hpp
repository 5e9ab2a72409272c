#pragma once

#include "../support/context.hpp"
#include "../support/handles.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace test {

using proactor::buffer_pool;
using proactor::pooled_buffer;

inline std::string text_of(pooled_buffer const& b)
{
    return {reinterpret_cast<char const*>(b.data()), b.size()};
}

/// What an operation with a pool completed with.
struct pooled_completion
{
    int calls = 0;
    error_code ec;
    pooled_buffer buffer;

    /// A handler that stores here.
    auto handler()
    {
        return [this](error_code e, pooled_buffer b) {
            ++calls;
            ec = e;
            buffer = std::move(b);
        };
    }

    std::string text() const { return text_of(buffer); }
};

/// A socket on the context, and the other end of its connection in the hands of the test.
struct connection
{
    explicit connection(test::context& ctx)
        : socket(ctx)
    {
        test::handle const listener = test::tcp_listener();
        socket.connect(test::loopback(ntohs(test::address_of(listener).sin_port)));
        peer.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }

    test::tcp_socket socket;
    test::handle peer;
};

} // namespace test
