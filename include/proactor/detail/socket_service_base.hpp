#ifndef PROACTOR_DETAIL_SOCKET_SERVICE_BASE_HPP
#define PROACTOR_DETAIL_SOCKET_SERVICE_BASE_HPP

#include <proactor/detail/file_send.hpp>
#include <proactor/detail/handle_state.hpp>
#include <proactor/detail/pooled_payloads.hpp>
#include <proactor/detail/in_place_send.hpp>
#include <proactor/detail/socket_payloads.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>

#include <cstddef>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <type_traits>

namespace proactor::detail {

/// What socket services do whatever the protocol: the functions that Asio's socket classes call, by
/// their names and with Asio's meanings.
class socket_service_base : protected handle_operations
{
public:
    using native_handle_type = asio::detail::socket_type;
    using base_implementation_type = handle_state;

    using handle_operations::handle_operations;

    void construct(handle_state& s) { s = {}; }

    void destroy(handle_state& s)
    {
        if (!s.is_open())
            return;
        detach(s, engine::handle_then::closed_by_caller);
        error_code ignored;
        asio::detail::socket_ops::close(s.handle, s.flags, true, ignored);
    }

    bool is_open(const handle_state& s) const { return s.is_open(); }

    error_code close(handle_state& s, error_code& ec)
    {
        ec = {};
        if (s.is_open())
        {
            detach(s, engine::handle_then::closed_by_caller);
            asio::detail::socket_ops::close(s.handle, s.flags, false, ec);
        }
        construct(s); // the system has closed it even if it reports an error
        return ec;
    }

    native_handle_type release(handle_state& s, error_code& ec)
    {
        if (!check_open(s, ec))
            return asio::detail::invalid_socket;
        detach(s, engine::handle_then::closed_by_caller); // who may do so at once
        const auto handle = s.handle;
        construct(s);
        return handle;
    }

    native_handle_type native_handle(handle_state& s) { return s.handle; }

    error_code cancel(handle_state& s, error_code& ec)
    {
        if (check_open(s, ec))
            cancel_all(s);
        return ec;
    }

    bool at_mark(const handle_state& s, error_code& ec) const
    {
        return ask_unread(s,
                          [&](const engine::bytes_ahead& ahead)
                          {
                              const bool marked
                                  = asio::detail::socket_ops::sockatmark(s.handle, ec);
                              return marked && ahead.all == 0;
                          });
    }

    std::size_t available(const handle_state& s, error_code& ec) const
    {
        return ask_unread(s,
                          [&](const engine::bytes_ahead& ahead)
                          {
                              const std::size_t n
                                  = asio::detail::socket_ops::available(s.handle, ec);
                              return ec ? n : unread(s, n, ahead);
                          });
    }

    error_code listen(handle_state& s, int backlog, error_code& ec)
    {
        flush();
        asio::detail::socket_ops::listen(s.handle, backlog, ec);
        return ec;
    }

    error_code shutdown(handle_state& s, asio::socket_base::shutdown_type what, error_code& ec)
    {
        flush();
        asio::detail::socket_ops::shutdown(s.handle, what, ec);
        return ec;
    }

    template <typename Command>
    error_code io_control(handle_state& s, Command& command, error_code& ec)
    {
        auto* data = static_cast<asio::detail::ioctl_arg_type*>(command.data());
        const auto control = [&]
        { asio::detail::socket_ops::ioctl(s.handle, s.flags, command.name(), data, ec); };
        if (static_cast<unsigned long>(command.name()) != FIONREAD)
        {
            flush();
            control();
            return ec;
        }
        return ask_unread(s,
                          [&](const engine::bytes_ahead& ahead)
                          {
                              control();
                              if (!ec)
                                  *data = static_cast<asio::detail::ioctl_arg_type>(
                                      unread(s, static_cast<std::size_t>(*data), ahead));
                              return ec;
                          });
    }

    bool non_blocking(const handle_state& s) const
    {
        return (s.flags & asio::detail::socket_ops::user_set_non_blocking) != 0;
    }

    error_code non_blocking(handle_state& s, bool mode, error_code& ec)
    {
        asio::detail::socket_ops::set_user_non_blocking(s.handle, s.flags, mode, ec);
        return ec;
    }

    bool native_non_blocking(const handle_state& s) const
    {
        return (s.flags & asio::detail::socket_ops::internal_non_blocking) != 0;
    }

    error_code native_non_blocking(handle_state& s, bool mode, error_code& ec)
    {
        asio::detail::socket_ops::set_internal_non_blocking(s.handle, s.flags, mode, ec);
        return ec;
    }

