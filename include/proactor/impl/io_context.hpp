#ifndef PROACTOR_IMPL_IO_CONTEXT_HPP
#define PROACTOR_IMPL_IO_CONTEXT_HPP

#include <proactor/detail/function_op.hpp>
#include <proactor/detail/invoke_hook.hpp>
#include <proactor/open_driver.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/strand.hpp>
#include <boost/version.hpp>

namespace proactor {

/// Found in a context's service registry, it says that the context is one of ours: the base class has
/// no virtual function to ask.
class io_context::marker : public asio::execution_context::service
{
public:
    using key_type = marker;
    inline static asio::execution_context::id id;

    explicit marker(asio::execution_context& c)
        : asio::execution_context::service(c)
    {
    }

private:
    void shutdown() override {}

    /// The last to prepare, the first to go on: it is the oldest service.
    void notify_fork(asio::execution_context::fork_event event) override
    {
        auto& e = static_cast<io_context&>(context()).engine_;
        if (event == asio::execution_context::fork_prepare)
            e.fork_prepare();
        else if (event == asio::execution_context::fork_parent)
            e.fork_parent();
        else if (const int error = e.fork_child())
            asio::detail::throw_exception(boost::system::system_error(
                detail::make_error(error), "proactor::io_context: notify_fork"));
    }
};

inline io_context* find_io_context(asio::execution_context& context)
{
    return asio::has_service<io_context::marker>(context) ? static_cast<io_context*>(&context)
                                                          : nullptr;
}

struct io_context::opened
{
    std::unique_ptr<proactor::driver> driver;
};

inline io_context::opened io_context::open(const context_options& options)
{
    auto result = open_driver({.entries = options.entries,
                               .name = options.driver,
                               .pool_threads = options.pool_threads});
    if (!result.driver)
        asio::detail::throw_exception(boost::system::system_error(
            detail::make_error(result.error), "proactor::io_context: " + result.reason));
    return {std::move(result.driver)};
}

inline io_context::io_context()
    : io_context(BOOST_ASIO_CONCURRENCY_HINT_DEFAULT)
{
}

inline io_context::io_context(const context_options& options)
    : io_context(open(options), options)
{
}

#if PROACTOR_HAS_SERVICE_MAKER
inline io_context::io_context(int concurrency_hint)
    : io_context(open({}), {}, config_of(concurrency_hint))
{
    note_hint(concurrency_hint);
}

inline io_context::io_context(const service_maker& initial_services)
    : io_context(open({}), {}, initial_services)
{
}

template <detail::context_allocator Allocator>
io_context::io_context(std::allocator_arg_t, const Allocator& a)
    : io_context(std::allocator_arg, a, BOOST_ASIO_CONCURRENCY_HINT_DEFAULT)
{
}

template <detail::context_allocator Allocator>
io_context::io_context(std::allocator_arg_t, const Allocator& a, int concurrency_hint)
    : io_context(open({}), {}, std::allocator_arg, a, config_of(concurrency_hint))
{
    note_hint(concurrency_hint);
}

template <detail::context_allocator Allocator>
io_context::io_context(std::allocator_arg_t, const Allocator& a,
                       const service_maker& initial_services)
    : io_context(open({}), {}, std::allocator_arg, a, initial_services)
{
}

/// Asio's scheduler reads in the configuration whether to lock. Where it serves a context of
/// ours, it has a thread of its own: they stay on.
inline asio::config_from_concurrency_hint io_context::config_of(int concurrency_hint)
{
    const int hint = concurrency_hint == 1 ? BOOST_ASIO_CONCURRENCY_HINT_1 : concurrency_hint;
    const bool locks = BOOST_ASIO_CONCURRENCY_HINT_IS_LOCKING(SCHEDULER, hint)
        && BOOST_ASIO_CONCURRENCY_HINT_IS_LOCKING(REACTOR_REGISTRATION, hint)
        && BOOST_ASIO_CONCURRENCY_HINT_IS_LOCKING(REACTOR_IO, hint);
    return asio::config_from_concurrency_hint(locks ? hint : BOOST_ASIO_CONCURRENCY_HINT_SAFE);
}
#else
inline io_context::io_context(int concurrency_hint)
    : io_context(context_options{})
{
    note_hint(concurrency_hint);
}
#endif

/// Asio's queue for what one thread is to do keeps continuations and posts in one order.
inline void io_context::note_hint(int hint)
{
    if (hint == 1 || !BOOST_ASIO_CONCURRENCY_HINT_IS_LOCKING(SCHEDULER, hint)
        || !BOOST_ASIO_CONCURRENCY_HINT_IS_LOCKING(REACTOR_IO, hint))
        engine_.defer_as_post();
}

template <typename... Base>
io_context::io_context(opened o, const context_options& options, const Base&... base)
    : asio::execution_context(base...)
    , engine_(std::move(o.driver), options)
{
    asio::use_service<marker>(static_cast<asio::execution_context&>(*this));
}

inline io_context::~io_context()
{
    // Everything in flight ends before a handler, an object or a service goes.
    engine_.shut_down();
    shutdown();
#if BOOST_VERSION >= 108300
    shutdown(); // a second time, as Asio's from then on: services hear of it twice
#endif
    engine_.shut_down(); // what handlers did when they were destroyed
    destroy();
}

inline io_context::executor_type io_context::get_executor() noexcept
{
    return executor_type(*this);
}

/// A thread inside a run function, as Asio and the engine see it.
class io_context::frame
{
public:
    explicit frame(io_context& c)
        : context_(&c.thread_key_, info_)
        , runner_(c.engine_)
    {
        if (!runner_.admitted())
            asio::detail::throw_exception(boost::system::system_error(
                detail::make_error(EPERM), "proactor::io_context: context_options::threads allows "
                                           "no further thread inside a run function"));
    }

