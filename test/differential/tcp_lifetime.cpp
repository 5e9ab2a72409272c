//
// Cancelling, closing, moving and releasing TCP objects with operations outstanding.
//

#include "loopback.hpp"
#include "registry.hpp"

#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <utility>

namespace differential {

namespace {

// Completions in the order of each direction; Asio promises none between directions.
class directions
{
public:
    auto end(const char* direction, int index)
    {
        return [this, direction, index](const error_code& ec, auto...) {
            ends_[direction] += ' ' + describe(index) + ' ' + describe(ec);
        };
    }

    ~directions()
    {
        for (const auto& [direction, text] : ends_)
        {
            log(direction, text);
        }
    }

private:
    std::map<std::string, std::string> ends_;
};

// Three reads that wait, two writes that wait, a wait for an error.
struct busy_socket
{
    explicit busy_socket(context& ctx) : c(ctx)
    {
        fill(c.client);
        for (int i = 0; i < 3; ++i)
        {
            c.client.async_read_some(asio::buffer(&bytes[i], 1), ends.end("read", i));
        }
        for (int i = 0; i < 2; ++i)
        {
            c.client.async_write_some(asio::buffer("x", 1), ends.end("write", i));
        }
        c.client.async_wait(tcp_socket::wait_error, ends.end("error", 0));
    }

    directions ends;
    connection c;
    char bytes[3] = {};
};

} // namespace

PROACTOR_TEST_BODY(tcp_lifetime, cancel_with_many_outstanding)
{
    context ctx;
    busy_socket busy(ctx);
    ctx.poll();
    busy.c.client.cancel();
    ctx.run();
    log("socket", busy.c.client);
}

PROACTOR_TEST_BODY(tcp_lifetime, cancel_before_the_loop_ran)
{
    context ctx;
    busy_socket busy(ctx);
    busy.c.client.cancel();
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_lifetime, close_with_many_outstanding)
{
    context ctx;
    busy_socket busy(ctx);
    ctx.poll();
    busy.c.client.close();
    log("socket", busy.c.client);
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_lifetime, close_before_the_loop_ran)
{
    context ctx;
    busy_socket busy(ctx);
    busy.c.client.close();
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_lifetime, destroy_with_many_outstanding)
{
    context ctx;
    busy_socket busy(ctx);
    ctx.poll();
    std::optional<tcp_socket> doomed(std::move(busy.c.client));
    doomed.reset();
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_lifetime, cancel_in_a_handler)
{
    context ctx;
    connection c(ctx);
    char bytes[2] = {};
    c.client.async_read_some(asio::buffer(&bytes[0], 1), [&](const error_code& ec, std::size_t n) {
        log("first", ec, n);
        c.client.cancel();
        log("cancelled");
    });
    c.client.async_read_some(asio::buffer(&bytes[1], 1), report{"second"});
    ctx.poll();
    asio::write(c.server, asio::buffer("x", 1));
    ctx.run();
}

PROACTOR_TEST_BODY(tcp_lifetime, close_in_a_handler)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    c.client.async_wait(tcp_socket::wait_error, report{"wait"});
    asio::post(ctx, [&] {
        c.client.close();
        log("closed", c.client);
    });
    log("nothing ran");
    ctx.run();
    log("peer", read_to_end(c.server));
}

PROACTOR_TEST_BODY(tcp_lifetime, read_again_after_cancel)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), [&](const error_code& ec, std::size_t) {
        log("first", ec);
        c.client.async_read_some(asio::buffer(&byte, 1), report{"second"});
        asio::write(c.server, asio::buffer("x", 1));
    });
    ctx.poll();
    c.client.cancel();
    log("run", ctx.run());
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(tcp_lifetime, reopen_after_close)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"old"});
    c.client.close();
    c.client.connect(c.acceptor.local_endpoint());
    tcp_socket server = c.acceptor.accept();
    asio::write(server, asio::buffer("x", 1));
    ctx.run();
    ctx.restart();
    c.client.async_read_some(asio::buffer(&byte, 1), report{"new"});
    ctx.run();
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(tcp_lifetime, close_ends_the_connection_at_once)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.poll();
    c.client.close();
    log("peer", read_to_end(c.server));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_lifetime, port_is_free_after_close)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    const tcp::endpoint endpoint = acceptor.local_endpoint();
    acceptor.async_accept(report{"accept"});
    ctx.poll();
    acceptor.close();
    tcp_socket client(ctx);
    error_code ec;
    client.connect(endpoint, ec);
    log("connect", ec);
    attempt("rebind", [&] { acceptor = tcp_acceptor(ctx, endpoint); });
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_lifetime, move_with_outstanding)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    ctx.poll();
    tcp_socket moved(std::move(c.client));
    log("from", c.client);
    log("to", moved);
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(tcp_lifetime, cancel_after_move)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    tcp_socket moved(std::move(c.client));
    error_code ec;
    c.client.cancel(ec);
    log("empty", ec);
    log("poll", ctx.poll());
    moved.cancel();
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_lifetime, move_assign_over_outstanding)
{
    context ctx;
    connection a(ctx);
    connection b(ctx);
    char bytes[2] = {};
    a.client.async_read_some(asio::buffer(&bytes[0], 1), report{"overwritten"});
    ctx.poll();
    a.client = std::move(b.client);
    ctx.run();
    ctx.restart();
    a.client.async_read_some(asio::buffer(&bytes[1], 1), report{"kept"});
    asio::write(b.server, asio::buffer("x", 1));
    ctx.run();
    log("old peer", read_to_end(a.server));
}

