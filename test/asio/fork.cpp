// A process that forks: notify_fork, children that are told nothing, threads that a child has not.
#include "../support/context.hpp"
#include "../support/forked.hpp"
#include "../support/skip.hpp"

#include <boost/test/unit_test.hpp>

#include <proactor/stream_file.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>

namespace asio = boost::asio;

namespace {

using fork_event = asio::execution_context;
using namespace std::chrono_literals;

/// Its allocator's locks may be held by another thread while a process forks: Clang 16.
bool sanitizer_forgets_its_locks()
{
    if (PROACTOR_TEST_SANITIZED)
        test::skipped("a sanitizer does not hold its own locks over fork");
    return PROACTOR_TEST_SANITIZED;
}

std::size_t handles()
{
    std::size_t n = 0;
    for ([[maybe_unused]] auto const& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++n;
    return n;
}

/// A child that goes on with the context.
template <typename Body>
test::forked fork_with(test::context& ctx, Body body)
{
    ctx.notify_fork(fork_event::fork_prepare);
    test::forked child([&](test::findings& check) {
        ctx.notify_fork(fork_event::fork_child);
        body(check);
    });
    ctx.notify_fork(fork_event::fork_parent);
    return child;
}

/// Uses all kinds of objects once. Whatever is wrong is told.
template <typename Check>
void use_everything(test::context& ctx, Check check)
{
    test::tcp_pair pair(ctx);
    std::array<char, 3> in{};
    test::steady_timer timer(ctx, 1ms);
    test::signal_set set(ctx, SIGUSR1);
    test::tcp_resolver resolver(ctx);
    test::readable_pipe reader(ctx);
    test::writable_pipe writer(ctx);
    asio::connect_pipe(reader, writer);
    std::string const name = "fork-" + std::to_string(::getpid());
    proactor::basic_stream_file<test::executor> file(
        ctx, name, proactor::file_base::read_write | proactor::file_base::create);
    std::array<char, 3> piped{};
    int good = 0;
    auto const count = [&](bool right) { good += right; };
    asio::async_read(pair.a, asio::buffer(in),
                     [&](auto ec, auto n) { count(!ec && n == 3 && in[0] == 'a'); });
    asio::async_read(reader, asio::buffer(piped),
                     [&](auto ec, auto n) { count(!ec && n == 3 && piped[2] == 'f'); });
    timer.async_wait([&](auto ec) { count(!ec); });
    set.async_wait([&](auto ec, int number) { count(!ec && number == SIGUSR1); });
    resolver.async_resolve("127.0.0.1", "80",
                           [&](auto ec, auto found) { count(!ec && found.size() == 1); });
    asio::async_write(pair.b, asio::buffer("abc", 3), [&](auto ec, auto) { count(!ec); });
    asio::async_write(writer, asio::buffer("def", 3), [&](auto ec, auto) { count(!ec); });
    asio::async_write(file, asio::buffer("ghi", 3), [&](auto ec, auto n) { count(!ec && n == 3); });
    std::thread([&] { asio::post(ctx, [&] { count(true); }); }).join();
    std::raise(SIGUSR1);
    test::run(ctx);
    file.close();
    std::filesystem::remove(name);
    check(good == 9, "every object does its work");
}

} // namespace

BOOST_AUTO_TEST_SUITE(fork_)

BOOST_AUTO_TEST_CASE(a_child_uses_everything_and_so_does_its_parent)
{
    test::context ctx;
    auto const parents = [](bool holds, char const* what) { BOOST_TEST(holds, what); };
    use_everything(ctx, parents);
    auto const before = handles();
    auto child = fork_with(ctx, [&](test::findings& check) {
        check(handles() == before, "it has as many handles as its parent");
        use_everything(ctx, [&](bool holds, char const* what) { check(holds, what); });
        check(handles() == before, "and keeps none");
    });
    use_everything(ctx, parents);
    BOOST_TEST(child.end() == 0);
    BOOST_TEST(handles() == before);
    use_everything(ctx, parents);
}

BOOST_AUTO_TEST_CASE(a_child_of_a_child)
{
    test::context ctx;
    auto child = fork_with(ctx, [&](test::findings& check) {
        auto grandchild = fork_with(ctx, [&](test::findings& inner) {
            use_everything(ctx, [&](bool holds, char const* what) { inner(holds, what); });
        });
        use_everything(ctx, [&](bool holds, char const* what) { check(holds, what); });
        check(grandchild.end() == 0, "the grandchild");
    });
    BOOST_TEST(child.end() == 0);
}

// The process that opened everything ends; the one that serves has no parent.
BOOST_AUTO_TEST_CASE(a_daemon_serves_with_what_it_has_inherited)
{
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    test::forked starter([&](test::findings&) {
        test::context ctx;
        test::tcp_acceptor acceptor(ctx, test::loopback());
        auto const port = acceptor.local_endpoint().port();
        test::tcp_socket peer(ctx);
        std::array<char, 4> text{};
        acceptor.async_accept(peer, [&](auto ec) {
            if (!ec)
                asio::async_read(peer, asio::buffer(text), [&](auto failed, auto) {
                    if (!failed)
                        asio::async_write(peer, asio::buffer(text), [](auto, auto) {});
                });
        });
        ctx.notify_fork(fork_event::fork_prepare);
        if (pid_t const daemon = ::fork(); daemon != 0)
            ::_exit(daemon < 0);
        ctx.notify_fork(fork_event::fork_child);
        ::setsid();
        ::alarm(20);
        if (::write(ends[1], &port, sizeof port) == sizeof port)
            ctx.run();
    });
    BOOST_TEST(starter.end() == 0);
    ::close(ends[1]);
    unsigned short port = 0;
    BOOST_TEST(::read(ends[0], &port, sizeof port) == static_cast<ssize_t>(sizeof port));
    ::close(ends[0]);
    test::context ctx;
    test::tcp_socket client(ctx);
    client.connect(test::loopback(port));
    asio::write(client, asio::buffer("ping", 4));
    std::array<char, 4> back{};
    asio::async_read(client, asio::buffer(back), [&](auto ec, auto) { BOOST_TEST(!ec); });
    test::run(ctx);
    BOOST_TEST(std::string(back.data(), 4) == "ping");
}

BOOST_AUTO_TEST_CASE(children_share_a_listener)
{
    test::context ctx;
    test::tcp_acceptor acceptor(ctx, test::loopback());
    std::vector<test::forked> children;
    for (int i = 0; i != 3; ++i)
        children.push_back(fork_with(ctx, [&](test::findings& check) {
            pid_t const self = ::getpid();
            bool sent = false;
            acceptor.async_accept([&](auto ec, test::tcp_socket peer) {
                acceptor.close(); // one each
                if (!ec)
                    sent = asio::write(peer, asio::buffer(&self, sizeof self)) == sizeof self;
            });
            test::run(ctx);
            check(sent, "it has served a connection");
        }));
    std::vector<pid_t> served;
    for (int i = 0; i != 3; ++i)
    {
        test::tcp_socket client(ctx);
        client.connect(acceptor.local_endpoint());
        pid_t by = 0;
        asio::async_read(client, asio::buffer(&by, sizeof by), [&](auto ec, auto) { BOOST_TEST(!ec); });
        test::run(ctx);
        served.push_back(by);
    }
    std::vector<pid_t> all;
    for (auto& c : children)
        all.push_back(c.id());
    std::sort(all.begin(), all.end());
    std::sort(served.begin(), served.end());
    BOOST_TEST(served == all, boost::test_tools::per_element());
    for (auto& c : children)
        BOOST_TEST(c.end() == 0);
}

BOOST_AUTO_TEST_CASE(what_is_outstanding_completes_in_both)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    test::tcp_pair ready(ctx);
    test::steady_timer timer(ctx, 50ms);
    test::signal_set set(ctx, SIGUSR1);
    test::tcp_resolver resolver(ctx);
    std::string done;
    char byte = 0;
    char there = 0;
    int found = 0;
    asio::write(ready.b, asio::buffer("y", 1));
    pair.a.async_read_some(asio::buffer(&byte, 1), [&](auto ec, auto) { done += ec ? '!' : 'r'; });
    ready.a.async_read_some(asio::buffer(&there, 1),
                            [&](auto ec, auto) { done += ec || there != 'y' ? '!' : 'y'; });
    timer.async_wait([&](auto ec) { done += ec ? '!' : 't'; });
    set.async_wait([&](auto ec, int) { done += ec ? '!' : 's'; });
    asio::post(ctx, [&] { done += 'p'; });
    for (int i = 0; i != 20; ++i)
        resolver.async_resolve("127.0.0.1", "80", [&](auto ec, auto) { found += !ec; });
    auto child = fork_with(ctx, [&](test::findings& check) {
        asio::write(pair.b, asio::buffer("xx", 2)); // one for each
        std::raise(SIGUSR1);
        test::run(ctx);
        std::sort(done.begin(), done.end());
        check(done == "prsty", done.c_str());
        check(found == 20, "lookups");
    });
    BOOST_TEST(child.end() == 0);
    BOOST_TEST(done == ""); // the child's signal and handlers were its own
    std::raise(SIGUSR1);
    test::run(ctx);
    std::sort(done.begin(), done.end());
    BOOST_TEST(done == "prsty");
    BOOST_TEST(found == 20);
}

