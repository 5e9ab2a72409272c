#ifndef PROACTOR_TEST_SUPPORT_STREAM_PAIRS_HPP
#define PROACTOR_TEST_SUPPORT_STREAM_PAIRS_HPP

#include "context.hpp"
#include "handles.hpp"
#include "terminal.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#if __has_include(<boost/asio/local/seq_packet_protocol.hpp>)
#include <boost/asio/local/seq_packet_protocol.hpp>
#endif

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

/// Two ends of everything that bytes are written to and read from.
namespace test {

using local_socket = asio::basic_stream_socket<asio::local::stream_protocol, executor>;
using local_acceptor = asio::basic_socket_acceptor<asio::local::stream_protocol, executor>;

#if __has_include(<boost/asio/local/seq_packet_protocol.hpp>)
using seq_packet_protocol = asio::local::seq_packet_protocol;
#else
/// A program's own protocol, where Asio does not have this one yet.
class seq_packet_protocol
{
public:
    using endpoint = asio::local::basic_endpoint<seq_packet_protocol>;
    using socket = asio::basic_seq_packet_socket<seq_packet_protocol>;
    using acceptor = asio::basic_socket_acceptor<seq_packet_protocol>;

    int type() const noexcept { return SOCK_SEQPACKET; }
    int protocol() const noexcept { return 0; }
    int family() const noexcept { return AF_UNIX; }
};
#endif

using packet_socket = asio::basic_seq_packet_socket<seq_packet_protocol, executor>;
using packet_acceptor = asio::basic_socket_acceptor<seq_packet_protocol, executor>;

template <typename Writer, typename Reader>
struct stream_pair
{
    Writer writer;
    Reader reader;
};

inline stream_pair<tcp_socket, tcp_socket> tcp_stream(context& ctx)
{
    handle_pair ends = tcp_pair();
    return {tcp_socket(ctx, tcp::v4(), ends.a.release()),
            tcp_socket(ctx, tcp::v4(), ends.b.release())};
}

inline stream_pair<local_socket, local_socket> local_stream(context& ctx)
{
    handle_pair ends = socket_pair();
    const asio::local::stream_protocol p;
    return {local_socket(ctx, p, ends.a.release()), local_socket(ctx, p, ends.b.release())};
}

inline stream_pair<packet_socket, packet_socket> packets(context& ctx)
{
    handle_pair ends = socket_pair(SOCK_SEQPACKET);
    const seq_packet_protocol p;
    return {packet_socket(ctx, p, ends.a.release()), packet_socket(ctx, p, ends.b.release())};
}

/// Calls `body(context, pair)` with each kind of stream, once.
template <typename Body>
void with_every_stream(Body body)
{
    const auto with = [&body](const char* name, auto make) {
        BOOST_TEST_CONTEXT(name)
        {
            context ctx;
            auto pair = make(ctx);
            body(ctx, pair);
        }
    };
    with("tcp", tcp_stream);
    with("local", local_stream);
    with("pipe", [](context& ctx) {
        handle_pair ends = pipe_pair();
        return stream_pair<writable_pipe, readable_pipe>{writable_pipe(ctx, ends.b.release()),
                                                         readable_pipe(ctx, ends.a.release())};
    });
    with("descriptor", [](context& ctx) {
        handle_pair ends = pipe_pair();
        return stream_pair<stream_descriptor, stream_descriptor>{
            stream_descriptor(ctx, ends.b.release()), stream_descriptor(ctx, ends.a.release())};
    });
    with("standard streams", [](context& ctx) {
        const handle_pair ends = pipe_pair();
        return stream_pair<proactor::basic_stdout_stream<executor>,
                           proactor::basic_stdin_stream<executor>>{
            proactor::basic_stdout_stream<executor>(ctx, ends.b.get()),
            proactor::basic_stdin_stream<executor>(ctx, ends.a.get())};
    });
    with("stream file", [](context& ctx) {
        handle_pair ends = pipe_pair();
        using file = proactor::basic_stream_file<executor>;
        return stream_pair<file, file>{file(ctx, ends.b.release()), file(ctx, ends.a.release())};
    });
    with("serial port", [](context& ctx) {
        terminal line;
        // The port first: it makes the line one for bytes.
        serial_port port(ctx, line.device());
        return stream_pair<stream_descriptor, serial_port>{stream_descriptor(ctx, line.release()),
                                                           std::move(port)};
    });
    with("other end of a serial port", [](context& ctx) {
        terminal line;
        serial_port port(ctx, line.device());
        return stream_pair<serial_port, stream_descriptor>{
            std::move(port), stream_descriptor(ctx, line.release())};
    });
}

} // namespace test

#endif
