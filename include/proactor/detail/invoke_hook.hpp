#ifndef PROACTOR_DETAIL_INVOKE_HOOK_HPP
#define PROACTOR_DETAIL_INVOKE_HOOK_HPP

#include <proactor/detail/asio_detail.hpp>

#include <boost/asio/detail/bind_handler.hpp>
#include <boost/asio/detail/handler_cont_helpers.hpp>

// Older releases include it above.
#if !defined(BOOST_ASIO_NO_DEPRECATED) && defined(BOOST_ASIO_HANDLER_INVOKE_HOOK_HPP)
#    define PROACTOR_HAS_INVOKE_HOOK 1
#else
#    define PROACTOR_HAS_INVOKE_HOOK 0
#endif

#include <concepts>
#include <type_traits>
#include <utility>

namespace proactor::detail {

#if PROACTOR_HAS_INVOKE_HOOK
template <typename Function, typename Handler>
concept has_invoke_hook = requires(Function& f, Handler* h) { asio_handler_invoke(f, h); };
#else
template <typename, typename>
concept has_invoke_hook = false;
#endif

/// Calls a function on behalf of a handler: by the handler's `asio_handler_invoke` if it has one.
/// By this old hook the steps of a composed operation enter the strand that wrapped its handler.
/// May move from `function`.
template <typename Function, typename Handler>
void invoke_for(Handler& handler, Function& function)
{
#if PROACTOR_HAS_INVOKE_HOOK
    if constexpr (has_invoke_hook<Function, Handler>)
        return boost_asio_handler_invoke_helpers::invoke(function, handler);
#endif
    static_cast<void>(handler);
    std::move(function)();
}

/// Of handlers that stand before another one, their `handler()`, whose hooks they pass on. They may say
/// by `continues()` that they start operations from a handler of their own.
struct before_a_handler
{
};

#if PROACTOR_HAS_INVOKE_HOOK
template <typename Function, std::derived_from<before_a_handler> Front>
void asio_handler_invoke(Function& function, Front* front)
{
    invoke_for(front->handler(), function);
}
#endif

template <std::derived_from<before_a_handler> Front>
bool asio_handler_is_continuation(Front* front)
{
    if constexpr (requires { front->continues(); })
        if (front->continues())
            return true;
    return PROACTOR_ASIO_NAME(handler_cont_helpers)::is_continuation(front->handler());
}

/// A function that is called on its own behalf.
template <typename Function>
struct self_invoking
{
    Function function;

    void operator()() { invoke_for(function, function); }
};

/// `f` for a queue of functions: as it is, if it has no hook.
template <typename F>
decltype(auto) with_invoke_hook(F&& f)
{
    using function = std::decay_t<F>;
    if constexpr (has_invoke_hook<function, function>)
        return self_invoking<function>{std::forward<F>(f)};
    else
        return std::forward<F>(f);
}

} // namespace proactor::detail

#endif
