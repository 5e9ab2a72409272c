//
// Asio's iostreams, which run a context of their own, beside objects of the context.
//

#include "loopback.hpp"
#include "protocols.hpp"
#include "registry.hpp"

#include <string>
#include <thread>

namespace differential {

using namespace std::chrono_literals;

namespace {

template <class Stream>
void log_state(const char* name, Stream& stream)
{
    log(name, stream.good(), stream.eof(), stream.fail(), stream.bad());
    log("  error", stream.error(), stream.rdbuf()->error());
}

} // namespace

PROACTOR_TEST_BODY(iostream, accepted_into)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    client.connect(acceptor.local_endpoint());
    tcp::iostream stream;
    acceptor.accept(stream.socket());
    log("open", stream.socket());
    asio::write(client, asio::buffer("line of text\n", 13));
    std::string line;
    log("getline", static_cast<bool>(std::getline(stream, line)), line);
    stream << "answer " << 42 << '\n' << std::flush;
    log("client", read_exactly(client, 10) == "answer 42\n");
    log_state("state", stream);
    client.close();
    log("getline", static_cast<bool>(std::getline(stream, line)));
    log_state("at the end", stream);
    stream.close();
    log_state("closed", stream);
}

PROACTOR_TEST_BODY(iostream, accepted_asynchronously)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp_socket client(ctx);
    tcp::iostream stream;
    acceptor.async_accept(stream.socket(), report{"accept"});
    client.connect(acceptor.local_endpoint());
    ctx.run();
    stream << "word " << std::flush;
    log("client", read_exactly(client, 5));
}

PROACTOR_TEST_BODY(iostream, expires)
{
    context ctx;
    tcp_acceptor acceptor(ctx, any_port());
    tcp::iostream stream(acceptor.local_endpoint());
    tcp_socket server = acceptor.accept();
    asio::write(server, asio::buffer("early\n", 6));
    stream.expires_after(5s);
    std::string line;
    log("early", static_cast<bool>(std::getline(stream, line)), line);
    stream.expires_after(5ms);
    log("silent", static_cast<bool>(std::getline(stream, line)));
    log_state("expired", stream);
    stream.clear();
    stream.expires_at(std::chrono::steady_clock::now() - 1s);
    log("past", static_cast<bool>(stream << std::string(100, 'x') << std::flush));
    log_state("past", stream);
    stream.clear();
    stream.expires_after(5s);
    asio::write(server, asio::buffer("late\n", 5));
    log("late", static_cast<bool>(std::getline(stream, line)), line);
    log_state("goes on", stream);
}

PROACTOR_TEST_BODY(iostream, connected)
{
    context ctx;
    refusing_port nobody(ctx);
    tcp::iostream stream;
    stream.connect(nobody.endpoint());
    log_state("refused", stream);
    stream.clear();
    tcp_acceptor acceptor(ctx, any_port());
    stream.connect(acceptor.local_endpoint());
    log_state("connected", stream);
    const auto service = std::to_string(acceptor.local_endpoint().port());
    tcp::iostream by_name("127.0.0.1", service);
    log_state("by name", by_name);
    tcp::iostream moved(std::move(by_name));
    log("moved", moved.socket());
    tcp_socket first = acceptor.accept();
    tcp_socket second = acceptor.accept();
    moved << "m" << std::flush;
    log("second", read_exactly(second, 1));
    tcp::socket plain(ctx);
    plain.connect(acceptor.local_endpoint());
    tcp::iostream of_a_socket(std::move(plain));
    tcp_socket third = acceptor.accept();
    of_a_socket << "s" << std::flush;
    log("third", read_exactly(third, 1));
}

PROACTOR_TEST_BODY(iostream, local)
{
    context ctx;
    const socket_file file("iostream");
    local_acceptor acceptor(ctx, local::stream_protocol::endpoint(file.path));
    local::stream_protocol::iostream client(acceptor.local_endpoint());
    local::stream_protocol::iostream server;
    acceptor.accept(server.socket());
    client << "over a file" << std::endl;
    std::string line;
    log("getline", static_cast<bool>(std::getline(server, line)), line);
    server << 7 << std::endl;
    int number = 0;
    log("number", static_cast<bool>(client >> number), number);
    client.ignore();
    client.expires_after(5ms);
    log("silent", client.get());
    log_state("expired", client);
    client.close();
    log("end", server.get());
    log_state("end", server);
}

} // namespace differential
