#ifndef PROACTOR_DETAIL_RESOLVER_SERVICE_HPP
#define PROACTOR_DETAIL_RESOLVER_SERVICE_HPP

#include <proactor/detail/hand_over.hpp>
#include <proactor/detail/handle_state.hpp>

#include <boost/asio/ip/basic_resolver_query.hpp>
#include <boost/asio/ip/basic_resolver_results.hpp>

#include <cstdint>
#include <memory>
#include <netdb.h>
#include <string>
#include <tuple>

namespace proactor::detail {

/// Looks addresses up by name: on a thread of the pool, for the system has no other way. It owns what
/// the call reads and writes, and lives until the call ends, whatever becomes of the resolver.
template <typename Protocol>
class name_lookup
{
    using query = asio::ip::basic_resolver_query<Protocol>;
    using results = asio::ip::basic_resolver_results<Protocol>;

public:
    explicit name_lookup(const query& q)
        : host_(q.host_name())
        , service_(q.service_name())
        , hints_(q.hints())
    {
    }
    name_lookup(const name_lookup&) = delete;
    name_lookup& operator=(const name_lookup&) = delete;

    void prepare(operation& op) { op.ask(request::call{&name_lookup::look_up, this}); }

    /// The outcome tells whether there was a call at all; what it came to is not the system's code.
    std::tuple<error_code, results> finish(const outcome& o)
    {
        if (o.error)
            return {make_error(o.error), results()};
        return {ec_, take()};
    }

    /// The same at once, on this thread.
    results operator()(error_code& ec)
    {
        look_up(this);
        ec = ec_;
        return take();
    }

private:
    static std::int64_t look_up(void* self) noexcept
    {
        auto& l = *static_cast<name_lookup*>(self);
        asio::detail::addrinfo_type* found = nullptr;
        asio::detail::socket_ops::getaddrinfo(l.host_.c_str(), l.service_.c_str(), l.hints_, &found,
                                              l.ec_);
        l.found_.reset(found);
        return 0;
    }

    results take() const
    {
        return ec_ ? results() : results::create(found_.get(), host_, service_);
    }

    struct free_list
    {
        void operator()(asio::detail::addrinfo_type* first) const noexcept
        {
            asio::detail::socket_ops::freeaddrinfo(first);
        }
    };

    std::string host_;
    std::string service_;
    asio::detail::addrinfo_type hints_;
    std::unique_ptr<asio::detail::addrinfo_type, free_list> found_;
    error_code ec_;
};

/// Looks the name of an endpoint up, in the same way.
template <typename Protocol>
class endpoint_lookup
{
    using endpoint = typename Protocol::endpoint;
    using results = asio::ip::basic_resolver_results<Protocol>;

public:
    explicit endpoint_lookup(const endpoint& e)
        : endpoint_(e)
    {
    }
    endpoint_lookup(const endpoint_lookup&) = delete;
    endpoint_lookup& operator=(const endpoint_lookup&) = delete;

    void prepare(operation& op) { op.ask(request::call{&endpoint_lookup::look_up, this}); }

    /// Asio's asynchronous lookup gives the endpoint back without its name if there is an error.
    std::tuple<error_code, results> finish(const outcome& o)
    {
        return {o.error ? make_error(o.error) : ec_, results::create(endpoint_, host_, service_)};
    }

    results operator()(error_code& ec)
    {
        look_up(this);
        ec = ec_;
        return ec_ ? results() : results::create(endpoint_, host_, service_);
    }

private:
    static std::int64_t look_up(void* self) noexcept
    {
        auto& l = *static_cast<endpoint_lookup*>(self);
        asio::detail::socket_ops::sync_getnameinfo(l.endpoint_.data(), l.endpoint_.size(), l.host_,
                                                   sizeof l.host_, l.service_, sizeof l.service_,
                                                   l.endpoint_.protocol().type(), l.ec_);
        return 0;
    }

    endpoint endpoint_;
    char host_[NI_MAXHOST] = "";
    char service_[NI_MAXSERV] = "";
    error_code ec_;
};

/// What `asio::ip::basic_resolver` calls. Lookups overlap, those of one resolver too, and end in no
/// order: each has a thread of the driver's pool until the pool is full, and the rest wait their turn.
///
/// Cancellation, by the resolver's function, its end or a slot, reaches what waits. A lookup that has
/// begun ends by itself, with what it found, as Asio's does; the context's destructor waits for it.
template <typename Protocol>
class resolver_service
    : public asio::detail::execution_context_service_base<resolver_service<Protocol>>,
      public gives_objects<resolver_service<Protocol>>,
      private handle_operations
{
public:
    /// An attachment, without a handle.
    struct implementation_type : handle_state,
                                 given_implementation<resolver_service, implementation_type>
    {
    };
    using endpoint_type = typename Protocol::endpoint;
    using query_type = asio::ip::basic_resolver_query<Protocol>;
    using results_type = asio::ip::basic_resolver_results<Protocol>;

    explicit resolver_service(asio::execution_context& context)
        : asio::detail::execution_context_service_base<resolver_service>(context)
        , handle_operations(context)
    {
    }

    void shutdown() override {} // the engine ends what is in flight

    void construct(handle_state& r) { r = {}; }
    void move_construct(handle_state& r, handle_state& other) noexcept
    {
        r.take(other);
        other.flags = moved_from;
    }
    void move_assign(handle_state& r, resolver_service&, handle_state& other)
    {
        destroy(r);
        move_construct(r, other);
    }

    void destroy(handle_state& r)
    {
        if (r.attached)
            detach(r, engine::handle_then::kept); // there is none, and nobody waits
    }

    /// Lookups end as with `cancel`; there is nothing to hand over.
    template <typename Theirs>
    void give(handle_state& r, Theirs&, typename Theirs::implementation_type&)
    {
        destroy(r);
    }

    void cancel(handle_state& r)
    {
        cancel_all(r);
        r.flags = 0;
    }

    results_type resolve(handle_state&, const query_type& q, error_code& ec)
    {
        flush();
        return name_lookup<Protocol>(q)(ec);
    }
    results_type resolve(handle_state&, const endpoint_type& e, error_code& ec)
    {
        flush();
        return endpoint_lookup<Protocol>(e)(ec);
    }

    template <typename Handler, typename IoExecutor>
    void async_resolve(handle_state& r, const query_type& q, Handler& handler,
                       const IoExecutor& io_ex)
    {
        start_lookup<name_lookup<Protocol>>(r, handler, io_ex, q);
    }
    template <typename Handler, typename IoExecutor>
    void async_resolve(handle_state& r, const endpoint_type& e, Handler& handler,
                       const IoExecutor& io_ex)
    {
        start_lookup<endpoint_lookup<Protocol>>(r, handler, io_ex, e);
    }

private:
    /// In the state's flags: lookups are aborted, until `cancel`, as in Asio.
    static constexpr unsigned char moved_from = 1;

    template <typename Lookup, typename Handler, typename IoExecutor, typename Question>
    void start_lookup(handle_state& r, Handler& handler, const IoExecutor& io_ex, const Question& q)
    {
        start_unless<Lookup>(r.flags & moved_from, asio::error::operation_aborted, r, lane::none,
                             handler, io_ex, q);
    }
};

} // namespace proactor::detail

#endif
