#ifndef PROACTOR_TEST_SUPPORT_CONNECTION_HPP
#define PROACTOR_TEST_SUPPORT_CONNECTION_HPP

#include "context.hpp"
#include "handles.hpp"

#include <utility>

namespace test {

/// A socket on the context, and the other end of its connection in the hands of the test.
struct connection
{
    explicit connection(context& ctx)
        : connection(ctx, tcp_pair())
    {
    }

    tcp_socket socket;
    handle peer;

private:
    connection(context& ctx, handle_pair ends)
        : socket(ctx, tcp::v4(), ends.a.release())
        , peer(std::move(ends.b))
    {
    }
};

} // namespace test

#endif
