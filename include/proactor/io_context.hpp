#ifndef PROACTOR_IO_CONTEXT_HPP
#define PROACTOR_IO_CONTEXT_HPP

#include <proactor/context_options.hpp>
#include <proactor/detail/asio_detail.hpp>
#include <proactor/detail/engine.hpp>
#include <proactor/metrics.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/detail/concurrency_hint.hpp>
#include <boost/asio/detail/wrapped_handler.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#if PROACTOR_HAS_SERVICE_MAKER
#include <boost/asio/config.hpp>
#endif

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace proactor {

namespace detail {

/// Allocators that Asio's `execution_context` takes: none before Boost 1.89.
template <typename Allocator>
concept context_allocator =
    std::is_constructible_v<asio::execution_context, std::allocator_arg_t, const Allocator&>;

} // namespace detail

/// An execution context for Asio's I/O objects over a completion driver: `boost::asio::io_context`
/// with another engine.
///
/// It offers what Asio's offers, with the same meanings: run functions for any number of threads,
/// work counting, an executor with all properties, services. A concurrency hint is accepted and
/// changes no guarantee: Asio's configuration has it, but one that would turn locks off counts as
/// `BOOST_ASIO_CONCURRENCY_HINT_SAFE`.
///
/// Threads: all members are safe on any thread but the constructors and the destructor. The
/// destructor ends everything in flight before it destroys a handler, on whatever thread; destroying
/// a context from inside one of its own handlers ends the program with a message.
///
/// Fork: as in Asio, `notify_fork` before and after it lets parent and child go on, and what was in
/// flight completes in both. A child that is told nothing may do anything with what it has inherited, and
/// do the parent no harm; once it waits in a run function, it goes on as if told. `notify_fork` throws in
/// a child where the system refuses it a driver.
///
/// Errors: constructors throw `boost::system::system_error` where the system refuses the driver, and
/// say which call failed.
class io_context : public asio::execution_context
{
public:
    template <typename Allocator, std::uintptr_t Bits>
    class basic_executor_type;

    using executor_type = basic_executor_type<std::allocator<void>, 0>;
    using count_type = std::size_t;

    class service;
#if !defined(BOOST_ASIO_NO_EXTENSIONS) && !defined(BOOST_ASIO_NO_TS_EXECUTORS)
    class strand;
#endif
#if !defined(BOOST_ASIO_NO_DEPRECATED)
    class work;
#endif

    io_context();
    explicit io_context(int concurrency_hint);
    explicit io_context(const context_options& options);
#if PROACTOR_HAS_SERVICE_MAKER
    /// With services from the start. Neither they nor a configuration change the driver.
    explicit io_context(const service_maker& initial_services);

    /// With an allocator for services, where Asio's `execution_context` takes one.
    template <detail::context_allocator Allocator>
    io_context(std::allocator_arg_t, const Allocator& a);
    template <detail::context_allocator Allocator>
    io_context(std::allocator_arg_t, const Allocator& a, int concurrency_hint);
    template <detail::context_allocator Allocator>
    io_context(std::allocator_arg_t, const Allocator& a, const service_maker& initial_services);
#endif
    ~io_context();

    executor_type get_executor() noexcept;

    count_type run();
    template <typename Rep, typename Period>
    count_type run_for(const std::chrono::duration<Rep, Period>& d);
    template <typename Clock, typename Duration>
    count_type run_until(const std::chrono::time_point<Clock, Duration>& t);
    count_type run_one();
    template <typename Rep, typename Period>
    count_type run_one_for(const std::chrono::duration<Rep, Period>& d);
    template <typename Clock, typename Duration>
    count_type run_one_until(const std::chrono::time_point<Clock, Duration>& t);
    count_type poll();
    count_type poll_one();

    void stop() { engine_.stop(); }
    bool stopped() const { return engine_.stopped(); }
    void restart() { engine_.restart(); }

    /// Hands everything initiated so far to the system, for code that is about to block on something
    /// that this library cannot see. Any thread.
    void flush() { engine_.flush(); }

    /// What this context did so far. Any thread.
    proactor::metrics metrics() const { return engine_.metrics(); }

#if !defined(BOOST_ASIO_NO_DEPRECATED)
    count_type run(error_code& ec);
    count_type run_one(error_code& ec);
    count_type poll(error_code& ec);
    count_type poll_one(error_code& ec);
    void reset() { restart(); }

    template <typename Handler>
    auto dispatch(Handler&& handler);
    template <typename Handler>
    auto post(Handler&& handler);
    template <typename Handler>
    asio::detail::wrapped_handler<io_context&, Handler> wrap(Handler handler)
    {
        return asio::detail::wrapped_handler<io_context&, Handler>(*this, handler);
    }
#endif

    /// For the services of this library.
    detail::engine& engine() noexcept { return engine_; }

private:
    using clock = detail::engine::clock;

    class frame;
    class marker;
    struct opened;

    template <typename... Base>
    io_context(opened o, const context_options& options, const Base&... base);
#if PROACTOR_HAS_SERVICE_MAKER
    static asio::config_from_concurrency_hint config_of(int concurrency_hint);
#endif
    static opened open(const context_options& options);
    void note_hint(int hint);
    static bool passed(clock::time_point deadline);

    count_type run_all(clock::time_point deadline, bool block);
    count_type run_single(clock::time_point deadline, bool block);

    struct thread_key : asio::detail::thread_context
    {
        using stack = thread_call_stack;
    } thread_key_;
    mutable detail::engine engine_;

    friend io_context* find_io_context(asio::execution_context& context);
};

/// The context itself if it is one of ours, else null.
io_context* find_io_context(asio::execution_context& context);

/// The executor of an `io_context`. Its properties are in its type and its bits, as in Asio:
/// `blocking`, `relationship`, `outstanding_work`, `allocator`, `mapping`, `occupancy`, `context`.
template <typename Allocator, std::uintptr_t Bits>
class io_context::basic_executor_type : Allocator
{
    using engine = detail::engine;

    static constexpr std::uintptr_t blocking_never = 1;
    static constexpr std::uintptr_t continuation = 2;
    static constexpr std::uintptr_t runtime_bits = 3;
    static constexpr std::uintptr_t tracked = 4;

public:
    basic_executor_type(const basic_executor_type& other) noexcept
        : Allocator(other)
        , target_(other.target_)
    {
        start_work();
    }
    basic_executor_type(basic_executor_type&& other) noexcept
        : Allocator(std::move(static_cast<Allocator&>(other)))
        , target_(other.target_)
    {
        if constexpr (Bits & tracked)
            other.target_ = 0;
    }
    ~basic_executor_type() { finish_work(); }

    basic_executor_type& operator=(const basic_executor_type& other) noexcept
    {
        if (this != &other)
        {
            basic_executor_type copy(other);
            *this = std::move(copy);
        }
        return *this;
    }
    basic_executor_type& operator=(basic_executor_type&& other) noexcept
    {
        if (this != &other)
        {
            finish_work();
            static_cast<Allocator&>(*this) = std::move(static_cast<Allocator&>(other));
            target_ = other.target_;
            if constexpr (Bits & tracked)
                other.target_ = 0;
        }
        return *this;
    }

    basic_executor_type require(asio::execution::blocking_t::possibly_t) const
    {
        return {owner(), *this, bits() & ~blocking_never};
    }
    basic_executor_type require(asio::execution::blocking_t::never_t) const
    {
        return {owner(), *this, bits() | blocking_never};
    }
    basic_executor_type require(asio::execution::relationship_t::fork_t) const
    {
        return {owner(), *this, bits() & ~continuation};
    }
    basic_executor_type require(asio::execution::relationship_t::continuation_t) const
    {
        return {owner(), *this, bits() | continuation};
    }
    basic_executor_type<Allocator, Bits | tracked>
    require(asio::execution::outstanding_work_t::tracked_t) const
    {
        return {owner(), *this, bits()};
    }
    basic_executor_type<Allocator, Bits & ~tracked>
    require(asio::execution::outstanding_work_t::untracked_t) const
    {
        return {owner(), *this, bits()};
    }
    template <typename Other>
    basic_executor_type<Other, Bits> require(asio::execution::allocator_t<Other> a) const
    {
        return {owner(), a.value(), bits()};
    }
    basic_executor_type<std::allocator<void>, Bits>
    require(asio::execution::allocator_t<void>) const
    {
        return {owner(), std::allocator<void>(), bits()};
    }

    static constexpr asio::execution::mapping_t query(asio::execution::mapping_t) noexcept
    {
        return asio::execution::mapping.thread;
    }
#if defined(BOOST_ASIO_EXECUTION_INLINE_EXCEPTION_HANDLING_HPP) // Boost 1.90 has it, 1.88 has not
    static constexpr asio::execution::inline_exception_handling_t
    query(asio::execution::inline_exception_handling_t) noexcept
    {
        return asio::execution::inline_exception_handling.capture;
    }
#endif
    /// Threads inside run functions now, and 1 if there is none.
    std::size_t query(asio::execution::occupancy_t) const
    {
        return owner()->engine_.occupancy();
    }
    io_context& query(asio::execution::context_t) const noexcept { return *owner(); }
    asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept
    {
        return bits() & blocking_never
            ? asio::execution::blocking_t(asio::execution::blocking.never)
            : asio::execution::blocking_t(asio::execution::blocking.possibly);
    }
    asio::execution::relationship_t query(asio::execution::relationship_t) const noexcept
    {
        return bits() & continuation
            ? asio::execution::relationship_t(asio::execution::relationship.continuation)
            : asio::execution::relationship_t(asio::execution::relationship.fork);
    }
    static constexpr asio::execution::outstanding_work_t
    query(asio::execution::outstanding_work_t) noexcept
    {
        return Bits & tracked
            ? asio::execution::outstanding_work_t(asio::execution::outstanding_work.tracked)
            : asio::execution::outstanding_work_t(asio::execution::outstanding_work.untracked);
    }
    template <typename Other>
    Allocator query(asio::execution::allocator_t<Other>) const noexcept
    {
        return static_cast<const Allocator&>(*this);
    }
    Allocator query(asio::execution::allocator_t<void>) const noexcept
    {
        return static_cast<const Allocator&>(*this);
    }

    /// Whether the calling thread is inside a run function of the context.
    bool running_in_this_thread() const noexcept { return owner()->engine_.inside(); }

    friend bool operator==(const basic_executor_type& a, const basic_executor_type& b) noexcept
    {
        return a.target_ == b.target_
            && static_cast<const Allocator&>(a) == static_cast<const Allocator&>(b);
    }
    friend bool operator!=(const basic_executor_type& a, const basic_executor_type& b) noexcept
    {
        return !(a == b);
    }

    template <typename Function>
    void execute(Function&& f) const;

#if !defined(BOOST_ASIO_NO_TS_EXECUTORS)
    io_context& context() const noexcept { return *owner(); }
    void on_work_started() const noexcept { owner()->engine_.work_started(); }
    void on_work_finished() const noexcept { owner()->engine_.work_finished(); }
    template <typename Function, typename OtherAllocator>
    void dispatch(Function&& f, const OtherAllocator& a) const;
    template <typename Function, typename OtherAllocator>
    void post(Function&& f, const OtherAllocator& a) const;
    template <typename Function, typename OtherAllocator>
    void defer(Function&& f, const OtherAllocator& a) const;
#endif

    /// Whether handlers bound to this executor may be called directly by the loop of `e`.
    bool direct_for(const detail::engine& e) const noexcept
    {
        return owner() && &owner()->engine_ == &e && bits() == 0;
    }

private:
    friend class io_context;
    template <typename, std::uintptr_t>
    friend class basic_executor_type;

    explicit basic_executor_type(io_context& c) noexcept
        : target_(reinterpret_cast<std::uintptr_t>(&c))
    {
    }
    basic_executor_type(io_context* c, const Allocator& a, std::uintptr_t bits) noexcept
        : Allocator(a)
        , target_(reinterpret_cast<std::uintptr_t>(c) | bits)
    {
        start_work();
    }

    io_context* owner() const noexcept
    {
        return reinterpret_cast<io_context*>(target_ & ~runtime_bits);
    }
    std::uintptr_t bits() const noexcept { return target_ & runtime_bits; }

    void start_work() const noexcept
    {
        if constexpr (Bits & tracked)
            if (io_context* c = owner())
                c->engine_.work_started();
    }
    void finish_work() const noexcept
    {
        if constexpr (Bits & tracked)
            if (io_context* c = owner())
                c->engine_.work_finished();
    }

    std::uintptr_t target_; ///< the context, and in its low bits the runtime properties
};

/// Base of services that know their context's type.
class io_context::service : public asio::execution_context::service
{
public:
    io_context& get_io_context() { return static_cast<io_context&>(context()); }

protected:
    explicit service(io_context& owner)
        : asio::execution_context::service(owner)
    {
    }

private:
    void shutdown() override { shutdown_service(); }
    virtual void shutdown_service() {}
    void notify_fork(asio::execution_context::fork_event event) override { fork_service(event); }
    virtual void fork_service(asio::execution_context::fork_event) {}
};

#if !defined(BOOST_ASIO_NO_DEPRECATED)
/// Keeps run functions from returning. Deprecated in Asio: see `executor_work_guard`.
class io_context::work
{
public:
    explicit work(proactor::io_context& c)
        : context_(c)
    {
        context_.engine_.work_started();
    }
    work(const work& other)
        : work(other.context_)
    {
    }
    ~work() { context_.engine_.work_finished(); }
    void operator=(const work&) = delete;

    proactor::io_context& get_io_context() { return context_; }

private:
    proactor::io_context& context_;
};
#endif

} // namespace proactor

namespace boost::asio {

namespace execution {
template <>
struct is_executor<proactor::io_context> : false_type
{
};
} // namespace execution

/// Services whose constructor takes a `proactor::io_context`, as Asio has it for its own: found by
/// `use_service` if it made them, or if this `add_service` was given them.
template <typename Service>
Service& use_service(proactor::io_context& context);
template <typename Service>
void add_service(proactor::io_context& context, Service* service);

} // namespace boost::asio

#include <proactor/impl/io_context.hpp>
#include <proactor/impl/use_service.hpp>

#endif
