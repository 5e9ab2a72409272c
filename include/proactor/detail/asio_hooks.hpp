#ifndef PROACTOR_DETAIL_ASIO_HOOKS_HPP
#define PROACTOR_DETAIL_ASIO_HOOKS_HPP

#include <boost/asio/detail/io_object_impl.hpp> // in drop-in width, our header of this name

#ifndef PROACTOR_DROP_IN
#define PROACTOR_DROP_IN 0
#endif

#include <proactor/detail/descriptor_service.hpp>
#include <proactor/detail/either_service.hpp>
#include <proactor/detail/file_service.hpp>
#include <proactor/detail/hand_over.hpp>
#include <proactor/detail/hosted_executor.hpp>
#include <proactor/detail/resolver_service.hpp>
#include <proactor/detail/serial_port_service.hpp>
#include <proactor/detail/signal_set_service.hpp>
#include <proactor/detail/socket_service.hpp>
#include <proactor/detail/timer_service.hpp>
#include <proactor/detail/width_mark.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace boost::asio::detail {

// The services that Asio's I/O objects name on this platform: the `#if` chain is Asio's own.
#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
template <typename>
class io_uring_socket_service;
class io_uring_descriptor_service;
#else
template <typename>
class reactive_socket_service;
class reactive_descriptor_service;
#endif
template <typename>
class deadline_timer_service;
class signal_set_service;
class posix_serial_port_service;
template <typename>
class resolver_service;
#if defined(BOOST_ASIO_HAS_FILE) && defined(BOOST_ASIO_HAS_IO_URING)
class io_uring_file_service;
#endif

} // namespace boost::asio::detail

namespace proactor::detail {

/// Our service in place of one of Asio's.
template <typename Service>
struct hosting
{
    using type = void;
};

#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
template <typename Protocol>
using asio_socket_service = asio::detail::io_uring_socket_service<Protocol>;
using asio_descriptor_service = asio::detail::io_uring_descriptor_service;
#else
template <typename Protocol>
using asio_socket_service = asio::detail::reactive_socket_service<Protocol>;
using asio_descriptor_service = asio::detail::reactive_descriptor_service;
#endif

template <typename Protocol>
struct hosting<asio_socket_service<Protocol>>
{
    using type = socket_service<Protocol>;
};
template <>
struct hosting<asio_descriptor_service>
{
    using type = descriptor_service;
};
template <typename Traits>
struct hosting<asio::detail::deadline_timer_service<Traits>>
{
    using type = timer_service<Traits>;
};
template <>
struct hosting<asio::detail::signal_set_service>
{
    using type = signal_set_service;
};
template <>
struct hosting<asio::detail::posix_serial_port_service>
{
    using type = serial_port_service;
};
template <typename Protocol>
struct hosting<asio::detail::resolver_service<Protocol>>
{
    using type = resolver_service<Protocol>;
};
#if defined(BOOST_ASIO_HAS_FILE) && defined(BOOST_ASIO_HAS_IO_URING)
template <>
struct hosting<asio::detail::io_uring_file_service>
{
    using type = file_service;
};
#endif

// The way back, for objects that move.
template <typename Protocol>
struct stands_for<socket_service<Protocol>>
{
    using type = asio_socket_service<Protocol>;
};
template <>
struct stands_for<descriptor_service>
{
    using type = asio_descriptor_service;
};
template <typename Traits>
struct stands_for<timer_service<Traits>>
{
    using type = asio::detail::deadline_timer_service<Traits>;
};
template <>
struct stands_for<serial_port_service>
{
    using type = asio::detail::posix_serial_port_service;
};
template <typename Protocol>
struct stands_for<resolver_service<Protocol>>
{
    using type = asio::detail::resolver_service<Protocol>;
};
#if defined(BOOST_ASIO_HAS_FILE) && defined(BOOST_ASIO_HAS_IO_URING)
template <>
struct stands_for<file_service>
{
    using type = asio::detail::io_uring_file_service;
};
#endif

template <typename Service>
concept hosted_service = !std::is_void_v<typename hosting<Service>::type>;

template <typename>
inline constexpr bool is_either = false;
template <typename Ours, typename Theirs>
inline constexpr bool is_either<either_service<Ours, Theirs>> = true;

/// Whether a service is one of ours whose objects move.
template <typename Service>
concept is_ours = requires { typename stands_for<Service>::type; };

/// Executors whose I/O objects are served here. Which of them are depends on the width.
template <typename Executor>
concept hosted_executor
    = our_executor<Executor> || (PROACTOR_DROP_IN == 1 && erased_executor<Executor>);

/// How an I/O object holds its service: by reference where the executor's type says that it is ours,
/// else with the choice made at construction.
template <typename Theirs, typename Executor>
class service_holder
{
    using ours = typename hosting<Theirs>::type;
    static constexpr bool typed = our_executor<Executor>;

public:
    using service_type = std::conditional_t<typed, ours, either_service<ours, Theirs>>;

