#include <proactor/detail/signal_source.hpp>

#include <proactor/detail/at_fork.hpp>

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
    std::atomic<int> read{-1};
    std::atomic<bool> taken{true};
    outlet* next = nullptr;
};

namespace {

std::atomic<signal_source::outlet*> outlets{nullptr};

std::array<unsigned, signal_source::signal_limit> watchers{}; // with the leaf mutex
std::atomic<signal_source::handler> others_handler{nullptr};

/// Async-signal-safe: lock-free atomics and write(2).
extern "C" void proactor_on_signal(int signal)
{
    const int saved = errno;
    for (auto* o = outlets.load(std::memory_order_acquire); o; o = o->next)
        if (const int fd = o->write.load(std::memory_order_acquire); fd >= 0)
        {
            [[maybe_unused]] const auto n = ::write(fd, &signal, sizeof signal);
        }
    if (const auto others = others_handler.load(std::memory_order_relaxed))
        others(signal);
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

/// Another pipe under the same two numbers: a signal of the child must not reach the parent.
void renew_pipe(signal_source::outlet& o) noexcept
{
    const int write = o.write.load(std::memory_order_relaxed);
    if (write < 0)
        return;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return o.write.store(-1, std::memory_order_relaxed);
    ::dup3(ends[0], o.read.load(std::memory_order_relaxed), O_CLOEXEC);
    ::dup3(ends[1], write, O_CLOEXEC);
    ::close(ends[0]);
    ::close(ends[1]);
}

class fork_hearer final : at_fork
{
public:
    fork_hearer()
        : at_fork(level::service) // after the drivers, which have closed two handles each
    {
        hear_forks();
    }
    ~fork_hearer() = delete; // it hears them for good

private:
    void after_fork(bool in_child) noexcept override
    {
        if (!in_child)
            return;
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        for (auto* o = outlets.load(std::memory_order_acquire); o; o = o->next)
            renew_pipe(*o);
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
};

} // namespace

signal_source::signal_source()
{
    static auto* const only = new fork_hearer;
    (void)only;
}

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
    outlet_->read.store(ends[0], std::memory_order_relaxed);
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

int signal_source::watch(int signal, int flags, bool renew, handler others) noexcept
{
    std::lock_guard held(leaf_mutex());
    others_handler.store(others, std::memory_order_relaxed);
    if (watchers[static_cast<std::size_t>(signal)] == 0 || renew)
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

int signal_source::unwatch(int signal, handler heir) noexcept
{
    std::lock_guard held(leaf_mutex());
    unsigned& count = watchers[static_cast<std::size_t>(signal)];
    if (count == 1)
    {
        struct sigaction action = {};
        if (heir != SIG_DFL && ::sigaction(signal, nullptr, &action) != 0)
            return errno;
        action.sa_handler = heir;
        if (::sigaction(signal, &action, nullptr) != 0)
            return errno;
    }
    --count;
    return 0;
}

} // namespace proactor::detail
