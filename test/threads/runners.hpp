// Threads inside run(), joined in the destructor.
#pragma once

#include "../support/context.hpp"

#include <stdexcept>
#include <thread>
#include <vector>

namespace test {

/// Threads that run the context until it is stopped or the runners are joined, and no longer than
/// the time limit.
class runners
{
public:
    runners(context& ctx, int count) : ctx_(ctx), work_(asio::make_work_guard(ctx))
    {
        for (int i = 0; i < count; ++i)
            threads_.emplace_back([this] { ctx_.run_for(limit); });
    }

    runners(runners const&) = delete;
    runners& operator=(runners const&) = delete;

    ~runners()
    {
        if (!threads_.empty())
        {
            ctx_.stop();
            join_all();
        }
    }

    /// Let the threads finish what there is to do, and wait for them.
    void join()
    {
        work_.reset();
        join_all();
        if (!ctx_.stopped())
            throw std::runtime_error("test::runners: the context still has work at the time limit");
    }

private:
    void join_all()
    {
        for (std::thread& thread : threads_)
            thread.join();
        threads_.clear();
    }

    context& ctx_;
    asio::executor_work_guard<context::executor_type> work_;
    std::vector<std::thread> threads_;
};

/// Run the body on a thread of its own, to the end.
template <typename Body>
void on_a_thread(Body body)
{
    std::thread(std::move(body)).join();
}

} // namespace test
