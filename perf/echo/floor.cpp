#include "floor.hpp"

#include "check.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace echo {

namespace {

unsigned parse_spin(int argc, char** argv)
{
    unsigned microseconds = 0;
    if (argc == 1)
        return microseconds;
    if (argc == 3 && std::string_view(argv[1]) == "--spin")
    {
        std::string_view const text = argv[2];
        auto const end = text.data() + text.size();
        auto const [at, error] = std::from_chars(text.data(), end, microseconds);
        if (error == std::errc() && at == end)
            return microseconds;
    }
    std::fprintf(stderr, "usage: %s [--spin MICROSECONDS]\n", argv[0]);
    std::exit(2);
}

unique_fd listen_on_loopback()
{
    unique_fd fd(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    auto* const address = reinterpret_cast<sockaddr*>(&where);
    check(::bind(fd.get(), address, size), "bind");
    check(::listen(fd.get(), SOMAXCONN), "listen");
    check(::getsockname(fd.get(), address, &size), "getsockname");
    std::printf("listening on 127.0.0.1:%u\n", unsigned(ntohs(where.sin_port)));
    std::fflush(stdout);
    return fd;
}

unique_fd stop_signals()
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    check(::sigprocmask(SIG_BLOCK, &set, nullptr), "sigprocmask");
    return unique_fd(check(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd"));
}

} // namespace

floor_server::floor_server(int argc, char** argv)
    : spin(parse_spin(argc, argv)), listener(), stop(stop_signals())
{
    listener = listen_on_loopback(); // last: it says that signals are waited for
}

} // namespace echo
