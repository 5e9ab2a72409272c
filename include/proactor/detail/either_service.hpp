#ifndef PROACTOR_DETAIL_EITHER_SERVICE_HPP
#define PROACTOR_DETAIL_EITHER_SERVICE_HPP

#include <proactor/detail/asio_detail.hpp>

#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace proactor::detail {

/// The service of an I/O object whose executor is erased: ours or Asio's own, as the object's context
/// says at run time. It stands in the object itself, as large as the pointer it replaces, and offers
/// all functions of the Asio service that it stands for.
template <typename Ours, typename Theirs>
class either_service
{
public:
    /// Of the service that the object has.
    union implementation_type
    {
        implementation_type() {}
        ~implementation_type() {}
        typename Ours::implementation_type ours;
        typename Theirs::implementation_type theirs;
    };

    explicit either_service(Ours& s) noexcept
        : tagged_(reinterpret_cast<std::uintptr_t>(std::addressof(s)) | 1)
    {
    }
    explicit either_service(Theirs& s) noexcept
        : tagged_(reinterpret_cast<std::uintptr_t>(&s))
    {
    }

    bool is_ours() const noexcept { return tagged_ & 1; }
    Ours& ours() const noexcept { return *reinterpret_cast<Ours*>(tagged_ & ~std::uintptr_t(1)); }
    Theirs& theirs() const noexcept { return *reinterpret_cast<Theirs*>(tagged_); }

    void construct(implementation_type& i) const
    {
        begin(i);
        if (is_ours())
            ours().construct(i.ours);
        else
            theirs().construct(i.theirs);
    }

    void destroy(implementation_type& i) const
    {
        if (is_ours())
            ours().destroy(i.ours);
        else
            theirs().destroy(i.theirs);
        end(i);
    }

    void move_construct(implementation_type& i, implementation_type& other) const
    {
        begin(i);
        if (is_ours())
            ours().move_construct(i.ours, other.ours);
        else
            theirs().move_construct(i.theirs, other.theirs);
    }

    /// Takes over the other's kind with its implementation.
    void move_assign(implementation_type& i, either_service& other_service,
                     implementation_type& other)
    {
        if (is_ours() && other_service.is_ours())
            ours().move_assign(i.ours, other_service.ours(), other.ours);
        else if (!is_ours() && !other_service.is_ours())
            theirs().move_assign(i.theirs, other_service.theirs(), other.theirs);
        else
        {
            destroy(i);
            other_service.move_construct(i, other);
        }
        *this = other_service;
    }

    // Moves from objects of another service, constructed.

    template <typename OtherOurs, typename OtherTheirs>
    void converting_move_construct(
        implementation_type& i, either_service<OtherOurs, OtherTheirs>& other_service,
        typename either_service<OtherOurs, OtherTheirs>::implementation_type& other) const
    {
        if (is_ours())
            ours().converting_move_construct(i.ours, other_service.ours(), other.ours);
        else
            theirs().converting_move_construct(i.theirs, other_service.theirs(), other.theirs);
    }

    /// An implementation's lifetime begins and ends as a member of the union.
    void begin(implementation_type& i) const
    {
        if (is_ours())
            ::new (static_cast<void*>(&i.ours)) decltype(i.ours);
        else
            ::new (static_cast<void*>(&i.theirs)) decltype(i.theirs);
    }
    void end(implementation_type& i) const
    {
        if (is_ours())
            std::destroy_at(&i.ours);
        else
            std::destroy_at(&i.theirs);
    }

#define PROACTOR_FORWARD(name)                                                                     \
    template <typename Implementation, typename... Args>                                           \
    decltype(auto) name(Implementation& i, Args&&... args) const                                   \
    {                                                                                              \
        return is_ours() ? ours().name(i.ours, std::forward<Args>(args)...)                        \
                         : theirs().name(i.theirs, std::forward<Args>(args)...);                   \
    }

