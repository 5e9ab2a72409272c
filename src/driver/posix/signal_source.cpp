#include <proactor/detail/signal_source.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <new>
#include <unistd.h>

namespace proactor::detail {

/// The writing end of one source's pipe. Outlets are reused and never freed: a signal handler may be
/// on its way through the list at any time.
struct signal_source::outlet
{
    std::atomic<int> write{-1};
    std::atomic<bool> taken{true};
    outlet* next = nullptr;
};

namespace {

std::atomic<signal_source::outlet*> outlets{nullptr};

std::mutex watch_mutex;
std::array<unsigned, signal_source::signal_limit> watchers{};

/// Async-signal-safe: lock-free atomics and write(2).
extern "C" void proactor_on_signal(int signal)
{
    const int saved = errno;
    for (auto* o = outlets.load(std::memory_order_acquire); o; o = o->next)
        if (const int fd = o->write.load(std::memory_order_acquire); fd >= 0)
        {
            [[maybe_unused]] const auto n = ::write(fd, &signal, sizeof signal);
        }
    errno = saved;
}

signal_source::outlet* claim_outlet() noexcept
{
    for (auto* o = outlets.load(std::memory_order_acquire); o; o = o->next)
        if (bool expected = false; o->taken.compare_exchange_strong(expected, true))
            return o;
    auto* o = new (std::nothrow) signal_source::outlet;
    if (o)
    {
        o->next = outlets.load(std::memory_order_relaxed);
        while (!outlets.compare_exchange_weak(o->next, o, std::memory_order_release))
            ;
    }
    return o;
}

} // namespace

int signal_source::open() noexcept
{
    if (outlet_)
        return 0;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return errno;
    outlet_ = claim_outlet();
    if (!outlet_)
    {
        ::close(ends[0]);
        ::close(ends[1]);
        return ENOMEM;
    }
    read_ = ends[0];
    outlet_->write.store(ends[1], std::memory_order_release);
    return 0;
}

signal_source::~signal_source()
{
    if (!outlet_)
        return;
    // A handler that has just loaded the number may still write to it: it writes into a pipe whose
    // other end is gone, or, with the number reused, four bytes too many; so the number goes last.
    const int write = outlet_->write.exchange(-1, std::memory_order_acq_rel);
    outlet_->taken.store(false, std::memory_order_release);
    ::close(read_);
    ::close(write);
}

int signal_source::take() noexcept
{
    int signal = 0;
    return ::read(read_, &signal, sizeof signal) == sizeof signal ? signal : 0;
}

int signal_source::watch(int signal, int flags) noexcept
{
    std::lock_guard held(watch_mutex);
    if (watchers[static_cast<std::size_t>(signal)] == 0)
    {
        struct sigaction action = {};
        action.sa_handler = &proactor_on_signal;
        action.sa_flags = flags;
        sigfillset(&action.sa_mask);
        if (::sigaction(signal, &action, nullptr) != 0)
            return errno;
    }
    ++watchers[static_cast<std::size_t>(signal)];
    return 0;
}

int signal_source::unwatch(int signal) noexcept
{
    std::lock_guard held(watch_mutex);
    if (--watchers[static_cast<std::size_t>(signal)] != 0)
        return 0;
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    return ::sigaction(signal, &action, nullptr) == 0 ? 0 : errno;
}

} // namespace proactor::detail
