//
// The ways to post, defer and dispatch: by which call, through which executor.
//

#ifndef PROACTOR_TEST_DIFFERENTIAL_TARGETS_HPP
#define PROACTOR_TEST_DIFFERENTIAL_TARGETS_HPP

#include "context.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace differential {

/// The three ways through an executor, a strand or a context.
template <class Target>
struct through
{
    Target target;

    template <class Function>
    void post(Function f) const
    {
        asio::post(target, std::move(f));
    }
    template <class Function>
    void defer(Function f) const
    {
        asio::defer(target, std::move(f));
    }
    template <class Function>
    void dispatch(Function f) const
    {
        asio::dispatch(target, std::move(f));
    }
};

template <class Target>
through(Target) -> through<Target>;

/// As the executor that is associated with the function.
template <class Executor>
struct bound
{
    Executor target;

    template <class Function>
    void post(Function f) const
    {
        asio::post(asio::bind_executor(target, std::move(f)));
    }
    template <class Function>
    void defer(Function f) const
    {
        asio::defer(asio::bind_executor(target, std::move(f)));
    }
    template <class Function>
    void dispatch(Function f) const
    {
        asio::dispatch(asio::bind_executor(target, std::move(f)));
    }
};

template <class Executor>
bound(Executor) -> bound<Executor>;

/// By properties of the executor.
template <class Executor>
struct executing
{
    Executor target;

    template <class Function>
    void post(Function f) const
    {
        asio::require(target, asio::execution::blocking.never).execute(std::move(f));
    }
    template <class Function>
    void defer(Function f) const
    {
        asio::prefer(asio::require(target, asio::execution::blocking.never),
                     asio::execution::relationship.continuation)
            .execute(std::move(f));
    }
    template <class Function>
    void dispatch(Function f) const
    {
        asio::prefer(target, asio::execution::relationship.continuation).execute(std::move(f));
    }
};

template <class Executor>
executing(Executor) -> executing<Executor>;

#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)
/// By the members of the Networking TS.
template <class Executor>
struct by_members
{
    Executor target;

    template <class Function>
    void post(Function f) const
    {
        target.post(std::move(f), std::allocator<void>());
    }
    template <class Function>
    void defer(Function f) const
    {
        target.defer(std::move(f), std::allocator<void>());
    }
    template <class Function>
    void dispatch(Function f) const
    {
        target.dispatch(std::move(f), std::allocator<void>());
    }
};

template <class Executor>
by_members(Executor) -> by_members<Executor>;
#endif

/// Calls the function with each kind of target and its name, on a context for each.
template <class Function>
void for_each_kind(int hint, Function f)
{
    const auto with = [&](std::string_view name, auto make) {
        context ctx(hint);
        f(ctx, std::string(name) + (hint == 1 ? ", one thread" : ""), make(ctx));
    };
    with("executor", [](context& ctx) { return through{ctx.get_executor()}; });
    with("any_io_executor",
         [](context& ctx) { return through{asio::any_io_executor(ctx.get_executor())}; });
    with("bound", [](context& ctx) { return bound{ctx.get_executor()}; });
    with("bound to any_io_executor",
         [](context& ctx) { return bound{asio::any_io_executor(ctx.get_executor())}; });
    with("strand", [](context& ctx) { return through{asio::make_strand(ctx)}; });
    with("strand of any_io_executor", [](context& ctx) {
        return through{asio::make_strand(asio::any_io_executor(ctx.get_executor()))};
    });
    with("any_io_executor of a strand",
         [](context& ctx) { return through{asio::any_io_executor(asio::make_strand(ctx))}; });
    with("properties", [](context& ctx) { return executing{ctx.get_executor()}; });
    with("properties of any_io_executor",
         [](context& ctx) { return executing{asio::any_io_executor(ctx.get_executor())}; });
#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)
    with("members", [](context& ctx) { return by_members{ctx.get_executor()}; });
    with("members of a strand", [](context& ctx) { return by_members{asio::make_strand(ctx)}; });
#if !defined(BOOST_ASIO_NO_EXTENSIONS)
    with("io_context::strand", [](context& ctx) { return through{context::strand(ctx)}; });
    with("members of io_context::strand",
         [](context& ctx) { return by_members{context::strand(ctx)}; });
#endif
#endif
}

/// Starts the function in the way that the letter stands for: post, defer, dispatch ('x').
template <class Target, class Function>
void start(const Target& target, char way, Function f)
{
    if (way == 'p')
    {
        target.post(std::move(f));
    }
    else if (way == 'd')
    {
        target.defer(std::move(f));
    }
    else
    {
        target.dispatch(std::move(f));
    }
}

/// All words of so many letters p, d and x.
inline std::vector<std::string> words(int length)
{
    std::vector<std::string> all{""};
    for (int i = 0; i < length; ++i)
    {
        std::vector<std::string> longer;
        for (const std::string& word : all)
        {
            for (char way : {'p', 'd', 'x'})
            {
                longer.push_back(word + way);
            }
        }
        all.swap(longer);
    }
    return all;
}

} // namespace differential

#endif