    error_code wait(handle_state& s, asio::socket_base::wait_type w, error_code& ec)
    {
        namespace ops = asio::detail::socket_ops;
        flush();
        switch (w)
        {
        case asio::socket_base::wait_read:
            ops::poll_read(s.handle, s.flags, -1, ec);
            break;
        case asio::socket_base::wait_write:
            ops::poll_write(s.handle, s.flags, -1, ec);
            break;
        case asio::socket_base::wait_error:
            ops::poll_error(s.handle, s.flags, -1, ec);
            break;
        default:
            ec = asio::error::invalid_argument;
        }
        return ec;
    }

    template <typename Handler, typename IoExecutor>
    void async_wait(handle_state& s, asio::socket_base::wait_type w, Handler& handler,
                    const IoExecutor& io_ex)
    {
        using payload = plain<request::poll>;
        if constexpr (std::is_same_v<Handler, handle_inquiry>)
            return answer(s, handler);
        switch (w)
        {
        case asio::socket_base::wait_read:
            return begin_wait<payload>(s, lane::read, handler, io_ex,
                                  request::poll{request::readiness::read});
        case asio::socket_base::wait_write:
            return begin_wait<payload>(s, lane::write, handler, io_ex,
                                  request::poll{request::readiness::write});
        case asio::socket_base::wait_error:
            return begin_wait<payload>(s, lane::except, handler, io_ex,
                                  request::poll{request::readiness::priority});
        default:
            complete<payload>(asio::error::invalid_argument, handler, io_ex, request::poll{});
        }
    }

    template <typename Buffers>
    std::size_t send(handle_state& s, const Buffers& buffers, asio::socket_base::message_flags flags,
                     error_code& ec)
    {
        namespace ops = asio::detail::socket_ops;
        using adapter = asio::detail::buffer_sequence_adapter<asio::const_buffer, Buffers>;
        flush();
        adapter b(buffers);
        return ops::sync_send(s.handle, s.flags, b.buffers(), b.count(), flags, b.all_empty(), ec);
    }

    std::size_t send(handle_state& s, const no_buffers auto&, asio::socket_base::message_flags,
                     error_code& ec)
    {
        wait(s, asio::socket_base::wait_write, ec);
        return 0;
    }

    template <typename Buffers>
    std::size_t receive(handle_state& s, const Buffers& buffers,
                        asio::socket_base::message_flags flags, error_code& ec)
    {
        namespace ops = asio::detail::socket_ops;
        using adapter = asio::detail::buffer_sequence_adapter<asio::mutable_buffer, Buffers>;
        flush();
        adapter b(buffers);
        return ops::sync_recv(s.handle, s.flags, b.buffers(), b.count(), flags, b.all_empty(), ec);
    }

