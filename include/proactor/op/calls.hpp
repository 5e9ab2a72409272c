#ifndef PROACTOR_OP_CALLS_HPP
#define PROACTOR_OP_CALLS_HPP

#include <proactor/detail/kernel_copy.hpp>
#include <proactor/detail/op_slot.hpp>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <type_traits>

namespace proactor::op {

/// Calls a function on a thread that may block. Value: what it returns; a negative one is an error of the
/// system. It must not throw. A call that has begun cannot be cancelled.
template <typename Function>
struct call
{
    static_assert(std::is_invocable_r_v<std::int64_t, Function&>);

    Function function;

    static constexpr bool on_source = false;
    detail::prepared prepare() { return {request::call{&perform, this}, lane::none}; }

private:
    static std::int64_t perform(void* self) noexcept
    {
        return static_cast<call*>(self)->function();
    }
};

template <typename Function>
call(Function) -> call<Function>;

/// Copies a part of a file into another within the system, where it can, on a thread that may block. Value:
/// bytes, some megabytes at most, so it is submitted again for the rest; 0 is the end of `from`. The files stay
/// the caller's, and open until the end.
struct copy_file
{
    native_handle from = invalid_handle;
    native_handle to = invalid_handle;
    std::uint64_t from_offset = 0;
    std::uint64_t to_offset = 0;
    std::uint64_t count = 0;

    static constexpr bool on_source = false;
    detail::prepared prepare() { return {request::call{&perform, this}, lane::none}; }

private:
    static std::int64_t perform(void* self) noexcept
    {
        const auto& c = *static_cast<copy_file*>(self);
        return detail::copy_part({c.from, c.to, c.from_offset, c.to_offset, c.count});
    }
};

/// What `splice` has moved.
struct spliced
{
    std::uint64_t value = 0; ///< bytes; 0 without an error is the end of `from`
    std::error_code error;   ///< `resource_unavailable_try_again`: poll for what `wait_for` says
    bool from_is_empty = false;
};

/// Moves bytes from handle to handle within the system, one of them being a pipe, as many as are there and have
/// room. It is no operation but a call that does not block: the polls before it are (`op::poll`). Sockets have
/// to be in non-blocking mode.
///
/// @code
/// while (n != 0)
///     if (const auto moved = op::splice(from, to, n); !moved.error)
///         n -= moved.value;
///     else if (moved.from_is_empty)
///         slab.submit(at_from, op::poll{op::readiness::read}, token);
///     else
///         slab.submit(at_to, op::poll{op::readiness::write}, token);
/// @endcode
inline spliced splice(native_handle from, native_handle to, std::uint64_t count) noexcept
{
    const std::int64_t n = detail::splice_part(from, to, count);
    if (n >= 0)
        return {static_cast<std::uint64_t>(n), {}, false};
    return {0, {static_cast<int>(-n), std::system_category()},
            n == -EAGAIN && detail::waits_for_input(from)};
}

} // namespace proactor::op

#endif
