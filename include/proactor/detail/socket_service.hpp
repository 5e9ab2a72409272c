#ifndef PROACTOR_DETAIL_SOCKET_SERVICE_HPP
#define PROACTOR_DETAIL_SOCKET_SERVICE_HPP

#include <proactor/detail/hand_over.hpp>
#include <proactor/detail/socket_service_base.hpp>

#include <cstddef>
#include <utility>

namespace proactor::detail {

/// The socket service of one protocol: what `asio::basic_socket` and its kin call.
template <typename Protocol>
class socket_service : public asio::detail::execution_context_service_base<socket_service<Protocol>>,
                       public gives_objects<socket_service<Protocol>>,
                       public socket_service_base
{
public:
    using protocol_type = Protocol;
    using endpoint_type = typename Protocol::endpoint;

    struct implementation_type : handle_state,
                                 given_implementation<socket_service, implementation_type>
    {
        protocol_type protocol = endpoint_type().protocol();
    };

    explicit socket_service(asio::execution_context& context)
        : asio::detail::execution_context_service_base<socket_service>(context)
        , socket_service_base(context)
    {
    }

    void shutdown() override {} // the engine ends what is in flight

    void move_construct(implementation_type& s, implementation_type& other) noexcept
    {
        s.take(other);
        s.protocol = std::exchange(other.protocol, endpoint_type().protocol());
    }

    void move_assign(implementation_type& s, socket_service&, implementation_type& other)
    {
        destroy(s);
        move_construct(s, other);
    }

    template <typename Protocol1>
    void converting_move_construct(implementation_type& s, socket_service<Protocol1>&,
                                   typename socket_service<Protocol1>::implementation_type& other)
    {
        s.take(other);
        s.protocol = protocol_type(
            std::exchange(other.protocol, typename Protocol1::endpoint().protocol()));
    }

    /// What is in flight ends, as with `release`.
    template <typename Theirs>
    void give(implementation_type& s, Theirs& theirs, typename Theirs::implementation_type& to)
    {
        error_code ec;
        if (s.is_open() && !theirs.assign(to, s.protocol, s.handle, ec))
        {
            to.state_ |= s.flags;
            release(s, ec);
        }
        asio::detail::throw_error(ec, "move");
        s.protocol = endpoint_type().protocol();
    }

    error_code open(implementation_type& s, const protocol_type& p, error_code& ec)
    {
        if (!do_open(s, p.family(), p.type(), p.protocol(), ec))
            s.protocol = p;
        return ec;
    }

    error_code assign(implementation_type& s, const protocol_type& p,
                      const native_handle_type& handle, error_code& ec)
    {
        if (!do_assign(s, p.type(), handle, ec))
            s.protocol = p;
        return ec;
    }

    error_code bind(implementation_type& s, const endpoint_type& e, error_code& ec)
    {
        flush();
        asio::detail::socket_ops::bind(s.handle, e.data(), e.size(), ec);
        return ec;
    }

    template <typename Option>
    error_code set_option(implementation_type& s, const Option& o, error_code& ec)
    {
        flush();
        asio::detail::socket_ops::setsockopt(s.handle, s.flags, o.level(s.protocol),
                                             o.name(s.protocol), o.data(s.protocol),
                                             o.size(s.protocol), ec);
        return ec;
    }

    template <typename Option>
    error_code get_option(const implementation_type& s, Option& o, error_code& ec) const
    {
        flush();
        std::size_t size = o.size(s.protocol);
        asio::detail::socket_ops::getsockopt(s.handle, s.flags, o.level(s.protocol),
                                             o.name(s.protocol), o.data(s.protocol), &size, ec);
        if (!ec)
            o.resize(s.protocol, size);
        return ec;
    }

    endpoint_type local_endpoint(const implementation_type& s, error_code& ec) const
    {
        flush();
        endpoint_type e;
        std::size_t size = e.capacity();
        if (asio::detail::socket_ops::getsockname(s.handle, e.data(), &size, ec))
            return {};
        e.resize(size);
        return e;
    }

    endpoint_type remote_endpoint(const implementation_type& s, error_code& ec) const
    {
        flush();
        endpoint_type e;
        std::size_t size = e.capacity();
        if (asio::detail::socket_ops::getpeername(s.handle, e.data(), &size, false, ec))
            return {};
        e.resize(size);
        return e;
    }

    error_code connect(implementation_type& s, const endpoint_type& e, error_code& ec)
    {
        flush();
        asio::detail::socket_ops::sync_connect(s.handle, e.data(), e.size(), ec);
        return ec;
    }

    template <typename Handler, typename IoExecutor>
    void async_connect(implementation_type& s, const endpoint_type& e, Handler& handler,
                       const IoExecutor& io_ex)
    {
        begin<connect_payload<endpoint_type>>(s, lane::write, handler, io_ex, e);
    }

    template <typename Socket>
    error_code accept(implementation_type& s, Socket& peer, endpoint_type* e, error_code& ec)
    {
        if (peer.is_open())
            return ec = asio::error::already_open;
        flush();
        std::size_t size = e ? e->capacity() : 0;
        asio::detail::socket_holder won(take_kept(s, e, size));
        if (won.get() == asio::detail::invalid_socket)
            won.reset(asio::detail::socket_ops::sync_accept(s.handle, s.flags, e ? e->data() : nullptr,
                                                            e ? &size : nullptr, ec));
        else
            ec = {};
        if (won.get() != asio::detail::invalid_socket)
        {
            if (e)
                e->resize(size);
            peer.assign(s.protocol, won.get(), ec);
            if (!ec)
                won.release();
        }
        return ec;
    }

    template <typename Socket, typename Handler, typename IoExecutor>
    void async_accept(implementation_type& s, Socket& peer, endpoint_type* e, Handler& handler,
                      const IoExecutor& io_ex)
    {
        using payload = accept_payload<Protocol, Socket>;
        if (peer.is_open())
            return complete<payload>(asio::error::already_open, handler, io_ex, peer, s.protocol, e,
                                     false);
        begin<payload>(s, lane::read, handler, io_ex, peer, s.protocol, e, reports_aborted(s));
    }

    template <typename PeerExecutor, typename Handler, typename IoExecutor>
    void async_move_accept(implementation_type& s, const PeerExecutor& peer_ex, endpoint_type* e,
                           Handler& handler, const IoExecutor& io_ex)
    {
        using socket = typename Protocol::socket::template rebind_executor<PeerExecutor>::other;
        begin<move_accept_payload<Protocol, socket>>(s, lane::read, handler, io_ex, peer_ex,
                                                     s.protocol, e, reports_aborted(s));
    }

    using socket_service_base::shutdown;

    template <typename Buffers>
    std::size_t send_to(implementation_type& s, const Buffers& buffers, const endpoint_type& to,
                        asio::socket_base::message_flags flags, error_code& ec)
    {
        flush();
        asio::detail::buffer_sequence_adapter<asio::const_buffer, Buffers> b(buffers);
        return asio::detail::socket_ops::sync_sendto(s.handle, s.flags, b.buffers(), b.count(),
                                                     flags, to.data(), to.size(), ec);
    }

    std::size_t send_to(implementation_type& s, const no_buffers auto&, const endpoint_type&,
                        asio::socket_base::message_flags, error_code& ec)
    {
        wait(s, asio::socket_base::wait_write, ec);
        return 0;
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_send_to(implementation_type& s, const Buffers& buffers, const endpoint_type& to,
                       asio::socket_base::message_flags flags, Handler& handler,
                       const IoExecutor& io_ex)
    {
        begin_transfer<send_to_payload<const_holder<Buffers>, endpoint_type>>(
            false, s, lane::write, handler, io_ex, buffers, to, attempted(flags) | MSG_NOSIGNAL);
    }

    template <no_buffers Buffers, typename Handler, typename IoExecutor>
    void async_send_to(implementation_type& s, const Buffers& none, const endpoint_type&,
                       asio::socket_base::message_flags flags, Handler& handler,
                       const IoExecutor& io_ex)
    {
        this->async_send(s, none, flags, handler, io_ex);
    }

    template <typename Buffers>
    std::size_t receive_from(implementation_type& s, const Buffers& buffers, endpoint_type& from,
                             asio::socket_base::message_flags flags, error_code& ec)
    {
        flush();
        std::size_t size = from.capacity();
        asio::detail::buffer_sequence_adapter<asio::mutable_buffer, Buffers> b(buffers);
        const std::size_t n = asio::detail::socket_ops::sync_recvfrom(
            s.handle, s.flags, b.buffers(), b.count(), flags, from.data(), &size, ec);
        if (!ec)
            from.resize(size);
        return n;
    }

    std::size_t receive_from(implementation_type& s, const no_buffers auto&, endpoint_type& from,
                             asio::socket_base::message_flags, error_code& ec)
    {
        wait(s, asio::socket_base::wait_read, ec);
        from = {};
        return 0;
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_receive_from(implementation_type& s, const Buffers& buffers, endpoint_type& from,
                            asio::socket_base::message_flags flags, Handler& handler,
                            const IoExecutor& io_ex)
    {
        begin_transfer<receive_from_payload<mutable_holder<Buffers>, endpoint_type>>(
            false, s, receive_lane(flags), handler, io_ex, buffers, from, attempted(flags),
            end_of_stream(s));
    }

    /// Into a buffer of a pool.
    template <typename Handler, typename IoExecutor>
    void async_receive_from(implementation_type& s, const pooled_sequence& pool,
                            endpoint_type& from, asio::socket_base::message_flags flags,
                            Handler& handler, const IoExecutor& io_ex)
    {
        begin_transfer<pooled_receive_from<endpoint_type>>(
            false, s, receive_lane(flags), handler, io_ex, pool.source(), from, attempted(flags),
            end_of_stream(s));
    }

    template <no_buffers Buffers, typename Handler, typename IoExecutor>
    void async_receive_from(implementation_type& s, const Buffers& none,
                            endpoint_type& from, asio::socket_base::message_flags flags,
                            Handler& handler, const IoExecutor& io_ex)
    {
        from = {};
        this->async_receive(s, none, flags, handler, io_ex);
    }

private:
    static bool reports_aborted(const implementation_type& s)
    {
        return (s.flags & asio::detail::socket_ops::enable_connection_aborted) != 0;
    }

    /// A connection that a cancelled accept has won comes first (law 4).
    asio::detail::socket_type take_kept(implementation_type& s, endpoint_type* e, std::size_t& size)
    {
        if (!s.attached)
            return asio::detail::invalid_socket;
        const auto kept = get_engine().take_kept(*s.attached);
        if (kept != invalid_handle && e)
        {
            error_code ignored;
            asio::detail::socket_ops::getpeername(kept, e->data(), &size, false, ignored);
        }
        return kept;
    }
};

} // namespace proactor::detail

#endif