    bool run_one(clock::time_point deadline, bool block)
    {
        const bool ran = block ? runner_.run_one(deadline) : runner_.poll_one();
        info_.rethrow_pending_exception();
        return ran;
    }

private:
    asio::detail::thread_info_base info_;
    thread_key::stack::context context_;
    detail::engine::runner runner_;
};

/// As Asio, which then does not even stop for want of work.
inline bool io_context::passed(clock::time_point deadline)
{
    return deadline != clock::time_point::max() && clock::now() >= deadline;
}

inline io_context::count_type io_context::run_all(clock::time_point deadline, bool block)
{
    if (passed(deadline) || !engine_.has_work())
        return 0;
    frame f(*this);
    count_type n = 0;
    while (f.run_one(deadline, block))
    {
        if (n != static_cast<count_type>(-1))
            ++n;
        if (passed(deadline))
            break;
    }
    return n;
}

inline io_context::count_type io_context::run_single(clock::time_point deadline, bool block)
{
    if (passed(deadline) || !engine_.has_work())
        return 0;
    return frame(*this).run_one(deadline, block) ? 1 : 0;
}

inline io_context::count_type io_context::run()
{
    return run_all(clock::time_point::max(), true);
}

template <typename Rep, typename Period>
io_context::count_type io_context::run_for(const std::chrono::duration<Rep, Period>& d)
{
    return run_until(clock::now() + d);
}

template <typename Clock, typename Duration>
io_context::count_type io_context::run_until(const std::chrono::time_point<Clock, Duration>& t)
{
    if constexpr (std::is_same_v<Clock, clock>)
        return run_all(std::chrono::time_point_cast<clock::duration>(t), true);
    else
    {
        count_type n = 0;
        while (run_one_until(t))
            if (n != static_cast<count_type>(-1))
                ++n;
        return n;
    }
}

inline io_context::count_type io_context::run_one()
{
    return run_single(clock::time_point::max(), true);
}

template <typename Rep, typename Period>
io_context::count_type io_context::run_one_for(const std::chrono::duration<Rep, Period>& d)
{
    return run_one_until(clock::now() + d);
}

template <typename Clock, typename Duration>
io_context::count_type io_context::run_one_until(const std::chrono::time_point<Clock, Duration>& t)
{
    if constexpr (std::is_same_v<Clock, clock>)
        return run_single(std::chrono::time_point_cast<clock::duration>(t), true);
    else
    {
        // A clock that can be set is looked at again now and then.
        constexpr std::chrono::seconds longest(1);
        for (auto now = Clock::now(); now < t; now = Clock::now())
        {
            const auto left = t - now;
            const count_type n = run_single(
                clock::now()
                    + (left < longest ? std::chrono::ceil<clock::duration>(left) : longest),
                true);
            if (n || stopped())
                return n;
        }
        return 0;
    }
}

inline io_context::count_type io_context::poll()
{
    return run_all(clock::time_point::max(), false);
}

inline io_context::count_type io_context::poll_one()
{
    return run_single(clock::time_point::max(), false);
}

template <typename Allocator, std::uintptr_t Bits>
template <typename Function>
void io_context::basic_executor_type<Allocator, Bits>::execute(Function&& f) const
{
    if ((bits() & blocking_never) || !running_in_this_thread())
        return detail::post_function(owner()->engine_,
                                     detail::with_invoke_hook(std::forward<Function>(f)),
                                     static_cast<const Allocator&>(*this),
                                     (bits() & continuation) != 0);
    // An exception is not this caller's: it leaves the run function after the current handler.
    try
    {
        std::decay_t<Function> function(std::forward<Function>(f));
        detail::invoke_for(function, function);
    }
    catch (...)
    {
        thread_key::stack::contains(&owner()->thread_key_)->capture_current_exception();
    }
}

#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)
template <typename Allocator, std::uintptr_t Bits>
template <typename Function, typename OtherAllocator>
void io_context::basic_executor_type<Allocator, Bits>::dispatch(Function&& f,
                                                                const OtherAllocator& a) const
{
    if (!running_in_this_thread())
        return post(std::forward<Function>(f), a);
    std::decay_t<Function> function(std::forward<Function>(f));
    detail::invoke_for(function, function);
}

template <typename Allocator, std::uintptr_t Bits>
template <typename Function, typename OtherAllocator>
void io_context::basic_executor_type<Allocator, Bits>::post(Function&& f,
                                                            const OtherAllocator& a) const
{
    detail::post_function(owner()->engine_, detail::with_invoke_hook(std::forward<Function>(f)), a);
}

template <typename Allocator, std::uintptr_t Bits>
template <typename Function, typename OtherAllocator>
void io_context::basic_executor_type<Allocator, Bits>::defer(Function&& f,
                                                             const OtherAllocator& a) const
{
    detail::post_function(owner()->engine_, detail::with_invoke_hook(std::forward<Function>(f)), a,
                          true);
}
#endif

#if !defined(BOOST_ASIO_NO_DEPRECATED)
inline io_context::count_type io_context::run(error_code& ec)
{
    ec = {};
    return run();
}
inline io_context::count_type io_context::run_one(error_code& ec)
{
    ec = {};
    return run_one();
}
inline io_context::count_type io_context::poll(error_code& ec)
{
    ec = {};
    return poll();
}
inline io_context::count_type io_context::poll_one(error_code& ec)
{
    ec = {};
    return poll_one();
}

template <typename Handler>
auto io_context::dispatch(Handler&& handler)
{
    return asio::async_initiate<Handler, void()>(
        [](auto&& h, io_context* self)
        {
            if (self->engine_.inside())
            {
                std::decay_t<decltype(h)> function(std::forward<decltype(h)>(h));
                return detail::invoke_for(function, function);
            }
            const auto a = asio::get_associated_allocator(h);
            detail::post_function(self->engine_,
                                  detail::with_invoke_hook(std::forward<decltype(h)>(h)), a);
        },
        handler, this);
}

template <typename Handler>
auto io_context::post(Handler&& handler)
{
    return asio::async_initiate<Handler, void()>(
        [](auto&& h, io_context* self)
        {
            const auto a = asio::get_associated_allocator(h);
            detail::post_function(self->engine_,
                                  detail::with_invoke_hook(std::forward<decltype(h)>(h)), a);
        },
        handler, this);
}
#endif

#if !defined(BOOST_ASIO_NO_EXTENSIONS) && !defined(BOOST_ASIO_NO_TS_EXECUTORS)
/// Serialises handlers on one context: Asio's `io_context::strand` over `asio::strand`.
class io_context::strand
{
public:
    explicit strand(proactor::io_context& c)
        : strand_(c.get_executor())
    {
    }

