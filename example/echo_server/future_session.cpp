#include "session.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace echo_server {

namespace {

namespace asio = boost::asio;

// A thread that blocks on futures, while the context runs on another one.
class future_session final : public session
{
public:
    using session::session;

    void start(std::function<void()> ended) override
    {
        // Between two operations nothing but the guard keeps the context running.
        thread_ = std::jthread([this, guard = asio::make_work_guard(socket_.get_executor()),
                                ended = std::move(ended)]() mutable {
            echo();
            asio::post(guard.get_executor(), std::move(ended));
        });
    }

    void stop() override
    {
        std::lock_guard const held(mutex_);
        session::stop();
    }

private:
    void echo()
    try
    {
        for (;;)
        {
            auto const size = wait_for(
                [this] { return socket_.async_read_some(asio::buffer(data_), asio::use_future); });
            bytes_ += wait_for([this, size] {
                return asio::async_write(socket_, asio::buffer(data_, size), asio::use_future);
            });
        }
    }
    catch (boost::system::system_error const&)
    {
        // The peer has ended, or stop() was called.
    }

    template <typename Start>
    std::size_t wait_for(Start start)
    {
        std::future<std::size_t> result;
        {
            std::lock_guard const held(mutex_);
            result = start();
        }
        return result.get();
    }

    session_buffer data_;
    std::mutex mutex_;    // a socket takes one caller at a time, and stop() is another thread's
    std::jthread thread_; // last, so that it has ended before anything that it uses goes
};

} // namespace

std::unique_ptr<session> make_future_session(tcp_socket socket)
{
    return std::make_unique<future_session>(std::move(socket));
}

} // namespace echo_server