PROACTOR_TEST_BODY(tcp_lifetime, swap_with_outstanding)
{
    context ctx;
    connection a(ctx);
    connection b(ctx);
    char bytes[2] = {};
    a.client.async_read_some(asio::buffer(&bytes[0], 1), report{"a"});
    b.client.async_read_some(asio::buffer(&bytes[1], 1), report{"b"});
    ctx.poll();
    std::swap(a.client, b.client);
    asio::write(a.server, asio::buffer("1", 1));
    log("run_one", ctx.run_one());
    asio::write(b.server, asio::buffer("2", 1));
    log("run", ctx.run());
    log("bytes", std::string_view(bytes, 2));
    asio::write(a.client, asio::buffer("3", 1));
    log("b's peer", read_exactly(b.server, 1));
}

PROACTOR_TEST_BODY(tcp_lifetime, move_acceptor_with_outstanding)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    acceptor.async_accept(report{"accept"});
    ctx.poll();
    tcp_acceptor moved(std::move(acceptor));
    log("from", acceptor);
    tcp_socket client(ctx);
    client.connect(moved.local_endpoint());
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_lifetime, to_a_generic_protocol)
{
    using generic = asio::generic::stream_protocol;
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"old"});
    ctx.poll();
    asio::basic_stream_socket<generic, executor> socket(std::move(c.client));
    log("generic", socket);
    log("tcp", c.client);
    asio::write(c.server, asio::buffer("xy", 2));
    ctx.run();
    ctx.restart();
    socket.async_read_some(asio::buffer(&byte, 1), report{"new"});
    ctx.run();
    log("byte", std::string_view(&byte, 1));
}

PROACTOR_TEST_BODY(tcp_lifetime, release_with_outstanding)
{
    context ctx;
    connection c(ctx);
    char byte = 0;
    c.client.async_read_some(asio::buffer(&byte, 1), report{"read"});
    c.client.async_read_some(asio::buffer(&byte, 1), report{"second read"});
    ctx.poll();
    const int handle = c.client.release();
    log("socket", c.client);
    ctx.run();
    ctx.restart();
    tcp_socket adopted(ctx, tcp::v4(), handle);
    asio::write(c.server, asio::buffer("x", 1));
    adopted.async_read_some(asio::buffer(&byte, 1), report{"adopted"});
    ctx.run();
    log("byte", std::string_view(&byte, 1));
    asio::write(adopted, asio::buffer("y", 1));
    log("peer", read_exactly(c.server, 1));
}

PROACTOR_TEST_BODY(tcp_lifetime, release_keeps_the_connection)
{
    context ctx;
    connection c(ctx);
    const int handle = c.client.release();
    asio::write(c.server, asio::buffer("x", 1));
    char byte = 0;
    await_readable(handle);
    log("raw", ::recv(handle, &byte, 1, 0), std::string_view(&byte, 1));
    ::close(handle);
    log("peer", read_to_end(c.server));
}

PROACTOR_TEST_BODY(tcp_lifetime, assign_to_another_context)
{
    context ctx;
    context other;
    connection c(ctx);
    tcp_socket moved(other);
    moved.assign(tcp::v4(), c.client.release());
    char byte = 0;
    moved.async_read_some(asio::buffer(&byte, 1), report{"read"});
    asio::write(c.server, asio::buffer("x", 1));
    log("old", ctx.run());
    log("new", other.run());
}

PROACTOR_TEST_BODY(tcp_lifetime, two_objects_of_one_connection)
{
    context ctx;
    connection c(ctx);
    tcp_socket twin(ctx, tcp::v4(), ::dup(c.client.native_handle()));
    char bytes[2] = {};
    c.client.async_read_some(asio::buffer(&bytes[0], 1), report{"original"});
    twin.async_read_some(asio::buffer(&bytes[1], 1), report{"twin"});
    ctx.poll();
    c.client.cancel();
    log("run_one", ctx.run_one());
    asio::write(c.server, asio::buffer("x", 1));
    log("run", ctx.run());
}

PROACTOR_TEST_BODY(tcp_lifetime, one_socket_served_by_two_runners)
{
    context ctx(several_threads);
    connection c(ctx);
    constexpr int rounds = 500;
    int done = 0;
    char out = 'a';
    char in = 0;
    bool equal = true;
    std::function<void()> round = [&] {
        asio::async_write(c.client, asio::buffer(&out, 1), [&](const error_code&, std::size_t) {
            asio::async_read(c.server, asio::buffer(&in, 1), [&](const error_code&, std::size_t) {
                equal = equal && in == out;
                out = static_cast<char>('a' + (out - 'a' + 1) % 26);
                if (++done < rounds)
                {
                    round();
                }
            });
        });
    };
    round();
    std::thread other([&] { ctx.run(); });
    ctx.run();
    other.join();
    log("done", done, equal);
}

} // namespace differential
