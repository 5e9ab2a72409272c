// The context under test and Asio's I/O objects on it, named once.
//
// The same test source is built three times: typed width (the objects' executor is the context's
// own), drop-in width (the objects are Asio's defaults, with any_io_executor) and, with
// PROACTOR_TEST_ORACLE, on plain Asio, where every expectation must hold too.
#pragma once

#ifndef PROACTOR_TEST_ORACLE
#define PROACTOR_TEST_ORACLE 0
#endif
#ifndef PROACTOR_TEST_DROP_IN
#define PROACTOR_TEST_DROP_IN 0
#endif

#if !PROACTOR_TEST_ORACLE
#include <proactor.hpp>
#endif

#include <boost/asio.hpp>
#include <boost/version.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <thread>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PROACTOR_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PROACTOR_TEST_SANITIZED 1
#endif
#endif
#ifndef PROACTOR_TEST_SANITIZED
#define PROACTOR_TEST_SANITIZED 0
#endif

namespace test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;
using boost::system::system_error;
using tcp = asio::ip::tcp;
using udp = asio::ip::udp;

#if PROACTOR_TEST_ORACLE
using context = asio::io_context;
#else
using context = proactor::io_context;
#endif

#if PROACTOR_TEST_DROP_IN
using executor = asio::any_io_executor;
#else
using executor = context::executor_type;
#endif

template <typename Clock>
using waitable_timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, executor>;

using tcp_socket = asio::basic_stream_socket<tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<tcp, executor>;
using tcp_resolver = asio::ip::basic_resolver<tcp, executor>;
using udp_socket = asio::basic_datagram_socket<udp, executor>;
using steady_timer = waitable_timer<std::chrono::steady_clock>;
using system_timer = waitable_timer<std::chrono::system_clock>;
using high_resolution_timer = waitable_timer<std::chrono::high_resolution_clock>;
using signal_set = asio::basic_signal_set<executor>;
using stream_descriptor = asio::posix::basic_stream_descriptor<executor>;
using serial_port = asio::basic_serial_port<executor>;
using readable_pipe = asio::basic_readable_pipe<executor>;
using writable_pipe = asio::basic_writable_pipe<executor>;
using strand = asio::strand<executor>;

template <typename T = void>
using awaitable = asio::awaitable<T, executor>;
inline constexpr asio::use_awaitable_t<executor> use_awaitable{};

/// How long anything in a test may take; reaching it is a failure.
inline constexpr std::chrono::seconds limit{PROACTOR_TEST_SANITIZED ? 40 : 20};

/// Run the context until it is out of work; throw if that takes longer than `limit`.
template <typename Context>
std::size_t run(Context& ctx)
{
    if (ctx.stopped())
        ctx.restart();
    std::size_t const handlers = ctx.run_for(limit);
    if (!ctx.stopped())
        throw std::runtime_error("test::run: the context still has work at the time limit");
    return handlers;
}

/// Run the context one handler at a time until the condition holds; throw at the time limit.
template <typename Context, typename Condition>
void run_until(Context& ctx, Condition done)
{
    auto const deadline = std::chrono::steady_clock::now() + limit;
    while (!done())
    {
        if (ctx.stopped())
            ctx.restart();
        if (ctx.run_one_until(deadline) == 0)
            throw std::runtime_error("test::run_until: the condition cannot come true any more");
    }
}

/// Yield this thread until another one has made the condition true; throw at the time limit.
template <typename Condition>
void yield_until(Condition done)
{
    auto const deadline = std::chrono::steady_clock::now() + limit;
    while (!done())
    {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("test::yield_until: the condition did not come true in time");
        std::this_thread::yield();
    }
}

inline tcp::endpoint loopback(unsigned short port = 0)
{
    return {asio::ip::address_v4::loopback(), port};
}

/// Two connected sockets on one context, made by synchronous calls.
struct tcp_pair
{
    tcp_socket a, b;

    explicit tcp_pair(context& ctx) : tcp_pair(ctx, ctx) {}

    tcp_pair(context& of_a, context& of_b) : a(of_a), b(of_b)
    {
        tcp_acceptor acceptor(of_b, loopback());
        a.connect(acceptor.local_endpoint());
        acceptor.accept(b);
        a.set_option(tcp::no_delay(true));
        b.set_option(tcp::no_delay(true));
    }
};

} // namespace test
