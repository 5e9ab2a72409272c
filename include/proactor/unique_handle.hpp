#ifndef PROACTOR_UNIQUE_HANDLE_HPP
#define PROACTOR_UNIQUE_HANDLE_HPP

#include <proactor/native_handle.hpp>

#include <utility>

namespace proactor {

/// Owns a handle of the system and closes it, unless somebody releases it first.
class unique_handle
{
public:
    unique_handle() = default;
    explicit unique_handle(native_handle handle) noexcept : handle_(handle) {}
    unique_handle(unique_handle&& other) noexcept : handle_(other.release()) {}
    unique_handle& operator=(unique_handle&& other) noexcept
    {
        reset(other.release());
        return *this;
    }
    ~unique_handle() { reset(); }

    native_handle get() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != invalid_handle; }

    /// Gives the handle to the caller, who closes it.
    [[nodiscard]] native_handle release() noexcept
    {
        return std::exchange(handle_, invalid_handle);
    }

    /// Closes the handle, at once and whatever its device says, and takes another.
    void reset(native_handle other = invalid_handle) noexcept
    {
        if (const native_handle old = std::exchange(handle_, other); old != invalid_handle)
            close(old);
    }

private:
    static void close(native_handle handle) noexcept;

    native_handle handle_ = invalid_handle;
};

} // namespace proactor

#endif
