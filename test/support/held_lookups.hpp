#ifndef PROACTOR_TEST_SUPPORT_HELD_LOOKUPS_HPP
#define PROACTOR_TEST_SUPPORT_HELD_LOOKUPS_HPP

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <dlfcn.h>
#include <mutex>
#include <netdb.h>

/// Lookups that take as long as a test wants. Included by one source of a program, it stands before
/// the system's getaddrinfo(3): a host whose name begins with "held" is found when the test lets
/// it, and is 127.0.0.1.
namespace test {

class held_lookups
{
public:
    static held_lookups& instance()
    {
        static held_lookups one;
        return one;
    }

    void hold()
    {
        std::lock_guard held(mutex_);
        begun_ = 0;
        holding_ = true;
    }

    void let_go()
    {
        std::lock_guard held(mutex_);
        holding_ = false;
        changed_.notify_all();
    }

    /// False: so many lookups did not begin in time.
    bool await_begun(int n)
    {
        std::unique_lock held(mutex_);
        return changed_.wait_for(held, limit, [&] { return begun_ >= n; });
    }

    int begun()
    {
        std::lock_guard held(mutex_);
        return begun_;
    }

    void pass()
    {
        std::unique_lock held(mutex_);
        ++begun_;
        changed_.notify_all();
        changed_.wait_for(held, limit, [&] { return !holding_; });
    }

private:
    static constexpr std::chrono::seconds limit{15};

    std::mutex mutex_;
    std::condition_variable changed_;
    int begun_ = 0;
    bool holding_ = false;
};

} // namespace test

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** result)
{
    using function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto of_system = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (host && std::strncmp(host, "held", 4) == 0)
    {
        test::held_lookups::instance().pass();
        host = "127.0.0.1";
    }
    return of_system(host, service, hints, result);
}

#endif
