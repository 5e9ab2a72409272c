//
// No I/O object is larger than Asio's with the same executor.
//

#include "registry.hpp"

#include <boost/asio/deadline_timer.hpp>
#include <boost/asio/ip/icmp.hpp>

#include <type_traits>

namespace differential {

namespace {

/// What Asio's object holds.
template <class Service>
struct of_asio
{
    Service* service;
    typename Service::implementation_type implementation;
    executor io_executor;
};

template <class Object, class Service>
void compare(const char* name)
{
    constexpr std::size_t ours = sizeof(Object);
    constexpr std::size_t theirs = sizeof(of_asio<Service>);
    static_assert(!PROACTOR_TEST_ORACLE || ours == theirs, "this is what Asio's object holds");
    log(name, ours <= theirs, alignof(Object) <= alignof(of_asio<Service>));
}

#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
template <class Protocol>
using socket_service = asio::detail::io_uring_socket_service<Protocol>;
using descriptor_service = asio::detail::io_uring_descriptor_service;
#else
template <class Protocol>
using socket_service = asio::detail::reactive_socket_service<Protocol>;
using descriptor_service = asio::detail::reactive_descriptor_service;
#endif

template <template <class, class> class Socket, class Protocol>
void compare_socket(const char* name)
{
    compare<Socket<Protocol, executor>, socket_service<Protocol>>(name);
}

template <template <class, class> class Resolver, class Protocol>
void compare_resolver(const char* name)
{
    compare<Resolver<Protocol, executor>, asio::detail::resolver_service<Protocol>>(name);
}

template <class Timer>
void compare_timer(const char* name)
{
    using traits =
        asio::detail::chrono_time_traits<typename Timer::clock_type, typename Timer::traits_type>;
    compare<Timer, asio::detail::deadline_timer_service<traits>>(name);
}

} // namespace

PROACTOR_TEST_BODY(size, of_sockets)
{
    namespace ip = asio::ip;
    namespace local = asio::local;
    namespace generic = asio::generic;
    compare_socket<asio::basic_stream_socket, tcp>("tcp socket");
    compare_socket<asio::basic_socket_acceptor, tcp>("tcp acceptor");
    compare_socket<asio::basic_datagram_socket, ip::udp>("udp socket");
    compare_socket<asio::basic_raw_socket, ip::icmp>("icmp socket");
    compare_socket<asio::basic_stream_socket, local::stream_protocol>("local socket");
    compare_socket<asio::basic_socket_acceptor, local::stream_protocol>("local acceptor");
    compare_socket<asio::basic_datagram_socket, local::datagram_protocol>("local datagrams");
    compare_socket<asio::basic_stream_socket, generic::stream_protocol>("generic stream");
    compare_socket<asio::basic_datagram_socket, generic::datagram_protocol>("generic datagrams");
    compare_socket<asio::basic_seq_packet_socket, generic::seq_packet_protocol>("generic packets");
    compare_socket<asio::basic_raw_socket, generic::raw_protocol>("generic raw");
}

PROACTOR_TEST_BODY(size, of_other_objects)
{
    compare_timer<steady_timer>("steady_timer");
    compare_timer<system_timer>("system_timer");
    compare_timer<high_resolution_timer>("high_resolution_timer");
    using ptime = boost::posix_time::ptime;
    using ptime_traits = asio::time_traits<ptime>;
    compare<asio::basic_deadline_timer<ptime, ptime_traits, executor>,
            asio::detail::deadline_timer_service<ptime_traits>>("deadline_timer");
    compare<asio::posix::basic_descriptor<executor>, descriptor_service>("descriptor");
    compare<stream_descriptor, descriptor_service>("stream_descriptor");
    compare<asio::basic_readable_pipe<executor>, descriptor_service>("readable_pipe");
    compare<asio::basic_writable_pipe<executor>, descriptor_service>("writable_pipe");
    compare<signal_set, asio::detail::signal_set_service>("signal_set");
    compare<serial_port, asio::detail::posix_serial_port_service>("serial_port");
    compare_resolver<asio::ip::basic_resolver, tcp>("tcp resolver");
    compare_resolver<asio::ip::basic_resolver, asio::ip::udp>("udp resolver");
}

} // namespace differential