BOOST_AUTO_TEST_CASE(a_child_that_is_told_nothing_harms_nothing)
{
    enum class does
    {
        exit,
        exec,
        destroy,
        close,
        cancel,
        post
    };
    for (auto const what :
         {does::exit, does::exec, does::destroy, does::close, does::cancel, does::post})
    {
        std::optional<test::context> ctx(std::in_place);
        {
            std::optional<test::tcp_acceptor> acceptor(std::in_place, *ctx, test::loopback());
            std::optional<test::tcp_pair> pair(std::in_place, *ctx);
            std::optional<test::signal_set> set(std::in_place, *ctx, SIGUSR1);
            std::optional<test::steady_timer> timer(std::in_place, *ctx, 20ms);
            test::tcp_resolver resolver(*ctx);
            char byte = 0;
            int good = 0;
            auto const count = [&good, alive = std::make_shared<int>(0)](auto ec, auto const&...)
            { good += !ec; };
            acceptor->async_accept(count);
            pair->a.async_read_some(asio::buffer(&byte, 1), count);
            pair->b.async_wait(test::tcp_socket::wait_error, [&](auto) {});
            set->async_wait(count);
            timer->async_wait(count);
            resolver.async_resolve("127.0.0.1", "80", count);
            ctx->poll(); // everything is with the system
            test::forked child([&](test::findings& check) {
                switch (what)
                {
                case does::exit:
                    break;
                case does::exec:
                    ::execl("/bin/true", "true", static_cast<char*>(nullptr));
                    check(false, "exec");
                    break;
                case does::close:
                    acceptor->close();
                    pair->a.close();
                    pair->b.shutdown(test::tcp_socket::shutdown_receive);
                    [[fallthrough]];
                case does::destroy:
                    acceptor.reset();
                    timer.reset();
                    ctx.reset(); // and the other objects are never destroyed
                    check(good <= 1, "no handler is called");
                    break;
                case does::cancel:
                    std::raise(SIGUSR1);
                    pair->a.cancel();
                    acceptor->cancel();
                    set->cancel();
                    timer->cancel();
                    break;
                case does::post:
                    asio::post(*ctx, [] {});
                    ctx->poll();
                    break;
                }
            });
            BOOST_TEST(child.end() == 0);
            test::tcp_socket client(*ctx);
            client.connect(acceptor->local_endpoint());
            asio::write(pair->b, asio::buffer("x", 1));
            std::raise(SIGUSR1);
            test::run_until(*ctx, [&] { return good == 5; });
            BOOST_TEST(byte == 'x');
            pair.reset();
            test::run(*ctx);
        }
    }
}