    // All handles
    PROACTOR_FORWARD(open)
    PROACTOR_FORWARD(assign)
    PROACTOR_FORWARD(is_open)
    PROACTOR_FORWARD(close)
    PROACTOR_FORWARD(release)
    PROACTOR_FORWARD(native_handle)
    PROACTOR_FORWARD(cancel)
    PROACTOR_FORWARD(io_control)
    PROACTOR_FORWARD(non_blocking)
    PROACTOR_FORWARD(native_non_blocking)
    PROACTOR_FORWARD(wait)
    PROACTOR_FORWARD(async_wait)
    // Sockets
    PROACTOR_FORWARD(at_mark)
    PROACTOR_FORWARD(available)
    PROACTOR_FORWARD(bind)
    PROACTOR_FORWARD(connect)
    PROACTOR_FORWARD(async_connect)
    PROACTOR_FORWARD(shutdown)
    PROACTOR_FORWARD(set_option)
    PROACTOR_FORWARD(get_option)
    PROACTOR_FORWARD(local_endpoint)
    PROACTOR_FORWARD(remote_endpoint)
    PROACTOR_FORWARD(send)
    PROACTOR_FORWARD(async_send)
    PROACTOR_FORWARD(receive)
    PROACTOR_FORWARD(async_receive)
    PROACTOR_FORWARD(send_to)
    PROACTOR_FORWARD(async_send_to)
    PROACTOR_FORWARD(receive_from)
    PROACTOR_FORWARD(async_receive_from)
    PROACTOR_FORWARD(receive_with_flags)
    PROACTOR_FORWARD(async_receive_with_flags)
    // Descriptors and pipes
    PROACTOR_FORWARD(read_some)
    PROACTOR_FORWARD(async_read_some)
    PROACTOR_FORWARD(write_some)
    PROACTOR_FORWARD(async_write_some)
    // Timers
    PROACTOR_FORWARD(cancel_one)
    PROACTOR_FORWARD(expiry)
    PROACTOR_FORWARD(expires_at)
    PROACTOR_FORWARD(expires_after)
    PROACTOR_FORWARD(expires_from_now)
    // Signal sets
    PROACTOR_FORWARD(add)
    PROACTOR_FORWARD(remove)
    PROACTOR_FORWARD(clear)
    // Serial ports
    PROACTOR_FORWARD(send_break)
    // Resolvers
    PROACTOR_FORWARD(resolve)
    PROACTOR_FORWARD(async_resolve)
    // Files
    PROACTOR_FORWARD(set_is_stream)
    PROACTOR_FORWARD(size)
    PROACTOR_FORWARD(resize)
    PROACTOR_FORWARD(sync_all)
    PROACTOR_FORWARD(sync_data)
    PROACTOR_FORWARD(seek)
    PROACTOR_FORWARD(read_some_at)
    PROACTOR_FORWARD(async_read_some_at)
    PROACTOR_FORWARD(write_some_at)
    PROACTOR_FORWARD(async_write_some_at)
#undef PROACTOR_FORWARD

    // Asio's call sites pass a constant that has an address in no library, and a literal 0 for the
    // endpoint, which only a pointer parameter takes.

    error_code listen(implementation_type& i, int backlog, error_code& ec) const
    {
        return is_ours() ? ours().listen(i.ours, backlog, ec)
                         : theirs().listen(i.theirs, backlog, ec);
    }

    template <typename Peer, typename O = Ours>
    error_code accept(implementation_type& i, Peer& peer, typename O::endpoint_type* e,
                      error_code& ec) const
    {
        return is_ours() ? ours().accept(i.ours, peer, e, ec)
                         : theirs().accept(i.theirs, peer, e, ec);
    }
    template <typename Peer, typename Handler, typename IoExecutor, typename O = Ours>
    void async_accept(implementation_type& i, Peer& peer, typename O::endpoint_type* e,
                      Handler& handler, const IoExecutor& io_ex) const
    {
        if (is_ours())
            ours().async_accept(i.ours, peer, e, handler, io_ex);
        else
            theirs().async_accept(i.theirs, peer, e, handler, io_ex);
    }
    template <typename PeerExecutor, typename Handler, typename IoExecutor, typename O = Ours>
    void async_move_accept(implementation_type& i, const PeerExecutor& peer_ex,
                           typename O::endpoint_type* e, Handler& handler,
                           const IoExecutor& io_ex) const
    {
        if (is_ours())
            ours().async_move_accept(i.ours, peer_ex, e, handler, io_ex);
        else
            theirs().async_move_accept(i.theirs, peer_ex, e, handler, io_ex);
    }

private:
    std::uintptr_t tagged_; ///< a service's address, and in its lowest bit whether it is ours
};

} // namespace proactor::detail

#endif
