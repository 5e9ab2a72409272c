#ifndef PROACTOR_DETAIL_SERIAL_PORT_SERVICE_HPP
#define PROACTOR_DETAIL_SERIAL_PORT_SERVICE_HPP

#include <proactor/detail/descriptor_service.hpp>
#include <proactor/unique_handle.hpp>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <string>
#include <termios.h>

namespace proactor::detail {

/// What `asio::serial_port` calls: a descriptor with the settings of a terminal.
class serial_port_service
    : public asio::detail::execution_context_service_base<serial_port_service>,
      public gives_objects<serial_port_service>
{
public:
    using native_handle_type = descriptor_service::native_handle_type;
    struct implementation_type : handle_state,
                                 given_implementation<serial_port_service, implementation_type>
    {
    };

    explicit serial_port_service(asio::execution_context& context)
        : asio::detail::execution_context_service_base<serial_port_service>(context)
        , descriptors_(context)
    {
    }

    void shutdown() override { descriptors_.shutdown(); }

    void construct(handle_state& p) { descriptors_.construct(p); }
    void destroy(handle_state& p) { descriptors_.destroy(p); }
    void move_construct(handle_state& p, handle_state& other) noexcept
    {
        descriptors_.move_construct(p, other);
    }
    void move_assign(handle_state& p, serial_port_service& other_service, handle_state& other)
    {
        descriptors_.move_assign(p, other_service.descriptors_, other);
    }

    template <typename Theirs>
    void give(handle_state& p, Theirs& theirs, typename Theirs::implementation_type& to)
    {
        descriptors_.give(p, theirs, to);
    }

    /// Opens a device for bytes as they come, without waiting for a line to be there.
    error_code open(handle_state& p, const std::string& device, error_code& ec)
    {
        if (p.is_open())
            return ec = asio::error::already_open;
        descriptors_.flush();
        unique_handle port(
            ::open(device.c_str(), O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        termios settings;
        if (!port || ::tcgetattr(port.get(), &settings) != 0)
            return ec = make_error(errno);
        ::cfmakeraw(&settings);
        settings.c_iflag |= IGNPAR;
        settings.c_cflag |= CREAD | CLOCAL;
        if (::tcsetattr(port.get(), TCSANOW, &settings) != 0)
            return ec = make_error(errno);
        if (!descriptors_.assign(p, port.get(), ec))
            static_cast<void>(port.release());
        return ec;
    }

    error_code assign(handle_state& p, const native_handle_type& handle, error_code& ec)
    {
        return descriptors_.assign(p, handle, ec);
    }
    bool is_open(const handle_state& p) const { return descriptors_.is_open(p); }
    error_code close(handle_state& p, error_code& ec) { return descriptors_.close(p, ec); }
    native_handle_type native_handle(const handle_state& p) const
    {
        return descriptors_.native_handle(p);
    }
    error_code cancel(handle_state& p, error_code& ec) { return descriptors_.cancel(p, ec); }

    template <typename Option>
    error_code set_option(handle_state& p, const Option& option, error_code& ec)
    {
        termios settings;
        if (!load(p, settings, ec))
            option.store(settings, ec); // returns nothing where deprecated returns are off
        if (!ec && ::tcsetattr(p.handle, TCSANOW, &settings) != 0)
            ec = make_error(errno);
        return ec;
    }

    template <typename Option>
    error_code get_option(const handle_state& p, Option& option, error_code& ec) const
    {
        termios settings;
        if (!load(p, settings, ec))
            option.load(settings, ec);
        return ec;
    }

    error_code send_break(handle_state& p, error_code& ec)
    {
        descriptors_.flush();
        return ec = ::tcsendbreak(p.handle, 0) == 0 ? error_code() : make_error(errno);
    }

    template <typename Buffers>
    std::size_t write_some(handle_state& p, const Buffers& buffers, error_code& ec)
    {
        return descriptors_.write_some(p, buffers, ec);
    }
    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_write_some(handle_state& p, const Buffers& buffers, Handler& handler,
                          const IoExecutor& io_ex)
    {
        descriptors_.async_write_some(p, buffers, handler, io_ex);
    }

    template <typename Buffers>
    std::size_t read_some(handle_state& p, const Buffers& buffers, error_code& ec)
    {
        return descriptors_.read_some(p, buffers, ec);
    }
    template <typename Buffers, typename Handler, typename IoExecutor>
    void async_read_some(handle_state& p, const Buffers& buffers, Handler& handler,
                         const IoExecutor& io_ex)
    {
        descriptors_.async_read_some(p, buffers, handler, io_ex);
    }

private:
    error_code load(const handle_state& p, termios& settings, error_code& ec) const
    {
        descriptors_.flush();
        return ec = ::tcgetattr(p.handle, &settings) == 0 ? error_code() : make_error(errno);
    }

    descriptor_service descriptors_; ///< its functions, not registered
};

} // namespace proactor::detail

#endif
