// Timeouts on every operation that there is.
#include <proactor/timeout.hpp>

#include "../support/connection.hpp"
#include "../support/held_lookups.hpp"
#include "../support/terminal.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <deque>
#include <fcntl.h>
#include <map>
#include <string>
#include <sys/wait.h>
#include <tuple>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace fs = proactor::fs;
using namespace std::chrono_literals;
using test::connection;

namespace {

// What became of each operation, by its name.
class table
{
public:
    struct row
    {
        int calls = 0;
        test::error_code ec;
    };

    explicit table(std::chrono::nanoseconds limit) : limit_(limit) {}

    // The token of an operation.
    auto of(std::string const& name)
    {
        BOOST_TEST(!rows_.contains(name));
        return proactor::timeout(limit_, [&r = rows_[name]](test::error_code ec, auto&&...) {
            ++r.calls;
            r.ec = ec;
        });
    }

    // Calls `check` with each code.
    template <typename Check>
    void all(Check check) const
    {
        for (auto const& [name, r] : rows_)
            BOOST_TEST_CONTEXT(name << ": " << r.ec.message())
            {
                BOOST_TEST(r.calls == 1);
                BOOST_TEST(check(r.ec));
            }
    }

    bool ended() const
    {
        for (auto const& [name, r] : rows_)
            if (r.calls == 0)
                return false;
        return true;
    }

private:
    std::chrono::nanoseconds limit_;
    std::map<std::string, row> rows_;
};

constexpr auto timed_out = [](test::error_code ec) { return ec == asio::error::timed_out; };

// Connections that nobody writes to, and some that take no more.
class connections
{
public:
    explicit connections(test::context& ctx) : ctx_(ctx) {}

    test::tcp_socket& quiet() { return all_.emplace_back(ctx_).socket; }
    test::tcp_socket& full()
    {
        test::tcp_socket& s = quiet();
        std::string const bytes(1 << 16, 'f');
        while (::send(s.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0)
            ;
        return s;
    }

private:
    test::context& ctx_;
    std::deque<connection> all_;
};

// A listener whose queue is full.
struct full_listener
{
    full_listener()
    {
        test::checked(::listen(listener.get(), 0), "listen");
        filler = test::connect_to(listener);
    }

    test::tcp::endpoint endpoint() const
    {
        return test::loopback(ntohs(test::address_of(listener).sin_port));
    }

    test::handle listener = test::tcp_listener();
    test::handle filler;
};

// A child that ends when it is told to.
struct child
{
    child()
    {
        if (id == 0)
            for (;;)
                ::pause();
    }
    ~child()
    {
        ::kill(id, SIGKILL);
        ::waitpid(id, nullptr, 0);
    }