    proactor::io_context& context() const noexcept
    {
        return strand_.get_inner_executor().context();
    }
    void on_work_started() const noexcept { strand_.get_inner_executor().on_work_started(); }
    void on_work_finished() const noexcept { strand_.get_inner_executor().on_work_finished(); }
    bool running_in_this_thread() const noexcept { return strand_.running_in_this_thread(); }

    template <typename Function, typename Allocator>
    void dispatch(Function&& f, const Allocator& a) const
    {
        strand_.dispatch(std::forward<Function>(f), a);
    }
    template <typename Function, typename Allocator>
    void post(Function&& f, const Allocator& a) const
    {
        strand_.post(std::forward<Function>(f), a);
    }
    template <typename Function, typename Allocator>
    void defer(Function&& f, const Allocator& a) const
    {
        strand_.defer(std::forward<Function>(f), a);
    }

#if !defined(BOOST_ASIO_NO_DEPRECATED)
    proactor::io_context& get_io_context() const noexcept { return context(); }

    template <typename Handler>
    auto dispatch(Handler&& handler)
    {
        return asio::async_initiate<Handler, void()>(
            [](auto&& h, strand self)
            {
                const auto a = asio::get_associated_allocator(h);
                self.dispatch(std::forward<decltype(h)>(h), a);
            },
            handler, *this);
    }
    template <typename Handler>
    auto post(Handler&& handler)
    {
        return asio::async_initiate<Handler, void()>(
            [](auto&& h, strand self)
            {
                const auto a = asio::get_associated_allocator(h);
                self.post(std::forward<decltype(h)>(h), a);
            },
            handler, *this);
    }
    template <typename Handler>
    asio::detail::wrapped_handler<strand, Handler, asio::detail::is_continuation_if_running>
    wrap(Handler handler)
    {
        return {*this, handler};
    }
#endif

    friend bool operator==(const strand& a, const strand& b) noexcept
    {
        return a.strand_ == b.strand_;
    }
    friend bool operator!=(const strand& a, const strand& b) noexcept { return !(a == b); }

private:
    asio::strand<executor_type> strand_;
};
#endif

} // namespace proactor

#endif