    explicit service_holder(const Executor& ex)
        : service_(find(ex))
    {
    }

    service_type& operator*() noexcept
    {
        if constexpr (typed)
            return *service_;
        else
            return service_;
    }
    const service_type& operator*() const noexcept
    {
        return *const_cast<service_holder&>(*this);
    }

private:
    static auto find(const Executor& ex)
    {
        if constexpr (typed)
            return std::addressof(asio::use_service<ours>(
                static_cast<asio::execution_context&>(context_of(ex))));
        else if (io_context* c = our_context(ex))
            return service_type(
                asio::use_service<ours>(static_cast<asio::execution_context&>(*c)));
        else
            return service_type(asio::use_service<Theirs>(context_of(ex)));
    }

    std::conditional_t<typed, ours*, service_type> service_;
};

} // namespace proactor::detail

namespace boost::asio::detail {

/// What every Asio I/O object holds, where it is served by Proactor. The members are those of the
/// primary template.
template <typename Service, typename Executor>
    requires(proactor::detail::hosted_service<Service>
             && proactor::detail::hosted_executor<Executor>)
class io_object_impl<Service, Executor>
{
    using holder = proactor::detail::service_holder<Service, Executor>;
    template <typename, typename>
    friend class io_object_impl;

public:
    using service_type = typename holder::service_type;
    using implementation_type = typename service_type::implementation_type;
    using executor_type = Executor;

    io_object_impl(int, const executor_type& ex)
        : service_(ex)
        , executor_(ex)
    {
        get_service().construct(implementation_);
    }

    template <typename ExecutionContext>
    io_object_impl(int, int, ExecutionContext& context)
        : io_object_impl(0, context.get_executor())
    {
    }

    io_object_impl(io_object_impl&& other)
        : service_(other.service_)
        , executor_(other.executor_)
    {
        get_service().move_construct(implementation_, other.implementation_);
    }

    /// From an object with another executor, another protocol, or both.
    template <typename Service1, typename Executor1>
    io_object_impl(io_object_impl<Service1, Executor1>&& other)
        : service_(executor_type(other.get_executor()))
        , executor_(other.get_executor())
    {
        get_service().construct(implementation_);
        convert(other.get_service(), other.get_implementation(),
                std::is_same<Service, Service1>());
    }

    ~io_object_impl() { get_service().destroy(implementation_); }

    io_object_impl& operator=(io_object_impl&& other)
    {
        if (this != &other)
        {
            get_service().move_assign(implementation_, other.get_service(), other.implementation_);
            service_ = other.service_;
            executor_.~executor_type();
            ::new (static_cast<void*>(&executor_)) executor_type(other.executor_);
        }
        return *this;
    }

    io_object_impl(const io_object_impl&) = delete;
    io_object_impl& operator=(const io_object_impl&) = delete;

    const executor_type& get_executor() noexcept { return executor_; }
    service_type& get_service() { return *service_; }
    const service_type& get_service() const { return *service_; }
    implementation_type& get_implementation() { return implementation_; }
    const implementation_type& get_implementation() const { return implementation_; }

private:
    using ours = typename proactor::detail::hosting<Service>::type;
    static constexpr bool typed = proactor::detail::our_executor<Executor>;

    /// `implementation_` is constructed. The other may be typed, erased, or Asio's own.
    template <typename OtherService, typename OtherImplementation, typename SameService>
    void convert(OtherService& other_service, OtherImplementation& other, SameService)
    {
        using same = std::bool_constant<SameService::value>;
        if constexpr (typed)
            take(get_service(), implementation_, other_service, other, same());
        else if constexpr (proactor::detail::is_either<OtherService>)
        {
            if (get_service().is_ours())
                take(get_service().ours(), implementation_.ours, other_service.ours(), other.ours,
                     same());
            else
                take(get_service().theirs(), implementation_.theirs, other_service.theirs(),
                     other.theirs, same());
        }
        else if constexpr (proactor::detail::is_ours<OtherService>)
            take(get_service().ours(), implementation_.ours, other_service, other, same());
        else
            take(get_service().theirs(), implementation_.theirs, other_service, other, same());
    }

    template <typename S, typename I, typename S1, typename I1>
    static void take(S& service, I& i, S1& other_service, I1& other, std::true_type)
    {
        service.move_assign(i, other_service, other);
    }
    template <typename S, typename I, typename S1, typename I1>
    static void take(S& service, I& i, S1& other_service, I1& other, std::false_type)
    {
        service.destroy(i);
        service.converting_move_construct(i, other_service, other);
    }

    holder service_;
    implementation_type implementation_;
    executor_type executor_;
};

} // namespace boost::asio::detail

#endif
