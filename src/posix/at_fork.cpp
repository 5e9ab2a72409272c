#include <proactor/detail/at_fork.hpp>

#include <proactor/error.hpp>

#include <array>
#include <cstddef>
#include <pthread.h>

namespace proactor::detail {

namespace {

constinit std::mutex leaf;
constinit std::mutex list_mutex; // before all others

} // namespace

struct fork_list
{
    static constexpr std::size_t levels = 4;
    /// The newest of each level first.
    static inline constinit std::array<at_fork*, levels> newest{};

    static at_fork*& of(at_fork::level l) noexcept { return newest[static_cast<std::size_t>(l)]; }

    static void add(at_fork& a)
    {
        static const bool registered = ::pthread_atfork(&before, &in_parent, &in_child) == 0;
        if (!registered)
            terminate_with("pthread_atfork: no memory");
        std::lock_guard held(list_mutex);
        a.older_ = of(a.level_);
        if (a.older_)
            a.older_->newer_ = &a;
        of(a.level_) = &a;
    }

    static void remove(at_fork& a) noexcept
    {
        std::lock_guard held(list_mutex);
        (a.newer_ ? a.newer_->older_ : of(a.level_)) = a.older_;
        if (a.older_)
            a.older_->newer_ = a.newer_;
    }

    static void before() noexcept
    {
        list_mutex.lock();
        for (at_fork* first : newest)
            for (at_fork* a = first; a; a = a->older_)
                a->before_fork();
        leaf.lock();
    }

    static void after(bool child) noexcept
    {
        leaf.unlock();
        for (std::size_t l = levels; l-- != 0;)
            for (at_fork* a = newest[l]; a; a = a->older_)
                a->after_fork(child);
        list_mutex.unlock();
    }

    static void in_parent() noexcept { after(false); }
    static void in_child() noexcept { after(true); }
};

void at_fork::hear_forks()
{
    fork_list::add(*this);
}

void at_fork::ignore_forks() noexcept
{
    fork_list::remove(*this);
}

std::mutex& leaf_mutex() noexcept
{
    return leaf;
}

} // namespace proactor::detail
