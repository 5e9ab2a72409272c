// Operations of every kind in flight, in groups that can be destroyed in any order.
#pragma once

#include "../support/skip.hpp"
#include "clean_process.hpp"

#include <algorithm>
#include <coroutine>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>

namespace test {

/// For direct reads: blocks that begin where a device's do.
template <typename T>
struct block_aligned
{
    using value_type = T;
    static constexpr std::align_val_t alignment{4096};

    block_aligned() = default;
    template <typename Other>
    block_aligned(const block_aligned<Other>&)
    {
    }
    T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), alignment)); }
    void deallocate(T* p, std::size_t) { ::operator delete(p, alignment); }
    bool operator==(const block_aligned&) const = default;
};

using direct_buffer = std::vector<char, block_aligned<char>>;

/// A file on a device, read past the page cache where its file system allows that.
class device_file
{
public:
    static constexpr std::size_t block = 16 << 10;
    static constexpr std::size_t depth = 32;

    device_file()
    {
        write_all(file_.file(), std::string(block * depth, content));
        checked(::fsync(file_.file().get()), "fsync");
        if (handle h = open(); h.get() >= 0)
            return;
        direct_ = false;
        skipped("direct reads: this file system refuses O_DIRECT");
    }

    static constexpr char content = 'd';

    handle open() const
    {
        return handle(::open(file_.path(), O_RDONLY | O_CLOEXEC | (direct_ ? O_DIRECT : 0)));
    }

    /// Reads all of it. What the device was asked for before is done then.
    void read_through() const
    {
        const handle h = open();
        direct_buffer b(block);
        for (std::size_t i = 0; i != depth; ++i)
            checked(
                static_cast<int>(::pread(h.get(), b.data(), block, static_cast<off_t>(i * block))),
                "pread");
    }

private:
    temporary_file file_;
    bool direct_ = true;
};

/// A name that opens only when somebody opens its other end.
class fifo
{
public:
    fifo() { checked(::mkfifo(path().c_str(), 0600), "mkfifo"); }
    ~fifo() { ::unlink(path().c_str()); }
    fifo(const fifo&) = delete;
    fifo& operator=(const fifo&) = delete;

    std::string path() const { return name_.path() + std::string(".fifo"); }

private:
    temporary_file name_;
};

/// What is not the context's: peers, the device, and memory that operations only refer to.
class outside
{
public:
    outside()
    {
        // One connection fills the queue of a listener without a backlog.
        checked(::listen(full.get(), 0), "listen");
        filler = connect_to(full);
        for (std::string* b : {&received, &from_pipe})
            b->assign(1000, untouched);
    }

