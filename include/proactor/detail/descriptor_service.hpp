#ifndef PROACTOR_DETAIL_DESCRIPTOR_SERVICE_HPP
#define PROACTOR_DETAIL_DESCRIPTOR_SERVICE_HPP

#include <proactor/detail/hand_over.hpp>
#include <proactor/detail/handle_state.hpp>
#include <proactor/detail/pooled_payloads.hpp>
#include <proactor/detail/waitable.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/detail/descriptor_ops.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>

#include <cstddef>
#include <fcntl.h>
#include <sys/ioctl.h>

namespace proactor::detail {

/// What `asio::posix::stream_descriptor` and Asio's pipes call.
class descriptor_service
    : public asio::detail::execution_context_service_base<descriptor_service>,
      public gives_objects<descriptor_service>,
      private handle_operations
{
public:
    using native_handle_type = int;
    struct implementation_type : handle_state,
                                 given_implementation<descriptor_service, implementation_type>
    {
    };
    using handle_operations::flush;

    explicit descriptor_service(asio::execution_context& context)
        : asio::detail::execution_context_service_base<descriptor_service>(context)
        , handle_operations(context)
    {
    }

    void shutdown() override {} // the engine ends what is in flight

    void construct(handle_state& d) { d = {}; }
    void move_construct(handle_state& d, handle_state& other) noexcept { d.take(other); }
    void move_assign(handle_state& d, descriptor_service&, handle_state& other)
    {
        destroy(d);
        d.take(other);
    }

    /// What is in flight ends, as with `release`.
    template <typename Theirs>
    void give(handle_state& d, Theirs& theirs, typename Theirs::implementation_type& to)
    {
        error_code ec;
        if (d.is_open() && !theirs.assign(to, d.handle, ec))
        {
            if constexpr (requires { theirs.non_blocking(to, true, ec); })
            {
                if (non_blocking(d))
                    theirs.non_blocking(to, true, ec);
                else if (native_non_blocking(d))
                    theirs.native_non_blocking(to, true, ec);
            }
            release(d);
        }
        asio::detail::throw_error(ec, "move");
    }

    void destroy(handle_state& d)
    {
        if (!d.is_open())
            return;
        detach(d, engine::handle_then::closed_by_caller);
        error_code ignored;
        asio::detail::descriptor_ops::close(d.handle, d.flags, ignored);
    }

    error_code assign(handle_state& d, const native_handle_type& handle, error_code& ec)
    {
        if (d.is_open())
            return ec = asio::error::already_open;
        ec = {};
        if (::fcntl(handle, F_GETFD) < 0)
            return ec = asio::error::bad_descriptor;
        d = {handle, asio::detail::descriptor_ops::possible_dup, nullptr};
        return ec;
    }

    bool is_open(const handle_state& d) const { return d.is_open(); }
    native_handle_type native_handle(const handle_state& d) const { return d.handle; }

    error_code close(handle_state& d, error_code& ec)
    {
        ec = {};
        if (d.is_open())
        {
            detach(d, engine::handle_then::closed_by_caller);
            asio::detail::descriptor_ops::close(d.handle, d.flags, ec);
        }
        construct(d); // the system has closed it even if it reports an error
        return ec;
    }

    native_handle_type release(handle_state& d)
    {
        const int handle = d.handle;
        if (d.is_open())
        {
            detach(d, engine::handle_then::closed_by_caller); // who may do so at once
            construct(d);
        }
        return handle;
    }

    native_handle_type release(handle_state& d, error_code& ec)
    {
        ec = {};
        return release(d);
    }

    error_code cancel(handle_state& d, error_code& ec)
    {
        ec = {};
        if (d.is_open())
            cancel_all(d);
        else
            ec = asio::error::bad_descriptor;
        return ec;
    }

    template <typename Command>
    error_code io_control(handle_state& d, Command& command, error_code& ec)
    {
        auto* data = static_cast<asio::detail::ioctl_arg_type*>(command.data());
        const auto control = [&]
        { asio::detail::descriptor_ops::ioctl(d.handle, d.flags, command.name(), data, ec); };
        if (static_cast<unsigned long>(command.name()) != FIONREAD)
        {
            flush();
            control();
            return ec;
        }
        return ask_unread(d,
                          [&](const engine::bytes_ahead& ahead)
                          {
                              control();
                              if (!ec)
                                  *data += static_cast<asio::detail::ioctl_arg_type>(ahead.all);
                              return ec;
                          });
    }

    bool non_blocking(const handle_state& d) const
    {
        return (d.flags & asio::detail::descriptor_ops::user_set_non_blocking) != 0;
    }
    error_code non_blocking(handle_state& d, bool mode, error_code& ec)
    {
        asio::detail::descriptor_ops::set_user_non_blocking(d.handle, d.flags, mode, ec);
        return ec;
    }
    bool native_non_blocking(const handle_state& d) const
    {
        return (d.flags & asio::detail::descriptor_ops::internal_non_blocking) != 0;
    }
    error_code native_non_blocking(handle_state& d, bool mode, error_code& ec)
    {
        asio::detail::descriptor_ops::set_internal_non_blocking(d.handle, d.flags, mode, ec);
        return ec;
    }

    error_code wait(handle_state& d, asio::posix::descriptor_base::wait_type w, error_code& ec)
    {
        namespace ops = asio::detail::descriptor_ops;
        flush();
        switch (w)
        {
        case asio::posix::descriptor_base::wait_read:
            ops::poll_read(d.handle, d.flags, ec);
            break;
        case asio::posix::descriptor_base::wait_write:
            ops::poll_write(d.handle, d.flags, ec);
            break;
        case asio::posix::descriptor_base::wait_error:
            ops::poll_error(d.handle, d.flags, ec);
            break;
        default:
            ec = asio::error::invalid_argument;
        }
        return ec;
    }

    template <typename Handler, typename IoExecutor>
    void async_wait(handle_state& d, asio::posix::descriptor_base::wait_type w, Handler& handler,
                    const IoExecutor& io_ex)
    {
        using payload = plain<request::poll>;
        switch (w)
        {
        case asio::posix::descriptor_base::wait_read:
            return begin_wait<payload>(d, lane::read, handler, io_ex, request::readiness::read);
        case asio::posix::descriptor_base::wait_write:
            return begin_wait<payload>(d, lane::write, handler, io_ex, request::readiness::write);
        case asio::posix::descriptor_base::wait_error:
            return begin_wait<payload>(d, lane::except, handler, io_ex,
                                       request::readiness::priority);
        default:
            complete<payload>(asio::error::invalid_argument, handler, io_ex, request::poll{});
        }
    }

    template <typename Buffers>
    std::size_t write_some(handle_state& d, const Buffers& buffers, error_code& ec)
    {
        flush();
        asio::detail::buffer_sequence_adapter<asio::const_buffer, Buffers> b(buffers);
        return asio::detail::descriptor_ops::sync_write(d.handle, d.flags, b.buffers(), b.count(),
                                                        b.all_empty(), ec);
    }
    std::size_t write_some(handle_state& d, const no_buffers auto&, error_code& ec)
    {
        wait(d, asio::posix::descriptor_base::wait_write, ec);
        return 0;
    }

    template <typename Buffers>
    std::size_t read_some(handle_state& d, const Buffers& buffers, error_code& ec)
    {
        flush();
        asio::detail::buffer_sequence_adapter<asio::mutable_buffer, Buffers> b(buffers);
        return asio::detail::descriptor_ops::sync_read(d.handle, d.flags, b.buffers(), b.count(),
                                                       b.all_empty(), ec);
    }
    std::size_t read_some(handle_state& d, const no_buffers auto&, error_code& ec)
    {
        wait(d, asio::posix::descriptor_base::wait_read, ec);
        return 0;
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_write_some(handle_state& d, const Buffers& buffers, Handler& handler,
                          const IoExecutor& io_ex)
    {
        using holder = const_holder<Buffers>;
        begin<transfer<request::write, holder>>(holder::all_empty(buffers), d, lane::write, handler,
                                                io_ex, request::write{}, buffers,
                                                end_of_file::never);
    }
    template <no_buffers Buffers, typename Handler, typename IoExecutor>
    void async_write_some(handle_state& d, const Buffers&, Handler& handler,
                          const IoExecutor& io_ex)
    {
        begin_wait<readiness_transfer>(d, lane::write, handler, io_ex, request::readiness::write);
    }

    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_read_some(handle_state& d, const Buffers& buffers, Handler& handler,
                         const IoExecutor& io_ex)
    {
        using holder = mutable_holder<Buffers>;
        const bool nothing = holder::all_empty(buffers);
        begin<transfer<request::read, holder>>(nothing, d, lane::read, handler, io_ex,
                                               request::read{}, buffers,
                                               nothing ? end_of_file::never : end_of_file::at_zero);
    }
    template <no_buffers Buffers, typename Handler, typename IoExecutor>
    void async_read_some(handle_state& d, const Buffers&, Handler& handler,
                         const IoExecutor& io_ex)
    {
        begin_wait<readiness_transfer>(d, lane::read, handler, io_ex, request::readiness::read);
    }

    /// Into a buffer of a pool.
    template <typename Handler, typename IoExecutor>
    void async_read_some(handle_state& d, const pooled_sequence& pool, Handler& handler,
                         const IoExecutor& io_ex)
    {
        begin<pooled_transfer<request::read_pooled>>(false, d, lane::read, handler, io_ex,
                                                     pool.source(), request::read_pooled{},
                                                     end_of_file::at_zero);
    }

private:
    /// Asio does not say ready of what it cannot wait for.
    template <typename Payload, typename Handler, typename IoExecutor>
    void begin_wait(handle_state& d, lane l, Handler& handler, const IoExecutor& io_ex,
                    request::readiness r)
    {
        if (d.is_open() && !is_waitable(attachment_of(d)))
            return complete<Payload>(asio::error::operation_not_supported, handler, io_ex,
                                     request::poll{r});
        begin<Payload, mode_is_for_waits>(false, d, l, handler, io_ex, request::poll{r});
    }

    /// In the mode in which Asio has the descriptor for it; one that is closed has none. It ends at once if
    /// there is nothing to do.
    template <typename Payload, bool NonBlocking = true, typename Handler, typename IoExecutor,
              typename... Args>
    void begin(bool nothing, handle_state& d, lane l, Handler& handler, const IoExecutor& io_ex,
               Args&&... args)
    {
        namespace ops = asio::detail::descriptor_ops;
        error_code ec;
        const bool ended = nothing
            || ((NonBlocking || !d.is_open()) && !(d.flags & ops::non_blocking)
                && !ops::set_internal_non_blocking(d.handle, d.flags, true, ec));
        start_unless<Payload>(ended, ec, d, l, handler, io_ex, std::forward<Args>(args)...);
    }
};

} // namespace proactor::detail

#endif
