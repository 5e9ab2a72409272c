#ifndef PROACTOR_DETAIL_AT_FORK_HPP
#define PROACTOR_DETAIL_AT_FORK_HPP

#include <mutex>

namespace proactor::detail {

/// Hears of every fork of the process, by whatever thread and whoever's code.
///
/// A child has one thread and copies of all locks: one that another thread held is held for ever. So
/// the forking thread holds all locks of the library over the moment of the fork. It must hold none
/// of them before.
class at_fork
{
public:
    /// Locks are taken in this order; what holds none may be anywhere.
    enum class level
    {
        event,   ///< held while a service is called
        service, ///< held while an engine is called
        engine,
        driver ///< whose state the engine's lock protects
    };

    at_fork(const at_fork&) = delete;
    at_fork& operator=(const at_fork&) = delete;

protected:
    explicit at_fork(level l) noexcept
        : level_(l)
    {
    }
    ~at_fork() = default;

    /// From when it is whole until its parts go. They take a lock that comes before all others.
    void hear_forks();
    void ignore_forks() noexcept;

private:
    friend struct fork_list;

    /// In the parent, by level.
    virtual void before_fork() noexcept {}
    /// In the reverse order. No other thread exists in the child.
    virtual void after_fork(bool in_child) noexcept = 0;

    const level level_;
    at_fork* older_ = nullptr; ///< of the same level
    at_fork* newer_ = nullptr;
};

/// A lock that no child finds held.
class fork_safe_mutex final : private at_fork
{
public:
    using at_fork::level;

    explicit fork_safe_mutex(level l = level::service)
        : at_fork(l)
    {
        hear_forks();
    }
    ~fork_safe_mutex() { ignore_forks(); }

    void lock() { mutex_.lock(); }
    bool try_lock() { return mutex_.try_lock(); }
    void unlock() { mutex_.unlock(); }

private:
    void before_fork() noexcept override { mutex_.lock(); }
    void after_fork(bool) noexcept override { mutex_.unlock(); }

    std::mutex mutex_;
};

/// The last of all locks, for moments inside which no other is taken.
std::mutex& leaf_mutex() noexcept;

} // namespace proactor::detail

#endif
