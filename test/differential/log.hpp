//
// The outcome of a body, one line per observation: "name: value value ...".
// Nothing that may differ between two runs (addresses, ports, times) belongs in it.
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_LOG_HPP
#define PROACTOR_TEST_DIFFERENTIAL_LOG_HPP

#include "context.hpp"

#include <concepts>
#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>

namespace differential {

/// Writes one line into the outcome of the running body; any thread may call it.
void write_line(std::string_view line);

std::string describe(const error_code& ec);
std::string describe(const std::exception_ptr& error);

inline std::string describe(bool value)
{
    return value ? "true" : "false";
}

inline std::string describe(std::string_view text)
{
    return '"' + std::string(text) + '"';
}

inline std::string describe(const char* text)
{
    return describe(std::string_view(text));
}

inline std::string describe(const std::string& text)
{
    return describe(std::string_view(text));
}

template <std::integral T>
std::string describe(T value)
{
    return std::to_string(value);
}

template <class T>
requires requires(const T& object)
{
    {
        object.is_open()
        } -> std::same_as<bool>;
}
std::string describe(const T& object)
{
    return object.is_open() ? "open" : "closed";
}

template <class... Args>
void log(std::string_view name, const Args&... values)
{
    std::string line(name);
    line += ':';
    (void)std::initializer_list<int>{(line += ' ', line += describe(values), 0)...};
    write_line(line);
}

/// Logs what a run function returned and whether the context is stopped afterwards.
inline void log_run(std::string_view name, const context& ctx, std::size_t count)
{
    log(name, count, ctx.stopped() ? "stopped" : "not stopped");
}

/// A completion handler that logs its arguments under a name.
struct report
{
    std::string name;

    template <class... Args>
    void operator()(const Args&... values) const
    {
        log(name, values...);
    }
};

/// Calls the function and logs what it returned or threw.
template <class Function>
void attempt(std::string_view name, Function&& function)
{
    try
    {
        if constexpr (std::is_void_v<std::invoke_result_t<Function&>>)
        {
            function();
            log(name, "done");
        }
        else
        {
            log(name, function());
        }
    }
    catch (...)
    {
        log(name, std::current_exception());
    }
}

} // namespace differential

#endif
