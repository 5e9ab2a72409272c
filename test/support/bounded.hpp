#ifndef PROACTOR_TEST_SUPPORT_BOUNDED_HPP
#define PROACTOR_TEST_SUPPORT_BOUNDED_HPP

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

/// Waits that end: reaching `patience` is a failure of the test that waits.
namespace test {

inline constexpr std::chrono::seconds patience{10};

/// Calls `done` again and again until it is true. False: it took too long.
template <typename Condition>
bool yield_until(Condition done)
{
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (!done())
    {
        if (std::chrono::steady_clock::now() > limit)
            return false;
        std::this_thread::yield();
    }
    return true;
}

/// Opened once, by any thread.
class gate
{
public:
    void open()
    {
        std::lock_guard held(mutex_);
        open_ = true;
        opened_.notify_all();
    }

    /// False: nobody opened it in time.
    bool pass()
    {
        std::unique_lock held(mutex_);
        return opened_.wait_for(held, patience, [this] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool open_ = false;
};

} // namespace test

#endif