// As with Asio over epoll, once its parent is out of the way.
BOOST_AUTO_TEST_CASE(a_child_that_is_told_nothing_and_waits_goes_on_by_itself)
{
    test::context ctx;
    test::tcp_pair pair(ctx);
    char byte = 0;
    bool read = false;
    pair.a.async_read_some(asio::buffer(&byte, 1), [&](auto ec, auto) { read = !ec; });
    test::forked child([&](test::findings& check) {
        test::steady_timer timer(ctx, 5ms);
        bool waited = false;
        timer.async_wait([&](auto ec) {
            waited = !ec;
            asio::write(pair.b, asio::buffer("xx", 2));
        });
        test::run(ctx);
        check(waited && read, "both");
    });
    BOOST_TEST(child.end() == 0);
    test::run(ctx);
    BOOST_TEST(read);
}

BOOST_AUTO_TEST_CASE(a_child_that_is_not_told_can_have_a_context_of_its_own)
{
    test::context ctx;
    if (test::thread_sanitizer && ctx.metrics().driver == std::string("epoll"))
        return test::skipped("ThreadSanitizer's epoll_pwait2 loses events in a child");
    asio::executor_work_guard<test::context::executor_type> work(ctx.get_executor());
    std::thread runner([&] { ctx.run(); });
    for (int i = 0; i != 5; ++i)
    {
        test::forked child([&](test::findings& check) {
            test::context own;
            use_everything(own, [&](bool holds, char const* what) { check(holds, what); });
        });
        BOOST_TEST(child.end() == 0);
    }
    work.reset();
    runner.join();
}

BOOST_AUTO_TEST_CASE(from_inside_a_handler)
{
    test::context ctx;
    test::steady_timer timer(ctx);
    bool waited = false;
    std::optional<test::forked> child;
    bool in_child = false;
    int status = -1;
    asio::post(ctx, [&] {
        ctx.notify_fork(fork_event::fork_prepare);
        pid_t const pid = ::fork();
        in_child = pid == 0;
        ctx.notify_fork(in_child ? fork_event::fork_child : fork_event::fork_parent);
        if (in_child)
            ::alarm(20);
        timer.expires_after(5ms);
        timer.async_wait([&, pid](auto ec) {
            waited = !ec;
            if (!in_child)
                ::waitpid(pid, &status, 0);
        });
    });
    test::run(ctx);
    if (in_child)
        ::_exit(waited ? 0 : 1);
    BOOST_TEST(waited);
    BOOST_TEST(status == 0);
}

