// Pools whose operations are in flight when all of it goes, under the allocator that withholds blocks.
#include "in_flight.hpp"

#include "../support/connection.hpp"

#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace {

using proactor::pooled_buffer;

enum part
{
    of_pool,
    of_sockets,
    of_context
};

/// What the kernel might still write comes after the end.
void go_down(std::array<part, 3> const& order, bool poll, bool held)
{
    pooled_buffer kept;
    std::vector<test::handle> peers;
    test::device_file const device;
    {
        auto ctx = std::make_unique<test::context>();
        auto pool = std::make_unique<proactor::buffer_pool>(*ctx, 16, test::device_file::block);
        std::vector<test::connection> connections;
        std::vector<proactor::basic_random_access_file<test::executor>> files;
        int called = 0;
        auto const handler = [&](test::error_code, pooled_buffer b)
        {
            ++called;
            if (held)
                kept = std::move(b);
        };
        for (int i = 0; i != 6; ++i)
        {
            auto& c = connections.emplace_back(*ctx);
            proactor::async_receive(c.socket, *pool, handler);
            proactor::async_receive(c.socket, *pool, handler);
        }
        auto& file = files.emplace_back(*ctx, device.open().release());
        if (poll)
            ctx->poll();
        for (std::size_t i = 0; i != 4; ++i)
            proactor::async_read_some_at(file, i * test::device_file::block, *pool, handler);
        if (poll)
            ctx->poll_one();
        for (int i = 0; i != 3; ++i)
            test::write_all(connections[i].peer, "in time");
        for (auto& c : connections)
            peers.push_back(std::move(c.peer));
        for (part const p : order)
            switch (p)
            {
            case of_pool:
                pool.reset();
                break;
            case of_sockets:
                connections.clear();
                files.clear();
                break;
            case of_context:
                ctx.reset();
            }
    }
    kept.reset();
    for (auto& p : peers)
        ::send(p.get(), "too late", 8, MSG_NOSIGNAL);
    device.read_through();
    BOOST_TEST(test::withheld_blocks_intact());
}

} // namespace

BOOST_AUTO_TEST_SUITE(teardown_pools)

BOOST_AUTO_TEST_CASE(nothing_is_written_to_afterwards)
{
    for (auto const& order : {std::array{of_pool, of_sockets, of_context},
                              std::array{of_sockets, of_pool, of_context}})
        for (bool const poll : {false, true})
            for (bool const held : {false, true})
                go_down(order, poll, held);
}

BOOST_AUTO_TEST_SUITE_END()
