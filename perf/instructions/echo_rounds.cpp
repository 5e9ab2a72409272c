// usage: echo_rounds_<peer> callback|coroutine ROUNDS
//
// Sessions of the example's echo server, and their clients in the same process and thread. In a
// round each client sends one request and gets it back. What the server does in the counted rounds
// it does inside `poll_counted`, and nothing else is inside: a profiler that is told to count there
// sees neither the clients nor the beginning.
//
// The context is polled, not run: it would sleep in `run`, where whoever sends would have to be
// another thread, and where the threads meet is chance. Beside the requests and the replies, a poll
// has one look at the system that finds nothing, as `run` has before it sleeps.

#include "echo/connections.hpp"
#include "echo_server/context.hpp"
#include "echo_server/session.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <vector>

// The profiler knows it by this name.
extern "C" [[gnu::noinline]] void poll_counted(echo_server::context& context)
{
    context.poll();
}

namespace {

using boost::asio::ip::tcp;

constexpr std::size_t clients = 64;

// Until memory is reused, lazily bound functions are bound and the context knows its only thread.
constexpr std::uint64_t warm_up = 100;

// How often the context is polled for one round before it counts as stuck.
constexpr int patience = 1000;

struct bad_arguments : std::invalid_argument
{
    using std::invalid_argument::invalid_argument;
};

using make_session = std::unique_ptr<echo_server::session> (*)(echo_server::tcp_socket);

make_session parse_session(std::string_view text)
{
    if (text == "callback")
        return echo_server::make_callback_session;
    if (text == "coroutine")
        return echo_server::make_coroutine_session;
    throw bad_arguments("SESSION is callback or coroutine");
}

std::uint64_t parse_rounds(std::string_view text)
{
    std::uint32_t rounds = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, rounds);
    if (error != std::errc() || stop != end || rounds == 0)
        throw bad_arguments("ROUNDS is a number from 1 on");
    return rounds;
}

class echo_rounds
{
public:
    explicit echo_rounds(make_session make)
    {
        echo_server::with_executor<tcp::acceptor> acceptor(
            context_, {boost::asio::ip::address_v4::loopback(), 0});
        clients_ = std::make_unique<echo::connections>(acceptor.local_endpoint().port(), clients);
        while (sessions_.size() != clients)
        {
            sessions_.push_back(make(acceptor.accept()));
            sessions_.back()->start([this] { ++ended_; });
        }
    }

    void warm(std::uint64_t rounds)
    {
        go(rounds, [](echo_server::context& context) { context.poll(); });
    }

    void count(std::uint64_t rounds) { go(rounds, poll_counted); }

    // Ends the sessions in order, and looks whether each has sent what that many rounds take.
    void finish(std::uint64_t rounds)
    {
        clients_.reset();
        context_.run();
        if (ended_ != clients)
            throw std::runtime_error("not every session has ended");
        for (auto const& each : sessions_)
            if (each->bytes() != rounds * echo::request_size)
                throw std::runtime_error("a session has sent too much or too little");
    }

private:
    template <typename Poll>
    void go(std::uint64_t rounds, Poll poll)
    {
        for (std::uint64_t i = 0; i != rounds; ++i)
        {
            send_requests();
            int polls = 0;
            do
            {
                if (++polls > patience)
                    throw std::runtime_error("replies are missing");
                poll(context_);
            } while (!take_replies());
        }
    }

    void send_requests()
    {
        for (echo::connection& c : clients_->all())
        {
            clients_->begin_request(c, {});
            // So little fits into any socket buffer that holds nothing else.
            auto const n =
                ::send(c.fd.get(), c.request.data(), c.request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n != static_cast<long>(c.request.size()))
                throw std::runtime_error("a request was not sent");
        }
        missing_ = clients;
    }

    // True: all replies of this round have come.
    bool take_replies()
    {
        for (echo::connection& c : clients_->all())
        {
            if (c.received == echo::request_size)
                continue;
            auto const n =
                ::recv(c.fd.get(), &c.reply[c.received], c.reply.size() - c.received, MSG_DONTWAIT);
            if (n < 0 && errno == EAGAIN)
                continue;
            if (clients_->take_reply(c, n < 0 ? -errno : n, {}))
                --missing_;
        }
        return missing_ == 0;
    }

    // Sessions go before the context. Handlers that a failed round has left go with it.
    echo_server::context context_;
    std::vector<std::unique_ptr<echo_server::session>> sessions_;
    std::unique_ptr<echo::connections> clients_;
    std::size_t missing_ = 0; // replies of this round
    std::size_t ended_ = 0;
};

} // namespace

int main(int argc, char** argv)
try
{
    if (argc != 3)
        throw bad_arguments("two arguments are wanted");
    auto const make = parse_session(argv[1]);
    auto const rounds = parse_rounds(argv[2]);
    echo_rounds all(make);
    all.warm(warm_up);
    all.count(rounds);
    all.finish(warm_up + rounds);
    std::printf("round_trips %llu\n", static_cast<unsigned long long>(rounds * clients));
    return std::fflush(stdout) == 0 ? 0 : 1;
}
catch (bad_arguments const& e)
{
    std::fprintf(stderr, "%s: %s\nusage: %s callback|coroutine ROUNDS\n", argv[0], e.what(),
                 argv[0]);
    return 2;
}
catch (std::exception const& e)
{
    std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    return 1;
}
