#ifndef PROACTOR_SRC_DRIVER_ATTEMPT_HPP
#define PROACTOR_SRC_DRIVER_ATTEMPT_HPP

#include <proactor/driver.hpp>

#include <atomic>
#include <cstdint>

/// Requests carried out by plain calls of the system: tried without blocking, or performed however long it takes.
namespace proactor::detail {

/// What came of trying.
struct attempted
{
    enum class next : std::uint8_t
    {
        done, ///< with `result`
        wait, ///< until the handle is ready, and try again
        block ///< only a thread that may block can do it
    } then
        = next::done;
    bool drained = false;    ///< a receive took all that was there
    std::int64_t result = 0; ///< a value, or a negative code of the system
};

/// Tries an operation without blocking, whatever the mode of its handle. Where a call cannot be told
/// not to block, the handle is put into non-blocking mode, as Asio's reactors do. `again`: it has been
/// tried before.
attempted attempt(native_handle handle, const operation& op, bool again) noexcept;

/// How requests of this kind are carried out here.
means means_of(const request::any& r) noexcept;

/// Makes reads and writes of a device in blocking mode possible without blocking, for those who hand
/// them to the kernel: a terminal's know no other way to be told so.
void prepare_device(native_handle handle) noexcept;

/// As the offset of a call that takes the last one for "at the current position": as invalid as that is to
/// all others.
constexpr std::uint64_t invalid_if_last(std::uint64_t offset) noexcept
{
    return offset == ~std::uint64_t(0) ? offset - 1 : offset;
}

/// What an operation that cannot be done now waits for.
request::readiness awaited(const operation& op) noexcept;

/// Carries a file operation out, blocking, on any thread. A value, or a negative code of the system:
/// ECANCELED for a call that a signal has ended after `interrupted` was set.
std::int64_t perform(native_handle handle, const operation& op,
                     const std::atomic<bool>& interrupted) noexcept;

} // namespace proactor::detail

#endif
