#include "log.hpp"

#include <boost/core/demangle.hpp>

#include <map>
#include <typeinfo>

namespace differential {

namespace {

const char* symbol(const error_code& ec)
{
    namespace error = asio::error;
    static const std::map<error_code, const char*> symbols{
        {error::access_denied, "access_denied"},
        {error::address_family_not_supported, "address_family_not_supported"},
        {error::address_in_use, "address_in_use"},
        {error::already_connected, "already_connected"},
        {error::already_open, "already_open"},
        {error::already_started, "already_started"},
        {error::bad_descriptor, "bad_descriptor"},
        {error::broken_pipe, "broken_pipe"},
        {error::connection_aborted, "connection_aborted"},
        {error::connection_refused, "connection_refused"},
        {error::connection_reset, "connection_reset"},
        {error::eof, "eof"},
        {error::fault, "fault"},
        {error::host_not_found, "host_not_found"},
        {error::host_not_found_try_again, "host_not_found_try_again"},
        {error::in_progress, "in_progress"},
        {error::interrupted, "interrupted"},
        {error::invalid_argument, "invalid_argument"},
        {error::message_size, "message_size"},
        {error::no_descriptors, "no_descriptors"},
        {error::no_protocol_option, "no_protocol_option"},
        {error::not_connected, "not_connected"},
        {error::not_found, "not_found"},
        {error::not_socket, "not_socket"},
        {error::operation_aborted, "operation_aborted"},
        {error::operation_not_supported, "operation_not_supported"},
        {error::service_not_found, "service_not_found"},
        {error::shut_down, "shut_down"},
        {error::socket_type_not_supported, "socket_type_not_supported"},
        {error::timed_out, "timed_out"},
        {error::would_block, "would_block"},
    };
    const auto found = symbols.find(ec);
    return found == symbols.end() ? "unnamed" : found->second;
}

// Asio's name of the call, if there is one, is what stands before the first colon; the rest
// depends on the language of the system and on source locations.
std::string call_of(const std::exception& error)
{
    const std::string_view text = error.what();
    const std::string_view head = text.substr(0, text.find(':'));
    return head.find('[') == head.npos ? std::string(head) + ' ' : std::string();
}

} // namespace

std::string describe(const error_code& ec)
{
    if (!ec)
    {
        return "success";
    }
    return std::string(symbol(ec)) + '(' + ec.category().name() + ':' + std::to_string(ec.value())
        + ')';
}

std::string describe(const std::exception_ptr& error)
{
    if (!error)
    {
        return "no exception";
    }
    try
    {
        std::rethrow_exception(error);
    }
    catch (const system_error& caught)
    {
        return "system_error " + call_of(caught) + describe(caught.code());
    }
    catch (const std::exception& caught)
    {
        return boost::core::demangle(typeid(caught).name()) + ' ' + caught.what();
    }
    catch (int value)
    {
        return "int " + std::to_string(value);
    }
    catch (...)
    {
        return "unknown exception";
    }
}

} // namespace differential
