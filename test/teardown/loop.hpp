// A thread inside run() of which it is known whether it sleeps or computes.
#pragma once

#include "../support/context.hpp"

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <unistd.h>

namespace test {

class loop
{
public:
    using function = std::function<void()>;

    explicit loop(context& ctx)
        : context_(ctx), work_(asio::make_work_guard(ctx)), thread_([this] {
              id_ = ::gettid();
              context_.run();
          })
    {
        yield_until([this] { return id_ != 0; });
    }

    ~loop() { leave(); }

    /// Leaves run() and ends. Operations in flight stay.
    void leave()
    {
        if (!thread_.joinable())
            return;
        over_ = true;
        work_.reset();
        context_.stop();
        thread_.join();
        context_.restart();
    }

    /// Calls the function in a handler, and returns when the thread sleeps for want of work.
    void call_and_sleep(const function& f)
    {
        call(f, [] {});
        yield_until([this] { return state() == 'S'; });
    }

    /// Calls the function in a handler that goes on without a system call until `leave`.
    void call_and_compute(const function& f)
    {
        call(f, [this] {
            // The clock is read in user space.
            const auto end = std::chrono::steady_clock::now() + limit;
            while (!over_ && std::chrono::steady_clock::now() < end)
                ;
        });
    }

private:
    void call(const function& f, function then)
    {
        std::atomic<bool> done = false;
        asio::post(context_, [&done, &f, then = std::move(then)] {
            f();
            done = true;
            then();
        });
        yield_until([&] { return done.load(); });
    }

    /// See proc(5): behind the name, which may hold anything, in brackets.
    char state() const
    {
        std::ifstream file("/proc/self/task/" + std::to_string(id_) + "/stat");
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const auto bracket = text.rfind(')');
        return bracket != text.npos && bracket + 2 < text.size() ? text[bracket + 2] : '?';
    }

    context& context_;
    asio::executor_work_guard<context::executor_type> work_;
    std::atomic<pid_t> id_ = 0;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

} // namespace test