// The child has neither the threads nor what their handlers would have finished.
BOOST_AUTO_TEST_CASE(while_other_threads_run_handlers_and_sleep)
{
    if (sanitizer_forgets_its_locks())
        return;
    for (int i = 0; i != 10; ++i)
    {
        test::context ctx;
        std::optional<asio::executor_work_guard<test::context::executor_type>> work(
            ctx.get_executor());
        std::atomic<int> busy{0};
        std::atomic<bool> go{false};
        for (int n = 0; n != 2; ++n)
            asio::post(ctx, [&] {
                ++busy;
                while (!go)
                    std::this_thread::yield();
            });
        std::vector<std::thread> runners;
        for (int n = 0; n != 4; ++n)
            runners.emplace_back([&] { ctx.run(); });
        test::yield_until([&] { return busy == 2; });
        std::atomic<int> ran{0};
        auto child = fork_with(ctx, [&](test::findings& check) {
            work.reset();
            asio::post(ctx, [&] { ++ran; });
            use_everything(ctx, [&](bool holds, char const* what) { check(holds, what); });
            check(ran == 1, "a post");
            ctx.restart();
            check(ctx.run() == 0, "nothing is left");
        });
        asio::post(ctx, [&] { ++ran; });
        test::yield_until([&] { return ran == 1; });
        go = true;
        BOOST_TEST(child.end() == 0);
        work.reset();
        for (auto& r : runners)
            r.join();
    }
}

BOOST_AUTO_TEST_CASE(while_other_threads_do_everything_at_once)
{
    if (sanitizer_forgets_its_locks())
        return;
    test::context ctx;
    asio::executor_work_guard<test::context::executor_type> work(ctx.get_executor());
    std::atomic<bool> over{false};
    std::vector<std::thread> others;
    for (int n = 0; n != 2; ++n)
        others.emplace_back([&] { ctx.run(); });
    others.emplace_back([&] {
        test::signal_set set(ctx);
        while (!over)
        {
            asio::post(ctx, [] {});
            set.add(SIGUSR2);
            set.remove(SIGUSR2);
            test::steady_timer timer(ctx, 1h);
            timer.async_wait([](auto) {});
            test::tcp_resolver(ctx).async_resolve("127.0.0.1", "80", [](auto, auto) {});
        }
    });
    for (int i = 0; i != 30; ++i)
    {
        test::forked child([&](test::findings& check) {
            if (i % 2)
                ctx.notify_fork(fork_event::fork_child);
            bool ran = false;
            asio::post(ctx, [&] {
                ran = true;
                ctx.stop();
            });
            ctx.run();
            check(ran, "a post");
        });
        BOOST_TEST(child.end() == 0);
    }
    over = true;
    others.back().join();
    others.pop_back();
    work.reset();
    for (auto& each : others)
        each.join();
}

BOOST_AUTO_TEST_CASE(signals_stay_in_their_process)
{
    test::context ctx;
    test::signal_set set(ctx, SIGUSR1);
    int got = 0;
    set.async_wait([&](auto ec, int) { got += !ec; });
    ctx.poll();
    std::raise(SIGUSR1); // the parent's: not taken before the fork, or it is in both
    for (bool const told : {true, false})
    {
        auto const body = [&](test::findings& check) {
            std::raise(SIGUSR1);
            ctx.restart();
            ctx.run_for(test::limit);
            check(got == 1, "its own signal");
        };
        if (told)
            BOOST_TEST(fork_with(ctx, body).end() == 0);
        else
            BOOST_TEST(test::forked(body).end() == 0);
        BOOST_TEST(got == 0);
    }
    test::run(ctx);
    BOOST_TEST(got == 1);
    set.async_wait([&](auto ec, int) { got += ec == asio::error::operation_aborted ? 10 : 100; });
    ctx.restart();
    ctx.poll();
    BOOST_TEST(got == 1); // and none of the children's
    set.cancel();
    test::run(ctx);
    BOOST_TEST(got == 11);
}

BOOST_AUTO_TEST_CASE(a_context_that_ends_between_the_two_notifications)
{
    std::optional<test::context> ctx(std::in_place);
    asio::post(*ctx, [] {});
    ctx->notify_fork(fork_event::fork_prepare);
    test::forked child([&](test::findings& check) {
        ctx.reset();
        check(true, "");
    });
    BOOST_TEST(child.end() == 0);
    ctx.reset();
}

BOOST_AUTO_TEST_SUITE_END()