    /// When nobody is left to be written to: everything that was waited for happens.
    void act()
    {
        received.assign(1000, untouched);
        from_pipe.assign(1000, untouched);
        char bytes[1000] = {};
        for (const handle* h : {&reader_peer, &writer_peer})
            ::send(h->get(), bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        write_all(pipe_writer, {bytes, sizeof bytes});
        while (::recv(writer_peer.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0)
            ;
        const handle accepted(::accept4(full.get(), nullptr, nullptr, SOCK_CLOEXEC));
        device.read_through();
    }

    bool memory_untouched() const
    {
        const auto is_untouched = [](char c) { return c == untouched; };
        return std::all_of(received.begin(), received.end(), is_untouched)
            && std::all_of(from_pipe.begin(), from_pipe.end(), is_untouched);
    }

    static constexpr char untouched = 'u';

    device_file device;
    fifo unopened;
    handle listener = tcp_listener();
    handle full = tcp_listener();
    handle filler;
    handle reader_peer, writer_peer;
    /// So that bytes that come later have somewhere to go, and no writer is told off.
    handle reader_twin, pipe_twin;
    handle pipe_writer;
    std::string received, from_pipe;
    std::string sent = std::string(4 << 20, 's');
};

/// A receive, a send that the peer does not take, an accept, a connect to a full queue, a timer, a
/// descriptor read and a signal.
class sockets
{
public:
    static constexpr int operations = 8;

    sockets(context& ctx, outside& out)
        : reader_(ctx), writer_(ctx), connecting_(ctx), acceptor_(ctx, loopback()), timer_(ctx, 1h),
          signals_(ctx, SIGUSR2), pipe_(ctx)
    {
        connect(reader_, out.listener, out.reader_peer);
        connect(writer_, out.listener, out.writer_peer);
        const std::string bytes(1 << 16, 'f');
        while (::send(writer_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0)
            ;
        handle_pair p = pipe_pair();
        out.pipe_twin = duplicate(p.a);
        pipe_.assign(p.a.release());
        out.pipe_writer = std::move(p.b);
        out.reader_twin = handle(checked(::dup(reader_.native_handle()), "dup"));
    }

    /// `keep` stays alive as long as any of the handlers.
    void start(tally& t, outside& out, const std::shared_ptr<void>& keep)
    {
        const auto handler = [&] { return [w = witness(t), keep](auto&&...) { w(); }; };
        reader_.async_read_some(asio::buffer(out.received), handler());
        reader_.async_read_some(asio::buffer(out.received), handler());
        writer_.async_write_some(asio::buffer(out.sent), handler());
        acceptor_.async_accept(handler());
        const sockaddr_in full = address_of(out.full);
        connecting_.async_connect(loopback(ntohs(full.sin_port)), handler());
        timer_.async_wait(handler());
        pipe_.async_read_some(asio::buffer(out.from_pipe), handler());
        signals_.async_wait(handler());
    }

private:
    static void connect(tcp_socket& socket, const handle& listener, handle& peer)
    {
        socket.connect(loopback(ntohs(address_of(listener).sin_port)));
        peer.reset(checked(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
    }

    tcp_socket reader_, writer_, connecting_;
    tcp_acceptor acceptor_;
    steady_timer timer_;
    signal_set signals_;
    stream_descriptor pipe_;
};

/// Direct reads into buffers that the operations own, and a file that is being opened.
class files
{
public:
    static constexpr int operations = device_file::depth + 1;

    files(context& ctx, outside& out) : read_(ctx, out.device.open().release()), opening_(ctx) {}

    void start(tally& t, outside& out, const std::shared_ptr<void>& keep)
    {
        for (std::size_t i = 0; i != device_file::depth; ++i)
            proactor::async_read_at(
                read_, i * device_file::block, direct_buffer(device_file::block),
                [w = witness(t), keep](error_code, std::size_t, direct_buffer) { w(); });
        opening_.async_open(out.unopened.path(), proactor::file_base::read_only,
                            [w = witness(t), keep](error_code) { w(); });
    }

private:
    proactor::basic_random_access_file<executor> read_, opening_;
};

/// A coroutine whose owner destroys it wherever it has got to.
class task
{
public:
    struct promise_type
    {
        task get_return_object()
        {
            return task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };

    explicit task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    ~task()
    {
        if (frame_)
            frame_.destroy();
    }

private:
    std::coroutine_handle<promise_type> frame_;
};

/// Waits for an operation; its handler knows whether the coroutine is still there.
template <typename Start>
class waiting
{
public:
    explicit waiting(Start start) : start_(std::move(start)) {}
    waiting(const waiting&) = delete;
    ~waiting() { *waiter_ = nullptr; }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> c)
    {
        *waiter_ = c;
        start_([waiter = waiter_] {
            if (*waiter)
                waiter->resume();
        });
    }
    void await_resume() const noexcept {}

private:
    Start start_;
    std::shared_ptr<std::coroutine_handle<>> waiter_ = std::make_shared<std::coroutine_handle<>>();
};

/// The frame owns a socket with an operation in flight and the buffer of a direct read. It does not
/// own `keep`, which may own it and is there until it waits.
inline task owner_of_socket_and_buffer(context& ctx, outside& out, tally& t,
                                       const std::shared_ptr<void>& keep)
{
    const witness frame(t);
    handle_pair ends = socket_pair();
    stream_descriptor socket(ctx, ends.a.release());
    auto bytes = std::make_shared<std::vector<char>>(1000);
    socket.async_read_some(asio::buffer(*bytes), [bytes, keep, w = witness(t)](auto&&...) { w(); });
    proactor::basic_random_access_file<executor> file(ctx, out.device.open().release());
    direct_buffer buffer(device_file::block);
    waiting reading([&](auto resume) {
        proactor::async_read_at(
            file, 0, std::move(buffer),
            [resume, keep, w = witness(t)](error_code, std::size_t, direct_buffer) {
                w();
                resume();
            });
    });
    co_await reading;
}

/// The same in Asio's coroutines, whose frames belong to the operation that they wait for.
inline awaitable<> asio_owner_of_socket_and_buffer(outside& out, tally& t)
{
    const witness frame(t);
    const auto ex = co_await asio::this_coro::executor;
    handle_pair ends = socket_pair();
    std::vector<char> bytes(1000);
    stream_descriptor socket(ex, ends.a.release());
    proactor::basic_random_access_file<executor> file(ex, out.device.open().release());
    direct_buffer buffer(device_file::block);
    co_await proactor::async_read_at(file, 0, std::move(buffer), use_awaitable);
    co_await socket.async_read_some(asio::buffer(bytes), use_awaitable);
    t.called += 1000; // not reached
}

/// Both coroutines; the first ends with this object, at the latest.
class coroutines
{
public:
    coroutines(context& ctx, outside& out) : context_(ctx), outside_(out) {}

    void start(tally& t, outside&, const std::shared_ptr<void>& keep)
    {
        task_.push_back(owner_of_socket_and_buffer(context_, outside_, t, keep));
        asio::co_spawn(context_, asio_owner_of_socket_and_buffer(outside_, t), asio::detached);
    }

private:
    context& context_;
    outside& outside_;
    std::vector<task> task_;
};

} // namespace test