    pid_t const id = test::checked(::fork(), "fork");
};

using bytes = std::vector<char>;
using control = proactor::control_buffer_for<proactor::ttl>;

bytes some()
{
    return bytes(1000, 'x');
}

test::udp_socket datagram_socket(test::context& ctx)
{
    return {ctx, test::udp::endpoint(asio::ip::address_v4::loopback(), 0)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(timeouts_everywhere)

BOOST_AUTO_TEST_CASE(of_asio)
{
    // A lookup that has begun cannot be ended: here one waits for the other's end.
    test::context ctx(proactor::context_options{.pool_threads = 1});
    auto& lookups = test::held_lookups::instance();
    lookups.hold();
    test::tcp_resolver resolver(ctx);
    resolver.async_resolve("held", "1", [](auto&&...) {});
    ctx.poll();
    BOOST_TEST_REQUIRE(lookups.await_begun(1));

    connections c(ctx);
    full_listener const full;
    table t(2ms);
    char byte[8];
    asio::mutable_buffer const one(byte, 1);
    std::string const text(1000, 'x');

    c.quiet().async_read_some(one, t.of("read"));
    c.quiet().async_receive(one, t.of("receive"));
    c.quiet().async_wait(test::tcp_socket::wait_read, t.of("wait"));
    c.full().async_write_some(asio::buffer(text), t.of("write"));
    c.full().async_send(asio::buffer(text), t.of("send"));
    asio::async_read(c.quiet(), one, t.of("whole read"));
    asio::async_write(c.full(), asio::buffer(text), t.of("whole write"));

    test::tcp_socket connecting(ctx);
    connecting.async_connect(full.endpoint(), t.of("connect"));
    test::tcp_acceptor acceptor(ctx, test::loopback());
    acceptor.async_accept(t.of("accept"));

    test::udp_socket udp = datagram_socket(ctx), unconnected = datagram_socket(ctx);
    test::udp::endpoint from;
    udp.async_receive_from(one, from, t.of("receive_from"));
    unconnected.async_receive(one, t.of("receive a datagram"));

    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    reader.async_read_some(one, t.of("pipe"));
    test::handle_pair pipe = test::pipe_pair();
    test::stream_descriptor descriptor(ctx, pipe.a.release());
    descriptor.async_read_some(one, t.of("descriptor"));
    descriptor.async_wait(test::stream_descriptor::wait_read, t.of("descriptor wait"));
    test::terminal const terminal;
    test::serial_port port(ctx, terminal.device());
    port.async_read_some(one, t.of("serial port"));

    test::steady_timer timer(ctx, 1h);
    timer.async_wait(t.of("timer"));
    test::signal_set signals(ctx, SIGUSR2);
    signals.async_wait(t.of("signal"));

    resolver.async_resolve("held", "2", t.of("resolve"));

    test::run_until(ctx, [&] { return t.ended(); });
    lookups.let_go();
    test::run(ctx);
    t.all(timed_out);
}

BOOST_AUTO_TEST_CASE(of_owned_buffers)
{
    test::context ctx;
    connections c(ctx);
    table t(2ms);
    proactor::async_read_some(c.quiet(), some(), t.of("read_some"));
    proactor::async_read(c.quiet(), some(), t.of("read"));
    proactor::async_read(c.quiet(), std::tuple(some(), some()), t.of("read several"));
    proactor::async_read_until(c.quiet(), std::string(), '\n', t.of("read_until"));
    proactor::async_receive(c.quiet(), some(), t.of("receive"));
    proactor::async_write_some(c.full(), some(), t.of("write_some"));
    proactor::async_write(c.full(), some(), t.of("write"));
    proactor::async_send(c.full(), some(), t.of("send"));

    test::udp_socket udp = datagram_socket(ctx), other = datagram_socket(ctx);
    test::udp::endpoint from;
    proactor::async_receive_from(udp, some(), from, t.of("receive_from"));
    proactor::async_receive_from(other, some(), t.of("receive_from with the sender"));

    test::udp_socket messages = datagram_socket(ctx), owned = datagram_socket(ctx);
    char byte;
    control borrowed;
    proactor::async_receive_msg(messages, asio::buffer(&byte, 1), borrowed, t.of("receive_msg"));
    proactor::async_receive_msg(owned, some(), control(), t.of("owned receive_msg"));
    proactor::async_send_msg(c.full(), some(), control(), t.of("owned send_msg"));

    test::handle_pair pipe = test::pipe_pair();
    proactor::basic_stdin_stream<test::executor> in(ctx, pipe.a.get());
    proactor::async_read(in, some(), t.of("standard input"));
    test::run(ctx);
    t.all(timed_out);
}

BOOST_AUTO_TEST_CASE(of_pools_and_streams)
{
    test::context ctx;
    connections c(ctx);
    table t(2ms);
    proactor::buffer_pool pool(ctx, 4, 100), empty(ctx, 1, 100);
    proactor::async_receive(c.quiet(), pool, t.of("receive"));
    proactor::async_read_some(c.quiet(), pool, t.of("read_some"));
    test::udp_socket udp = datagram_socket(ctx);
    test::udp::endpoint from;
    proactor::async_receive_from(udp, pool, from, t.of("receive_from"));
    test::handle_pair pipe = test::pipe_pair();
    test::stream_descriptor descriptor(ctx, pipe.a.release());
    proactor::async_read_some(descriptor, pool, t.of("descriptor"));
    proactor::pooled_buffer const last = empty.acquire();
    empty.async_wait(t.of("a buffer"));

    test::tcp_acceptor acceptor(ctx, test::loopback());
    proactor::accept_stream accepts(acceptor);
    accepts.async_next(t.of("next connection"));
    proactor::receive_stream received(c.quiet(), pool);
    received.async_next(t.of("next part"));
    proactor::receive_stream starved(c.quiet(), empty);
    starved.async_next(t.of("next part, from an empty pool"));
    test::run(ctx);
    t.all(timed_out);
    BOOST_TEST(pool.available() == 4u);
}

BOOST_AUTO_TEST_CASE(of_zero_copy)
{
    test::context ctx;
    connections c(ctx);
    table t(2ms);
    constexpr proactor::zero_copy always{0, true};
    proactor::async_send_zc(c.full(), some(), t.of("send_zc"));
    proactor::async_send_zc(c.full(), some(), always, t.of("send_zc, however small"));
    proactor::async_write_zc(c.full(), some(), always, t.of("write_zc"));

    test::temporary_file const file;
    test::write_all(file.file(), "text");
    proactor::async_send_file(c.full(), file.file().get(), 0, 4, t.of("send_file"));

    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    proactor::async_splice(reader, c.quiet(), 4, t.of("splice, nothing to read"));
    test::readable_pipe filled(ctx);
    test::writable_pipe filling(ctx);
    asio::connect_pipe(filled, filling);
    asio::write(filling, asio::buffer("text", 4));
    proactor::async_splice(filled, c.full(), 4, t.of("splice, no room to write"));

    // A file without an end.
    test::handle const zeros(test::checked(::open("/dev/zero", O_RDONLY | O_CLOEXEC), "open"));
    test::handle const nowhere(test::checked(::open("/dev/null", O_WRONLY | O_CLOEXEC), "open"));
    proactor::async_copy(ctx, zeros.get(), nowhere.get(), {}, t.of("copy"));
    proactor::async_copy(
        ctx, zeros.get(), nowhere.get(), {}, [](std::uint64_t) {}, t.of("copy with progress"));
    test::run(ctx);
    t.all(timed_out);
}

BOOST_AUTO_TEST_CASE(of_waits)
{
    test::context ctx;
    table t(2ms);
    proactor::basic_event<test::executor> event(ctx);
    event.async_wait(t.of("event"));
    proactor::interval interval(ctx, 1h);
    interval.async_next(t.of("interval"));
    child const c;
    proactor::async_wait(ctx, proactor::process{c.id}, t.of("process"));
    test::run(ctx);
    t.all(timed_out);
}

// What the system does at once has ended when the time is up, or has not begun.
BOOST_AUTO_TEST_CASE(of_files)
{
    for (auto const limit : {std::chrono::nanoseconds(0), std::chrono::nanoseconds(1h)})
    {
        test::context ctx;
        table t(limit);
        test::temporary_file const name, target;
        std::string const text(1000, 'x');
        test::write_all(name.file(), text);
        proactor::buffer_pool pool(ctx, 4, 100);
        proactor::basic_random_access_file<test::executor> file(ctx, name.path(),
                                                                proactor::file_base::read_write);
        proactor::basic_stream_file<test::executor> stream(ctx, name.path(),
                                                           proactor::file_base::read_only);
        proactor::basic_random_access_file<test::executor> opening(ctx);
        char byte;

        file.async_read_some_at(0, asio::buffer(&byte, 1), t.of("read_some_at"));
        stream.async_read_some(asio::buffer(&byte, 1), t.of("read_some"));
        proactor::async_read_at(file, 0, some(), t.of("owned read_at"));
        proactor::async_write_at(file, 0, some(), t.of("owned write_at"));
        proactor::async_read_some_at(file, 0, pool, t.of("pooled read_some_at"));
        opening.async_open(name.path(), proactor::file_base::read_only, t.of("a file's open"));
        file.async_sync_data(t.of("a file's sync"));

        fs::async_stat(ctx, name.path(), t.of("stat"));
        fs::async_stat(file, t.of("stat of a file"));
        fs::async_open(ctx, name.path(), O_RDONLY, t.of("open"));
        fs::async_close(ctx, proactor::unique_handle(test::duplicate(name.file()).release()),
                        t.of("close"));
        fs::async_read_file(ctx, name.path(), t.of("read_file"));
        fs::async_write_file(ctx, target.path(), some(), t.of("write_file"));
        fs::async_list(ctx, "/proc/self", t.of("list"));
        fs::async_truncate(file, text.size(), t.of("truncate"));
        test::run(ctx); // returns: the hour is no work
        t.all([&](test::error_code ec) { return !ec || (limit == 0ns && timed_out(ec)); });
    }
}

BOOST_AUTO_TEST_SUITE_END()
