#ifndef PROACTOR_PROCESS_HPP
#define PROACTOR_PROCESS_HPP

#include <proactor/detail/lone_operation.hpp>
#include <proactor/unique_handle.hpp>

#include <cerrno>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace proactor {

/// A child of this process, by its number.
struct process
{
    int id = 0;
};

/// How a process has ended.
struct exit_status
{
    int code = 0;             ///< what it returned, unless a signal ended it
    int signal = 0;           ///< the one that ended it, or 0
    bool core_dumped = false;

    bool success() const noexcept { return code == 0 && signal == 0; }
};

} // namespace proactor

namespace proactor::detail {

/// Waits until the process's handle is readable, and takes its status then.
class process_wait
{
public:
    explicit process_wait(unique_handle&& pidfd)
        : pidfd_(std::move(pidfd))
    {
    }

    void prepare(operation& op) { op.ask(request::poll{request::readiness::read}); }

    std::tuple<error_code, exit_status> finish(const outcome& o)
    {
        if (o.error)
            return {make_error(o.error), {}};
        constexpr auto by_pidfd = static_cast<idtype_t>(3); // P_PIDFD
        siginfo_t info{};
        if (::waitid(by_pidfd, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) != 0)
            return {make_error(errno), {}};
        if (info.si_code == CLD_EXITED)
            return {error_code(), {.code = info.si_status}};
        return {error_code(),
                {.signal = info.si_status, .core_dumped = info.si_code == CLD_DUMPED}};
    }

private:
    unique_handle pidfd_;
};

} // namespace proactor::detail

namespace proactor {

/// Waits for the end of a child, without a signal handler and without a thread, and takes its
/// status, so that its number is free.
///
/// Completes with `void(error_code, exit_status)`. `ESRCH`: there is no such process; `ECHILD`: it
/// has ended, and is not this process's child or somebody else has taken its status.
///
/// Cancellation: terminal, partial and total. A wait that is cancelled, or destroyed with its
/// context, has not taken the status: another one can.
///
/// @code
/// auto status = co_await proactor::async_wait(context, proactor::process{pid}, use_awaitable);
/// @endcode
template <typename Source, typename Token = detail::default_token_t<Source>>
auto async_wait(Source&& source, process child, Token&& token = {})
{
    return detail::initiate_lone<Token, void(error_code, exit_status)>(
        detail::executor_of(source), token,
        [child](auto& engine, auto& handler, const auto& ex)
        {
            unique_handle pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child.id, 0)));
            if (const int handle = pidfd.get(); pidfd)
                detail::start_lone<detail::process_wait>(engine, handle, lane::read, handler, ex,
                                                         std::move(pidfd));
            else
                detail::complete_at_once<detail::process_wait>(engine, {.error = errno}, handler,
                                                               ex, std::move(pidfd));
        });
}

} // namespace proactor

#endif
