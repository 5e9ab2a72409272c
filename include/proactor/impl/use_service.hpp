#ifndef PROACTOR_IMPL_USE_SERVICE_HPP
#define PROACTOR_IMPL_USE_SERVICE_HPP

#include <proactor/io_context.hpp>

#include <memory>
#include <mutex>
#include <type_traits>

// From Boost 1.90 on `add_service` is deprecated for `make_service`, which can make nothing
// that takes an `io_context`. To call it for a user warns him of nothing that he could change.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace proactor::detail {

/// Services whose constructor takes an `io_context` and no other execution context.
template <typename Service>
concept made_with_io_context
    = !std::is_constructible_v<Service, asio::execution_context&>;

/// Finds a service that only an `io_context` can make. Asio's registry owns the service, but can
/// look one up only where it could also make it from an `execution_context`.
template <typename Service>
class service_slot : public asio::execution_context::service
{
public:
    using key_type = service_slot;
    inline static asio::execution_context::id id;
    /// Held from the look-up of a slot to the entry of its service. Services make other services.
    inline static std::recursive_mutex mutex;

    explicit service_slot(asio::execution_context& c)
        : asio::execution_context::service(c)
    {
        auto made = std::make_unique<Service>(static_cast<io_context&>(c));
        asio::add_service(c, made.get());
        service_ = made.release();
    }
    service_slot(asio::execution_context& c, Service* service)
        : asio::execution_context::service(c)
        , service_(service)
    {
    }

    Service& get() const noexcept { return *service_; }

private:
    void shutdown() override {}

    Service* service_;
};

} // namespace proactor::detail

namespace boost::asio {

template <typename Service>
Service& use_service(proactor::io_context& context)
{
    auto& base = static_cast<execution_context&>(context);
    if constexpr (proactor::detail::made_with_io_context<Service>)
    {
        using slot = proactor::detail::service_slot<Service>;
        const std::lock_guard lock(slot::mutex);
        return use_service<slot>(base).get();
    }
    else
        return use_service<Service>(base);
}

template <typename Service>
void add_service(proactor::io_context& context, Service* service)
{
    auto& base = static_cast<execution_context&>(context);
    if constexpr (proactor::detail::made_with_io_context<Service>)
    {
        using slot = proactor::detail::service_slot<Service>;
        const std::lock_guard lock(slot::mutex);
        add_service(base, service);
        make_service<slot>(base, service);
    }
    else
        add_service(base, service);
}

} // namespace boost::asio

#pragma GCC diagnostic pop

#endif
