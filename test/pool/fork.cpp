// Pools of a process that forks.
#include "pooled.hpp"

#include "../support/forked.hpp"

#include <optional>

namespace asio = boost::asio;
using test::buffer_pool;
using test::connection;
using test::error_code;
using test::pooled_buffer;
using test::pooled_completion;
using test::text_of;

BOOST_AUTO_TEST_SUITE(pool_fork)

BOOST_AUTO_TEST_CASE(parent_and_child_go_on_with_all_their_buffers)
{
    test::context ctx;
    buffer_pool pool(ctx, 4, 100);
    connection old(ctx);
    pooled_completion held;
    test::write_all(old.peer, "held");
    proactor::async_receive(old.socket, pool, held.handler());
    test::run(ctx);
    connection waiting(ctx);
    pooled_completion later;
    proactor::async_receive(waiting.socket, pool, later.handler());
    ctx.poll();

    auto const go_on = [&](auto& check)
    {
        check(pool.available() == 3, "what waits holds none");
        connection c(ctx);
        for (int i = 0; i != 9; ++i)
        {
            pooled_completion done;
            test::write_all(c.peer, "text");
            proactor::async_receive(c.socket, pool, done.handler());
            test::run_until(ctx, [&] { return done.calls == 1; });
            check(done.text() == "text", "a receive brings its text");
        }
        check(held.text() == "held", "what was there stays");
        held.buffer.reset();
        check(pool.available() == 4, "all are back");
    };
    ctx.notify_fork(asio::execution_context::fork_prepare);
    test::forked child(
        [&](test::findings& check)
        {
            ctx.notify_fork(asio::execution_context::fork_child);
            go_on(check);
        });
    ctx.notify_fork(asio::execution_context::fork_parent);
    test::forked told_nothing(
        [&](test::findings& check)
        {
            {
                buffer_pool another(ctx, 1, 10);
            }
            held.buffer.reset();
            check(pool.available() == 4, "a return needs no driver");
            std::optional<connection> c(std::in_place, ctx);
            pooled_completion done;
            proactor::async_receive(c->socket, pool, done.handler());
            test::write_all(c->peer, "text");
            test::run_until(ctx, [&] { return done.calls == 1; });
            check(done.text() == "text", "a receive brings its text");
        });
    BOOST_TEST(child.end() == 0);
    BOOST_TEST(told_nothing.end() == 0);
    auto const check = [](bool good, char const* what) { BOOST_TEST(good, what); };
    go_on(check);
    test::write_all(waiting.peer, "late");
    test::run(ctx);
    BOOST_TEST(later.text() == "late");
}

BOOST_AUTO_TEST_SUITE_END()
