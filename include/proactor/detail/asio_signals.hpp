#ifndef PROACTOR_DETAIL_ASIO_SIGNALS_HPP
#define PROACTOR_DETAIL_ASIO_SIGNALS_HPP

#include <proactor/detail/asio_detail.hpp>
#include <proactor/detail/signal_source.hpp>

#include <boost/asio/detail/signal_set_service.hpp>

#include <cerrno>
#include <csignal>
#include <mutex>

namespace proactor::detail {

/// A process has one handler a signal, and Asio's own sets, on contexts of its own, may watch the same
/// one. They count in this state, and touch the system at the first and at the last. So ours count there
/// too: Asio finds a handler installed, ours, which calls Asio's.
///
/// The state is complete where Asio is used as headers only; else whoever was the last to install a
/// handler has the signal.
template <typename State>
concept counts_signals = requires(State& s) {
    s.mutex_.lock();
    ++s.registration_count_[0];
};

/// From Boost 1.82 on: with which flags the handler was installed.
template <typename State>
concept keeps_signal_flags = requires(State& s) { s.flags_[0]; };

inline int native_signal_flags(int flags)
{
    return flags;
}
template <typename Flags>
int native_signal_flags(Flags f)
{
    int native = 0;
    if (f == Flags::dont_care)
        return native;
    native |= (f & Flags::restart) != Flags::none ? SA_RESTART : 0;
    native |= (f & Flags::no_child_stop) != Flags::none ? SA_NOCLDSTOP : 0;
    native |= (f & Flags::no_child_wait) != Flags::none ? SA_NOCLDWAIT : 0;
    return native;
}

/// One more registration of ours. Flags that differ from what others have asked for are an error, in
/// which nothing happens. Returns the system's code.
template <typename State, typename Flags>
int watch_signal(State* s, int signal, Flags flags)
{
    const auto asios = &asio::detail::PROACTOR_ASIO_NAME(signal_handler);
    if constexpr (counts_signals<State>)
    {
        if (signal >= asio::detail::max_signal_number)
            return EINVAL;
        std::lock_guard held(s->mutex_);
        auto& count = s->registration_count_[signal];
        bool renew = false;
        if constexpr (keeps_signal_flags<State>)
            if (const Flags now = s->flags_[signal]; count != 0)
            {
                renew = flags != Flags::dont_care && flags != now;
                if (renew && now != Flags::dont_care)
                    return EINVAL;
                if (!renew)
                    flags = now;
            }
        if (const int error
            = signal_source::watch(signal, native_signal_flags(flags), renew, asios))
            return error;
        if constexpr (keeps_signal_flags<State>)
            s->flags_[signal] = flags;
        ++count;
        return 0;
    }
    else
        return signal_source::watch(signal, native_signal_flags(flags), false, asios);
}

/// One less. Asio's sets keep the signal if they have it.
template <typename State>
int unwatch_signal(State* s, int signal)
{
    if constexpr (counts_signals<State>)
    {
        std::lock_guard held(s->mutex_);
        auto& count = s->registration_count_[signal];
        const int error = signal_source::unwatch(
            signal, count > 1 ? &asio::detail::PROACTOR_ASIO_NAME(signal_handler) : SIG_DFL);
        count -= error == 0;
        return error;
    }
    else
        return signal_source::unwatch(signal, SIG_DFL);
}

} // namespace proactor::detail

#endif
