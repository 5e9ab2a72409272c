#ifndef PROACTOR_DETAIL_SIGNAL_SOURCE_HPP
#define PROACTOR_DETAIL_SIGNAL_SOURCE_HPP

#include <proactor/native_handle.hpp>

#include <csignal>

namespace proactor::detail {

/// The process's signals as something that a driver can wait for: each context has one, and each
/// watched signal reaches all of them. After a fork each process has its own, with the same handles:
/// what has come and was not taken stays with the parent.
class signal_source
{
public:
    static constexpr int signal_limit = NSIG; ///< beyond all signals, as Asio has it

    signal_source();
    ~signal_source();
    signal_source(const signal_source&) = delete;
    signal_source& operator=(const signal_source&) = delete;

    /// Opens it, once. Returns a code of the system.
    int open() noexcept;

    /// Readable while signals wait to be taken.
    native_handle handle() const noexcept { return read_; }

    /// The number of the next signal that came, 0 if there is none. Does not wait.
    int take() noexcept;

    using handler = void (*)(int);

    /// Counts who watches a signal in the whole process. The first, and whoever says `renew`, installs a
    /// handler with `flags` of sigaction(2), which calls `others`, too, of whatever signal; the last
    /// leaves the signal to `heir`. Returns a code of the system.
    static int watch(int signal, int flags, bool renew, handler others) noexcept;
    static int unwatch(int signal, handler heir) noexcept;

    /// What the handler writes to; defined with it.
    struct outlet;

private:
    outlet* outlet_ = nullptr;
    native_handle read_ = invalid_handle;
};

} // namespace proactor::detail

#endif