    std::size_t receive(handle_state& s, const no_buffers auto&,
                        asio::socket_base::message_flags, error_code& ec)
    {
        wait(s, asio::socket_base::wait_read, ec);
        return 0;
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_send(handle_state& s, const Buffers& buffers, asio::socket_base::message_flags flags,
                    Handler& handler, const IoExecutor& io_ex)
    {
        using holder = const_holder<Buffers>;
        const bool nothing = is_stream(s) && holder::all_empty(buffers);
        begin_transfer<transfer<request::send, holder>>(
            nothing, s, lane::write, handler, io_ex,
            request::send{{}, attempted(flags) | MSG_NOSIGNAL}, buffers, end_of_file::never);
    }

    template <typename Handler, typename IoExecutor>
    void async_send(handle_state& s, const in_place_sequence& buffers,
                    asio::socket_base::message_flags flags, Handler& handler,
                    const IoExecutor& io_ex)
    {
        if (is_stream(s) && const_holder<in_place_sequence>::all_empty(buffers))
            return complete<no_transfer>({}, handler, io_ex);
        begin_transfer<in_place_transfer>(false, s, lane::write, handler, io_ex,
                                          attempted(flags) | MSG_NOSIGNAL, buffers);
    }

    template <typename Handler, typename IoExecutor>
    void async_send(handle_state& s, const file_sequence& file, asio::socket_base::message_flags,
                    Handler& handler, const IoExecutor& io_ex)
    {
        part_of_file& part = *file.part;
        if (part.error || part.count == 0)
            return complete<no_transfer>(make_error(part.error), handler, io_ex);
        begin_transfer<file_transfer>(false, s, lane::write, handler, io_ex, std::move(part));
    }

    template <no_buffers Buffers, typename Handler, typename IoExecutor>
    void async_send(handle_state& s, const Buffers&, asio::socket_base::message_flags,
                    Handler& handler, const IoExecutor& io_ex)
    {
        begin_wait<readiness_transfer>(s, lane::write, handler, io_ex,
                                  request::poll{request::readiness::write});
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_receive(handle_state& s, const Buffers& buffers,
                       asio::socket_base::message_flags flags, Handler& handler,
                       const IoExecutor& io_ex)
    {
        using holder = mutable_holder<Buffers>;
        const bool nothing = is_stream(s) && holder::all_empty(buffers);
        begin_transfer<transfer<request::receive, holder>>(
            nothing, s, receive_lane(flags), handler, io_ex,
            request::receive{{}, attempted(flags), is_stream(s)}, buffers,
            nothing ? end_of_file::never : end_of_stream(s));
    }

    template <no_buffers Buffers, typename Handler, typename IoExecutor>
    void async_receive(handle_state& s, const Buffers&,
                       asio::socket_base::message_flags flags, Handler& handler,
                       const IoExecutor& io_ex)
    {
        begin_wait<readiness_transfer>(s, receive_lane(flags), handler, io_ex,
                                  readiness_for(flags));
    }

    /// Into a buffer of a pool.
    template <typename Handler, typename IoExecutor>
    void async_receive(handle_state& s, const pooled_sequence& pool,
                       asio::socket_base::message_flags flags, Handler& handler,
                       const IoExecutor& io_ex)
    {
        begin_transfer<pooled_transfer<request::receive_pooled>>(
            false, s, receive_lane(flags), handler, io_ex, pool.source(),
            request::receive_pooled{{}, nullptr, attempted(flags), is_stream(s)},
            end_of_stream(s));
    }

    template <typename Buffers>
    std::size_t receive_with_flags(handle_state& s, const Buffers& buffers,
                                   asio::socket_base::message_flags in,
                                   asio::socket_base::message_flags& out, error_code& ec)
    {
        flush();
        asio::detail::buffer_sequence_adapter<asio::mutable_buffer, Buffers> b(buffers);
        return asio::detail::socket_ops::sync_recvmsg(s.handle, s.flags, b.buffers(), b.count(), in,
                                                      out, ec);
    }

    std::size_t receive_with_flags(handle_state& s, const no_buffers auto&,
                                   asio::socket_base::message_flags,
                                   asio::socket_base::message_flags& out, error_code& ec)
    {
        out = 0;
        wait(s, asio::socket_base::wait_read, ec);
        return 0;
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_receive_with_flags(handle_state& s, const Buffers& buffers,
                                  asio::socket_base::message_flags in,
                                  asio::socket_base::message_flags& out, Handler& handler,
                                  const IoExecutor& io_ex)
    {
        begin_transfer<receive_with_flags_payload<mutable_holder<Buffers>>>(
            false, s, receive_lane(in), handler, io_ex, buffers, attempted(in), out);
    }

    template <no_buffers Buffers, typename Handler, typename IoExecutor>
    void async_receive_with_flags(handle_state& s, const Buffers&,
                                  asio::socket_base::message_flags in,
                                  asio::socket_base::message_flags& out, Handler& handler,
                                  const IoExecutor& io_ex)
    {
        out = 0;
        begin_wait<readiness_transfer>(s, receive_lane(in), handler, io_ex, readiness_for(in));
    }

    // With control data: see `message_ops.hpp`. A payload takes flags, and the first whether 0 bytes are
    // an end, before the rest.

    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void async_receive_msg(handle_state& s, asio::socket_base::message_flags flags, bool all_empty,
                           Handler& handler, const IoExecutor& io_ex, Args&&... args)
    {
        if (is_stream(s) && all_empty)
            return complete<unasked<Payload>>({}, handler, io_ex, flags, end_of_file::never,
                                              std::forward<Args>(args)...);
        begin_transfer<Payload>(false, s, receive_lane(flags), handler, io_ex, attempted(flags),
                                end_of_stream(s), std::forward<Args>(args)...);
    }

    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void async_send_msg(handle_state& s, asio::socket_base::message_flags flags,
                        const error_code& refused, Handler& handler, const IoExecutor& io_ex,
                        Args&&... args)
    {
        const int as_sent = attempted(flags) | MSG_NOSIGNAL;
        if (refused)
            return complete<Payload>(refused, handler, io_ex, as_sent, std::forward<Args>(args)...);
        begin_transfer<Payload>(false, s, lane::write, handler, io_ex, as_sent,
                                std::forward<Args>(args)...);
    }

protected:
    static bool check_open(const handle_state& s, error_code& ec)
    {
        ec = {};
        if (!s.is_open())
            ec = asio::error::bad_descriptor;
        return !ec;
    }

    static bool is_stream(const handle_state& s)
    {
        return (s.flags & asio::detail::socket_ops::stream_oriented) != 0;
    }

    /// As the system tells of what is unread: `n`, had it not given some away.
    static std::size_t unread(const handle_state& s, std::size_t n,
                              const engine::bytes_ahead& ahead)
    {
        if (ahead.any && (s.flags & asio::detail::socket_ops::datagram_oriented))
            return ahead.first;
        return n + ahead.all;
    }

    static end_of_file end_of_stream(const handle_state& s)
    {
        return is_stream(s) ? end_of_file::at_zero : end_of_file::never;
    }

    /// What comes beside the data is not waited for behind it.
    static lane receive_lane(asio::socket_base::message_flags flags)
    {
        return flags & (MSG_OOB | MSG_ERRQUEUE) ? lane::except : lane::read;
    }

    /// Asio's attempts do not block and take what is there, whatever the flags say of waiting.
    static int attempted(asio::socket_base::message_flags flags) { return flags & ~MSG_WAITALL; }

    static request::poll readiness_for(asio::socket_base::message_flags flags)
    {
        return {flags & asio::socket_base::message_out_of_band ? request::readiness::priority
                                                               : request::readiness::read};
    }

    /// Starts an operation, in the mode in which Asio has the socket for it. A closed one has none.
    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void begin(handle_state& s, lane l, Handler& handler, const IoExecutor& io_ex, Args&&... args)
    {
        begin_in_mode<Payload, true>(false, s, l, handler, io_ex, std::forward<Args>(args)...);
    }

    /// The same for a transfer, which ends at once if there is nothing to move.
    template <typename Payload, typename Handler, typename IoExecutor, typename... Args>
    void begin_transfer(bool nothing, handle_state& s, lane l, Handler& handler,
                        const IoExecutor& io_ex, Args&&... args)
    {
        begin_in_mode<Payload, mode_is_for_sockets_transfers>(nothing, s, l, handler, io_ex,
                                                              std::forward<Args>(args)...);
    }

    template <typename Payload, typename Handler, typename IoExecutor>
    void begin_wait(handle_state& s, lane l, Handler& handler, const IoExecutor& io_ex,
                    request::poll p)
    {
        begin_in_mode<Payload, mode_is_for_waits>(false, s, l, handler, io_ex, p);
    }

    template <typename Payload, bool NonBlocking, typename Handler, typename IoExecutor,
              typename... Args>
    void begin_in_mode(bool nothing, handle_state& s, lane l, Handler& handler,
                       const IoExecutor& io_ex, Args&&... args)
    {
        error_code ec;
        const bool ended = nothing || ((NonBlocking || !s.is_open()) && !may_begin(s, ec));
        this->template start_unless<Payload>(ended, ec, s, l, handler, io_ex,
                                             std::forward<Args>(args)...);
    }

    static bool may_begin(handle_state& s, error_code& ec)
    {
        namespace ops = asio::detail::socket_ops;
        return (s.flags & ops::non_blocking)
            || ops::set_internal_non_blocking(s.handle, s.flags, true, ec);
    }

    /// As `begin`, for operations that the asker starts itself.
    void answer(handle_state& s, handle_inquiry& inquiry)
    {
        handle_facts& facts = *inquiry.facts;
        if (!check_open(s, facts.ec))
            return;
        if (!may_begin(s, facts.ec))
            return;
        facts.engine = &get_engine();
        facts.attached = &attachment_of(s);
        facts.flags = s.flags;
    }

    error_code do_open(handle_state& s, int family, int type, int protocol, error_code& ec)
    {
        if (s.is_open())
            return ec = asio::error::already_open;
        const auto handle = asio::detail::socket_ops::socket(family, type, protocol, ec);
        if (handle != asio::detail::invalid_socket)
            s = {handle, flags_of(type), nullptr};
        return ec;
    }

    error_code do_assign(handle_state& s, int type, native_handle_type handle, error_code& ec)
    {
        if (s.is_open())
            return ec = asio::error::already_open;
        ec = {};
        if (::fcntl(handle, F_GETFD) < 0)
            return ec = asio::error::bad_descriptor;
        s = {handle,
             static_cast<unsigned char>(flags_of(type) | asio::detail::socket_ops::possible_dup),
             nullptr};
        return ec;
    }

private:
    static unsigned char flags_of(int type)
    {
        namespace ops = asio::detail::socket_ops;
        switch (type)
        {
        case SOCK_STREAM:
            return ops::stream_oriented;
        case SOCK_DGRAM:
            return ops::datagram_oriented;
        default:
            return 0;
        }
    }
};

} // namespace proactor::detail

#endif
